from datetime import timedelta

from odoo import api, fields, models


class SmsMarketingReceipt(models.Model):
    """A delivery receipt whose text is not known yet; kept for a week and matched when it is."""

    _name = "sms.marketing.receipt"
    _description = "SMS Receipt to Match"
    _order = "id"
    _rec_name = "provider_reference"

    gateway_id = fields.Many2one(
        "sms.marketing.gateway", required=True, readonly=True, ondelete="cascade"
    )
    reference = fields.Char(readonly=True)
    provider_reference = fields.Char(readonly=True)
    status = fields.Char(required=True, readonly=True)
    reason = fields.Char(readonly=True)
    detail = fields.Char(readonly=True)
    occurred_at = fields.Datetime(readonly=True)
    segments = fields.Integer(readonly=True)
    price = fields.Float(readonly=True, digits=(16, 6))
    currency = fields.Char(readonly=True)

    # Each batch that is recorded looks for what came before it.
    _provider_reference = models.Index("(provider_reference, gateway_id)")
    _reference = models.Index("(reference) WHERE reference IS NOT NULL")

    @api.autovacuum
    def _gc_receipts(self):
        self.search([("create_date", "<", fields.Datetime.now() - timedelta(days=7))]).unlink()
