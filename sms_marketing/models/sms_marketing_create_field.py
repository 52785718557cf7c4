from odoo import api, fields, models
from odoo.tools import frozendict

from .sms_marketing_protected import GENERATED

#: Fields that a company may ask for besides the name, in the order in which they are offered.
STANDARD_FIELDS = (
    "campaign_id",
    "subscription_type_id",
    "sender_id",
    "user_id",
    "tag_ids",
    "include_list_ids",
    "access_user_ids",
    "access_team_ids",
)


class SmsMarketingCreateField(models.Model):
    """Whether the create form asks for a standard field or a property, and insists on it."""

    _name = "sms.marketing.create.field"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Create Form Field"
    _order = "sequence, id"
    _rec_name = "label"
    _protected = frozendict(form_id=False, company_id=GENERATED, kind=False, name=False)

    form_id = fields.Many2one(
        "sms.marketing.create.form", required=True, readonly=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="form_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    kind = fields.Selection(
        [("field", "Field"), ("property", "Property")], required=True, readonly=True
    )
    name = fields.Char(
        string="Technical Name", required=True, readonly=True, help="Of the field or property."
    )
    label = fields.Char(compute="_compute_label")
    is_shown = fields.Boolean(string="Shown", help="The create form asks for it.")
    is_required = fields.Boolean(
        string="Required",
        help="No message can be created without it, in whatever way, and nobody can empty it.",
    )

    _form_name_unique = models.UniqueIndex(
        "(form_id, kind, name)", "The form has a line for this field already."
    )
    _required_is_shown = models.Constraint(
        "CHECK (is_shown OR is_required IS NOT TRUE)",
        "What is required must be shown, or nobody could fill it in.",
    )
    _known_field = models.Constraint(
        f"CHECK (kind <> 'field' OR name IN {STANDARD_FIELDS})",
        "The create form cannot ask for this field.",
    )

    @api.depends("kind", "name", "form_id.properties_definition")
    @api.depends_context("lang")
    def _compute_label(self):
        message_fields = self.env["sms.marketing.message"]._fields
        for line in self:
            if line.kind == "field":
                line.label = message_fields[line.name]._description_string(self.env)
            else:
                labels = {one["name"]: one.get("string") for one in line.form_id._properties()}
                line.label = labels.get(line.name) or line.name

    @api.onchange("is_required")
    def _onchange_is_required(self):
        if self.is_required:
            self.is_shown = True

    @api.onchange("is_shown")
    def _onchange_is_shown(self):
        if not self.is_shown:
            self.is_required = False
