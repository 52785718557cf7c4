from odoo import api, fields, models
from odoo.tools import frozendict

from ..text.numbers import to_e164
from .sms_marketing_protected import GENERATED

#: Lines of the timeline on the contact's page; the rest is one click away.
LATEST_ACTIVITIES = 10


class ResPartner(models.Model):
    _name = "res.partner"
    _inherit = ["res.partner", "sms.marketing.protected"]
    _protected = frozendict(mobile_e164=GENERATED, phone_e164=GENERATED)

    # Same name and type as in OCA's partner_mobile, so that both can be installed.
    mobile = fields.Char()
    mobile_e164 = fields.Char(
        string="Mobile (E.164)",
        compute="_compute_mobile_e164",
        store=True,
        index="btree_not_null",
        help="The mobile in international form, or empty where it is not a valid number.",
    )
    phone_e164 = fields.Char(
        string="Phone (E.164)",
        compute="_compute_phone_e164",
        store=True,
        index="btree_not_null",
        help="The phone in international form, or empty where it is not a valid number.",
    )
    sms_marketing = fields.Boolean(
        string="Marketing Status",
        tracking=True,
        help="Marketing SMS go only to contacts whose marketing status is on, "
        "and only to numbers that agreed.",
    )
    sms_subscription_ids = fields.Many2many(
        "sms.marketing.subscription",
        string="SMS Subscriptions",
        compute="_compute_sms_subscription_ids",
        groups="sms_marketing.group_user",
    )
    sms_no_consent = fields.Text(
        string="No Consent Yet",
        compute="_compute_sms_no_consent",
        groups="sms_marketing.group_user",
        help="What each valid number was never asked for.",
    )
    sms_activity_count = fields.Integer(
        string="SMS Activity", compute="_compute_sms_activity_count", compute_sudo=True
    )
    sms_latest_activity_ids = fields.Many2many(
        "sms.marketing.activity",
        string="Latest SMS Activity",
        compute="_compute_sms_latest_activity_ids",
        groups="base.group_user",
    )

    @api.depends("mobile", "country_id", "company_id")
    def _compute_mobile_e164(self):
        for partner in self:
            partner.mobile_e164 = to_e164(partner.mobile or "", partner._sms_region())

    @api.depends("phone", "country_id", "company_id")
    def _compute_phone_e164(self):
        for partner in self:
            partner.phone_e164 = to_e164(partner.phone or "", partner._sms_region())

    def _sms_region(self):
        """Country (ISO 3166 alpha-2) that a national number of this contact is read in."""
        return (
            self.country_id.code
            or self.company_id.country_id.code
            or self.env.company.country_id.code
            or None
        )

    @api.depends("mobile_e164", "phone_e164")
    @api.depends_context("allowed_company_ids")
    def _compute_sms_subscription_ids(self):
        numbers = {number for partner in self for number in partner._sms_numbers()}
        subscriptions = self.env["sms.marketing.subscription"].search(
            [("number", "in", list(numbers)), ("company_id", "in", self.env.companies.ids)]
        )
        for partner in self:
            own = partner._sms_numbers()
            partner.sms_subscription_ids = subscriptions.filtered(
                lambda subscription, own=own: subscription.number in own
            )

    @api.depends("sms_subscription_ids")
    @api.depends_context("allowed_company_ids", "lang")
    def _compute_sms_no_consent(self):
        types = self.env["sms.marketing.subscription.type"].search(
            [("company_id", "in", self.env.companies.ids)]
        )
        for partner in self:
            lines = []
            for number in dict.fromkeys(partner._sms_numbers()):
                asked = partner.sms_subscription_ids.filtered(
                    lambda subscription, number=number: subscription.number == number
                ).type_id
                if never := types - asked:
                    lines.append(f"{number}: {', '.join(never.mapped('name'))}")
            partner.sms_no_consent = "\n".join(lines)

    def _sms_numbers(self):
        """The contact's valid numbers, mobile first (S20)."""
        return [number for number in (self.mobile_e164, self.phone_e164) if number]

    def _compute_sms_activity_count(self):
        counts = dict(
            self.env["sms.marketing.activity"]._read_group(
                [
                    ("partner_id", "in", self.ids),
                    ("company_id", "in", [*self.env.companies.ids, False]),
                ],
                ["partner_id"],
                ["__count"],
            )
        )
        for partner in self:
            partner.sms_activity_count = counts.get(partner, 0)

    def _compute_sms_latest_activity_ids(self):
        for partner in self:
            partner.sms_latest_activity_ids = self.env["sms.marketing.activity"].search(
                [("partner_id", "=", partner.id or False)], limit=LATEST_ACTIVITIES
            )

    def action_view_sms_activity(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "sms_marketing.action_sms_marketing_activity"
        )
        return {
            **action,
            "display_name": self.env._("SMS with %s", self.display_name),
            "domain": [("partner_id", "=", self.id)],
        }

    def action_sms_marketing_on(self):
        """Switch the marketing status of the selected contacts on."""
        self.filtered(lambda partner: not partner.sms_marketing)._set_sms_marketing(True)

    def action_sms_marketing_off(self):
        """Switch the marketing status of the selected contacts off."""
        self.filtered("sms_marketing")._set_sms_marketing(False)

    def _set_sms_marketing(self, on):
        """Switch it for many contacts, noted in the log of each in one go.

        Odoo's own tracking posts contact by contact, minutes for ten thousand.
        """
        if not self:
            return
        self.with_context(tracking_disable=True).sms_marketing = on
        if self.env.context.get("tracking_disable"):
            return
        described = self.fields_get(["sms_marketing"], ["string", "type"])["sms_marketing"]
        tracking = self.env["mail.tracking.value"]._create_tracking_values(
            not on, on, "sms_marketing", described, self[0]
        )
        messages = self._message_log_batch({})
        self.env["mail.tracking.value"].sudo().create(
            [{**tracking, "mail_message_id": message.id} for message in messages]
        )
