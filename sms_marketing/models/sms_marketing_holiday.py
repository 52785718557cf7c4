from odoo import api, fields, models


class SmsMarketingHoliday(models.Model):
    """A day on which no campaign is sent to numbers of a country (B1)."""

    _name = "sms.marketing.holiday"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Holiday"
    _order = "date, country_id"

    name = fields.Char(required=True)
    date = fields.Date(required=True)
    is_yearly = fields.Boolean(string="Every Year", help="On this day and month of every year.")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    country_id = fields.Many2one(
        "res.country", ondelete="cascade", help="Where the number is. Empty: every country."
    )

    _day_unique = models.UniqueIndex(
        "(company_id, COALESCE(country_id, 0), date)",
        "This day is a holiday of this country already.",
    )

    @api.depends("name", "date")
    def _compute_display_name(self):
        for holiday in self:
            holiday.display_name = f"{holiday.name} ({holiday.date})"
