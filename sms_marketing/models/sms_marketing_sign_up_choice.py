from odoo import api, fields, models
from odoo.tools import frozendict

from .sms_marketing_protected import GENERATED


class SmsMarketingSignUpChoice(models.Model):
    """One subscription type that a sign-up form offers, and what one agrees to by ticking it."""

    _name = "sms.marketing.sign.up.choice"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Sign-up Choice"
    _order = "form_id, sequence, id"
    _rec_name = "type_id"
    _protected = frozendict(company_id=GENERATED)

    form_id = fields.Many2one(
        "sms.marketing.sign.up.form", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="form_id.company_id", store=True)
    sequence = fields.Integer(default=10)
    type_id = fields.Many2one(
        "sms.marketing.subscription.type",
        string="Subscription Type",
        required=True,
        check_company=True,
        ondelete="cascade",
        index=True,
    )
    wording = fields.Text(
        string="Consent Wording",
        required=True,
        translate=True,
        help="The sentence beside the box, in every language of the page. It is kept in the "
        "consent log as people read it.",
    )

    _form_type_unique = models.UniqueIndex(
        "(form_id, type_id)", "The form offers this subscription type already."
    )

    @api.onchange("type_id")
    def _onchange_type_id(self):
        if self.type_id and not self.wording:
            self.wording = self._default_wording(self.type_id, self.form_id.company_id)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get("wording") and vals.get("type_id"):
                subscription_type = self.env["sms.marketing.subscription.type"].browse(
                    vals["type_id"]
                )
                vals["wording"] = self._default_wording(
                    subscription_type, subscription_type.company_id
                )
        return super().create(vals_list)

    def _shown_wording(self):
        """All that one reads on the page about this choice, in the language of the environment."""
        self.ensure_one()
        parts = (self.wording, self.type_id.description, self.form_id._small_print())
        return "\n".join(filter(None, parts))

    @api.model
    def _default_wording(self, subscription_type, company):
        return self.env._(
            "I agree to get texts from %(company)s: %(type)s.",
            company=(company or self.env.company).name,
            type=subscription_type.name,
        )
