from odoo import api, fields, models
from odoo.tools import SQL


class SmsMarketingThrottle(models.Model):
    """Counters of what the public does, for ``engine.throttle`` alone."""

    _name = "sms.marketing.throttle"
    _log_access = False
    _description = "SMS Rate Limit"
    _rec_name = "subject"

    subject = fields.Char(required=True, readonly=True)
    key = fields.Char(required=True, readonly=True, help="Keyed hash of an address or a number.")
    starts_at = fields.Datetime(required=True, readonly=True)
    used = fields.Integer(required=True, readonly=True)

    _counter_unique = models.UniqueIndex("(subject, key, starts_at)")

    @api.autovacuum
    def _gc_counters(self):
        """Forget the counters of past windows."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM sms_marketing_throttle"
                " WHERE starts_at < now() AT TIME ZONE 'UTC' - interval '1 day'"
            )
        )
