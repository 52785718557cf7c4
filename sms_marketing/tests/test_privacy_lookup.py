from odoo.tests import tagged

from ..engine import audience
from .common import SmsMarketingCase

NUMBER = "+13032000088"  # its owner clicks


@tagged("post_install", "-at_install")
class TestPrivacyLookup(SmsMarketingCase):
    """Odoo's privacy lookup finds what is held on a contact's numbers, and erases it (B14)."""

    def setUp(self):
        super().setUp()
        self.person = self.contact(
            NUMBER, subscribed=True, name="Rosa Lookup", email="Rosa.Lookup@example.com"
        )
        self.other = self.contact(subscribed=True)
        self.sent = self.message(self.person + self.other, body="Hi: https://example.com/")
        self.send(self.sent)
        self.play_sandbox()
        self.env["sms.marketing.test.number"].create({"label": "Own", "number": NUMBER})
        self.env["phone.blacklist"].add(NUMBER)

    def lookup(self, person=None):
        person = person or self.person
        wizard = (
            self.env["privacy.lookup.wizard"]
            .with_user(self.env.ref("base.user_admin"))
            .create({"name": person.name, "email": person.email})
        )
        wizard.action_lookup()
        return wizard

    def found(self, wizard):
        return {line.res_model for line in wizard.line_ids}

    def test_finds_what_is_held_on_the_number(self):
        wizard = self.lookup()
        self.assertEqual(
            self.found(wizard),
            {
                "res.partner",
                "phone.blacklist",
                "sms.marketing.recipient",
                "sms.marketing.click",
                "sms.marketing.subscription",
                "sms.marketing.consent",
                "sms.marketing.test.number",
            },
        )
        lines = [(line.res_model, line.res_id) for line in wizard.line_ids]
        self.assertEqual(len(lines), len(set(lines)), "each once")
        recipients = [res_id for model, res_id in lines if model == "sms.marketing.recipient"]
        self.assertEqual(
            self.env["sms.marketing.recipient"].browse(recipients).mapped("number"), [NUMBER]
        )

    def test_texts_to_an_old_number_are_found(self):
        self.person.mobile = self.number()
        self.assertIn("sms.marketing.recipient", self.found(self.lookup()))

    def test_stranger_of_another_name_is_not_touched(self):
        stranger = self.contact(name="Somebody Else", email="else@example.com")
        self.assertEqual(self.found(self.lookup(stranger)), {"res.partner"})

    def test_delete_all_erases(self):
        self.roll_up()
        before = (self.sent.sent_count, self.sent.clicked_count)
        wizard = self.lookup()
        wizard.line_ids.action_unlink_all()
        self.assertTrue(all(wizard.line_ids.mapped("is_unlinked")))
        self.assertFalse(self.person.exists())
        self.assertFalse(self.env["phone.blacklist"].search([("number", "=", NUMBER)]))
        self.assertIn("Erased SMS Recipient #", wizard.log_id.execution_details)
        for model in ("recipient", "subscription", "consent", "test.number"):
            rows = self.env[f"sms.marketing.{model}"].sudo()
            self.assertFalse(rows.search([("number", "=", NUMBER)]), model)
        self.roll_up()
        self.assertEqual((self.sent.sent_count, self.sent.clicked_count), before)
        self.assertTrue(
            self.subscribe(NUMBER, method="import"), "the hash keeps it from coming back"
        )
        self.assertEqual(
            audience.count_by_reason(self.message(self.contact(NUMBER))), {"no_consent": 1}
        )

    def test_one_line_settles_its_number(self):
        wizard = self.lookup()
        line = wizard.line_ids.filtered(lambda one: one.res_model == "sms.marketing.consent")
        line.action_unlink()
        left = wizard.line_ids.filtered(lambda one: not one.is_unlinked)
        self.assertEqual(set(left.mapped("res_model")), {"res.partner", "phone.blacklist"})
        self.assertEqual(self.person.mobile_e164, NUMBER, "the contact is a line of its own")

    def test_each_company_is_erased_by_its_own_lines(self):
        other = self.make_company()
        self.subscribe(NUMBER, type=other["type"])
        wizard = self.lookup()
        lines = wizard.line_ids.filtered(lambda one: one.res_model == "sms.marketing.subscription")
        self.assertEqual(len(lines), 2)
        lines.sorted("res_id")[0].action_unlink()
        subscriptions = self.env["sms.marketing.subscription"].search([("number", "=", NUMBER)])
        self.assertEqual(subscriptions.company_id, other["company"])
