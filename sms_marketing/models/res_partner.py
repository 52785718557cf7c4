from collections import defaultdict

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import frozendict

from ..text.numbers import to_e164
from .sms_marketing_protected import GENERATED

#: Lines of the timeline on the contact's page; the rest is one click away.
LATEST_ACTIVITIES = 10

#: Who reads the timeline of the contacts that they may read.
TIMELINE_READERS = "sales_team.group_sale_salesman,sms_marketing.group_user"


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
        help="What each valid number was never asked for, as far as the user may see.",
    )
    sms_activity_count = fields.Integer(
        string="SMS Activity", compute="_compute_sms_activity_count", groups=TIMELINE_READERS
    )
    sms_latest_activity_ids = fields.Many2many(
        "sms.marketing.activity",
        string="Latest SMS Activity",
        compute="_compute_sms_latest_activity_ids",
        groups=TIMELINE_READERS,
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
    @api.depends_context("uid", "allowed_company_ids")
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
    @api.depends_context("uid", "allowed_company_ids", "lang")
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

    @api.model
    def _sms_contacts_by_number(self, numbers):
        """{number: contacts that have it today}, of those that the user may read.

        :param numbers: E.164
        """
        numbers = set(numbers)
        in_numbers = Domain("mobile_e164", "in", numbers) | Domain("phone_e164", "in", numbers)
        contacts = self.with_context(active_test=False).search(in_numbers)
        by_number = dict.fromkeys(numbers, contacts.browse())
        for contact in contacts:
            for number in numbers.intersection(contact._sms_numbers()):
                by_number[number] += contact
        return by_number

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_sms_activity_count(self):
        activities = self.env["sms.marketing.activity"]
        counts = activities._read_group(
            [("partner_ids", "in", self.ids)], ["partner_id", "number"], ["__count"]
        )
        of_contact, of_number = defaultdict(int), {}
        for contact, number, count in counts:
            if contact:
                of_contact[contact.id] += count
            else:
                of_number[number] = count
        for partner in self:
            partner.sms_activity_count = of_contact[partner._origin.id] + sum(
                of_number.get(number, 0) for number in set(partner._sms_numbers())
            )

    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_sms_latest_activity_ids(self):
        for partner in self:
            partner.sms_latest_activity_ids = self.env["sms.marketing.activity"].search(
                [("partner_ids", "in", partner._origin.ids)], limit=LATEST_ACTIVITIES
            )

    def action_view_sms_activity(self):
        """The timeline of this contact, for whoever may read both."""
        self.ensure_one()
        self.check_access("read")
        self.env["sms.marketing.activity"].check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "sms_marketing.action_sms_marketing_activity"
        )
        return {
            **action,
            "display_name": self.env._("SMS with %s", self.display_name),
            "domain": [("partner_ids", "in", self.ids)],
        }
