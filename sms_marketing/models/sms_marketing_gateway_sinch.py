from odoo import fields, models


class SmsMarketingGateway(models.Model):
    """Settings of Sinch."""

    _inherit = "sms.marketing.gateway"

    provider = fields.Selection(
        selection_add=[("sinch", "Sinch")],
        ondelete={"sinch": lambda gateways: gateways._retire()},
    )
    sinch_region = fields.Selection(
        [
            ("us", "United States"),
            ("eu", "Europe"),
            ("au", "Australia"),
            ("br", "Brazil"),
            ("ca", "Canada"),
        ],
        help="Where the service plan lives.",
        groups="sms_marketing.group_administrator",
    )
    sinch_service_plan = fields.Char(
        string="Sinch Service Plan ID",
        groups="sms_marketing.group_administrator",
    )
    sinch_api_token = fields.Char(
        string="Sinch API Token",
        groups="sms_marketing.group_administrator",
    )
    sinch_webhook_secret = fields.Char(
        help="If filled in, calls without a good signature are refused.",
        groups="sms_marketing.group_administrator",
    )
