from odoo import fields, models


class SmsMarketingClick(models.Model):
    """One visit of one recipient's short link; rows are appended and never changed."""

    _name = "sms.marketing.click"
    _inherit = "sms.marketing.engine.record"
    _log_access = False  # not inherited from an abstract model
    _description = "SMS Click"
    _order = "id desc"

    recipient_id = fields.Many2one(
        "sms.marketing.recipient", required=True, readonly=True, ondelete="cascade", index=True
    )
    message_id = fields.Many2one(
        "sms.marketing.message", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    link_id = fields.Many2one(
        "sms.marketing.link", required=True, readonly=True, ondelete="cascade", index=True
    )
    clicked_at = fields.Datetime(required=True, readonly=True)
    address = fields.Char(readonly=True)
    user_agent = fields.Char(readonly=True)
