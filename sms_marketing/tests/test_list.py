from odoo.exceptions import UserError, ValidationError
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
