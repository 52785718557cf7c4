from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..engine import audience
from .common import SmsMarketingCase

BROKEN_RULES = {
    "no Python": "[('name', '=', 'Ann'",
    "a variable": "[('id', '=', uid)]",
    "a call": "[('name', '=', __import__('os').name)]",
    "unknown field": "[('nope', '=', 1)]",
    "unknown field behind a relation": "[('parent_id.nope', '=', 1)]",
    "unknown operator": "[('name', 'resembles', 'Ann')]",
    "field that cannot be searched": "[('sms_activity_count', '>', 0)]",
    "condition of two": "[('name', '=')]",
    "no condition": "[1]",
    "operator without conditions": "['&', ('name', '=', 'Ann')]",
    "no list but a number": "5",
    "no list but everything": "True",
    "no list but a text": "'name'",
    "no list but a dictionary": "{}",
    "nothing": "None",
    "no date": "[('create_date', '>', 'soonish')]",
    "no number": "[('color', '=', 'red')]",
    "no id": "[('id', '=', 'Ann')]",
    "no id among ids": "[('id', 'in', [1, 'Ann'])]",
    "NUL": "[('name', '=', 'a\\x00b')]",
    "too deep": "[" * 500 + "]" * 500,
}


@tagged("post_install", "-at_install")
class TestList(SmsMarketingCase):
    def make_list(self, **vals):
        return self.env["sms.marketing.list"].create({"name": "VIPs", **vals})

    def test_fixed(self):
        people = self.contacts(3)
        fixed = self.make_list(partner_ids=[Command.set(people[:2].ids)])
        self.assertEqual(fixed.partner_count, 2)
        action = fixed.action_view_partners()
        self.assertEqual(self.env["res.partner"].search(action["domain"]), people[:2])
        fixed.partner_ids += people[2]
        self.assertEqual(fixed.partner_count, 3)

    def test_fixed_list_does_not_look_at_its_rule(self):
        fixed = self.make_list(domain="[(1, '=', 1)]")
        self.assertEqual(fixed.partner_count, 0)

    def test_rule_selects_who_matches_when_it_is_used(self):
        rule = self.make_list(kind="rule", domain="[('city', '=', 'Smsville')]")
        self.assertEqual(rule.partner_count, 0)
        people = self.contacts(2, city="Smsville")
        rule.invalidate_recordset()
        self.assertEqual(rule.partner_count, 2)
        message = self.message(include_list_ids=rule.ids)
        self.assertEqual(audience.count_by_reason(message), {None: 2})
        people[0].city = "Elsewhere"
        self.assertEqual(self.send(message).partner_id, people[1])

    def test_rule_may_look_at_relations(self):
        rule = self.make_list(
            kind="rule", domain="[('country_id.code', '=', 'US'), '!', ('ref', '=', False)]"
        )
        person = self.contact(ref="SMS-REF-1")
        self.assertIn(person, self.env["res.partner"].search(rule.action_view_partners()["domain"]))

    def test_broken_rules_say_which_list_and_why(self):
        rule = self.make_list(name="Good so far", kind="rule", domain="[]")
        for title, domain in BROKEN_RULES.items():
            with self.subTest(title), self.assertNoLogs("odoo.sql_db", "ERROR"):
                with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
                    rule.domain = domain
                self.assertIn("Good so far", str(caught.exception))
                with self.assertRaises(ValidationError), self.env.cr.savepoint():
                    self.make_list(kind="rule", domain=domain)
        self.assertEqual(rule.domain, "[]")

    def test_fixed_list_with_a_broken_rule_cannot_become_one_by_rule(self):
        fixed = self.make_list(domain="[('nope', '=', 1)]")
        with self.assertRaises(ValidationError):
            fixed.kind = "rule"

    def _break(self, rule):
        """A rule that worked once: its field has gone with an add-on."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_list SET domain = %s WHERE id = %s",
            ("[('x_gone', '=', 1)]", rule.id),
        )
        self.env.invalidate_all()

    def test_rule_that_has_stopped_working_can_be_opened_and_mended(self):
        rule = self.make_list(kind="rule", domain="[]")
        self._break(rule)
        self.assertEqual(rule.web_read({"name": {}, "partner_count": {}})[0]["partner_count"], 0)
        rule.domain = "[('city', '=', 'Smsville')]"
        self.assertEqual(rule.partner_count, 0)

    def test_rule_that_has_stopped_working_keeps_nobody_else_waiting(self):
        rule = self.make_list(kind="rule", domain="[]")
        broken, good = self.message(include_list_ids=rule.ids), self.message(self.contacts(1))
        (broken + good).action_send()
        self._break(rule)
        with self.assertLogs("odoo.addons.sms_marketing", "WARNING"):
            self.run_lane()
        self.assertEqual(good.state, "sent")
        self.assertEqual(broken.state, "draft")
        self.assertIn("VIPs", broken.message_ids[0].body)
        with self.assertRaises(UserError):
            broken.action_send()
        self.assertFalse(broken.recipient_ids)

    def test_a_broken_rule_says_so_on_its_page(self):
        rule = self.make_list(kind="rule", domain="[]")
        self.assertFalse(rule.rule_problem)
        self._break(rule)
        self.assertIn("VIPs", rule.rule_problem)
        self.assertIn("x_gone", rule.rule_problem)

    # Members

    def _members(self, contact_list, partners=None, user=None, **vals):
        context = {"active_model": "res.partner", "active_ids": partners.ids} if partners else {}
        wizards = self.env["sms.marketing.list.members"].with_user(user or self.env.user)
        wizard = wizards.with_context(**context)
        return wizard.create({"list_id": contact_list.id, **vals})

    def test_selected_contacts_are_put_on_a_list_and_taken_off(self):
        people = self.contacts(3)
        fixed = self.make_list()
        wizard = self._members(fixed, people[:2])
        self.assertEqual(wizard.partner_count, 2)
        self.assertIn(": 2.", wizard.action_apply()["params"]["message"])
        self.assertEqual(fixed.partner_ids, people[:2])
        self.assertEqual(people[0].sms_list_ids, fixed)
        self.assertIn(": 1.", self._members(fixed, people[1:]).action_apply()["params"]["message"])
        self._members(fixed, people[:2], operation="remove").action_apply()
        self.assertEqual(fixed.partner_ids, people[2])

    def test_everything_selected_goes_by_the_filter_and_not_by_the_first_ids(self):
        people = self.contacts(3, city="Smsville")
        self.env["ir.config_parameter"].set_param("web.active_ids_limit", 2)
        wizard = (
            self.env["sms.marketing.list.members"]
            .with_context(
                active_model="res.partner",
                active_ids=people[:2].ids,
                active_domain=[("city", "=", "Smsville")],
            )
            .create({"new_list_name": "All of Smsville"})
        )
        wizard.action_apply()
        made = self.env["sms.marketing.list"].search([("name", "=", "All of Smsville")])
        self.assertEqual(made.partner_ids, people)

    def test_contacts_are_put_on_a_list_by_a_filter(self):
        people = self.contacts(2, city="Smsville")
        fixed = self.make_list()
        self._members(fixed, domain="[('city', '=', 'Smsville')]").action_apply()
        self.assertEqual(fixed.partner_ids, people)
        with self.assertRaisesRegex(UserError, "filter cannot be used"):
            self._members(fixed, domain="[('city', '='").action_apply()

    def test_contacts_that_the_user_may_not_read_are_not_put_on_a_list(self):
        foreign = self.contact(company_id=self.make_company()["company"].id)
        fixed = self.make_list()
        manager = self.user("manager_members", "sms_marketing.group_manager")
        self._members(fixed, foreign, user=manager).action_apply()
        self.assertFalse(fixed.partner_ids)
        with self.assertRaises(AccessError):
            fixed.with_user(self.user("user_members")).add_partners([])

    def test_rule_has_no_members_to_change(self):
        rule = self.make_list(kind="rule", domain="[]")
        with self.assertRaisesRegex(UserError, "finds its contacts by a rule"):
            self._members(rule, self.contact()).action_apply()

    def test_queries_do_not_grow_with_the_members(self):
        def queries(amount):
            self.env["res.partner"].create(
                [{"name": "Member", "city": f"Town {amount}"} for _ in range(amount)]
            )
            fixed = self.make_list()
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            fixed.add_partners([("city", "=", f"Town {amount}")])
            fixed.web_read({"name": {}, "partner_count": {}, "rule_problem": {}})
            fixed.copy()
            return self.env.cr.sql_log_count - before

        queries(1)
        self.assertEqual(queries(2), queries(60))

    # In use

    def test_copy_has_the_same_contacts(self):
        fixed = self.make_list(partner_ids=self.contacts(2).ids)
        copy = fixed.copy()
        self.assertEqual(copy.name, "VIPs (copy)")
        self.assertEqual(copy.partner_ids, fixed.partner_ids)

    def test_archived_list_still_leaves_its_contacts_out(self):
        people = self.contacts(2)
        left_out = self.make_list(partner_ids=people[0].ids)
        message = self.message(people, exclude_list_ids=left_out.ids)
        left_out.active = False
        self.env.invalidate_all()
        self.assertEqual(message.exclude_list_ids, left_out)
        self.assertEqual(audience.count_by_reason(message), {"excluded": 1, None: 1})

    def test_list_that_a_draft_uses_cannot_be_deleted(self):
        people = self.contacts(2)
        left_out = self.make_list(partner_ids=people[0].ids)
        message = self.message(people, name="Spring", exclude_list_ids=left_out.ids)
        with self.assertRaisesRegex(UserError, "Spring"):
            left_out.unlink()
        self.send(message)
        left_out.unlink()
        self.assertFalse(left_out.exists())

    def test_contact_on_a_list_and_in_a_draft_can_be_deleted(self):
        people = self.contacts(3)
        fixed = self.make_list(partner_ids=people[:2].ids)
        message = self.message(
            people[2], include_list_ids=fixed.ids, exclude_partner_ids=people[1].ids
        )
        people[:2].unlink()
        self.assertFalse(fixed.partner_ids)
        self.assertEqual(audience.count_by_reason(message), {None: 1})
