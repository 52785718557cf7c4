from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.audience import audience_query


class ResPartner(models.Model):
    """Contacts found by what a message would do with them, and by the lists that they are on."""

    _inherit = "res.partner"
    _searched_as_read = frozenset({"sms_list_ids"})

    sms_list_ids = fields.Many2many(
        "sms.marketing.list",
        "sms_marketing_list_partner_rel",
        "partner_id",
        "list_id",
        string="SMS Lists",
        domain="[('kind', '=', 'fixed')]",
        groups="sms_marketing.group_user",
        # Whoever may not read the field could not duplicate a contact.
        copy=False,
        help="The fixed lists that the contact is on.",
    )
    sms_audience = fields.Char(
        string="In the Audience of",
        compute="_compute_sms_audience",
        search="_search_sms_audience",
        groups="sms_marketing.group_user",
        help="Only to search by: “<id of a message>:<reason>” finds the contacts that the message "
        "would leave out for that reason, “<id of a message>:” those that would get it.",
    )

    sms_in_list = fields.Integer(
        string="On SMS List",
        compute="_compute_sms_in_list",
        search="_search_sms_in_list",
        groups="sms_marketing.group_user",
        help="Only to search by: the id of a list finds the contacts on it, whether it is fixed or "
        "has a rule.",
    )

    sms_consent_summary = fields.Char(
        string="Consent",
        compute="_compute_sms_consent_summary",
        groups="sms_marketing.group_user",
        help="What the contact's numbers agreed to.",
    )

    @api.model_create_multi
    def create(self, vals_list):
        partners = super().create(vals_list)
        partners._lists_changed(dict.fromkeys(partners, self.env["sms.marketing.list"].sudo()))
        return partners

    def write(self, vals):
        if "sms_list_ids" not in vals:
            return super().write(vals)
        before = {partner: partner.sudo().sms_list_ids for partner in self}
        result = super().write(vals)
        self._lists_changed(before)
        return result

    def _lists_changed(self, before):
        """Note who put contacts on lists or took them off, and raise an error if they may not.

        Odoo checks the access to the contact only.

        :param before: {contact: its lists as the system}
        """
        changed = self.env["sms.marketing.list"].sudo()
        for partner in self:
            now = partner.sudo().sms_list_ids
            changed |= (now - before[partner]) | (before[partner] - now)
        self.env["sms.marketing.list.change"]._note(changed)
        if self.env.su or not changed:
            return
        changed.with_env(self.env).check_access("write")
        for partner in self.sudo():
            added = partner.sms_list_ids - before[partner.sudo(False)]
            if partner.company_id and added.company_id - partner.company_id:
                raise UserError(
                    self.env._(
                        "“%(contact)s” belongs to %(company)s. Choose lists of this company.",
                        contact=partner.display_name,
                        company=partner.company_id.name,
                    )
                )

    @api.depends("sms_subscription_ids")
    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_sms_consent_summary(self):
        states = dict(
            self.env["sms.marketing.subscription"]._fields["state"]._description_selection(self.env)
        )
        for partner in self:
            partner.sms_consent_summary = ", ".join(
                f"{subscription.type_id.display_name}: {states[subscription.state]}"
                for subscription in partner.sms_subscription_ids
            )

    def _compute_sms_in_list(self):
        self.sms_in_list = False

    @api.model
    def _search_sms_in_list(self, operator, value):
        """What a rule finds shows to whoever may read the list and the contacts.

        The rights of its author decide which contacts those are; the user need not be able to read
        what the rule looks at.
        """
        if operator != "in":
            return NotImplemented
        ids = [one for one in value if isinstance(one, int) and not isinstance(one, bool)]
        lists = self.env["sms.marketing.list"].browse(ids).exists()
        lists.check_access("read")
        return Domain.OR(contact_list._partner_domain() for contact_list in lists)

    def _compute_sms_audience(self):
        self.sms_audience = False

    @api.model
    def _search_sms_audience(self, operator, value):
        """The audience's own SQL as a subselect: no contact's id passes through Python.

        The message and its access are looked at each time, so that a saved filter shows nothing
        that its user may not see now.
        """
        if operator != "in":
            return NotImplemented
        return Domain.OR(self._sms_audience_domain(one) for one in value)

    @api.model
    def _sms_audience_domain(self, value):
        message_id, separator, reason = str(value or "").partition(":")
        if not separator or not message_id.isdecimal() or len(message_id) > 9:
            return Domain.FALSE
        message = self.env["sms.marketing.message"].browse(int(message_id)).exists()
        if not message:
            return Domain.FALSE
        message.check_access("read")
        message._check_audience_known()
        self.env.flush_all()
        audience = audience_query(message)

        def to_sql(model, alias, query):
            return SQL(
                "%s IN (SELECT partner_id FROM (%s) AS audience "
                "WHERE reason IS NOT DISTINCT FROM %s)",
                SQL.identifier(alias, "id"),
                audience,
                reason or None,
            )

        return Domain.custom(to_sql=to_sql)
