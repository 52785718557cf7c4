from odoo import fields, models


class SmsMarketingAudience(models.Model):
    """A contact of a started message whose recipient is still to be written, piece by piece.

    Written in one statement when the message starts, so that what counts is who is in its lists
    then, and emptied by the lanes within minutes.
    """

    _name = "sms.marketing.audience"
    _inherit = "sms.marketing.engine.record"
    _log_access = False
    _description = "SMS Recipient to Be Written"
    _order = "id"
    _rec_name = "number"

    message_id = fields.Many2one(
        "sms.marketing.message", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="message_id.company_id")
    # No Many2one: PostgreSQL would look up and lock a million contacts twice within minutes.
    partner_id = fields.Integer(string="Contact ID", readonly=True)
    number = fields.Char(readonly=True)
    number_field = fields.Char(readonly=True)
    reason = fields.Char(readonly=True, help="Why the contact does not get the message.")

    _message = models.Index("(message_id, id)")
