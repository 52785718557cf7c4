from odoo import models

from ..engine import one_to_one


class IrActionsServer(models.Model):
    """Server actions of the type *Send SMS* are automatic, whoever starts them."""

    _inherit = "ir.actions.server"

    def _run_action_sms_multi(self, eval_context=None):
        return super(IrActionsServer, one_to_one.as_automatic(self))._run_action_sms_multi(
            eval_context=eval_context
        )
