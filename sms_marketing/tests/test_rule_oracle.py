"""A manager tries to read a password letter by letter, over HTTP, by what rules answer."""

from string import ascii_lowercase

from odoo.tests import new_test_user, tagged

from .common import SmsMarketingHttpCase

PASSWORD = "zephyr"
LETTERS = f"{ascii_lowercase}%_"

#: With a hole for the guess.
PASSWORD_RULE = "[('message_ids.mail_server_id.smtp_pass', '=like', '%s%%')]"
REVENUE_RULE = "[('opportunity_ids.expected_revenue', '>=', %d)]"

SPEC = {"partner_count": {}, "rule_problem": {}}


@tagged("post_install", "-at_install")
class TestRuleOracle(SmsMarketingHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        login = "manager_oracle"
        groups = "sms_marketing.group_manager,sales_team.group_sale_salesman"
        cls.manager = new_test_user(cls.env, login, groups=groups, password=login)
        cls.person = cls.contact(subscribed=True, name="Ann Oracle")
        cls.env["crm.lead"].create(
            {
                "name": "Deal of somebody else",
                "type": "opportunity",
                "partner_id": cls.person.id,
                "expected_revenue": 123_456,
                "user_id": cls.env.ref("base.user_admin").id,
            }
        )
        server = cls.env["ir.mail_server"].create(
            {"name": "Out", "smtp_host": "mail.example.com", "smtp_pass": PASSWORD}
        )
        cls.person.message_post(body="Hello").mail_server_id = server

    def setUp(self):
        super().setUp()
        self.authenticate("manager_oracle", "manager_oracle")

    def call(self, model, method, *args, **kwargs):
        """What a browser would be answered: a value, or the words of the error."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        url = f"/web/dataset/call_kw/{model}/{method}"
        answer = self.url_open(url, json={"params": params}).json()
        return answer["result"] if "result" in answer else answer["error"]["data"]["message"]

    def onchange(self, rule, ids=()):
        values = {"name": "Guess", "kind": "rule", "domain": rule, "author_id": 1}
        answer = self.call("sms.marketing.list", "onchange", [*ids], values, ["domain"], SPEC)
        return answer["value"]

    def test_168_guesses_of_a_password_learn_nothing(self):
        answers = {}
        for position in range(len(PASSWORD)):
            for letter in LETTERS:
                guess = PASSWORD[:position] + letter
                answer = self.onchange(PASSWORD_RULE % guess)
                self.assertEqual(answer["partner_count"], 0)
                answers[guess] = str(answer)
        self.assertEqual(len(answers), 168)
        self.assertEqual(len(set(answers.values())), 1, answers)
        self.assertIn("may not read", answers["z"])

    def test_other_doors_tell_a_right_guess_from_a_wrong_one_as_little(self):
        administrators = self.env["sms.marketing.list"].create(
            {"name": "By the system", "kind": "rule", "domain": PASSWORD_RULE % "zephyr"}
        )
        own = self.env["sms.marketing.list"].with_user(self.manager)
        own = own.create({"name": "Own", "kind": "rule", "domain": "[('id', '=', 0)]"})
        lists, vals = "sms.marketing.list", {"name": "Guess", "kind": "rule"}
        doors = {
            "create": lambda rule: self.call(lists, "create", {**vals, "domain": rule}),
            "default": lambda rule: self.call(
                lists, "create", vals, context={"default_domain": rule, "default_author_id": 1}
            ),
            "web_save": lambda rule: self.call(
                lists, "web_save", [], {**vals, "domain": rule}, SPEC
            ),
            "write": lambda rule: self.call(lists, "write", [own.id], {"domain": rule}),
            "write on the system's": lambda rule: self.call(
                lists, "write", [administrators.id], {"domain": rule}
            ),
            "web_save on the system's": lambda rule: self.call(
                lists, "web_save", [administrators.id], {"domain": rule}, SPEC
            ),
            "onchange of the system's": lambda rule: self.onchange(rule, [administrators.id]),
            "copy": lambda rule: self.call(lists, "copy", [administrators.id], {"domain": rule}),
            "import": lambda rule: self.call(
                lists, "load", ["name", "kind", "domain"], [["Guess", "rule", rule]]
            ),
        }
        for door, ask in doors.items():
            with self.subTest(door):
                right = str(ask(PASSWORD_RULE % "z"))
                wrong = str(ask(PASSWORD_RULE % "q"))
                self.assertEqual(right.replace("'z%", "'q%"), wrong)
                self.assertIn("may not read", right)
        self.assertEqual(own.domain, "[('id', '=', 0)]")
        self.assertEqual(administrators.author_id, self.env.ref("base.user_root"))

    def test_revenue_of_others_is_not_found_out(self):
        counts = {
            revenue: self.onchange(REVENUE_RULE % revenue)["partner_count"]
            for revenue in (1, 100_000, 123_456, 123_457)
        }
        self.assertEqual(set(counts.values()), {0}, counts)
        rule = self.call(
            "sms.marketing.list",
            "create",
            {"name": "Rich", "kind": "rule", "domain": REVENUE_RULE % 1},
        )
        message = self.message(include_list_ids=[rule])
        answer = self.call("sms.marketing.message", "get_audience", [message.id])
        self.assertEqual((answer["recipients"], answer["left_out"]), (0, []))
        found = self.call("res.partner", "search_count", [("sms_in_list", "=", rule)])
        self.assertEqual(found, 0)
