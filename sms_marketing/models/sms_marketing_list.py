from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from psycopg2 import Error as DatabaseError


class SmsMarketingList(models.Model):
    """Contacts to send to or to leave out: chosen one by one, or by a rule."""

    _name = "sms.marketing.list"
    _description = "SMS Marketing List"
    _order = "name, id"

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [("fixed", "Fixed"), ("rule", "Rule")],
        required=True,
        default="fixed",
        help="Fixed: contacts that you choose. Rule: all contacts that match when sending.",
    )
    partner_ids = fields.Many2many(
        "res.partner", "sms_marketing_list_partner_rel", "list_id", "partner_id", string="Contacts"
    )
    domain = fields.Char(string="Rule", default="[]")
    partner_count = fields.Integer(string="Contacts Now", compute="_compute_partner_count")

    @api.depends("kind", "partner_ids", "domain")
    def _compute_partner_count(self):
        for contact_list in self:
            try:
                domain = contact_list._partner_domain()
            except ValidationError:
                # A rule that has stopped working must not keep its list from being opened.
                domain = Domain.FALSE
            contact_list.partner_count = self.env["res.partner"].search_count(domain)

    @api.constrains("kind", "domain")
    def _check_domain(self):
        for contact_list in self.filtered(lambda record: record.kind == "rule"):
            contact_list._rule()

    def _rule(self):
        """The rule as a Domain on contacts; says what is wrong with one that cannot be used."""
        self.ensure_one()
        try:
            written = literal_eval(self.domain or "[]")
            if not isinstance(written, (list, tuple)):
                raise ValueError(self.env._("it is not a list of conditions"))
            rule = Domain(written)
            # Some mistakes show only when the database compares: a name where an id belongs.
            query = self.env["res.partner"].sudo()._search(rule, limit=1)
            with self.env.cr.savepoint():
                self.env.cr.execute(query.select(), log_exceptions=False)
        except (
            ValueError,
            SyntaxError,
            TypeError,
            KeyError,
            AssertionError,
            RecursionError,
            MemoryError,
            DatabaseError,
        ) as error:
            raise ValidationError(
                self.env._(
                    "The rule of list “%(list)s” cannot be used: %(error)s. "
                    "Open the list and mend the rule.",
                    list=self.name,
                    error=error,
                )
            ) from error
        return rule

    def _partner_domain(self):
        """Domain on ``res.partner`` of the contacts on this list, by its kind."""
        self.ensure_one()
        if self.kind == "rule":
            return self._rule()
        return Domain("id", "in", self.partner_ids.ids)

    def action_view_partners(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "res.partner",
            "view_mode": "list,form",
            "domain": list(self._partner_domain()),
        }
