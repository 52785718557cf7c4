from odoo import api, fields, models
from odoo.fields import Domain


class SmsMarketingContactRecord(models.AbstractModel):
    """Rows about one contact, ``partner_id``: only those who may read the contact see them.

    A record rule says so on each such model. It closes every way to what a row tells of the contact
    (its name, number and text): reading, searching, grouping, sorting, exporting. Rows without a
    contact, or whose contact was deleted, are open to whoever may see their message.
    """

    _name = "sms.marketing.contact.record"
    _description = "SMS Record about a Contact"

    is_contact_readable = fields.Boolean(
        compute="_compute_is_contact_readable", search="_search_is_contact_readable"
    )

    @api.depends("partner_id.company_id")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_is_contact_readable(self):
        # sudo: rules are evaluated as the superuser, but it is the user whom this is about.
        partners = self.sudo().partner_id
        readable = partners.sudo(False)._filtered_access("read").sudo()
        for record in self.sudo():
            record.is_contact_readable = not record.partner_id or record.partner_id in readable

    @api.model
    def _search_is_contact_readable(self, operator, value):
        if operator != "in":
            return NotImplemented
        partners = self.env["res.partner"].sudo(False).with_context(active_test=False)
        return Domain("partner_id", "=", False) | Domain("partner_id", "in", partners._search([]))
