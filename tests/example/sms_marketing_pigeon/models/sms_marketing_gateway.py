from odoo import fields, models


class SmsMarketingGateway(models.Model):
    """Settings of Pigeon Post."""

    _inherit = "sms.marketing.gateway"

    provider = fields.Selection(
        selection_add=[("pigeon", "Pigeon Post")],
        ondelete={"pigeon": lambda gateways: gateways._retire()},
    )
    pigeon_url = fields.Char(string="Loft Address", groups="sms_marketing.group_administrator")
    pigeon_key = fields.Char(groups="sms_marketing.group_administrator")
