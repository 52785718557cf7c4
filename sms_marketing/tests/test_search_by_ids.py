"""Searches by the ids of related records tell nothing of records that the user may not read."""

from odoo.fields import Command, Domain
from odoo.tests import tagged

from .common import SmsMarketingCase

MANAGER = "sms_marketing.group_manager"


@tagged("post_install", "-at_install")
class TestSearchByIds(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.make_company()["company"]
        cls.stranger = cls.user(
            "stranger_search",
            MANAGER,
            company_id=cls.other.id,
            company_ids=[Command.set(cls.other.ids)],
        )
        cls.insider = cls.user("insider_search", MANAGER)
        cls.shared = cls.contact()
        cls.alone = cls.contact()
        cls.list = cls.env["sms.marketing.list"].create(
            {"name": "Customers of ours", "partner_ids": [Command.set(cls.shared.ids)]}
        )
        cls.both = cls.shared | cls.alone

    def on_list(self, user, operator, value):
        contacts = self.env["res.partner"].with_user(user)
        domain = Domain("id", "in", self.both.ids) & Domain("sms_list_ids", operator, value)
        found = contacts.search(domain).sudo(False).with_env(self.env)
        self.assertEqual(contacts.search_count(list(domain)), len(found))
        [(count,)] = contacts._read_group(domain, [], ["__count"])
        self.assertEqual(count, len(found))
        return found

    def test_members_of_a_list_of_another_company_are_not_found_by_its_id(self):
        list_id = self.list.id
        nobody, shared, both = self.both.browse(), self.shared, self.both
        for operator, value, found, by_stranger in (
            ("in", [list_id], shared, nobody),
            ("=", list_id, shared, nobody),
            ("=?", list_id, shared, nobody),
            ("any", [("id", "=", list_id)], shared, nobody),
            ("=", "Customers of ours", shared, nobody),
            ("not in", [list_id], self.alone, both),
            ("!=", list_id, self.alone, both),
            ("!=", False, shared, nobody),
            ("=", False, self.alone, both),
            ("in", [list_id, False], both, both),
            ("=?", False, both, both),
        ):
            with self.subTest(operator=operator, value=value):
                self.assertEqual(self.on_list(self.insider, operator, value), found)
                self.assertEqual(self.on_list(self.stranger, operator, value), by_stranger)
        child = self.contact(parent_id=self.shared.id)
        path = [("id", "=", child.id), ("parent_id.sms_list_ids", "in", [list_id])]
        contacts = self.env["res.partner"]
        self.assertEqual(contacts.with_user(self.insider).search_count(path), 1)
        self.assertEqual(contacts.with_user(self.stranger).search_count(path), 0)

    def test_archived_list_of_ones_own_is_still_found_by_its_id(self):
        self.list.active = False
        self.assertEqual(self.on_list(self.insider, "in", [self.list.id]), self.shared)
        self.assertFalse(self.on_list(self.insider, "=", False) & self.shared)

    def test_list_of_another_company_helps_neither_a_rule_nor_a_choice_of_members(self):
        lists = self.env["sms.marketing.list"].with_user(self.stranger)
        domain = [("sms_list_ids", "in", [self.list.id])]
        rule = lists.create({"name": "Theirs", "kind": "rule", "domain": repr(domain)})
        self.assertEqual(rule.partner_count, 0)
        fixed = lists.create({"name": "Ours"})
        self.assertEqual(fixed.add_partners(domain), 0)
        self.assertFalse(fixed.partner_ids)

    def test_lists_and_messages_are_not_found_by_a_hidden_contact(self):
        hidden = self.contact(ref="hidden")
        message = self.message(
            include_partner_ids=[Command.set((hidden | self.alone).ids)],
            exclude_partner_ids=[Command.set((hidden | self.shared).ids)],
        )
        self.list.partner_ids = hidden | self.shared
        self.env["ir.rule"].create(
            {
                "name": "Contacts that are hidden",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": "[('ref', '!=', 'hidden')]",
            }
        )
        for record, field, seen in (
            (self.list, "partner_ids", self.shared),
            (message, "include_partner_ids", self.alone),
            (message, "exclude_partner_ids", self.shared),
        ):
            records = self.env[record._name].with_user(self.insider)
            for operator in ("in", "child_of"):
                with self.subTest(field, operator=operator):
                    self.assertIn(record, records.search([(field, operator, seen.ids)]))
                    self.assertNotIn(record, records.search([(field, operator, hidden.ids)]))
