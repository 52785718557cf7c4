from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..engine import audience
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestViewAudience(SmsMarketingCase):
    """A click on a reason opens the contacts that the sending statement gives that reason."""

    def setUp(self):
        super().setUp()
        self.gets_it = self.contact(subscribed=True)
        self.without = self.contact(mobile=False)
        self.never = self.contact()
        self.archived = self.contact(active=False)
        self.neighbour = self.contact(self.gets_it.mobile)
        self.draft = self.message(
            self.gets_it | self.without | self.never | self.archived | self.neighbour
        )

    def found(self, reason, user=None, message=None):
        message = (message or self.draft).with_user(user or self.env.user)
        action = message.action_view_audience(reason)
        partners = message.env["res.partner"].with_context(**action["context"])
        return partners.search(action["domain"])

    def test_each_reason_opens_its_contacts(self):
        self.assertEqual(self.found(False), self.gets_it)
        self.assertEqual(self.found(None), self.gets_it)
        self.assertEqual(self.found("no_number"), self.without)
        self.assertEqual(self.found("no_consent"), self.never)
        self.assertEqual(self.found("archived"), self.archived)
        self.assertEqual(self.found("duplicate"), self.neighbour)
        self.assertFalse(self.found("blacklisted"))

    def test_counts_and_lists_agree(self):
        counts = audience.count_by_reason(self.draft)
        self.assertEqual(sum(counts.values()), 5)
        for reason, count in counts.items():
            self.assertEqual(len(self.found(reason)), count, reason)

    def test_the_list_can_be_filtered_grouped_exported_and_turned_round(self):
        domain = self.draft.action_view_audience("no_number")["domain"]
        partners = self.env["res.partner"]
        self.assertFalse(partners.search([*domain, ("name", "=", "Nobody of this name")]))
        self.assertEqual(
            partners.formatted_read_group(domain, ["sms_marketing"], ["__count"])[0]["__count"], 1
        )
        self.assertEqual(
            partners.search(domain).export_data(["name"])["datas"], [[self.without.name]]
        )
        everybody_else = partners.search(["!", *domain])
        self.assertNotIn(self.without, everybody_else)
        self.assertIn(self.never, everybody_else)

    def test_what_is_mended_leaves_the_list(self):
        self.without.phone = "+1 303 555 0142"
        self.assertFalse(self.found("no_number"))
        self.assertEqual(self.found("no_consent"), self.without | self.never)

    def test_users_find_nobody_by_messages_that_are_not_theirs(self):
        anna = self.user("anna_audience")
        self.draft.user_id = self.user("ben_audience")
        domain = [("sms_audience", "=", f"{self.draft.id}:no_number")]
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(anna).search(domain)
        with self.assertRaises(AccessError):
            self.draft.with_user(anna).action_view_audience("no_number")
        salesperson = self.user("sales_audience", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.env["res.partner"].with_user(salesperson).search(domain)

    def test_contacts_of_other_companies_are_counted_and_not_shown(self):
        foreign = self.contact()
        message = self.message(foreign)
        foreign.company_id = self.make_company()["company"]
        self.assertEqual(audience.count_by_reason(message), {"other_company": 1})
        manager = self.user("manager_audience", "sms_marketing.group_manager")
        self.assertFalse(self.found("other_company", manager, message))

    def test_nonsense_finds_nobody(self):
        for value in ("", "no message", "12", ":no_number", "999999999:no_number", "9" * 40, False):
            self.assertFalse(self.env["res.partner"].search([("sms_audience", "=", value)]), value)

    def test_page_is_told_what_is_missing_or_broken(self):
        self.assertEqual(self.draft.get_audience()["recipients"], 1)
        rule = self.env["sms.marketing.list"].create(
            {"name": "Gone wrong", "kind": "rule", "domain": "[]"}
        )
        self.draft.include_list_ids = rule
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_list SET domain = %s WHERE id = %s",
            ("[('x_gone', '=', 1)]", rule.id),
        )
        self.env.invalidate_all()
        self.assertIn("Gone wrong", self.draft.get_audience()["problem"])
        with self.assertRaisesRegex(UserError, "Gone wrong"):
            self.draft.action_view_audience("no_number")
            self.found("no_number")
        self.draft.write({"include_list_ids": [(5,)], "sender_id": False})
        self.assertIn("sender", self.draft.get_audience()["problem"])
