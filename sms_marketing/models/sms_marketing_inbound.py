from odoo import fields, models

from ..engine.vocabulary import KEYWORD_ACTIONS


class SmsMarketingInbound(models.Model):
    """One text from a contact; rows are appended by ``engine.inbound`` and never changed."""

    _name = "sms.marketing.inbound"
    _inherit = "sms.marketing.engine.record"
    _log_access = False  # not inherited from an abstract model
    _description = "Incoming SMS"
    _order = "received_at desc, id desc"
    _rec_name = "number"

    gateway_id = fields.Many2one(
        "sms.marketing.gateway", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    sender_id = fields.Many2one(
        "sms.marketing.sender", string="Written to", readonly=True, ondelete="set null"
    )
    number = fields.Char(string="From", required=True, readonly=True)
    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True, index=True)
    body = fields.Text(readonly=True)
    action = fields.Selection(KEYWORD_ACTIONS, string="Keyword", readonly=True)
    message_id = fields.Many2one(
        "sms.marketing.message",
        string="In Answer to",
        readonly=True,
        index=True,
        ondelete="set null",
    )
    reference = fields.Char(readonly=True, help="The gateway's own name for this text.")
    received_at = fields.Datetime(required=True, readonly=True)

    _number = models.Index("(number, id)")
    _reference_unique = models.UniqueIndex("(gateway_id, reference) WHERE reference IS NOT NULL")
