from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import allowance
from ..text.allowance import amount_in_force, periods


class SmsMarketingUsageMonth(models.Model):
    """Segments used in each month of a company, from renewal day to renewal day (S35)."""

    _name = "sms.marketing.usage.month"
    _description = "Segments Used in a Month"
    _auto = False
    _order = "start desc, company_id"
    _rec_name = "start"

    company_id = fields.Many2one("res.company", readonly=True)
    start = fields.Date(string="From", readonly=True)
    end = fields.Date(string="Renewed on", readonly=True)
    segments = fields.Integer(string="Segments Used", readonly=True)
    allowance = fields.Integer(readonly=True, aggregator="sum", help="0: there was none.")

    @api.depends("start", "end")
    def _compute_display_name(self):
        for month in self:
            month.display_name = f"{month.start} – {month.end}"

    @property
    def _table_query(self):
        """The months come from ``text.allowance``, the one place that knows them; SQL sums."""
        self.env["sms.marketing.allowance"].flush_model()
        self.env["sms.marketing.allowance.change"].flush_model()
        months = SQL(", ").join(self._months()) or SQL("(0, 0, NULL, NULL, NULL, NULL, 0)")
        return SQL(
            """
            SELECT month.id, company_id, start::date, "end"::date, allowance,
                   %s AS segments
              FROM (VALUES %s) AS month(id, company_id, start, "end", start_at, end_at, allowance)
             WHERE month.id > 0
            """,
            allowance.used(
                SQL("month.company_id"),
                SQL("month.start_at::timestamp"),
                SQL("month.end_at::timestamp"),
            ),
            months,
        )

    def _months(self):
        """SQL rows of all months, each company from its first text, or allowance, until now."""
        now = fields.Datetime.now()
        firsts = self.env.execute_query(
            SQL(
                """
                SELECT company.id, LEAST(
                           (SELECT min(sent_at) FROM sms_marketing_recipient
                             WHERE company_id = company.id AND sent_at IS NOT NULL),
                           (SELECT min(settled_at) FROM sms_marketing_recipient
                             WHERE company_id = company.id AND state = 'unknown'
                               AND sent_at IS NULL),
                           (SELECT min(moment) FROM sms_marketing_usage
                             WHERE company_id = company.id)), allowance.id
                  FROM res_company company
                  LEFT JOIN sms_marketing_allowance allowance ON allowance.company_id = company.id
                """
            )
        )
        for company_id, first, allowance_id in firsts:
            if not first and not allowance_id:
                continue
            own = self.env["sms.marketing.allowance"].sudo().browse(allowance_id or ())
            company = self.env["res.company"].sudo().browse(company_id)
            day = own.renewal_day or 1
            purchases = own._purchases()
            for period in periods(first or now, now, day, company._sms_marketing_zone()):
                # One month of a company begins in each calendar month.
                position = (period.start.year - 1970) * 12 + period.start.month
                yield SQL(
                    "(%s, %s, %s, %s, %s, %s, %s)",
                    company_id * 10_000 + position,
                    company_id,
                    period.start,
                    period.end,
                    period.start_at,
                    period.end_at,
                    amount_in_force(purchases, day, period) or 0,
                )
