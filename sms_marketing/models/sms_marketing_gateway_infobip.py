from odoo import fields, models


class SmsMarketingGateway(models.Model):
    """Settings of Infobip."""

    _inherit = "sms.marketing.gateway"

    provider = fields.Selection(
        selection_add=[("infobip", "Infobip")],
        ondelete={"infobip": lambda gateways: gateways._retire()},
    )
    infobip_base_url = fields.Char(
        string="Infobip Base URL",
        help="As the home page of the account shows it.",
        groups="sms_marketing.group_administrator",
    )
    infobip_api_key = fields.Char(
        string="Infobip API Key",
        groups="sms_marketing.group_administrator",
    )
