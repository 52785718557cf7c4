from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    sms_marketing_opt_out_text = fields.Char(
        related="company_id.sms_marketing_opt_out_text", readonly=False
    )
    sms_marketing_stop_answer = fields.Char(
        related="company_id.sms_marketing_stop_answer", readonly=False
    )
    sms_marketing_start_answer = fields.Char(
        related="company_id.sms_marketing_start_answer", readonly=False
    )
    sms_marketing_help_answer = fields.Char(
        related="company_id.sms_marketing_help_answer", readonly=False
    )
