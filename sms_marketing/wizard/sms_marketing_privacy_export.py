import base64

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import frozendict

from ..engine import erasure, privacy
from ..text.numbers import to_e164


class SmsMarketingPrivacyExport(models.TransientModel):
    """Everything that the company holds on a number or on a contact's numbers, as one file."""

    _name = "sms.marketing.privacy.export"
    _inherit = "sms.marketing.guarded"
    _description = "Export or Erase What Is Held on a Number"
    _protected = frozendict(file=False, file_name=False)

    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Contact",
        default=lambda self: self._default_partner(),
        help="Both numbers of the contact.",
    )
    number = fields.Char(help="A number with its country code, if it is on no contact.")
    numbers = fields.Char(string="Numbers Searched", compute="_compute_numbers")
    from_contacts = fields.Boolean(
        string="Erasing Also Removes It from Contacts",
        default=True,
        help="Erasing also takes the numbers off this company's contacts.",
    )
    file = fields.Binary(readonly=True, attachment=False)
    file_name = fields.Char(readonly=True)

    @api.model
    def _default_partner(self):
        context = self.env.context
        return context.get("active_model") == "res.partner" and context.get("active_id")

    def _e164(self):
        """The valid numbers meant, in E.164, each once."""
        self.ensure_one()
        typed = self.number and to_e164(self.number, self.company_id.country_id.code or None)
        return list(dict.fromkeys([*self.partner_id._sms_numbers(), *([typed] if typed else [])]))

    @api.depends("partner_id", "number", "company_id")
    def _compute_numbers(self):
        for wizard in self:
            wizard.numbers = ", ".join(wizard._e164())

    def action_export(self):
        """Write the file, to be downloaded from the wizard."""
        numbers = self._numbers_allowed()
        self.sudo().write(
            {
                "file": base64.b64encode(privacy.export(self.env, numbers, self.company_id)),
                "file_name": f"sms-{numbers[0].lstrip('+')}.zip",
            }
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Export or Erase What Is Held on a Number"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_erase(self):
        """Erase the numbers for good; only administrators."""
        if not self.env.user.has_group("sms_marketing.group_administrator"):
            raise AccessError(self.env._("Only administrators erase."))
        erasure.erase(
            self.env, self._numbers_allowed(), self.company_id, from_contacts=self.from_contacts
        )
        return {"type": "ir.actions.act_window_close"}

    def _numbers_allowed(self):
        self.ensure_one()
        self.check_access("write")
        if self.company_id not in self.env.companies:
            raise AccessError(self.env._("Switch to the company first."))
        self.partner_id.check_access("read")
        numbers = self._e164()
        if not numbers:
            raise UserError(
                self.env._(
                    "Choose a contact with a valid number, or type one such as +13035550100."
                )
            )
        return numbers
