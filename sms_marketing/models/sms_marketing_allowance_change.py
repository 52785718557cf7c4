from odoo import api, fields, models
from odoo.tools import frozendict

from ..text.allowance import in_force_from
from .sms_marketing_protected import GENERATED


class SmsMarketingAllowanceChange(models.Model):
    """So many segments a month, bought on a day; it replaces what was bought before."""

    _name = "sms.marketing.allowance.change"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Allowance Bought"
    _order = "purchased_on, id"
    _rec_name = "segments"
    _protected = frozendict(company_id=GENERATED)

    allowance_id = fields.Many2one(
        "sms.marketing.allowance", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="allowance_id.company_id", store=True, index=True)
    segments = fields.Integer(string="Segments a Month", required=True)
    purchased_on = fields.Date(string="Bought on", required=True, default=fields.Date.context_today)
    in_force_on = fields.Date(
        string="Counts from",
        compute="_compute_in_force_on",
        help="What is bought first counts at once, the rest from the next renewal day.",
    )

    _segments_positive = models.Constraint(
        "CHECK (segments >= 0)", "An allowance is a number of segments, 0 or more."
    )

    @api.depends("purchased_on", "allowance_id.renewal_day", "allowance_id.change_ids.purchased_on")
    def _compute_in_force_on(self):
        self.in_force_on = False
        for allowance in self.allowance_id:
            lines = allowance.change_ids.filtered("purchased_on")
            # The same order as in _purchases; a line that is not saved yet comes last on its day.
            lines = lines.sorted(lambda line: (line.purchased_on, line._origin.id or float("inf")))
            if not 1 <= allowance.renewal_day <= 31:
                continue
            for line, (since, _line) in zip(
                lines, in_force_from(lines, allowance.renewal_day), strict=True
            ):
                line.in_force_on = since
