from odoo import fields, models


class SmsMarketingGateway(models.Model):
    """Settings of Twilio."""

    _inherit = "sms.marketing.gateway"

    provider = fields.Selection(
        selection_add=[("twilio", "Twilio")],
        ondelete={"twilio": lambda gateways: gateways._retire()},
    )
    twilio_account_sid = fields.Char(
        string="Twilio Account SID", groups="sms_marketing.group_administrator"
    )
    twilio_auth_token = fields.Char(
        help="Twilio signs its calls to this Odoo with it.",
        groups="sms_marketing.group_administrator",
    )
    twilio_api_key = fields.Char(
        string="Twilio API Key SID",
        help="With its secret, this is the login instead of account SID and auth token.",
        groups="sms_marketing.group_administrator",
    )
    twilio_api_secret = fields.Char(
        string="Twilio API Key Secret", groups="sms_marketing.group_administrator"
    )
    twilio_messaging_service = fields.Char(
        string="Twilio Messaging Service SID",
        help="If filled in, Twilio chooses the sender from the service's pool.",
        groups="sms_marketing.group_administrator",
    )
