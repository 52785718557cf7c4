from odoo import api, models
from odoo.exceptions import UserError

from ..engine import privacy


class IrConfigParameter(models.Model):
    """The key of erased numbers is not to be lost (B14)."""

    _inherit = "ir.config_parameter"

    def write(self, vals):
        if {"key", "value"} & vals.keys():
            self._keep_privacy_key()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_privacy_key(self):
        self._keep_privacy_key()

    def _keep_privacy_key(self):
        if privacy.KEY not in self.mapped("key"):
            return
        erased = self.env["sms.marketing.privacy.log"].sudo()
        if erased.search_count([("kind", "=", "erasure")], limit=1):
            raise UserError(
                self.env._(
                    "“%s” has to stay as it is: without it erased numbers would not be known "
                    "any more, and could be subscribed again.",
                    privacy.KEY,
                )
            )
