from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..engine import consent, double_opt_in, inbound, receipts
from ..gateways.sandbox import SandboxGateway
from ..gateways.values import Inbound, Receipt, ReceiptStatus, Refused
from .common import SENDER, SmsMarketingCase


@tagged("post_install", "-at_install")
class TestDoubleOptIn(SmsMarketingCase):
    """A sign-up that the number confirms itself, and that pesters nobody."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.type.write({"double_opt_in": True, "frequency": "up to 3 texts a week"})

    def ask(self, number, method="form", **facts):
        """Somebody types a number into a form."""
        waiting = double_opt_in.sign_up(
            self.env,
            [
                consent.ConsentChange(
                    number,
                    self.type.id,
                    "subscribed",
                    method=method,
                    legal_basis="web_consent",
                    wording="I want offers by text",
                    address="192.0.2.7",
                    **facts,
                )
            ],
        )
        self.env.invalidate_all()
        return waiting

    def reply(self, number, body):
        record = inbound.receive(self.env, self.gateway, Inbound(number, SENDER, body))
        self.env.invalidate_all()
        return record

    def state(self, number):
        return (
            self.env["sms.marketing.subscription"]
            .search([("number", "=", number), ("type_id", "=", self.type.id)])
            .state
        )

    def requests(self, number):
        return self.env["sms.marketing.recipient"].search(
            [("number", "=", number), ("kind", "=", "opt_in")], order="id"
        )

    def let_days_pass(self, number, days):
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET queued_at = queued_at - make_interval(days => %s),"
            " send_at = send_at - make_interval(days => %s) WHERE number = %s",
            [days, days, number],
        )
        self.env.invalidate_all()

    def test_from_form_to_first_text(self):
        number = self.number()
        self.assertTrue(self.ask(number))
        self.assertEqual(self.state(number), "pending")
        self.run_lane()
        request = self.requests(number)
        self.assertEqual(request.state, "sent")
        for part in (self.company.name, self.type.name, "up to 3 texts a week", "YES", "STOP"):
            self.assertIn(part, request.text)
        self.assertFalse(
            self.env["res.partner"].search([("mobile_e164", "=", number)]),
            "nobody is a contact because somebody typed a number",
        )

        self.assertEqual(self.reply(number, "Yes!").action, "confirm")
        self.assertEqual(self.state(number), "subscribed")
        log = self.env["sms.marketing.consent"].search([("number", "=", number)], order="id")
        self.assertEqual(log.mapped("state"), ["pending", "subscribed"])
        self.assertEqual(log.mapped("method"), ["form", "keyword"])
        self.assertEqual(log[0].wording, "I want offers by text")
        self.assertEqual(log[1].wording, "Yes!")
        self.assertIn(request.text, log[1].explanation)
        answer = self.env["sms.marketing.recipient"].search(
            [("number", "=", number), ("kind", "=", "answer")]
        )
        self.assertIn("signed up", answer.text)
        partner = self.env["res.partner"].search([("mobile_e164", "=", number)])
        self.assertEqual(self.send(self.message(partner)).state, "sent")

    def test_words_that_confirm(self):
        for word in ("YES", "yes.", "Start", "Ja", "oui", "Sí"):
            with self.subTest(word):
                number = self.number()
                self.ask(number)
                self.run_lane()
                self.reply(number, word)
                self.assertEqual(self.state(number), "subscribed")

    def test_other_words_do_not(self):
        number = self.number()
        self.ask(number)
        self.run_lane()
        for word in ("who is this?", "no", "yes but not today", "HELP"):
            self.reply(number, word)
            self.assertEqual(self.state(number), "pending")
        self.reply(number, "STOP")
        self.reply(number, "YES")
        self.assertEqual(self.state(number), "unsubscribed", "there was never a consent to renew")

    def test_yes_without_a_request_confirms_nothing(self):
        number = self.number()
        self.subscribe(number, state="pending")
        self.assertEqual(self.reply(number, "YES").action, "start")
        self.assertFalse(self.reply(number, "oui").action)
        self.assertEqual(self.state(number), "pending")

    def test_yes_before_the_request_has_gone_out_confirms_nothing(self):
        number = self.number()
        self.ask(number)
        self.reply(number, "YES")
        self.assertEqual(self.state(number), "pending")

    def test_yes_confirms_only_what_was_asked(self):
        events = self.env["sms.marketing.subscription.type"].create({"name": "Events"})
        number = self.number()
        self.subscribe(number, type=events)
        self.unsubscribe(number, type=events)
        self.ask(number)
        self.run_lane()
        self.reply(number, "YES")
        states = self.env["sms.marketing.subscription"].search([("number", "=", number)])
        self.assertEqual(
            {row.type_id: row.state for row in states},
            {self.type: "subscribed", events: "unsubscribed"},
        )

    def test_pending_number_gets_no_campaign(self):
        partner = self.contact()
        self.ask(partner.mobile_e164)
        recipient = self.send_to(partner)
        self.assertEqual((recipient.state, recipient.reason), ("skipped", "pending"))

    def test_request_expires(self):
        self.type.double_opt_in_days = 3
        number = self.number()
        self.ask(number)
        self.run_lane()
        self.let_days_pass(number, 4)
        self.reply(number, "YES")
        self.assertEqual(self.state(number), "pending")
        self.ask(number)
        self.run_lane()
        self.assertEqual(len(self.requests(number)), 2, "who asks anew is asked anew")
        self.reply(number, "YES")
        self.assertEqual(self.state(number), "subscribed")

    def test_nobody_is_pestered(self):
        number = self.number()
        for _again in range(5):
            self.ask(number)
        self.assertEqual(len(self.requests(number)), 1, "one text a day")
        for _day in range(5):
            self.let_days_pass(number, 2)
            self.ask(number)
        self.assertEqual(len(self.requests(number)), double_opt_in.MOST_REQUESTS)

    def test_each_type_has_its_own_limit(self):
        events = self.env["sms.marketing.subscription.type"].create(
            {"name": "Events", "double_opt_in": True}
        )
        number = self.number()
        changes = [
            consent.ConsentChange(number, one.id, "subscribed", method="form")
            for one in (self.type, events, self.type)
        ]
        double_opt_in.sign_up(self.env, changes)
        self.assertEqual(self.requests(number).opt_in_type_id, self.type + events)
        self.run_lane()
        self.assertEqual(self.requests(number).mapped("state"), ["sent", "sent"])
        self.unsubscribe(number, type=events)
        self.reply(number, "YES")
        self.assertEqual(self.state(number), "subscribed")

    def test_subscribed_number_is_left_alone(self):
        number = self.contact(subscribed=True).mobile_e164
        self.assertFalse(self.ask(number))
        self.assertEqual(self.state(number), "subscribed")
        self.assertFalse(self.requests(number))

    def test_opted_out_number_is_not_asked_by_somebody_else(self):
        number = self.contact(subscribed=True).mobile_e164
        self.reply(number, "STOP")
        for method in ("form", "staff", "import"):
            self.assertFalse(self.ask(number, method))
        self.assertEqual(self.state(number), "unsubscribed")
        self.assertFalse(self.requests(number))

    def test_join_with_double_opt_in(self):
        self.env["sms.marketing.keyword"].create(
            {"name": "JOIN", "action": "join", "type_id": self.type.id}
        )
        number = self.contact(subscribed=True).mobile_e164
        self.reply(number, "STOP")
        self.reply(number, "JOIN")
        self.assertEqual(self.state(number), "pending", "its own wish counts after an opt-out")
        self.run_lane()
        self.assertEqual(self.requests(number).state, "sent")
        self.reply(number, "YES")
        self.assertEqual(self.state(number), "subscribed")

    def test_what_has_changed_since_keeps_the_request_back(self):
        for reason, change in {
            "blacklisted": lambda number: self.env["phone.blacklist"].add(number),
            "unsubscribed": lambda number: self.reply(number, "STOP"),
            "settled": self.subscribe,
        }.items():
            with self.subTest(reason):
                number = self.number()
                self.ask(number)
                change(number)
                self.run_lane()
                request = self.requests(number)
                self.assertEqual((request.state, request.reason), ("skipped", reason))

    def test_request_that_did_not_go_out_is_no_request(self):
        number = self.number()
        self.ask(number)
        entry = self.env["phone.blacklist"].add(number)
        self.run_lane()
        self.assertEqual(self.requests(number).state, "skipped")
        entry.action_archive()
        self.ask(number)
        self.run_lane()
        self.assertEqual(self.requests(number).mapped("state"), ["skipped", "sent"])
        self.ask(number)
        self.assertEqual(len(self.requests(number)), 2, "one that went out is one")

    def test_late_receipt_for_a_request_that_had_failed(self):
        number = self.number()
        self.ask(number)
        with patch.object(
            SandboxGateway, "send", lambda self, texts: [Refused("rejected")] * len(texts)
        ):
            self.run_lane()
        failed = self.requests(number)
        self.assertEqual(failed.state, "failed")
        self.ask(number)
        self.run_lane()
        self.assertEqual(self.requests(number).mapped("state"), ["failed", "sent"])
        receipts.receive(
            self.env,
            self.gateway.id,
            [
                Receipt(reference=one.sudo().token, status=ReceiptStatus.DELIVERED)
                for one in reversed(self.requests(number))
            ],
        )
        self.env.invalidate_all()
        self.assertEqual(self.requests(number).mapped("state"), ["delivered"] * 2)

    def test_own_words_in_the_contacts_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.type.double_opt_in_text = "Acme: reply YES."
        self.type.with_context(lang="fr_FR").double_opt_in_text = "Acme : répondez OUI."
        for lang, words in (("en_US", "Acme: reply YES."), ("fr_FR", "Acme : répondez OUI.")):
            number = self.contact(lang=lang).mobile_e164
            self.ask(number)
            self.assertEqual(self.requests(number).text, words)

    def test_own_words_must_say_what_to_reply(self):
        with self.assertRaises(ValidationError):
            self.type.double_opt_in_text = "Acme: welcome!"

    def test_sender_that_may_not_text_the_country_is_not_used(self):
        number = "+31612345678"
        self.ask(number)
        self.assertEqual(self.state(number), "pending")
        self.assertFalse(self.requests(number))
        self.make_sender("+31201234567")
        self.ask(number)
        self.assertEqual(self.requests(number).sender_id.value, "+31201234567")

    def test_older_evidence_than_the_opt_out_asks_nobody(self):
        number = self.number()
        self.unsubscribe(number)
        self.assertFalse(
            self.ask(number, "keyword", occurred_at=fields.Datetime.now() - timedelta(days=1))
        )
        self.assertFalse(self.requests(number))

    def test_type_without_double_opt_in_subscribes_at_once(self):
        self.type.double_opt_in = False
        number = self.number()
        self.assertFalse(self.ask(number))
        self.assertEqual(self.state(number), "subscribed")
        self.assertFalse(self.requests(number))
