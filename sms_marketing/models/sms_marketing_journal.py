from odoo import fields, models


class SmsMarketingJournal(models.Model):
    """How far a lane has come with a large batch, for ``engine.journal`` alone."""

    _name = "sms.marketing.journal"
    _log_access = False
    _description = "SMS Batch in Hand"
    _rec_name = "recipient_id"

    recipient_id = fields.Many2one(
        "sms.marketing.recipient",
        "Last recipient",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
        help="Its lease is the batch's.",
    )
    attempt = fields.Integer(required=True, readonly=True)
    begun = fields.Integer(
        required=True, readonly=True, help="How many of its texts may have been handed over."
    )
    texts = fields.Json("Recipients", readonly=True)
