from random import randint

from odoo import fields, models
from odoo.exceptions import AccessError


class SmsMarketingTag(models.Model):
    """A label of a company's messages.

    Tags without a company are from before tags had one: everybody sees them, nobody changes them.
    """

    _name = "sms.marketing.tag"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Message Tag"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    color = fields.Integer(default=lambda self: randint(1, 11))
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        index=True,
        ondelete="cascade",
        help="Tags that several companies used before tags had a company have none: all companies "
        "can use them, and nobody can change them.",
    )

    _name_unique = models.UniqueIndex("(name, COALESCE(company_id, 0))", "This tag exists already.")

    def _check_written(self):
        if not all(tag.company_id for tag in self.sudo()):
            raise AccessError(self.env._("A tag belongs to a company: choose one."))
        return super()._check_written()
