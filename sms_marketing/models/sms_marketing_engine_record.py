from odoo import api, models
from odoo.exceptions import UserError


class SmsMarketingEngineRecord(models.AbstractModel):
    """Rows that only the engine writes, by SQL: the ORM and every RPC may read them, no more.

    Each model of this kind sets ``_log_access = False``, which is not inherited: a foreign key to
    the writing user would update rows when that user is deleted.
    """

    _name = "sms.marketing.engine.record"
    _description = "SMS Record Written by the Engine"

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise UserError(self._how_it_comes_about())

    def write(self, vals):  # pylint: disable=method-required-super
        raise UserError(self._how_it_comes_about())

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self._how_it_comes_about())

    @api.model
    def _how_it_comes_about(self):
        """A sentence that tells who tried to write such a row what to do instead."""
        return self.env._(
            "%s are written by sending and receiving, not by hand.", self._description
        )
