from odoo import fields, models


class SmsMarketingGateway(models.Model):
    """Settings of MessageBird (Bird)."""

    _inherit = "sms.marketing.gateway"

    provider = fields.Selection(
        selection_add=[("messagebird", "MessageBird (Bird)")],
        ondelete={"messagebird": lambda gateways: gateways._retire()},
    )
    messagebird_access_key = fields.Char(
        string="MessageBird Access Key",
        groups="sms_marketing.group_administrator",
    )
    messagebird_signing_key = fields.Char(
        string="MessageBird Signing Key",
        help="If filled in, calls without a good signature are refused.",
        groups="sms_marketing.group_administrator",
    )
