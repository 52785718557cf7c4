from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    sms_marketing_tz = fields.Selection(related="company_id.sms_marketing_tz", readonly=False)
    sms_marketing_opt_out_text = fields.Char(
        related="company_id.sms_marketing_opt_out_text", readonly=False
    )
    sms_marketing_stop_answer = fields.Char(
        related="company_id.sms_marketing_stop_answer", readonly=False
    )
    sms_marketing_start_answer = fields.Char(
        related="company_id.sms_marketing_start_answer", readonly=False
    )
    sms_marketing_join_answer = fields.Char(
        related="company_id.sms_marketing_join_answer", readonly=False
    )
    sms_marketing_fill_blacklist = fields.Boolean(
        related="company_id.sms_marketing_fill_blacklist", readonly=False
    )
    sms_marketing_verbal_evidence = fields.Boolean(
        related="company_id.sms_marketing_verbal_evidence", readonly=False
    )
    sms_marketing_one_to_one = fields.Selection(
        related="company_id.sms_marketing_one_to_one", readonly=False
    )
    sms_marketing_reviewer_id = fields.Many2one(
        related="company_id.sms_marketing_reviewer_id", readonly=False
    )
    sms_marketing_help_answer = fields.Char(
        related="company_id.sms_marketing_help_answer", readonly=False
    )
    sms_marketing_approval = fields.Boolean(
        related="company_id.sms_marketing_approval", readonly=False
    )
    sms_marketing_approval_growth = fields.Integer(
        related="company_id.sms_marketing_approval_growth", readonly=False
    )
    sms_marketing_codes_a_day = fields.Integer(
        related="company_id.sms_marketing_codes_a_day", readonly=False
    )
    sms_marketing_cap_texts = fields.Integer(
        related="company_id.sms_marketing_cap_texts", readonly=False
    )
    sms_marketing_cap_days = fields.Integer(
        related="company_id.sms_marketing_cap_days", readonly=False
    )

    def action_sms_marketing_texts(self):
        """The company's own record, as only a saved record shows its texts in every language."""
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Texts in every language"),
            "res_model": "res.company",
            "res_id": self.company_id.id,
            "views": [
                [self.env.ref("sms_marketing.view_res_company_sms_marketing_texts").id, "form"]
            ],
            "target": "new",
        }
