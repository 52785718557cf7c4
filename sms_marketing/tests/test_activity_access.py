from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestActivityAccess(SmsMarketingCase):
    """Who may read a contact may read its timeline, and nobody else."""

    def setUp(self):
        super().setUp()
        self.sales = self.user(
            "sales_sms", "sales_team.group_sale_salesman,base.group_allow_export"
        )
        self.open, self.hidden = self.contacts(2)
        self.message_sent = self.message(self.open + self.hidden, name="Spring sale")
        self.send(self.message_sent)
        self.play_sandbox()
        self.env["ir.rule"].create(
            {
                "name": "One contact is hidden",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": f"[('id', '!=', {self.hidden.id})]",
            }
        )

    def _activity(self, partner):
        return self.env["sms.marketing.activity"].search([("partner_ids", "=", partner.id)])

    def test_sales_person_reads_the_timeline_of_a_readable_contact(self):
        rows = self._activity(self.open).with_user(self.sales)
        self.assertEqual(set(rows.mapped("kind")), {"opted_in", "sent", "delivered"})
        self.assertEqual(rows.filtered(lambda row: row.kind == "sent").message_name, "Spring sale")
        self.assertEqual(self.open.with_user(self.sales).sms_activity_count, 3)

    def test_timeline_of_an_unreadable_contact_is_shut(self):
        hidden = self._activity(self.hidden)
        self.assertEqual(len(hidden), 3)
        activity = self.env["sms.marketing.activity"].with_user(self.sales)
        domain = [("partner_ids", "in", (self.open + self.hidden).ids)]
        self.assertEqual(activity.search(domain).partner_ids, self.open)
        self.assertEqual(activity.search_count(domain), 3)
        self.assertEqual(
            [
                (group["number"], group["__count"])
                for group in activity.formatted_read_group(domain, ["number"], ["__count"])
            ],
            [(self.open.mobile_e164, 3)],
        )
        self.assertEqual(activity.web_search_read(domain, {"number": {}})["length"], 3)
        self.assertFalse(activity.search([("number", "=", self.hidden.mobile_e164)]))
        self.assertFalse(hidden.with_user(self.sales).has_access("read"))
        mixed = (hidden + self._activity(self.open)).with_user(self.sales)
        self.assertEqual(len(mixed._filtered_access("read")), 3)
        for attempt in (
            lambda rows: rows.check_access("read"),
            lambda rows: rows.read(["number"]),
            lambda rows: rows.web_read({"number": {}}),
            lambda rows: rows.export_data(["number"]),
            lambda rows: rows.mapped("number"),
        ):
            self.env.invalidate_all()
            with self.assertRaises(AccessError):
                attempt(hidden.with_user(self.sales))

    def test_contact_of_another_company_is_shut(self):
        other = self.make_company()["company"]
        self.open.company_id = other
        self.assertFalse(
            self._activity(self.open).with_user(self.sales).search([]) & self._activity(self.open)
        )

    def test_sales_person_sees_the_name_of_a_message_and_no_more(self):
        row = self._activity(self.open).filtered(lambda row: row.kind == "sent")
        as_sales = row.with_user(self.sales)
        for name in ("message_id", "recipient_id"):
            with self.assertRaises(AccessError):
                as_sales.read([name])
        with self.assertRaises(AccessError):
            as_sales.action_open_message()
        owner = self.user("owner_sms")
        self.message_sent.user_id = owner
        action = row.with_user(owner).action_open_message()
        self.assertEqual(action["res_id"], self.message_sent.id)

    def test_activity_without_message_leads_nowhere(self):
        opted_in = self._activity(self.open).filtered(lambda row: row.kind == "opted_in")
        manager = self.user("manager_sms", "sms_marketing.group_manager")
        self.assertFalse(opted_in.with_user(manager).action_open_message())

    def test_activity_is_read_only(self):
        row = self._activity(self.open)[:1]
        for attempt in (
            lambda: row.with_user(self.sales).write({"note": "x"}),
            lambda: row.with_user(self.sales).unlink(),
            lambda: row.with_user(self.sales).create({"note": "x"}),
        ):
            with self.assertRaises(AccessError):
                attempt()
