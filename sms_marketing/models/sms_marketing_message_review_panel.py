import hashlib
import json

from odoo import models
from odoo.exceptions import UserError

from ..engine.review import ERROR
from ..engine.transactions import lock
from .arguments import mapping
from .sms_marketing_message import FROZEN_FIELDS, MOMENT_FIELDS

#: Findings of ``_review_timing`` that an overview by time zone explains.
TIME_ZONE_CODES = frozenset({"no_time_zone", "moment_passed", "quiet_hours"})


class SmsMarketingMessage(models.Model):
    """The panel in which a message is looked at once more, and sent or scheduled (S26, S27)."""

    _inherit = "sms.marketing.message"

    def action_review_send(self):
        """Open the panel; the button has saved the form, so that it shows what one sees."""
        return self._open_review("send")

    def action_review_schedule(self):
        return self._open_review("schedule")

    def _open_review(self, intent):
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.client",
            "tag": "sms_marketing_review",
            "params": {"message_id": self.id, "intent": intent},
        }

    def get_review(self, intent):
        """What the panel shows.

        :param intent: ``send`` or ``schedule``
        :return: ``name``; ``findings`` (see ``engine.review.Finding``); ``can_send``; ``approval``
            (see ``_review_without_approval``); ``counted``
            (False: recipients cannot be counted yet), ``recipients``, ``left_out``
            [{"reason", "label", "count"}], ``can_open`` contacts by reason; ``segments_per_text``,
            ``segments``; ``allowance`` (see ``_allowance_figures``); ``moment`` in words, False for
            now; ``by_time_zone``, whether not all get it at one moment; ``version``, which
            ``send_reviewed`` wants back
        """
        self.ensure_one()
        self.check_access("read")
        self._check_intent(intent)
        return self._review(self._review_facts(intent))

    def _review(self, facts):
        findings = self._review_findings(facts)
        approval, shown = self._review_without_approval(facts, findings)
        reason = self.env["sms.marketing.recipient"]._fields["reason"]
        counts = facts.counts or {}
        return {
            "name": self.name,
            "findings": [finding.as_dict() for finding in shown],
            "approval": approval,
            "can_send": self.state in ("draft", "scheduled")
            and not any(finding.level == ERROR for finding in findings),
            "counted": facts.counts is not None,
            "recipients": facts.recipients,
            "left_out": [
                {"reason": code, "label": label, "count": counts[code]}
                for code, label in reason._description_selection(self.env)
                if counts.get(code)
            ],
            "can_open": hasattr(self, "action_view_audience"),
            "segments_per_text": facts.segments_per_text,
            "segments": facts.segments,
            "allowance": self._allowance_figures(facts),
            # As the form says it: by the clock that the user has scheduled by, and which it is.
            "moment": facts.intent == "schedule"
            and bool(self.scheduled_at)
            and self._scheduled_text(),
            "by_time_zone": bool(facts.recipients)
            and (
                (facts.intent == "schedule" and self.send_in_contact_time_zone)
                or any(finding.code in TIME_ZONE_CODES for finding in findings)
            ),
            "version": self._review_version(facts),
        }

    def send_reviewed(self, intent, version):
        """Send or schedule what was reviewed, and nothing else.

        :param intent: ``send`` or ``schedule``
        :param version: of the review that the user has read
        :return: ``done``, a sentence for the user; or, where something has changed since,
            ``changed``, a sentence that says what, and ``review`` as it is now
        :raise UserError: what keeps it from being sent
        """
        facts, changed = self._facts_under_lock(intent, version)
        if changed:
            return changed
        if intent == "send":
            self._send(facts)
            done = self.env._("The message goes out to %s contacts now.", facts.recipients)
        else:
            self._schedule(facts)
            done = self.env._(
                "The message is scheduled for %(moment)s. %(count)s contacts would get it now.",
                moment=self._scheduled_text(),
                count=facts.recipients,
            )
        return {"done": done}

    def _facts_under_lock(self, intent, version):
        """The facts of now, and the answer where they are not those that were reviewed, or None."""
        self.ensure_one()
        self.check_access("write")
        self._check_intent(intent)
        mapping(self.env, version)
        # From here on nobody changes it until the transaction ends.
        lock(self)
        facts = self._review_facts(intent)
        changed = self._changed_since(version, facts)
        return facts, changed and {"changed": changed, "review": self._review(facts)}

    def _check_intent(self, intent):
        if not isinstance(intent, str) or intent not in ("send", "schedule"):
            raise UserError(self.env._("A message can be sent or scheduled, nothing else."))

    def _review_content(self, with_moment=True):
        """A fingerprint of what goes out, to whom and when: another one, another message.

        In it are what is frozen after the draft, and what it is completed by: the opt-out text, the
        rules of lists, what recipients see as the sender, and the defaults of tokens.
        """
        message = self.sudo()
        lists = message.include_list_ids | message.exclude_list_ids
        company = message.company_id
        codes = [code for code, _name in self.env["res.lang"].sudo().get_installed()]
        senders = (message.sender_id | message.pool_ids).sorted("id")
        return _fingerprint(
            {
                "fields": self._frozen_values(with_moment),
                "lists": [
                    [one.id, one.kind, one.kind == "rule" and one.domain]
                    for one in lists.sorted("id")
                ],
                "opt_out": message.include_opt_out_text
                and [company.with_context(lang=code).sms_marketing_opt_out_text for code in codes],
                "senders": senders.mapped("value"),
                "defaults": self.env["sms.marketing.token.default"]._defaults(company),
            }
        )

    def _own_content(self):
        """A fingerprint of what users write on the message itself."""
        return _fingerprint(self._frozen_values(with_moment=True))

    def _frozen_values(self, with_moment):
        names = sorted(FROZEN_FIELDS | MOMENT_FIELDS if with_moment else FROZEN_FIELDS)
        message = self.sudo()
        return [
            sorted(message[name].ids) if message._fields[name].relational else message[name]
            for name in names
        ]


def _fingerprint(content):
    written = json.dumps(content, default=str, sort_keys=True)
    return hashlib.sha256(written.encode()).hexdigest()
