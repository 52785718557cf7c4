from odoo import api, fields, models
from odoo.tools import frozendict

from .sms_marketing_create_field import STANDARD_FIELDS


class SmsMarketingCreateForm(models.Model):
    """What a company asks for when a message is created, and its own properties of messages."""

    _name = "sms.marketing.create.form"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Create Form"
    _order = "company_id"
    _rec_name = "company_id"
    _protected = frozendict(company_id=False)

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    properties_definition = fields.PropertiesDefinition("Message Properties")
    field_ids = fields.One2many("sms.marketing.create.field", "form_id")

    _company_unique = models.UniqueIndex("(company_id)", "This company has its create form.")

    @api.model_create_multi
    def create(self, vals_list):
        forms = super().create(vals_list)
        forms._make_lines()
        return forms

    def write(self, vals):
        result = super().write(vals)
        if "properties_definition" in vals:
            self._make_lines()
        return result

    def _properties(self):
        """The definitions of the properties that can have a value, in their order."""
        self.ensure_one()
        definition = self.sudo().properties_definition or []
        return [one for one in definition if one.get("type") not in (None, "separator")]

    def _make_lines(self):
        """One line for each standard field and each property; those of deleted properties go."""
        for form in self.sudo():
            wanted = [("field", name) for name in STANDARD_FIELDS]
            wanted += [("property", one["name"]) for one in form._properties()]
            present = {(line.kind, line.name): line for line in form.field_ids}
            form.field_ids.browse(
                line.id for key, line in present.items() if key not in wanted
            ).unlink()
            last = max(form.field_ids.mapped("sequence"), default=0)
            form.field_ids.create(
                [
                    {"form_id": form.id, "kind": kind, "name": name, "sequence": last + position}
                    for position, (kind, name) in enumerate(wanted, 1)
                    if (kind, name) not in present
                ]
            )

    @api.model
    def _for_company(self, company):
        """The company's form."""
        return self.sudo().search([("company_id", "=", company.id)]).sudo(False)

    @api.model
    def _make_missing(self):
        """Give every company its form, and each form all lines; called at each update too."""
        companies = self.env["res.company"].with_context(active_test=False)
        present = self.search([("company_id", "!=", False)])
        present._make_lines()
        missing = companies.search([("id", "not in", present.company_id.ids)])
        self.create([{"company_id": company.id} for company in missing])
        messages = self.env["sms.marketing.message"].with_context(active_test=False)
        self.env.add_to_compute(
            messages._fields["create_form_id"], messages.search([("create_form_id", "=", False)])
        )

    @api.model
    def action_open(self):
        """The form of the user's company, for administrators."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Create Form"),
            "res_model": self._name,
            "res_id": self._for_company(self.env.company).id,
            "views": [[False, "form"]],
        }
