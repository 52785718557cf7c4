from odoo import fields, models


class MailNotification(models.Model):
    """The chatter says why a text was not sent."""

    _inherit = "mail.notification"

    failure_type = fields.Selection(selection_add=[("sms_optout", "Opted Out")])
