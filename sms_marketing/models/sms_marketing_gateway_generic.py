from odoo import fields, models


class SmsMarketingGateway(models.Model):
    """Settings of Generic HTTP."""

    _inherit = "sms.marketing.gateway"

    provider = fields.Selection(
        selection_add=[("generic", "Generic HTTP")],
        ondelete={"generic": lambda gateways: gateways._retire()},
    )
    generic_url = fields.Char(
        string="Generic Address",
        help="Where a text is sent to; may hold placeholders.",
        groups="sms_marketing.group_administrator",
    )
    generic_method = fields.Selection(
        [("POST", "POST"), ("GET", "GET"), ("PUT", "PUT")],
        groups="sms_marketing.group_administrator",
    )
    generic_headers = fields.Text(
        string="Generic Header Fields",
        help="One a line.",
        groups="sms_marketing.group_administrator",
    )
    generic_body_type = fields.Selection(
        [("json", "JSON"), ("form", "Form")],
        groups="sms_marketing.group_administrator",
    )
    generic_body = fields.Text(
        help="Placeholders: {{ number }}, {{ digits }} (the number without +), {{ sender }}, "
        "{{ sender_digits }}, {{ text }}, {{ reference }}, {{ encoding }}, {{ segments }}, "
        "{{ username }}, {{ secret }}, {{ receipt_url }}.",
        groups="sms_marketing.group_administrator",
    )
    generic_username = fields.Char(
        string="Generic User",
        help="Fills the placeholder {{ username }}.",
        groups="sms_marketing.group_administrator",
    )
    generic_secret = fields.Char(
        help="A password or key; fills the placeholder {{ secret }}.",
        groups="sms_marketing.group_administrator",
    )
    generic_success_path = fields.Char(
        string="Success Path",
        help="Where in a JSON answer success is told, such as messages.0.status. "
        "Empty: the status 2xx is enough.",
        groups="sms_marketing.group_administrator",
    )
    generic_success_value = fields.Char(
        string="Success Value",
        help="What must be told there (without a path: somewhere in the answer). "
        "Any other word refuses the text.",
        groups="sms_marketing.group_administrator",
    )
    generic_reference_path = fields.Char(
        string="Reference Path",
        help="Where in a JSON answer the provider gives its own reference, such as messages.0.id.",
        groups="sms_marketing.group_administrator",
    )
    generic_receipt_status = fields.Char(
        string="Receipt Status Field",
        help="In a receipt: the field with the status. "
        "A name, or a path such as message.id in JSON.",
        groups="sms_marketing.group_administrator",
    )
    generic_receipt_reference = fields.Char(
        string="Receipt Reference Field",
        help="In a receipt: the field with our reference.",
        groups="sms_marketing.group_administrator",
    )
    generic_receipt_id = fields.Char(
        string="Receipt ID Field",
        help="In a receipt: the field with the provider's reference.",
        groups="sms_marketing.group_administrator",
    )
    generic_delivered_words = fields.Char(
        string="Delivered Words",
        help="Statuses that mean delivered, separated by commas.",
        groups="sms_marketing.group_administrator",
    )
    generic_undelivered_words = fields.Char(
        string="Undelivered Words",
        help="Statuses that mean not delivered, separated by commas.",
        groups="sms_marketing.group_administrator",
    )
    generic_inbound_number = fields.Char(
        string="Inbound Number Field",
        help="In a text from a phone: the field with the phone's number.",
        groups="sms_marketing.group_administrator",
    )
    generic_inbound_sender = fields.Char(
        string="Inbound Sender Field",
        help="In a text from a phone: the field with our number.",
        groups="sms_marketing.group_administrator",
    )
    generic_inbound_text = fields.Char(
        string="Inbound Text Field",
        groups="sms_marketing.group_administrator",
    )
    generic_inbound_id = fields.Char(
        string="Inbound ID Field",
        help="In a text from a phone: its identifier, the same if it comes twice.",
        groups="sms_marketing.group_administrator",
    )
