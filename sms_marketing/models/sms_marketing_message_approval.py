from markupsafe import escape
from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tools import frozendict

from ..engine import approved_audience
from ..engine.review import ERROR, WARNING, Finding, is_another_audience
from .sms_marketing_message import FROZEN_FIELDS, MOMENT_FIELDS

APPROVERS = "sms_marketing.group_manager"
ACTIVITY = "sms_marketing.mail_activity_approval"

#: What only asking, approving and rejecting change, and what it is without an approval.
NO_APPROVAL = frozendict(
    approval_state=False,
    approval_asked_by_id=False,
    approval_by_id=False,
    approval_at=False,
    approval_content=False,
    approval_recipients=0,
)


class SmsMarketingMessage(models.Model):
    """Four eyes: where the company wants it, a second person approves a message before it is sent.

    An approval is of one text, one choice of recipients, one sender, type and moment, and is kept
    with the fingerprint of these. Whatever of it changes, the check that every way of sending
    takes no longer accepts the approval. Nor does it when more recipients than the company allows
    were added since, by the members of a list, say: the numbers are kept with the approval.
    """

    _inherit = "sms.marketing.message"
    _protected = frozendict(NO_APPROVAL, content_author_ids=False)

    approval_state = fields.Selection(
        [("asked", "To approve"), ("approved", "Approved"), ("rejected", "Rejected")],
        string="Approval",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    approval_asked_by_id = fields.Many2one(
        "res.users", string="Approval Asked for by", readonly=True, copy=False
    )
    approval_by_id = fields.Many2one(
        "res.users", string="Approved or Rejected by", readonly=True, copy=False
    )
    approval_content = fields.Char(readonly=True, copy=False)
    approval_recipients = fields.Integer(readonly=True, copy=False)
    approval_at = fields.Datetime(string="Approved or Rejected on", readonly=True, copy=False)
    content_author_ids = fields.Many2many(
        "res.users",
        "sms_marketing_message_author_rel",
        "message_id",
        "user_id",
        string="Written by",
        readonly=True,
        copy=False,
        context={"active_test": False},
        help="Who has written any of what the message says, to whom, and as whom.",
    )
    approval_text = fields.Char(compute="_compute_approval_text")
    approval_badge = fields.Selection(
        [
            ("asked", "To approve"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("void", "Approval void"),
        ],
        string="Approval as of Now",
        compute="_compute_approval_text",
        help="What the approval is worth now: also a rule of a list, or the opt-out text, can have "
        "changed since.",
    )

    # ------------------------------------------------------------
    # Who wrote it, and what makes an approval void
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        messages = super().create(vals_list)
        messages._note_author()
        return messages

    def write(self, vals):
        result = super().write(vals)
        if FROZEN_FIELDS & vals.keys():
            self._note_author()
        if (FROZEN_FIELDS | MOMENT_FIELDS) & vals.keys():
            for message in self.sudo().filtered("approval_state"):
                if message._approval_standing() == "void":
                    message._forget_approval()
                    message.message_post(
                        body=self.env._("The message was changed: it needs a new approval.")
                    )
        return result

    def _note_author(self):
        if self.env.uid != SUPERUSER_ID:
            self.sudo().content_author_ids = [Command.link(self.env.uid)]

    def _approval_content(self, intent):
        """What an approval is of: a message that goes out at once has no moment of its own."""
        content = self._review_content(with_moment=intent == "schedule")
        return f"{intent}:{content}"

    def _approval_standing(self, intent=None):
        """What the approval is worth for sending in this way, as of now.

        :param intent: ``send`` or ``schedule``; else: whatever was asked for
        :return: a state; False: nobody has asked; ``void``: it was of another text, say;
            ``other_moment``: it was of another way of sending
        """
        self.ensure_one()
        message = self.sudo()
        if not message.approval_state:
            return False
        asked_for = message._approval_intent()
        if intent in ("send", "schedule") and intent != asked_for:
            return "other_moment"
        if message.approval_content != message._approval_content(asked_for):
            return "void"
        return message.approval_state

    def _approval_intent(self):
        return (self.sudo().approval_content or "").partition(":")[0]

    @api.model
    def _forget_questions(self, companies):
        """Nobody decides any more what was asked in these companies."""
        self.sudo().with_context(active_test=False).search(
            [("company_id", "in", companies.ids), ("approval_state", "=", "asked")]
        )._forget_approval()

    def _forget_approval(self):
        self.sudo().write(NO_APPROVAL)
        self.sudo().activity_unlink([ACTIVITY])
        approved_audience.forget(self.env, self.ids)

    # ------------------------------------------------------------
    # The check
    # ------------------------------------------------------------

    def _needs_approval(self):
        return self.company_id.sudo().sms_marketing_approval

    def _review_approval(self, facts):
        """Whether a second person has approved exactly this, where the company wants that."""
        if not self._needs_approval():
            return []
        standing = self._approval_standing(facts.intent)
        if standing != "approved":
            text = self._approval_sentence(standing)
            return [Finding(ERROR, f"approval_{standing or 'needed'}", text)]
        if facts.counts is None:
            return []
        approved = self.sudo().approval_recipients
        if maker := self._approver_who_changed_a_list():
            return [Finding(ERROR, "approval_by_maker", maker, self._mend_audience())]
        added, allowed = self._added_since_approval(facts)
        if added > allowed:
            text = self.env._(
                "The message was approved for %(before)s contacts. Since then %(added)s others "
                "were added; up to %(allowed)s are covered by the approval. Ask for a new one.",
                before=approved,
                added=added,
                allowed=allowed,
            )
            return [Finding(ERROR, "approval_for_others", text, self._mend_audience())]
        if not added and not is_another_audience(approved, facts.recipients):
            return []
        text = self.env._(
            "The message was approved for %(before)s contacts. Now %(now)s would receive it, "
            "%(added)s of them added since.",
            before=approved,
            now=facts.recipients,
            added=added,
        )
        return [Finding(WARNING, "approved_for_others", text, self._mend_audience())]

    def _added_since_approval(self, facts):
        """How many receive the message that did not when it was approved, and how many may."""
        message = self.sudo()
        approved = message.approval_recipients
        added = approved_audience.added(message, is_settled=facts.intent == "start")
        if added is None:
            # Approved before numbers were kept.
            added = max(facts.recipients - approved, 0)
        percent = message.company_id.sms_marketing_approval_growth
        return added, approved_audience.allowed(approved, percent)

    def _approver_who_changed_a_list(self):
        """A sentence where who approved the message has changed one of its lists since."""
        message = self.sudo()
        changes = self.env["sms.marketing.list.change"]._of_message(
            message, since=message.approval_at or fields.Datetime.now()
        )
        own = changes.filtered(lambda change: change.user_id == message.approval_by_id)
        return own and self.env._(
            "%(user)s approved the message and has changed list “%(list)s” since. Another manager "
            "must approve it.",
            user=message.approval_by_id.name,
            list=own[0].list_id.name,
        )

    def _approval_sentence(self, standing):
        message = self.sudo()
        asker, decider = message.approval_asked_by_id.name, message.approval_by_id.name
        return {
            False: self.env._("A manager who has not written the message approves it first."),
            "asked": self.env._(
                "%s has asked for approval. A manager who has not written the message decides.",
                asker,
            ),
            "approved": self.env._("%s has approved the message.", decider),
            "rejected": self.env._("%s has not approved the message. The log says why.", decider),
            "void": self.env._(
                "Something has changed since approval was asked for: it is to be asked for again."
            ),
            "other_moment": self.env._(
                "Approval was asked for to send it at another moment: it is to be asked for again."
            ),
        }[standing]

    @api.depends(
        "state",
        "approval_state",
        "approval_content",
        "company_id.sms_marketing_approval",
        *(FROZEN_FIELDS | MOMENT_FIELDS),
    )
    def _compute_approval_text(self):
        for message in self:
            is_open = message.state in ("draft", "scheduled") and message._needs_approval()
            standing = is_open and message._origin and message._approval_standing()
            message.approval_text = standing and message._approval_sentence(standing)
            is_past = message.state not in ("draft", "scheduled")
            message.approval_badge = standing or (is_past and message.approval_state)

    # ------------------------------------------------------------
    # Asking and deciding, from the panel
    # ------------------------------------------------------------

    def _approvers(self):
        """Managers of the company who did not ask, and are not of those who made the message.

        Its makers are also who decided lately who is on its lists.
        """
        message = self.sudo()
        makers = (
            message.content_author_ids
            | message.create_uid
            | message.user_id
            | message.approval_asked_by_id
            | self.env["sms.marketing.list.change"]._of_message(message).user_id
        )
        managers = self.env.ref(APPROVERS).sudo().all_user_ids
        of_company = managers.filtered(
            lambda user: user.active and not user.share and message.company_id in user.company_ids
        )
        return of_company - makers

    def _review_without_approval(self, facts, findings):
        """What the panel shows of an approval that is missing, and the other findings.

        :return: False, or a dict: ``text``, ``can_ask``, ``can_approve``, ``can_reject``; and the
            findings that are left
        """
        missing = [finding for finding in findings if _is_of_approval(finding.code)]
        if not missing or self.state != "draft":
            return False, findings
        others = [finding for finding in findings if not _is_of_approval(finding.code)]
        standing = self._approval_standing(facts.intent)
        may_decide = self.env.user in self._approvers()
        is_sound = not any(finding.level == ERROR for finding in others)
        may_write = self.has_access("write")
        text = missing[0].text
        if not may_decide and (why := self._why_not_this_manager()):
            text = f"{text} {why}"
        approval = {
            "text": text,
            "can_ask": may_write and is_sound and not may_decide and standing != "asked",
            "can_approve": may_write and is_sound and may_decide,
            "can_reject": may_write and may_decide and standing == "asked",
        }
        return approval, others

    def _why_not_this_manager(self):
        """A sentence where the user is a manager who cannot decide on account of a list."""
        own = self.env["sms.marketing.list.change"]._of_message(self)
        own = own.filtered(lambda change: change.user_id == self.env.user)
        return (
            own
            and self.env.user.has_group(APPROVERS)
            and self.env._(
                "You changed list “%s” yourself, so another manager must approve the message.",
                own[0].list_id.name,
            )
        )

    def action_review_approval(self):
        """Open the panel on what approval was asked for."""
        self.ensure_one()
        self.check_access("read")
        return self._open_review(self._approval_intent() or "send")

    def ask_approval(self, intent, version):
        """Ask the managers of the company to approve what was reviewed; as ``send_reviewed``.

        :raise UserError: it could not be sent anyway, or nobody could approve it
        """
        facts, changed = self._facts_under_lock(intent, version)
        if changed:
            return changed
        self._check_approvable(facts)
        if self._approval_standing(intent) == "asked":
            raise UserError(self._already(self.sudo().approval_asked_by_id, "asked"))
        self._forget_approval()
        self._set_approval("asked", facts, approval_asked_by_id=self.env.uid)
        approvers = self._approvers()
        if not approvers:
            raise UserError(
                self.env._("There is no other manager in the company who could approve it.")
            )
        for approver in approvers:
            self.activity_schedule(
                ACTIVITY,
                user_id=approver.id,
                # A note is HTML; a user's name is not.
                note=escape(
                    self.env._(
                        "%(user)s asks for approval. %(count)s contacts would get it.",
                        user=self.env.user.name,
                        count=facts.recipients,
                    )
                ),
            )
        self.message_post(body=self.env._("Asked for approval."))
        return {"done": self.env._("The managers are asked to approve the message.")}

    def approve_reviewed(self, intent, version):
        """Approve what was reviewed, and nothing else; as ``send_reviewed``.

        :raise AccessError: the user is no manager, or has asked for it, or made the message
        """
        self.check_access("write")
        self._check_may_decide()
        facts, changed = self._facts_under_lock(intent, version)
        if changed:
            return changed
        self._check_approvable(facts)
        if not any(_is_of_approval(one.code) for one in self._review_approval(facts)):
            raise UserError(self._already(self.sudo().approval_by_id, "approved"))
        self._set_approval("approved", facts, approval_by_id=self.env.uid)
        approved_audience.keep(self.sudo())
        self._tell_asker(self.env._("Approved for %s contacts.", facts.recipients))
        return {"done": self.env._("Approved. It can be sent now.")}

    def reject_reviewed(self, intent, version, reason):
        """Refuse what was reviewed, with a reason that goes to who asked; as ``send_reviewed``.

        :raise AccessError: the user is no manager, or has asked for it, or made the message
        """
        self.check_access("write")
        self._check_may_decide()
        facts, changed = self._facts_under_lock(intent, version)
        if changed:
            return changed
        if self.state != "draft" or self._approval_standing(intent) != "asked":
            raise UserError(self.env._("Nobody has asked for approval of this."))
        if not isinstance(reason, str) or not reason.strip():
            raise UserError(self.env._("Say why the message is not approved."))
        self._set_approval("rejected", facts, approval_by_id=self.env.uid)
        self._tell_asker(self.env._("Not approved: %s", reason.strip()))
        return {"done": self.env._("Rejected. Who asked is told why.")}

    def _already(self, user, what):
        """A sentence for who comes second, or has clicked twice."""
        is_own = user == self.env.user
        if what == "asked":
            if is_own:
                return self.env._("You have already asked for approval.")
            return self.env._("%s has already asked for approval.", user.name)
        if is_own:
            return self.env._("You have already approved this message.")
        return self.env._("%s has already approved this message.", user.name)

    def _check_may_decide(self):
        if self.env.user not in self._approvers():
            raise AccessError(
                self._why_not_this_manager()
                or self.env._(
                    "A manager decides who has neither asked for approval nor made the message."
                )
            )

    def _check_approvable(self, facts):
        """Raise UserError for what could not be sent even with an approval."""
        if self.state != "draft":
            raise UserError(self.env._("Only a draft can be approved. Unschedule it first."))
        if not self._needs_approval():
            raise UserError(self.env._("Messages of this company need no approval."))
        problems = [
            finding.text
            for finding in self._review_findings(facts, only_errors=True)
            if not _is_of_approval(finding.code)
        ]
        if problems:
            raise UserError("\n• ".join([self.env._("Mend this first:"), *problems]))

    def _set_approval(self, state, facts, **vals):
        self.sudo().write(
            {
                "approval_state": state,
                "approval_content": self._approval_content(facts.intent),
                "approval_recipients": facts.recipients,
                "approval_at": state != "asked" and fields.Datetime.now(),
                **vals,
            }
        )

    def _tell_asker(self, sentence):
        self.sudo().activity_unlink([ACTIVITY])
        asker = self.sudo().approval_asked_by_id or self.sudo().user_id
        self.message_post(body=sentence, partner_ids=asker.partner_id.ids)


def _is_of_approval(code):
    """Whether a finding says that the approval is missing."""
    return code.startswith("approval_")
