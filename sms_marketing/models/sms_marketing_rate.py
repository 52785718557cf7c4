from odoo import fields, models


class SmsMarketingRate(models.Model):
    """Up to when the slots of a gateway or sender with a rate limit are taken.

    For ``engine.rates`` alone: beside the settings, since it changes many times a second.
    """

    _name = "sms.marketing.rate"
    _log_access = False
    _description = "SMS Send Rate"
    _rec_name = "subject"

    subject = fields.Char(required=True, readonly=True)
    subject_id = fields.Integer("Record", required=True, readonly=True)
    next_free = fields.Datetime(required=True, readonly=True)

    _subject_unique = models.UniqueIndex("(subject, subject_id)")
