from odoo import models

from ..engine import one_to_one


class MailThread(models.AbstractModel):
    """Texts that other apps send about a document: nobody wrote them by hand."""

    _inherit = "mail.thread"

    def _message_sms(self, *args, **kwargs):
        return super(MailThread, one_to_one.as_automatic(self))._message_sms(*args, **kwargs)

    def _message_sms_schedule_mass(self, *args, **kwargs):
        return super(MailThread, one_to_one.as_automatic(self))._message_sms_schedule_mass(
            *args, **kwargs
        )
