from odoo import api, fields, models
from odoo.exceptions import ValidationError

from .sms_marketing_message import DEFAULT_LANES, LANES


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    sms_marketing_lanes = fields.Integer(
        string="SMS Lanes", config_parameter=LANES, default=DEFAULT_LANES
    )

    @api.constrains("sms_marketing_lanes")
    def _check_sms_marketing_lanes(self):
        for settings in self:
            if not 1 <= settings.sms_marketing_lanes <= 100:
                raise ValidationError(self.env._("The number of SMS lanes lies from 1 to 100."))
