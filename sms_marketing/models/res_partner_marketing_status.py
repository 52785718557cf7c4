from odoo import api, fields, models
from odoo.exceptions import AccessError

#: Who switches the marketing status on and off, by form, import or code.
MARKETING_ROLE = "sms_marketing.group_user"


class ResPartner(models.Model):
    """The marketing status of a contact: users of Marketing SMS set it.

    Whoever may change a contact may switch its status off, by the action made for it and not by
    a click in a list. The system (sign-up pages, automation rules) is free to set it.
    """

    _inherit = "res.partner"

    sms_marketing = fields.Boolean(
        string="Marketing Status",
        tracking=True,
        copy=False,
        help="Marketing SMS go only to contacts whose marketing status is on, "
        "and only to numbers that agreed.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        if self._may_set_sms_marketing():
            return super().create(vals_list)
        # What nobody wrote is off, whatever a default says.
        partners = super().create([{"sms_marketing": False, **vals} for vals in vals_list])
        if any(partners.sudo().mapped("sms_marketing")):
            raise self._sms_marketing_error()
        return partners

    def write(self, vals):
        if "sms_marketing" in vals and not self._may_set_sms_marketing():
            on = bool(vals["sms_marketing"])
            if any(partner.sms_marketing != on for partner in self.sudo()):
                if not self.env.context.get("sms_marketing_keep_status"):
                    raise self._sms_marketing_error()
                vals = {name: value for name, value in vals.items() if name != "sms_marketing"}
        return super().write(vals)

    @api.model
    def _may_set_sms_marketing(self):
        return self.env.su or self.env.user.has_group(MARKETING_ROLE)

    @api.model
    def _sms_marketing_error(self):
        return AccessError(
            self.env._(
                "Only users of Marketing SMS may change the marketing status of a contact. To stop "
                "marketing messages to a contact that you may edit, use “Marketing SMS: switch "
                "off” in the Actions menu."
            )
        )

    def action_sms_marketing_on(self):
        """Switch the marketing status of the selected contacts on."""
        self.check_access("write")
        if not self._may_set_sms_marketing():
            raise self._sms_marketing_error()
        self.filtered(lambda partner: not partner.sms_marketing)._set_sms_marketing(True)

    def action_sms_marketing_off(self):
        """Switch it off: for whoever may change the contacts."""
        self.check_access("write")
        # sudo: what the user may not write as a value.
        self.filtered("sms_marketing").sudo()._set_sms_marketing(False)

    def _set_sms_marketing(self, on):
        """Switch it for many contacts, noted in the log of each in one go.

        Odoo's own tracking posts contact by contact, minutes for ten thousand.
        """
        if not self:
            return
        self.with_context(tracking_disable=True).sms_marketing = on
        # Noted whatever the context says, which is the caller's.
        described = self.fields_get(["sms_marketing"], ["string", "type"])["sms_marketing"]
        tracking = self.env["mail.tracking.value"]._create_tracking_values(
            not on, on, "sms_marketing", described, self[0]
        )
        messages = self._message_log_batch({})
        self.env["mail.tracking.value"].sudo().create(
            [{**tracking, "mail_message_id": message.id} for message in messages]
        )
