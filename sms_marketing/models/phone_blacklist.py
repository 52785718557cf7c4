from odoo import api, fields, models
from odoo.tools import frozendict


class PhoneBlacklist(models.Model):
    """Odoo's own list of numbers that no SMS app texts; a STOP may put a number there."""

    _name = "phone.blacklist"
    _inherit = ["phone.blacklist", "sms.marketing.protected"]
    _protected = frozendict(sms_marketing_company_ids=False)

    sms_marketing_company_ids = fields.Many2many(
        "res.company",
        "sms_marketing_phone_blacklist_company_rel",
        string="By STOP to",
        readonly=True,
        help="Companies whose STOP put the number here. When the number agrees to get texts of "
        "them again, it is taken off; what staff put here stays.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Who puts a number here by hand keeps it here, even if a STOP had put it here before."""
        entries = super().create(vals_list)
        if not self._is_by_stop():
            entries._forget_stop()
        return entries

    def write(self, vals):
        if "active" in vals and not self._is_by_stop():
            self._forget_stop()
        return super().write(vals)

    @api.model
    def _is_by_stop(self):
        """Whether a STOP is carried out; a client can put the key into the context, too."""
        return self.env.su and self.env.context.get("sms_marketing_by_stop")

    def _forget_stop(self):
        marked = self.sudo().filtered("sms_marketing_company_ids")
        if marked:
            marked.sms_marketing_company_ids = False
