from collections import defaultdict

from lxml import etree
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import is_html_empty

from .sms_marketing_create_field import STANDARD_FIELDS

#: Which fields the dialog shows, as a key of the context. Odoo's server and browser both cache
#: views by the context's keys that end like this one, so that a change of the rules shows at once.
SHOWN = "sms_marketing_create_view_ref"

#: How a field is shown in the dialog, where not as usual.
ATTRIBUTES = {
    "campaign_id": {"options": "{'create_name_field': 'title'}"},
    "subscription_type_id": {"options": "{'no_create': True}"},
    "sender_id": {"options": "{'no_create': True}"},
    "user_id": {"widget": "many2one_avatar_user", "domain": "[('share', '=', False)]"},
    "tag_ids": {
        "widget": "many2many_tags",
        "options": "{'color_field': 'color', 'no_create_edit': True}",
    },
    "include_list_ids": {"widget": "many2many_tags", "options": "{'no_quick_create': True}"},
    "access_user_ids": {"widget": "many2many_avatar_user", "options": "{'no_create': True}"},
    "access_team_ids": {
        "widget": "many2many_tags",
        "options": "{'color_field': 'color', 'no_create': True}",
    },
}


class SmsMarketingMessage(models.Model):
    """Creating a message: what the administrators of its company ask for (S3, S4)."""

    _inherit = "sms.marketing.message"

    create_form_id = fields.Many2one(
        "sms.marketing.create.form",
        compute="_compute_create_form_id",
        store=True,
        precompute=True,
        check_company=True,
        index=True,
    )
    properties = fields.Properties(definition="create_form_id.properties_definition", copy=True)

    @api.depends("company_id")
    def _compute_create_form_id(self):
        for company, messages in self.grouped("company_id").items():
            messages.create_form_id = self.env["sms.marketing.create.form"]._for_company(company)

    # ------------------------------------------------------------
    # What is required
    # ------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        forms = self.env["sms.marketing.create.form"]
        default = self.default_get(["company_id"])["company_id"]
        # Odoo takes the values of properties only together with the record that defines them.
        messages = super().create(
            [
                {
                    **vals,
                    "create_form_id": forms._for_company(
                        self.env["res.company"].browse(vals.get("company_id") or default)
                    ).id,
                }
                for vals in vals_list
            ]
        )
        # Demo and data files that a module brings along know nothing of a company's own rules.
        if not (self.env.su and self.env.context.get("install_mode")):
            messages._check_required()
        return messages

    def write(self, vals):
        vals = {name: value for name, value in vals.items() if name != "create_form_id"}
        if not vals.keys() & {*STANDARD_FIELDS, "properties", "company_id"}:
            return super().write(vals)
        # Messages older than the rule are not held up: only what this very change empties is.
        before = {} if "company_id" in vals else self._missing_lines()
        result = super().write(vals)
        self._check_required(before)
        return result

    def _missing_lines(self):
        """The lines of the create form that ask for what a message does not have.

        :return: {message: lines}, messages that lack nothing left out
        """
        missing = defaultdict(self.env["sms.marketing.create.field"].sudo().browse)
        for form, messages in self.sudo().grouped("create_form_id").items():
            required = form.field_ids.filtered("is_required")
            if not required:
                continue
            properties = {
                row["id"]: {one["name"]: one for one in row["properties"]}
                for row in messages.read(["properties"])
            }
            for message in messages:
                for line in required:
                    if line.kind == "field":
                        is_empty = not message[line.name]
                    else:
                        is_empty = _is_empty(properties[message.id].get(line.name))
                    if is_empty:
                        missing[message.sudo(False)] |= line
        return missing

    def _check_required(self, before=None):
        """Raise UserError if a message lacks what is required, but for what it lacked before."""
        for message, lines in self._missing_lines().items():
            lines -= (before or {}).get(message, lines.browse())
            if lines:
                raise UserError(
                    self.env._(
                        "“%(message)s” needs: %(fields)s. %(company)s asks for this in every "
                        "message. Fill it in, or ask an administrator of Marketing SMS to change "
                        "the rule (Configuration › Create Form).",
                        message=message.name,
                        fields=", ".join(lines.with_env(self.env).sudo().mapped("label")),
                        company=message.sudo().company_id.name,
                    )
                )

    # ------------------------------------------------------------
    # The dialog
    # ------------------------------------------------------------

    @api.model
    def action_create_message(self):
        """Open the dialog that asks for the name and what the user's company wants to know."""
        self.check_access("create")
        form = self.env["sms.marketing.create.form"]._for_company(self.env.company)
        view = self.env.ref("sms_marketing.view_sms_marketing_message_create_form")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Create message"),
            "res_model": self._name,
            "views": [[view.id, "form"]],
            "target": "new",
            "context": {
                SHOWN: " ".join(
                    f"{line.kind}:{line.name}:{'required' if line.is_required else 'shown'}"
                    for line in form.sudo().field_ids.filtered("is_shown")
                )
            },
        }

    def action_open_editor(self):
        """Go from the dialog, which has just saved the message, to the page where it is written."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [[False, "form"]],
        }

    @api.model
    def _get_view(self, view_id=None, view_type="form", **options):
        arch, view = super()._get_view(view_id, view_type, **options)
        shown = self.env.context.get(SHOWN)
        if shown and view == self.env.ref("sms_marketing.view_sms_marketing_message_create_form"):
            place = arch.find(".//group[@name='asked_for']")
            lines = [part.split(":") for part in shown.split() if part.count(":") == 2]
            for kind, name, rule in lines:
                if kind == "field" and name in STANDARD_FIELDS:
                    attributes = {"name": name, **ATTRIBUTES.get(name, {})}
                    if rule == "required":
                        attributes["required"] = "1"
                    etree.SubElement(place, "field", attributes)
            properties = {name: rule == "required" for kind, name, rule in lines if kind != "field"}
            if properties:
                etree.SubElement(
                    place,
                    "field",
                    {
                        "name": "properties",
                        "nolabel": "1",
                        "colspan": "2",
                        "widget": "sms_marketing_create_properties",
                        "options": repr({"asked_for": properties}),
                    },
                )
        return arch, view


def _is_empty(definition):
    """Whether a property, as it is read, has no value. Nothing and "no" are values."""
    value = definition and definition.get("value")
    if isinstance(value, str):
        return is_html_empty(value) if definition["type"] == "html" else not value.strip()
    if definition and definition["type"] == "boolean":
        return False
    return value is None or value is False or value == []
