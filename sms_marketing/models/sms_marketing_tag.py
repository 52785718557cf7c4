from random import randint

from odoo import fields, models


class SmsMarketingTag(models.Model):
    """A label of messages."""

    _name = "sms.marketing.tag"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Message Tag"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    color = fields.Integer(default=lambda self: randint(1, 11))

    _name_unique = models.UniqueIndex("(name)", "This tag exists already.")
