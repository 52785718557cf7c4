from odoo import models

from ..engine import frequency
from ..engine.review import WARNING, Finding


class SmsMarketingMessage(models.Model):
    """What the frequency cap (B2) means for a message."""

    _inherit = "sms.marketing.message"

    def _review_cap(self, facts):
        """How many contacts the frequency cap leaves out."""
        capped = (facts.counts or {}).get("frequency_cap", 0)
        if not capped:
            return []
        rules = [
            self.env._(
                "%(texts)s texts of “%(type)s” in %(days)s days",
                texts=cap.texts,
                type=self.subscription_type_id.name,
                days=cap.days,
            )
            if cap.type_id
            else self.env._("%(texts)s texts in %(days)s days", texts=cap.texts, days=cap.days)
            for cap in frequency.caps(self)
        ]
        text = self.env._(
            "%(count)s of the contacts chosen are left out by the frequency cap: at most "
            "%(rules)s.",
            count=capped,
            rules=self.env._(" and at most ").join(rules),
        )
        mend = {
            "label": self.env._("Look at these contacts"),
            "action": self.action_view_audience("frequency_cap"),
        }
        return [Finding(WARNING, "frequency_cap", text, mend)]
