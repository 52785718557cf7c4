from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine.consent import ConsentChange, record
from ..models.sms_marketing_consent import LEGAL_BASES


class SmsMarketingConsentChange(models.TransientModel):
    """Consent changed by hand: what, on which basis and why; all of it goes into the log."""

    _name = "sms.marketing.consent.change"
    _description = "Change SMS Consent"

    partner_id = fields.Many2one("res.partner", string="Contact", required=True, readonly=True)
    number_field = fields.Selection(
        [("mobile", "Mobile"), ("phone", "Phone")],
        string="Which Number",
        required=True,
        default=lambda self: self._default_number_field(),
    )
    number = fields.Char(compute="_compute_number")
    type_id = fields.Many2one(
        "sms.marketing.subscription.type", string="Subscription Type", required=True
    )
    state = fields.Selection(
        [("subscribed", "Subscribe"), ("unsubscribed", "Unsubscribe")],
        string="Change",
        required=True,
        default="subscribed",
    )
    legal_basis = fields.Selection(
        [basis for basis in LEGAL_BASES if basis[0] != "withdrawal"],
        help="What allows you to text this person.",
    )
    explanation = fields.Text(
        required=True, help="Where the evidence is, or what the person said and when."
    )

    @api.model
    def _default_number_field(self):
        partner = self.env["res.partner"].browse(self.env.context.get("default_partner_id"))
        return "phone" if partner.phone_e164 and not partner.mobile_e164 else "mobile"

    @api.depends("partner_id", "number_field")
    def _compute_number(self):
        for wizard in self:
            wizard.number = wizard.partner_id[f"{wizard.number_field or 'mobile'}_e164"]

    def action_apply(self):
        self.ensure_one()
        if not self.number:
            raise UserError(self.env._("This contact has no valid %s number.", self.number_field))
        if not (self.explanation or "").strip():
            raise UserError(self.env._("Say where the evidence is, or what the person said."))
        if self.state == "subscribed" and not self.legal_basis:
            raise UserError(self.env._("Say on which legal basis this number may be texted."))
        self.type_id.check_access("read")
        left_out = record(
            self.env,
            [
                ConsentChange(
                    number=self.number,
                    type_id=self.type_id.id,
                    state=self.state,
                    method="staff",
                    legal_basis=(self.legal_basis if self.state == "subscribed" else "withdrawal"),
                    explanation=self.explanation,
                )
            ],
        )
        if left_out:
            raise UserError(
                self.env._(
                    "This number was erased at the person's wish. It can only agree again by itself: "
                    "by a keyword or on a sign-up page."
                )
            )
        return {"type": "ir.actions.act_window_close"}
