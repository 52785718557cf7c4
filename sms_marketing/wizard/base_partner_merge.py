from odoo import api, models
from odoo.tools import SQL


class MergePartnerAutomatic(models.TransientModel):
    _inherit = "base.partner.merge.automatic.wizard"

    @api.model
    def _update_foreign_keys(self, src_partners, dst_partner):
        """Contacts whose recipient is still to be written are no foreign keys, but move too."""
        super()._update_foreign_keys(src_partners, dst_partner)
        self.env.cr.execute(
            SQL(
                "UPDATE sms_marketing_audience SET partner_id = %s WHERE partner_id = ANY(%s)",
                dst_partner.id,
                src_partners.ids,
            )
        )

    @api.model
    def _update_values(self, src_partners, dst_partner):
        """Whoever may not set the marketing status merges contacts all the same: it stays as it is.

        For others it is on if one of the contacts has it on, as with any value.
        """
        super()._update_values(
            src_partners, dst_partner.with_context(sms_marketing_keep_status=True)
        )
