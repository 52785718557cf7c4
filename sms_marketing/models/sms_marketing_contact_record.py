from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


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
        if not self.env["res.partner"].sudo(False).has_access("read"):
            return Domain("partner_id", "=", False)
        readable = self.env["ir.rule"].sudo(False)._compute_domain("res.partner", "read")
        partners = self.env["res.partner"].sudo().with_context(active_test=False)
        hidden = partners._search(~readable)

        def to_sql(model, alias, query):
            # Which contacts are hidden, not which are readable: an anti-join, for which the
            # database reads all contacts only where that pays.
            return SQL(
                "NOT EXISTS (SELECT FROM (%s) AS hidden WHERE hidden.id = %s)",
                hidden.select(),
                SQL.identifier(alias, "partner_id"),
            )

        return Domain.custom(to_sql=to_sql)
