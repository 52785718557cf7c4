from odoo import fields, models

from ..engine import allowance
from ..engine.review import ERROR, WARNING, Finding

ADMINISTRATOR = "sms_marketing.group_administrator"

#: Who to ask, by name, at most so many.
_MOST_NAMES = 3


class SmsMarketingMessage(models.Model):
    """What the segments a month mean for a message (S35)."""

    _inherit = "sms.marketing.message"

    def get_allowance(self):
        """How the allowance stands for this message, for the bar; False: nothing is limited.

        :return: see ``sms.marketing.allowance._figures``
        """
        self.ensure_one()
        self.check_access("read")
        own = self.env["sms.marketing.allowance"]._of(self.company_id)
        scheduled = self.state == "scheduled"
        standing = own._standing(self._allowance_moment(), besides=scheduled and self)
        return own._figures(standing, scheduled and self.estimated_segments or 0)

    def _allowance_moment(self):
        """The UTC moment whose month a message takes its segments from."""
        return max(self.scheduled_at or fields.Datetime.now(), fields.Datetime.now())

    def _allowance_figures(self, facts):
        """As ``get_allowance``, of a message that is reviewed."""
        own = self.env["sms.marketing.allowance"]._of(self.company_id)
        standing = own._standing(max(facts.send_at, fields.Datetime.now()), besides=self)
        return own._figures(standing, facts.segments)

    def _hold_allowance(self):
        """Let nobody else reserve of the same allowance until this transaction ends."""
        allowance.hold(self.env, self.company_id.ids)

    def action_send(self):
        if len(self) <= 1:
            return super().action_send()
        for message in self:  # each reserves before the next one is looked at
            message.action_send()
        return None

    def action_schedule(self):
        if len(self) <= 1:
            return super().action_schedule()
        for message in self:
            message.action_schedule()
        return None

    def _review_allowance(self, facts):
        """Whether the month's segments are enough for the message too."""
        if not facts.segments:
            return []
        own = self.env["sms.marketing.allowance"]._of(self.company_id)
        standing = own._standing(max(facts.send_at, fields.Datetime.now()), besides=self)
        if not standing:
            return []
        figures = own._figures(standing, facts.segments)
        may_raise = self.env.user.has_group(ADMINISTRATOR)
        # Who may not raise it can still look at what uses it up.
        to_allowance = self._mend_by_opening(self.env._("Open the allowance"), own)
        if standing.missing(facts.segments):
            text = self.env._(
                "This message takes %(segments)s segments, %(missing)s more than are left of this "
                "month's allowance of %(allowance)s: %(used)s are used and %(reserved)s reserved. "
                "It renews on %(renews_on)s.",
                missing=own._in_words(figures["missing"]),
                **self._allowance_in_words(own, figures),
            )
            text += f" {self._allowance_advice(may_raise)}"
            mend = to_allowance if may_raise else None
            return [Finding(ERROR, "allowance", text, mend or self._mend_audience())]
        if standing.percent(facts.segments) >= allowance.WARN_FROM:
            text = self.env._(
                "With this message's %(segments)s segments, %(percent)s %% of the month's "
                "allowance of %(allowance)s are taken: %(used)s are used and %(reserved)s "
                "reserved. It renews on %(renews_on)s.",
                percent=figures["percent"],
                **self._allowance_in_words(own, figures),
            )
            return [Finding(WARNING, "allowance", text, to_allowance or self._mend_audience())]
        return []

    def _allowance_in_words(self, own, figures):
        names = ("allowance", "used", "reserved")
        return {
            **{name: own._in_words(figures[name]) for name in names},
            "segments": own._in_words(figures["message"]),
            "renews_on": figures["renews_on"],
        }

    def _allowance_advice(self, may_raise):
        if may_raise:
            return self.env._("Send to fewer, shorten the text, or raise the allowance.")
        users = self.env.ref(ADMINISTRATOR).sudo().all_user_ids
        names = users.filtered(
            lambda user: user.active and not user.share and self.company_id in user.company_ids
        )[:_MOST_NAMES].mapped("name")
        if not names:
            return self.env._("Send to fewer, or shorten the text.")
        return self.env._(
            "Send to fewer, shorten the text, or ask an administrator to raise the allowance: %s.",
            ", ".join(names),
        )
