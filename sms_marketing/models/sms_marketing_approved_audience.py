from odoo import fields, models


class SmsMarketingApprovedAudience(models.Model):
    """The numbers that an approved message was approved for (``engine.approved_audience``).

    In a column of their own, ``keys``, as no field holds an array: a row for each number would be a
    million rows.
    """

    _name = "sms.marketing.approved.audience"
    _inherit = "sms.marketing.engine.record"
    _log_access = False  # not inherited from an abstract model
    _description = "Approved SMS Recipients"
    _rec_name = "message_id"

    message_id = fields.Many2one(
        "sms.marketing.message", required=True, readonly=True, ondelete="cascade"
    )

    _message_unique = models.UniqueIndex("(message_id)")

    def init(self):
        super().init()
        self.env.cr.execute(
            "ALTER TABLE sms_marketing_approved_audience ADD COLUMN IF NOT EXISTS keys bigint[]"
        )
