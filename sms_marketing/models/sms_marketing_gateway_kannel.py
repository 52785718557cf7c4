from odoo import fields, models


class SmsMarketingGateway(models.Model):
    """Settings of Kannel."""

    _inherit = "sms.marketing.gateway"

    provider = fields.Selection(
        selection_add=[("kannel", "Kannel")],
        ondelete={"kannel": lambda gateways: gateways._retire()},
    )
    kannel_url = fields.Char(
        string="sendsms Address",
        help="Such as http://localhost:13013/cgi-bin/sendsms",
        groups="sms_marketing.group_administrator",
    )
    kannel_username = fields.Char(string="Kannel User", groups="sms_marketing.group_administrator")
    kannel_password = fields.Char(groups="sms_marketing.group_administrator")
