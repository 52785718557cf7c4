from odoo import api, fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    sms_marketing_opt_out_text = fields.Char(
        string="Opt-out Text",
        translate=True,
        default=lambda self: self.env._("Reply STOP to opt out"),
        help="Added to every message that includes the default opt-out text.",
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
    sms_marketing_help_answer = fields.Char(
        string="Answer to HELP",
        translate=True,
        help="Empty: the company's name, its phone and e-mail, and how to opt out.",
    )

    sms_marketing_cap_texts = fields.Integer(
        string="Frequency Cap",
        help="At most so many marketing texts to one number within the days of the cap; 0: no cap. "
        "A subscription type can have a cap of its own, which holds in addition.",
    )
    sms_marketing_cap_days = fields.Integer(string="Days of the Frequency Cap", default=7)

    _sms_marketing_cap = models.Constraint(
        "CHECK (sms_marketing_cap_texts >= 0 AND sms_marketing_cap_days BETWEEN 1 AND 366)",
        "A frequency cap counts texts within 1 to 366 days; 0 texts means that there is no cap.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        forms = self.env["sms.marketing.create.form"].sudo()
        forms.create([{"company_id": company.id} for company in companies])
        return companies

    def _sms_marketing_answer(self, action):
        """What goes out to a contact who texted STOP, START or HELP, in the language of the env."""
        self.ensure_one()
        own_words = {
            "stop": self.sms_marketing_stop_answer,
            "start": self.sms_marketing_start_answer,
            "help": self.sms_marketing_help_answer,
        }[action]
        if own_words:
            return own_words
        contact = " ".join(filter(None, [self.phone, self.email]))
        return {
            "stop": self.env._(
                "%(company)s: you are opted out and get no more texts. Reply START to come back.",
                company=self.name,
            ),
            "start": self.env._(
                "%(company)s: you get our texts again. Message and data rates may apply. "
                "Reply HELP for help, STOP to opt out.",
                company=self.name,
            ),
            "help": self.env._(
                "%(company)s texts: %(contact)s. Message and data rates may apply. "
                "Reply STOP to opt out.",
                company=self.name,
                contact=contact or self.name,
            ),
        }[action]
