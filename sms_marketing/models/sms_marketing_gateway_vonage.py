from odoo import fields, models


class SmsMarketingGateway(models.Model):
    """Settings of Vonage."""

    _inherit = "sms.marketing.gateway"

    provider = fields.Selection(
        selection_add=[("vonage", "Vonage")],
        ondelete={"vonage": lambda gateways: gateways._retire()},
    )
    vonage_api_key = fields.Char(
        string="Vonage API Key",
        groups="sms_marketing.group_administrator",
    )
    vonage_api_secret = fields.Char(
        string="Vonage API Secret",
        groups="sms_marketing.group_administrator",
    )
    vonage_signature_secret = fields.Char(
        help="If filled in, calls without a good signature are refused.",
        groups="sms_marketing.group_administrator",
    )
    vonage_signature_method = fields.Selection(
        [
            ("md5_hash", "MD5 hash"),
            ("md5", "MD5 HMAC"),
            ("sha1", "SHA-1 HMAC"),
            ("sha256", "SHA-256 HMAC"),
            ("sha512", "SHA-512 HMAC"),
        ],
        help="As in the API settings of the account.",
        groups="sms_marketing.group_administrator",
    )
