from odoo import api, fields, models
from odoo.tools import SQL

from ..engine.throttle import LIMITS


class SmsMarketingThrottle(models.Model):
    """Uses of what may not be done too often, for ``engine.throttle`` alone."""

    _name = "sms.marketing.throttle"
    _inherit = "sms.marketing.engine.record"
    _log_access = False
    _description = "SMS Rate Limit"
    _rec_name = "subject"

    subject = fields.Char(required=True, readonly=True)
    key = fields.Char(required=True, readonly=True, help="Keyed hash of an address or a number.")
    used_at = fields.Datetime(required=True, readonly=True)

    # Carries every count.
    _lately = models.Index("(subject, key, used_at)")

    @api.autovacuum
    def _gc_uses(self):
        """Forget what no limit counts any more."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM sms_marketing_throttle
                 WHERE used_at < now() AT TIME ZONE 'UTC' - make_interval(secs => %s)
                """,
                max(limit.seconds for limit in LIMITS.values()),
            )
        )
