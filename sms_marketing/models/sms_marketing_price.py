from odoo import api, fields, models
from odoo.tools import frozendict

from .sms_marketing_protected import GENERATED


class SmsMarketingPrice(models.Model):
    """What one segment costs from a sender to a country, for the cost of a message (B10)."""

    _name = "sms.marketing.price"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Price"
    _order = "sender_id, country_id"
    _protected = frozendict(company_id=GENERATED)

    sender_id = fields.Many2one(
        "sms.marketing.sender", required=True, index=True, ondelete="cascade", check_company=True
    )
    company_id = fields.Many2one(related="sender_id.company_id", store=True)
    country_id = fields.Many2one(
        "res.country", help="Where the number is. Empty: every country without a price of its own."
    )
    price = fields.Float(string="Price per Segment", required=True, digits=(16, 6))
    currency_id = fields.Many2one(
        "res.currency", required=True, default=lambda self: self.env.company.currency_id
    )

    _sender_country_unique = models.UniqueIndex(
        "(sender_id, COALESCE(country_id, 0))",
        "This sender has a price for this country already: change that one.",
    )
    _price_not_negative = models.Constraint("CHECK (price >= 0)", "A price cannot be negative.")

    @api.depends("sender_id", "country_id")
    def _compute_display_name(self):
        for price in self:
            country = price.country_id.name or self.env._("every country")
            price.display_name = f"{price.sender_id.display_name}: {country}"
