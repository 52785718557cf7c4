from odoo import SUPERUSER_ID, fields, models
from odoo.tools import frozendict

from ..engine.review import is_another_audience
from .arguments import mapping
from .sms_marketing_message import FROZEN_FIELDS, MOMENT_FIELDS

#: Findings after which an approval is worth nothing, whatever its badge says.
VOIDING = frozenset({"approval_for_others", "approval_by_maker"})


class SmsMarketingMessage(models.Model):
    """Who last changed and moved a message, for whoever else is about to.

    ``write_uid`` does not tell: dispatch writes too, as OdooBot.
    """

    _inherit = "sms.marketing.message"
    _protected = frozendict(changed_by_id=False, body_changed_by_id=False, moved_by_id=False)

    changed_by_id = fields.Many2one(
        "res.users",
        string="Changed by",
        readonly=True,
        copy=False,
        help="Who last changed the text, the recipients, the sender or the time since the message "
        "was created.",
    )
    body_changed_by_id = fields.Many2one(
        "res.users", string="Text Changed by", readonly=True, copy=False
    )
    moved_by_id = fields.Many2one(
        "res.users",
        string="Moved by",
        readonly=True,
        copy=False,
        help="Who last sent, scheduled, paused, resumed or cancelled the message.",
    )

    def write(self, vals):
        result = super().write(vals)
        if (FROZEN_FIELDS | MOMENT_FIELDS) & vals.keys():
            self._note_user("changed_by_id", *(["body_changed_by_id"] if "body" in vals else []))
        return result

    def _move(self, state, *, allowed):
        super()._move(state, allowed=allowed)
        self._note_user("moved_by_id")

    def _note_user(self, *names):
        """Note the user who acts in these fields; what OdooBot does, it does for somebody."""
        if self.env.uid == SUPERUSER_ID:
            return
        for name in names:
            others = self.sudo().filtered(
                lambda message, name=name: message[name].id != self.env.uid
            )
            others.write({name: self.env.uid})

    def _fall_back(self, error):
        """Make a message that could not start a draft again, and tell those whom it concerns."""
        self.ensure_one()
        concerned = self.user_id | self.approval_asked_by_id | self.moved_by_id
        if VOIDING & set(getattr(error, "codes", ())):
            self._forget_approval()
        self.write({"state": "draft", "moved_by_id": False})
        # What starts next is looked for by SQL. The reason comes last, after the log of the change.
        self.env.cr.flush()
        self.message_post(
            body=self.env._("This message could not start and is a draft again: %s", error),
            partner_ids=concerned.filtered("active").partner_id.ids,
        )

    # ------------------------------------------------------------
    # What has changed under somebody's eyes
    # ------------------------------------------------------------

    def _review_version(self, facts):
        """What ``_changed_since`` compares, for the browser to bring back."""
        return {
            "state": self.state,
            "own": self._own_content(),
            "content": self._review_content(),
            "recipients": facts.recipients,
        }

    def _changed_since(self, version, facts):
        """A sentence that says what is not as it was reviewed, or nothing.

        :param version: of ``_review_version``, as a browser brought it back
        """
        version = mapping(self.env, version)
        if self.state != version.get("state", self.state):
            return self._moved_in_words()
        if version.get("content") != self._review_content():
            if version.get("own") == self._own_content():
                return self.env._(
                    "A list, a sender, a default or the opt-out text of this message has changed "
                    "since you opened this review. Read it again."
                )
            user = self.sudo().changed_by_id or self.sudo().create_uid
            if user == self.env.user:
                return self.env._(
                    "You have changed the message since you opened this review, perhaps in "
                    "another window. Read it again."
                )
            return self.env._(
                "%s has changed the message since you opened this review. Read it again.",
                user.name,
            )
        before = version.get("recipients")
        if not isinstance(before, int) or is_another_audience(before, facts.recipients):
            return self.env._(
                "The number of recipients has changed from %(before)s to %(now)s since you opened "
                "this review.",
                before=before,
                now=facts.recipients,
            )
        return ""

    def _moved_in_words(self):
        """A sentence that says who has moved the message where it is."""
        user = self.sudo().moved_by_id
        is_now = not self.scheduled_at or self.scheduled_at <= fields.Datetime.now()
        state = (
            "sending"
            if self.state == "sent" or (self.state == "scheduled" and is_now)
            else (self.state)
        )
        if user == self.env.user:
            return {
                "draft": self.env._("You have already moved this message back to draft."),
                "scheduled": self.env._("You have already scheduled this message."),
                "sending": self.env._("You have already sent this message."),
                "paused": self.env._("You have already paused this message."),
                "cancelled": self.env._("You have already cancelled this message."),
            }[state]
        name = user.name or self.env._("Somebody")
        return {
            "draft": self.env._("%s has moved this message back to draft.", name),
            "scheduled": self.env._("%s has just scheduled this message.", name),
            "sending": self.env._("%s has just sent this message.", name),
            "paused": self.env._("%s has paused this message.", name),
            "cancelled": self.env._("%s has cancelled this message.", name),
        }[state]
