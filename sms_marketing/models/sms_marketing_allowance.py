from odoo import api, fields, models
from odoo.fields import NO_ACCESS
from odoo.tools import format_date, formatLang, frozendict

from ..engine import allowance as engine
from ..text.allowance import Purchase, amount_in_force, period_at


class SmsMarketingAllowance(models.Model):
    """How many segments a company may use in a month (S35).

    A month goes from renewal day to renewal day by the company's clocks. What is not used by then
    is lost. A company without a line that counts may send as much as it likes.
    """

    _name = "sms.marketing.allowance"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Allowance"
    _rec_name = "company_id"
    _protected = frozendict(reservations=0)

    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    renewal_day = fields.Integer(
        required=True,
        default=1,
        help="Day of the month on which the allowance begins anew, by the company's clocks. Months "
        "that are too short renew on their last day.",
    )
    change_ids = fields.One2many("sms.marketing.allowance.change", "allowance_id", string="Bought")
    reservations = fields.Integer(
        readonly=True,
        default=0,
        copy=False,
        groups=NO_ACCESS,
        help="Written by whoever reserves, so that two at the same moment get in each other's way.",
    )

    _company_unique = models.UniqueIndex(
        "(company_id)", "This company has an allowance already: change that one."
    )
    _renewal_day = models.Constraint(
        "CHECK (renewal_day BETWEEN 1 AND 31)", "The renewal day is a day of the month, 1 to 31."
    )

    # ------------------------------------------------------------
    # How it stands
    # ------------------------------------------------------------

    @api.model
    def _of(self, company):
        """The allowance of a company, or an empty record."""
        return self.sudo().search([("company_id", "=", company.id)], limit=1)

    def _purchases(self):
        """What was bought, the earlier first; of one day, in the order of entry."""
        lines = self.change_ids.sorted(lambda line: (line.purchased_on, line.id))
        return [Purchase(line.purchased_on, line.segments) for line in lines]

    def _period(self, moment):
        """``text.allowance.Period`` of a UTC moment."""
        self.ensure_one()
        return period_at(moment, self.renewal_day, self.company_id._sms_marketing_zone())

    def _standing(self, moment, besides=None):
        """How it stands in the month of a UTC moment; None: nothing is limited then.

        :param besides: a message that is not counted
        :rtype: engine.allowance.Standing | None
        """
        if not self:
            return None
        self.ensure_one()
        period = self._period(moment)
        amount = amount_in_force(self._purchases(), self.renewal_day, period)
        if amount is None:
            return None
        now = fields.Datetime.now()
        return engine.standing(
            self.env, self.company_id.id, amount, period, now, besides and besides.id
        )

    def _figures(self, standing, segments=0):
        """A standing as the bar shows it; False for none.

        :param segments: what one message takes of it, on top
        """
        if not standing:
            return False
        return {
            "allowance": standing.allowance,
            "used": standing.used,
            "reserved": standing.reserved,
            "message": segments,
            "missing": standing.missing(segments),
            "percent": standing.percent(segments),
            "renews_on": format_date(self.env, standing.renews_on),
            "warn_from": engine.WARN_FROM,
        }

    def get_allowance(self):
        """How it stands now, for the bar; False as long as nothing is limited."""
        self.ensure_one()
        self.check_access("read")
        return self._figures(self.sudo()._standing(fields.Datetime.now()))

    def _in_words(self, segments):
        return formatLang(self.env, segments, digits=0)

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def action_view_months(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "sms_marketing.action_sms_marketing_usage_month"
        )
        return {**action, "domain": [("company_id", "=", self.company_id.id)]}
