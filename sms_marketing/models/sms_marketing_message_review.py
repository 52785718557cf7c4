from odoo import fields, models
from odoo.exceptions import UserError, ValidationError

from ..engine import audience, personalize
from ..engine.links import MOST_LINKS
from ..engine.review import ERROR, WARNING, Finding, ReviewFacts, errors_first
from ..text.template import compile_template

#: The one list of what is looked at before a message is sent: method -> the gravest level of what
#: it can find. Each takes ``ReviewFacts`` and returns a list of ``Finding``. What can find errors
#: is also asked when the message is sent, scheduled and started; keep it cheap.
REVIEW_CHECKS = {
    "_review_text": ERROR,
    "_review_sender": ERROR,
    "_review_subscription_type": ERROR,
    "_review_lists": ERROR,
    "_review_moment": ERROR,
    "_review_recipients": ERROR,
    "_review_allowance": ERROR,
    "_review_approval": ERROR,
    "_review_further_senders": WARNING,
    "_review_gateways_down": WARNING,
    "_review_cap": WARNING,
    "_review_opt_out": WARNING,
    "_review_encoding": WARNING,
    "_review_links": WARNING,
    "_review_left_out_by_country": WARNING,
    "_review_repeated": WARNING,
    "_review_empty_tokens": WARNING,
    "_review_timing": WARNING,
}


class SmsMarketingMessage(models.Model):
    """What keeps a message from being sent, and what its sender should know before (S26)."""

    _inherit = "sms.marketing.message"

    # ------------------------------------------------------------
    # Facts and findings
    # ------------------------------------------------------------

    def _review_facts(self, intent, counts=None):
        """What the checks go by.

        :param intent: one of ``engine.review.INTENTS``
        :param counts: contacts by reason, where they are known; None: they are counted here
        :rtype: ReviewFacts
        """
        self.ensure_one()
        if counts is None and self._is_countable():
            counts = audience.count_by_reason(self)
        per_text = 0 if self._review_text(None) else self._estimated_length()
        now = self.env.cr.now().replace(microsecond=0)
        return ReviewFacts(
            intent=intent,
            send_at=now if intent == "send" else self.scheduled_at or now,
            counts=counts,
            segments_per_text=per_text,
            segments=per_text * (counts or {}).get(None, 0),
        )

    def _is_countable(self):
        return bool(
            self.sender_id
            and self.subscription_type_id
            and not self._review_lists(None)
            and (self.include_list_ids or self.include_partner_ids)
        )

    def _review_findings(self, facts, only_errors=False):
        """All that the checks find, errors first.

        :param only_errors: ask only what can find errors, and leave out warnings
        :rtype: list[Finding]
        """
        self.ensure_one()
        findings = []
        for name, level in REVIEW_CHECKS.items():
            if level == ERROR or not only_errors:
                findings += getattr(self, name)(facts)
        if only_errors:
            findings = [finding for finding in findings if finding.level == ERROR]
        return errors_first(findings)

    def _check_ready(self, intent, facts=None):
        """Raise UserError with everything that keeps the message from being sent.

        :param intent: one of ``engine.review.INTENTS``
        :param facts: of this one message, where they are known
        :return: {message's id: the facts it was checked by}
        """
        # Before the first look at what others have reserved. A message that starts is counted,
        # and looked at again, when its recipients are written: that takes a while.
        if not facts or facts.counts is not None:
            self._hold_allowance()
        known = {}
        for message in self:
            known[message.id] = facts or message._review_facts(intent)
            if errors := message._review_findings(known[message.id], only_errors=True):
                problem = UserError(
                    self.env._("“%s” cannot be sent yet:", message.name)
                    + "".join(f"\n• {error.text}" for error in errors)
                )
                # For code that has to know which they are; browsers know errors by their class.
                problem.codes = [error.code for error in errors]
                raise problem
        return known

    def _text_problems(self):
        """What keeps the text from being sent to anybody, tests included."""
        findings = self._review_text(None) + self._review_sender(None)
        return [finding.text for finding in findings]

    # ------------------------------------------------------------
    # Errors
    # ------------------------------------------------------------

    def _review_text(self, facts):
        """Whether there is a text, and every token and link of it can be written."""
        if not (self.body or "").strip():
            problems = {"empty_text": [self.env._("The text is empty. Write it.")]}
        elif broken := personalize.problems(self.env, self.body):
            problems = {"broken_token": broken}
        else:
            links = compile_template(self.body).links
            too_many = self.env._("The text has more than %d different links.", MOST_LINKS)
            problems = {
                "too_many_links": [too_many] if len(links) > MOST_LINKS else [],
                "token_in_host": personalize.host_problems(self.env, links),
            }
        mend = self._mend_text()
        return [
            Finding(ERROR, code, text, mend) for code, texts in problems.items() for text in texts
        ]

    def _review_subscription_type(self, facts):
        if self.subscription_type_id:
            return []
        text = self.env._("Choose the subscription type that recipients agreed to.")
        mend = {
            "label": self.env._("Choose a type"),
            "page": "settings",
            "field": "subscription_type_id",
        }
        return [Finding(ERROR, "no_subscription_type", text, mend)]

    def _review_lists(self, facts):
        """Whether every rule can be used: a broken one would text the wrong people, or nobody."""
        findings = []
        for contact_list in self.include_list_ids | self.exclude_list_ids:
            if contact_list.kind != "rule":
                continue
            try:
                contact_list._rule()
            except ValidationError as error:
                mend = self._mend_by_opening(self.env._("Open the list"), contact_list)
                mend = mend or self._mend_audience()
                findings.append(Finding(ERROR, "broken_rule", error.args[0], mend))
        return findings

    def _review_moment(self, facts):
        """Whether a message that is to be scheduled has a moment to come."""
        if facts.intent != "schedule":
            return []
        mend = {
            "label": self.env._("Choose a time"),
            "page": "schedule",
            "field": "scheduled_at",
        }
        if not self.scheduled_at:
            text = self.env._("Choose when to send “%s”.", self.name)
            return [Finding(ERROR, "no_moment", text, mend)]
        if self.scheduled_at < fields.Datetime.now():
            text = self.env._(
                "The moment chosen for “%s” is in the past. Choose a later one, or send the "
                "message now.",
                self.name,
            )
            return [Finding(ERROR, "moment_in_the_past", text, mend)]
        return []

    def _review_recipients(self, facts):
        """Whether anybody would get it."""
        mend = self._mend_audience()
        if not (self.include_list_ids or self.include_partner_ids):
            text = self.env._("Choose the lists or contacts to send to.")
            return [Finding(ERROR, "no_audience", text, mend)]
        if facts.counts is None or facts.recipients:
            return []
        if barred := facts.counts.get("country", 0):
            text = self.env._(
                "Nobody would get this message: sender %(sender)s may not send to the country of "
                "%(count)s of the contacts chosen. Choose another sender.",
                sender=self.sender_id.display_name,
                count=barred,
            )
            return [Finding(ERROR, "country_not_allowed", text, self._mend_sender())]
        text = self.env._(
            "Nobody would get this message: none of the contacts chosen may be texted. See below "
            "why, or choose others."
        )
        return [Finding(ERROR, "empty_audience", text, mend)]

    def _mend_audience(self):
        return {
            "label": self.env._("Choose recipients"),
            "page": "schedule",
            "field": "include_list_ids",
        }
