from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..text.literal import read_list


class SmsMarketingListMembers(models.TransientModel):
    """Many contacts put on a fixed list, or taken off it, at once.

    The contacts are those selected in the list of contacts that the wizard was opened from, or
    all that match a filter. They never pass through the browser or Python one by one.
    """

    _name = "sms.marketing.list.members"
    _inherit = "sms.marketing.guarded"
    _description = "Change the Contacts of SMS Lists"

    operation = fields.Selection(
        [("add", "Add"), ("remove", "Remove")], required=True, default="add"
    )
    list_id = fields.Many2one(
        "sms.marketing.list",
        domain="[('kind', '=', 'fixed')]",
        default=lambda self: self.env.context.get("sms_marketing_list_id"),
    )
    new_list_name = fields.Char(
        string="New List", help="Makes a new list of this name for the contacts."
    )
    by_filter = fields.Boolean(default=lambda self: not self._selected())
    domain = fields.Char(string="Filter", default="[]")
    partner_count = fields.Integer(string="Contacts", compute="_compute_partner_count")

    @api.model
    def _selected(self):
        """Domain of the contacts selected in the web client; None where none were."""
        context = self.env.context
        if context.get("active_model") != "res.partner" or not context.get("active_ids"):
            return None
        ids = context["active_ids"]
        # Of a selection of everything the browser names only so many; the filter names them all.
        limit = int(self.env["ir.config_parameter"].sudo().get_param("web.active_ids_limit", 20000))
        if len(ids) >= limit and context.get("active_domain"):
            return Domain(context["active_domain"])
        return Domain("id", "in", ids)

    def _domain(self):
        if not self.by_filter:
            selected = self._selected()
            if selected is None:
                raise UserError(self.env._("Select the contacts first."))
            return selected
        try:
            return Domain(read_list(self.domain))
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
            raise UserError(self.env._("The filter cannot be used: %s", error)) from error

    @api.depends("by_filter", "domain")
    @api.depends_context("active_ids", "active_domain")
    def _compute_partner_count(self):
        for wizard in self:
            wizard.partner_count = self.env["res.partner"].search_count(wizard._domain())

    def action_apply(self):
        """Change the list, and say how many contacts that were."""
        self.ensure_one()
        self.check_access("write")
        if self.operation == "remove":
            if not self.list_id:
                raise UserError(self.env._("Choose the list."))
            changed = self.list_id.remove_partners(self._domain())
            said = self.env._(
                "Contacts taken off “%(list)s”: %(count)d.", count=changed, list=self.list_id.name
            )
        else:
            contact_list = self.list_id
            if not contact_list:
                if not (self.new_list_name or "").strip():
                    raise UserError(self.env._("Choose a list, or name a new one."))
                contact_list = contact_list.create({"name": self.new_list_name.strip()})
            changed = contact_list.add_partners(self._domain())
            said = self.env._(
                "Contacts put on “%(list)s”: %(count)d.", count=changed, list=contact_list.name
            )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": said,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
