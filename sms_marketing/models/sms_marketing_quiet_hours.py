from odoo import api, fields, models

#: In the order of ``date.weekday``.
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class SmsMarketingQuietHours(models.Model):
    """When campaigns may be sent to numbers of a country (B1); outside of it texts wait.

    Where a company has nothing set for a country nor for all countries, the hours are 8:00 to
    20:00 on all days.
    """

    _name = "sms.marketing.quiet.hours"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Quiet Hours"
    _order = "company_id, country_id"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    country_id = fields.Many2one(
        "res.country",
        ondelete="cascade",
        help="Where the number is. Empty: every country without a line of its own.",
    )
    opens = fields.Float(string="From", default=8.0, required=True, help="Texts may go out from")
    closes = fields.Float(
        string="Until", default=20.0, required=True, help="Texts may go out until"
    )
    monday = fields.Boolean(string="Mon", default=True)
    tuesday = fields.Boolean(string="Tue", default=True)
    wednesday = fields.Boolean(string="Wed", default=True)
    thursday = fields.Boolean(string="Thu", default=True)
    friday = fields.Boolean(string="Fri", default=True)
    saturday = fields.Boolean(string="Sat", default=True)
    sunday = fields.Boolean(string="Sun", default=True)

    _company_country_unique = models.UniqueIndex(
        "(company_id, COALESCE(country_id, 0))",
        "This country has quiet hours already: change these.",
    )
    # A minute's length is told apart as the engine reckons, in whole minutes.
    _hours_in_order = models.Constraint(
        "CHECK (opens >= 0 AND closes <= 24 AND round(opens * 60) < round(closes * 60))",
        "Texts may go out from an hour to a later one of the same day, at the latest 24:00.",
    )
    _some_day = models.Constraint(
        "CHECK (monday OR tuesday OR wednesday OR thursday OR friday OR saturday OR sunday)",
        "Choose at least one day of the week on which texts may go out.",
    )

    @api.depends("country_id")
    def _compute_display_name(self):
        for hours in self:
            hours.display_name = hours.country_id.name or self.env._("Every other country")

    def _hours(self):
        """The hours as arguments of ``text.quiet_hours.Hours``."""
        self.ensure_one()
        return {
            "opens": round(self.opens * 60),
            "closes": round(self.closes * 60),
            "weekdays": frozenset(day for day, name in enumerate(WEEKDAYS) if self[name]),
        }
