from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..engine import answers, schedule
from .common import SENDER, SmsMarketingCase


@tagged("post_install", "-at_install")
class TestSender(SmsMarketingCase):
    def make(self, value, **vals):
        """A sender of a gateway of its own."""
        return self.make_sender(value, gateway=self.make_gateway(), **vals)

    def test_number_is_kept_in_international_form(self):
        for written in ("(202) 555-0123", "+1 202 555 0123", "001 202-555-0123", SENDER):
            self.assertEqual(self.make(written).value, SENDER)

    def test_number_starts_with_its_own_countries(self):
        codes = self.make(SENDER).country_ids.mapped("code")
        self.assertIn("US", codes)
        self.assertIn("CA", codes)
        self.assertEqual(self.make("+33612345678").country_ids.mapped("code"), ["FR"])
        self.assertEqual(self.make("+33612345678")._allowed_prefixes(), ["+33"])
        self.assertFalse(self.make("ACME", kind="name").country_ids)
        self.assertEqual(self.make("ACME", kind="name")._allowed_prefixes(), [])

    def test_countries_can_be_chosen(self):
        both = self.env.ref("base.fr") + self.env.ref("base.nl")
        sender = self.make(SENDER, country_ids=both.ids)
        self.assertEqual(sender.country_ids, both)
        self.assertEqual(sender._allowed_prefixes(), ["+31", "+33"])

    def test_good_values(self):
        for kind, values in {
            "short_code": ("123", "12345", "12345678"),
            "name": ("ACME", "A", "Shop 24.7", "A-B_c", "12345678901"[:10] + "x"),
        }.items():
            for value in values:
                self.assertEqual(self.make(value, kind=kind).value, value)

    def test_bad_values_are_explained(self):
        for kind, values in {
            "number": ("12", "ACME", "+1202555012", "+999123456789", "202-555-0123 ext. 5", "  "),
            "short_code": ("12", "123456789", "12a45", "+12345", "١٢٣٤٥"),
            "name": ("", "12345", "ABCDEFGHIJKL", "Café", "A+B", "A\nB", "🙂"),
        }.items():
            for value in values:
                with (
                    self.subTest(kind=kind, value=value),
                    self.assertRaises(ValidationError) as caught,
                    self.env.cr.savepoint(),
                ):
                    self.make(value, kind=kind)
                self.assertGreater(len(str(caught.exception)), 20)

    def test_later_change_is_checked_too(self):
        sender = self.make("ACME", kind="name")
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            sender.value = "ABCDEFGHIJKL"
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            sender.kind = "short_code"
        sender = self.make(SENDER)
        with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
            sender.value = "(303) 555-0100"
        self.assertIn("+13035550100", str(caught.exception), "says how it should be written")

    @mute_logger("odoo.sql_db")
    def test_sender_is_there_once(self):
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.make_sender(SENDER)
        self.assertTrue(self.make(SENDER), "at another gateway it may be there")

    def test_first_sender_is_the_default(self):
        first = self.make("FIRST", kind="name", sequence=-5)
        self.assertEqual(self.env["sms.marketing.message"].create({"name": "x"}).sender_id, first)
        first.active = False
        message = self.env["sms.marketing.message"].create({"name": "x"})
        self.assertNotEqual(message.sender_id, first)

    def test_name_shown(self):
        sender = self.make(SENDER, label="Shop")
        self.assertEqual(sender.display_name, f"{SENDER} (Shop)")

    def test_country_that_is_not_allowed(self):
        abroad = self.contact("+33612345678", subscribed=True)
        at_home = self.contact(subscribed=True)
        recipients = self.send(self.message(abroad + at_home))
        reasons = {row.partner_id: row.reason for row in recipients}
        self.assertEqual(reasons, {abroad: "country", at_home: False})

    def test_countries_that_are_taken_away_while_a_message_is_sent(self):
        """Who may not be texted any more is told of, and the message comes to its end."""
        france, mexico = self.env.ref("base.fr"), self.env.ref("base.mx")
        abroad = self.contact("+33612345678", subscribed=True)
        at_home = self.contact(subscribed=True)
        of_france = self.make_sender("FRANCE", kind="name", country_ids=france.ids)
        for case, vals in (
            ("one sender", {}),
            ("a pool", {"pool_ids": [(6, 0, of_france.ids)]}),
        ):
            with self.subTest(case):
                of_france.country_ids = france
                self.sender.country_ids = self.usa if vals else self.usa + france
                message = self.message(abroad + at_home, name=case, **vals)
                message.action_send()
                with self.own_transactions() as registry:
                    schedule.start_due(registry)
                self.assertEqual(self.states(message), {"queued": 2})
                self.sender.country_ids = self.usa
                of_france.country_ids = mexico
                self.run_lane()
                reasons = {row.partner_id: (row.state, row.reason) for row in message.recipient_ids}
                self.assertEqual(
                    reasons, {abroad: ("skipped", "country"), at_home: ("sent", False)}
                )
                self.assertEqual(message.state, "sent")

    def test_text_without_message_to_such_a_country_does_not_wait_for_ever(self):
        number, partner = "+33612345678", self.env["res.partner"]
        for kind in ("answer", "verification"):
            answers.insert(self.env, kind, number, self.sender, "Code 123456", partner)
        self.run_lane()
        found = self.env["sms.marketing.recipient"].search([("number", "=", number)])
        self.assertEqual(
            {(one.kind, one.state, one.reason, one.sudo().body) for one in found},
            {
                ("answer", "skipped", "country", "Code 123456"),
                # A code is for who has the phone, and for nobody else.
                ("verification", "skipped", "country", False),
            },
        )

    def test_sender_in_use_cannot_be_deleted(self):
        message = self.message(self.contacts(1))
        self.send(message)
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.sender.unlink()
        self.assertTrue(self.sender.exists())


