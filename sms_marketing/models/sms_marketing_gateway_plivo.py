from odoo import fields, models


class SmsMarketingGateway(models.Model):
    """Settings of Plivo."""

    _inherit = "sms.marketing.gateway"

    provider = fields.Selection(
        selection_add=[("plivo", "Plivo")],
        ondelete={"plivo": lambda gateways: gateways._retire()},
    )
    plivo_auth_id = fields.Char(
        string="Plivo Auth ID",
        groups="sms_marketing.group_administrator",
    )
    plivo_auth_token = fields.Char(
        help="Plivo signs its calls to this Odoo with it.",
        groups="sms_marketing.group_administrator",
    )
    plivo_powerpack = fields.Char(
        string="Plivo Powerpack UUID",
        help="If filled in, Plivo chooses the sender from this pool.",
        groups="sms_marketing.group_administrator",
    )
