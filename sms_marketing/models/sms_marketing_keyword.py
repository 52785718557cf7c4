from odoo import api, fields, models

from ..text.keywords import normalise


class SmsMarketingKeyword(models.Model):
    """A word that a contact can text back, and what it does."""

    _name = "sms.marketing.keyword"
    _description = "SMS Keyword"
    _order = "action, name"

    name = fields.Char(string="Keyword", required=True)
    normalised = fields.Char(compute="_compute_normalised", store=True, precompute=True)
    action = fields.Selection(
        [("stop", "Opt out"), ("start", "Opt in again"), ("help", "Help")], required=True
    )
    company_id = fields.Many2one(
        "res.company", index=True, help="Empty: the keyword counts for every company."
    )
    active = fields.Boolean(default=True)

    _normalised_company_unique = models.UniqueIndex(
        "(normalised, COALESCE(company_id, 0))",
        "This keyword exists already: case, spaces and punctuation make no difference.",
    )
    _normalised_not_empty = models.Constraint(
        "CHECK (normalised <> '')", "A keyword needs at least one letter or digit."
    )

    @api.depends("name")
    def _compute_normalised(self):
        for keyword in self:
            keyword.normalised = normalise(keyword.name or "")

    @api.model
    def _action_for(self, text, company):
        """What a text from a contact asks for: 'stop', 'start', 'help' or None.

        A keyword of the company goes before one that counts for every company.
        """
        keyword = self.sudo().search(
            [("normalised", "=", normalise(text)), ("company_id", "in", [company.id, False])],
            order="company_id",
            limit=1,
        )
        return keyword.action or None