@tagged("post_install", "-at_install")
class TestGateway(SmsMarketingCase):
    def test_sandbox_needs_nothing(self):
        self.assertEqual(self.make_gateway().provider, "sandbox")

    def test_kannel_needs_its_settings(self):
        for missing in ("kannel_url", "kannel_username", "kannel_password"):
            with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
                self.make_kannel_gateway(**{missing: False})
            label = self.env["sms.marketing.gateway"]._fields[missing].string
            self.assertIn(label, str(caught.exception))
            self.assertIn("Kannel", str(caught.exception))
        gateway = self.make_gateway()
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            gateway.provider = "kannel"
        kannel = self.make_kannel_gateway()
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            kannel.kannel_password = ""

    def test_kannel_address_that_cannot_work_is_refused(self):
        for url in (
            "localhost:13013",
            "ftp://localhost/",
            "http://",
            "http://user:secret@localhost:13013/cgi-bin/sendsms",
            "http://localhost:13013/cgi-bin/sendsms?username=x",
            "nonsense",
        ):
            with self.assertRaises(ValidationError, msg=url), self.env.cr.savepoint():
                self.make_kannel_gateway(kannel_url=url)
        self.assertTrue(self.make_kannel_gateway(kannel_url="http://localhost:13013"))

    def test_public_address_that_cannot_work_is_refused(self):
        gateway = self.make_kannel_gateway()
        for address in ("https://crm example.com", 'https://crm.example.com/"x'):
            with self.assertRaises(ValidationError, msg=address), self.env.cr.savepoint():
                gateway.public_url = address

    def test_account_of_a_gateway(self):
        account = self.make_kannel_gateway(
            public_url="https://crm.example.com/", connect_timeout=2, read_timeout=3
        )._account()
        self.assertEqual(
            dict(account.settings),
            {
                "url": "http://127.0.0.1:9/cgi-bin/sendsms",
                "username": "tester",
                "password": "correct horse battery staple",
            },
        )
        self.assertTrue(
            account.callback_url.startswith("https://crm.example.com/sms_marketing/webhook/")
        )
        self.assertEqual((account.connect_timeout, account.read_timeout), (2, 3))
        self.assertNotIn("correct horse", repr(account))

    def test_setup_help_is_ready_to_copy(self):
        gateway = self.make_kannel_gateway()
        self.assertIn(f"{gateway.callback_url}/inbound", gateway.setup_help)
        self.assertIn("group = sms-service", gateway.setup_help)

    def test_secrets_differ(self):
        secrets = {self.make_gateway()._secret_values()["webhook_secret"] for _number in range(20)}
        self.assertEqual(len(secrets), 20)
        self.assertGreaterEqual(min(map(len, secrets)), 32)

    def test_allowed_addresses(self):
        gateway = self.make_gateway(allowed_addresses=" 127.0.0.1 , 10.0.0.0/8, 2001:db8::/32, ")
        secret = gateway._secret_values()["webhook_secret"]
        for address, allowed in (
            ("127.0.0.1", True),
            ("10.255.0.1", True),
            ("2001:db8::7", True),
            ("11.0.0.1", False),
            ("::1", False),
            ("::ffff:10.0.0.1", True),
            ("unknown", False),
            ("", False),
        ):
            webhook = gateway._webhook(gateway.id)
            self.assertEqual(webhook.lets_in(secret, address), allowed, address)
        gateway.allowed_addresses = False
        webhook = gateway._webhook(gateway.id)
        self.assertTrue(webhook.lets_in(secret, "11.0.0.1"))
        self.assertFalse(webhook.lets_in("another secret", "11.0.0.1"))

    def test_senseless_addresses_are_refused(self):
        for addresses in ("localhost", "10.0.0.0/33", "10.0.0", "1.2.3.4; 5.6.7.8", "*"):
            with self.assertRaises(ValidationError) as caught, self.env.cr.savepoint():
                self.make_gateway(allowed_addresses=addresses)
            self.assertIn(addresses, str(caught.exception))

    def test_timeouts_are_above_zero(self):
        for name in ("connect_timeout", "read_timeout"):
            for seconds in (0, -1, 301):
                with self.assertRaises(ValidationError), self.env.cr.savepoint():
                    self.make_gateway(**{name: seconds})

    def test_gateway_with_senders_cannot_be_deleted(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.gateway.unlink()
        self.assertTrue(self.sender.exists())

    def test_archived_gateway_sends_nothing(self):
        message = self.message(self.contacts(1))
        self.gateway.active = False
        with self.assertRaises(UserError) as caught:
            message.action_send()
        self.assertIn("archived", str(caught.exception))

    def test_form(self):
        with Form(self.env["sms.marketing.gateway"]) as form:
            form.name = "By form"
        self.assertTrue(form.record.webhook_secret)
