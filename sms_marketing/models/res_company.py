from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.base.models.res_partner import _tz_get

from ..engine import one_to_one
from ..text.clock import find_zone
from ..text.template import fill_preference_link


class ResCompany(models.Model):
    _inherit = "res.company"

    sms_marketing_opt_out_text = fields.Char(
        string="Opt-out Text",
        translate=True,
        default=lambda self: self.env._("Reply STOP to opt out"),
        help="Added to every message that includes the default opt-out text. "
        "{{ recipient.preference_link }} in it becomes the link to each recipient's own page, "
        "to choose what to get or to stop.",
    )
    sms_marketing_stop_answer = fields.Char(
        string="Answer to STOP",
        translate=True,
        help="Empty: a sentence with the company's name that confirms the opt-out.",
    )
    sms_marketing_start_answer = fields.Char(
        string="Answer to START",
        translate=True,
        help="Empty: a sentence with the company's name that confirms the opt-in.",
    )
    sms_marketing_join_answer = fields.Char(
        string="Answer to a Sign-up",
        translate=True,
        help="Empty: a sentence with the names of the company and of the subscription type.",
    )
    sms_marketing_fill_blacklist = fields.Boolean(
        string="STOP Fills the Phone Blacklist",
        default=True,
        help="Who opts out of all texts of the company is put on Odoo's phone blacklist too, "
        "which its other SMS apps respect; and taken off again when they agree anew. "
        "The blacklist counts for every company.",
    )
    sms_marketing_verbal_evidence = fields.Boolean(
        string="Verbal Consent after an Opt-out",
        help="Whether staff may subscribe a number that has opted out on the strength of a "
        "conversation that nobody recorded.",
    )
    sms_marketing_one_to_one = fields.Selection(
        [
            ("ask", "Ask for a reason; leave out of automatic texts"),
            ("automatic", "Ask for a reason; send automatic texts"),
            ("refuse", "Never text them"),
        ],
        string="One-to-one Texts after an Opt-out",
        required=True,
        default="ask",
        help="What Odoo's own SMS (the button beside a number, SMS of other apps) does for "
        "numbers that have opted out of all texts of the company.",
    )
    sms_marketing_reviewer_id = fields.Many2one(
        "res.users",
        string="Reviewer of Replies",
        domain="[('share', '=', False), ('company_ids', 'in', id)]",
        help="Gets an activity for each reply that reads like a wish to stop. Empty: the "
        "message's responsible where that is a manager, else a manager of the company.",
    )
    sms_marketing_help_answer = fields.Char(
        string="Answer to HELP",
        translate=True,
        help="Empty: the company, what the number gets and how often, phone and e-mail, and how to "
        "opt out.",
    )

    sms_marketing_approval = fields.Boolean(
        string="Approval by a Second Person",
        help="A message is sent only after a manager who has neither written it nor asked for it "
        "has approved it.",
    )

    sms_marketing_approval_growth = fields.Integer(
        string="Recipients Added after Approval (%)",
        default=10,
        help="An approval is void when more than this share of recipients was added since, and "
        "more than 10. 0: no recipient may be added.",
    )

    _sms_marketing_approval_growth = models.Constraint(
        "CHECK (sms_marketing_approval_growth BETWEEN 0 AND 100)",
        "The share of recipients that may be added after approval is 0 to 100 percent.",
    )

    sms_marketing_cap_texts = fields.Integer(
        string="Frequency Cap",
        help="At most so many marketing texts to one number within the days of the cap; 0: no cap. "
        "A subscription type can have a cap of its own, which holds in addition.",
    )
    sms_marketing_cap_days = fields.Integer(string="Days of the Frequency Cap", default=7)

    sms_marketing_codes_a_day = fields.Integer(
        string="Sign-up Codes a Day",
        default=1000,
        help="No more codes than this are texted within 24 hours from sign-up and preference "
        "pages, a quarter of them to any one country abroad, so that nobody runs up your costs.",
    )

    _sms_marketing_codes_a_day = models.Constraint(
        "CHECK (sms_marketing_codes_a_day >= 1)", "Enter 1 sign-up code a day or more."
    )
    _sms_marketing_cap = models.Constraint(
        "CHECK (sms_marketing_cap_texts >= 0 AND sms_marketing_cap_days BETWEEN 1 AND 366)",
        "A frequency cap counts texts within 1 to 366 days; 0 texts means that there is no cap.",
    )

    sms_marketing_tz = fields.Selection(
        _tz_get,
        string="Time Zone of Texts",
        compute="_compute_sms_marketing_tz",
        store=True,
        readonly=False,
        help="Messages are scheduled by its clocks, and contacts without a time zone get texts "
        "by them.",
    )

    # Not on the contact's zone: what is once chosen stays when the company's contact moves.
    @api.depends("partner_id")
    def _compute_sms_marketing_tz(self):
        admin = self.env.ref("base.user_admin", raise_if_not_found=False)
        for company in self:
            company.sms_marketing_tz = company.partner_id.tz or (admin and admin.sudo().tz) or "UTC"

    def _sms_marketing_zone(self):
        """The name of the company's time zone; UTC where it has none that exists."""
        zone = self.sudo().sms_marketing_tz
        return zone if find_zone(zone) else "UTC"

    @api.constrains("sms_marketing_opt_out_text")
    def _check_opt_out_text(self):
        for company in self:
            rest = fill_preference_link(company.sms_marketing_opt_out_text or "", "")
            if "{{" in rest or "}}" in rest:
                raise ValidationError(
                    self.env._(
                        "The opt-out text can have one token only: {{ recipient.preference_link }}."
                    )
                )

    def write(self, vals):
        asked = self.filtered("sms_marketing_approval")
        result = super().write(vals)
        if ended := asked.filtered(lambda company: not company.sms_marketing_approval):
            self.env["sms.marketing.message"]._forget_questions(ended)
        return result

    def _get_sms_api_class(self):
        return one_to_one.with_gate(super()._get_sms_api_class())

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        forms = self.env["sms.marketing.create.form"].sudo()
        forms.create([{"company_id": company.id} for company in companies])
        return companies
