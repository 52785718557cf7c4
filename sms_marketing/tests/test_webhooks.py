import logging
from contextlib import contextmanager
from unittest.mock import patch
from urllib.parse import quote, urlsplit

from odoo.sql_db import Cursor
from odoo.tests import tagged

from ..engine import claims, outcomes, schedule
from ..gateways.values import Accepted
from .common import SENDER, SmsMarketingHttpCase


class WebhookCase(SmsMarketingHttpCase):
    """A message whose texts Kannel has taken, and Kannel's calls."""

    def setUp(self):
        super().setUp()
        self.kannel = self.make_kannel_gateway()
        self.kannel_sender = self.make_sender(gateway=self.kannel)
        self.people = self.contacts(2)
        self.campaign = self.message(self.people, sender_id=self.kannel_sender.id)
        self.campaign.action_send()
        schedule.start(self.campaign)
        self.env.flush_all()
        taken, _due = claims.claim(self.env, self.campaign.id, 10)
        outcomes.record(self.env, [(one, Accepted()) for one in taken])
        self.env.invalidate_all()
        self.recipient = self.campaign.recipient_ids[0]
        self.assertEqual(self.recipient.state, "sent")

    def secret(self, gateway=None):
        return (gateway or self.kannel)._secret_values()["webhook_secret"]

    def path(self, subject, secret=None, gateway_id=None):
        path = f"{urlsplit(self.kannel._account().callback_url).path}/{subject}"
        own = self.secret()
        path = path.replace(own, secret or own)
        if gateway_id is not None:
            path = path.replace(f"webhook/{self.kannel.id}/", f"webhook/{gateway_id}/")
        return path

    def call(self, subject, query="", *, path=None, **request):
        response = self.url_open(
            f"{path or self.path(subject)}?{query}", allow_redirects=False, **request
        )
        self.env.invalidate_all()
        return response

    def receipt(self, kind, reference=None, **more):
        parts = {"reference": reference or self.recipient.sudo().token, "type": kind, **more}
        return self.call("receipt", "&".join(f"{key}={value}" for key, value in parts.items()))

    def inbound(self, text, number=None, reference="in-1", **request):
        number = quote(number or self.recipient.number)
        query = f"from={number}&to={quote(SENDER)}&text={quote(text)}&coding=0&id={reference}"
        return self.call("inbound", query, **request)

    @contextmanager
    def whole_log(self):
        """All that is logged in here, on every level; yields a list of texts."""
        web_server = logging.getLogger("werkzeug")
        self.addCleanup(web_server.setLevel, web_server.level)
        web_server.setLevel(logging.INFO)
        with self.assertLogs(level=logging.DEBUG) as captured:
            logging.getLogger(__name__).info("at least one line")
            lines = []
            yield lines
            self._wait_remaining_requests()
            # urllib3 is the caller's side: the test itself.
            lines.extend(line for line in captured.output if "urllib3" not in line)
        self.traceback = [record for record in captured.records if record.exc_info]


@tagged("post_install", "-at_install")
class TestReceiptWebhook(WebhookCase):
    def test_delivered(self):
        response = self.receipt(1, answer=quote("id:1 stat:DELIVRD err:000"), at="1767225600")
        self.assertEqual((response.status_code, response.text), (200, ""))
        self.assertEqual(self.recipient.state, "delivered")
        self.assertEqual(str(self.recipient.settled_at), "2026-01-01 00:00:00")

    def test_undelivered_tells_why(self):
        self.receipt(2, answer=quote("id:1 stat:EXPIRED err:001 text:Hello"))
        self.assertEqual((self.recipient.state, self.recipient.reason), ("undelivered", "expired"))
        self.assertNotIn("Hello", self.recipient.detail)

    def test_carrier_that_knows_an_opt_out_or_no_such_number(self):
        self.receipt(16, answer=quote("NACK/0x0000000b/Invalid destination address"))
        self.assertEqual(self.recipient.reason, "invalid_number")
        self.assertTrue(
            self.env["phone.blacklist"].search([("number", "=", self.recipient.number)])
        )

    def test_one_statement_a_receipt(self):
        self.receipt(8)
        query = f"reference={self.recipient.sudo().token}&type=1"
        path = self.path("receipt")
        statements = []
        execute = Cursor.execute

        def listen(cursor, statement, *arguments, **options):
            statements.append(str(getattr(statement, "code", statement)))
            return execute(cursor, statement, *arguments, **options)

        with patch.object(Cursor, "execute", listen):
            self.call("receipt", query, path=path)
        self.assertEqual(self.recipient.state, "delivered")
        # Odoo's own, which every route costs, name none of our tables.
        own = [one for one in statements if "sms_marketing" in one]
        self.assertEqual(len(own), 1, own)

    def test_change_of_the_gateway_counts_at_once(self):
        self.assertEqual(self.receipt(8).status_code, 200)
        old = self.path("receipt")
        self.kannel.webhook_secret = "another-secret-of-the-gateway"
        query = f"reference={self.recipient.sudo().token}&type=1"
        with self.assertLogs("odoo.addons.sms_marketing.controllers.webhook", "WARNING"):
            self.assertEqual(self.call("receipt", query, path=old).status_code, 404)
        self.assertEqual(self.recipient.state, "sent")
        self.assertEqual(self.receipt(1).status_code, 200)

    def test_archived_gateway_still_hears_what_its_texts_became(self):
        self.assertEqual(self.receipt(8).status_code, 200)
        self.kannel.active = False
        self.kannel_sender.active = False
        self.assertEqual(self.receipt(1).status_code, 200)
        self.assertEqual(self.recipient.state, "delivered")
        self.assertEqual(self.inbound("STOP").status_code, 200)
        self.assertEqual(
            self.env["sms.marketing.subscription"]
            .search([("number", "=", self.recipient.number), ("type_id", "=", self.type.id)])
            .state,
            "unsubscribed",
        )
        # What it is checked with is up to date, archived or not.
        self.kannel.allowed_addresses = "10.0.0.0/8"
        with self.assertLogs("odoo.addons.sms_marketing.controllers.webhook", "WARNING"):
            self.assertEqual(self.receipt(1).status_code, 404)

    def test_post_does_the_same_as_get(self):
        token = self.recipient.sudo().token
        response = self.call("receipt", f"reference={token}&type=1", method="POST")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(self.recipient.state, "delivered")

    def test_other_methods_are_refused(self):
        for method in ("PUT", "DELETE", "PATCH"):
            self.assertEqual(self.call("receipt", method=method).status_code, 405, method)

    def test_repeated_and_reordered_receipts_are_harmless(self):
        for kind in (1, 1, 8, 4, 2, 16, 1):
            self.assertEqual(self.receipt(kind, at="1767225600").status_code, 200)
            self.assertEqual(self.recipient.state, "delivered", f"after {kind}")
        self.assertFalse(self.recipient.reason)
        self.assertEqual(self.campaign.recipient_ids[1].state, "sent")
        self.assertFalse(self.env["sms.marketing.receipt"].search([]))
        self.roll_up()
        self.assertEqual((self.campaign.sent_count, self.campaign.delivered_count), (2, 1))

    def test_accepted_after_a_failure_changes_nothing(self):
        self.receipt(2, answer=quote("id:1 stat:UNDELIV"))
        self.receipt(8)
        self.assertEqual(self.recipient.state, "undelivered")

    def test_unknown_reference_is_accepted_and_kept(self):
        before = self.campaign.recipient_ids.mapped("state")
        response = self.receipt(1, reference="nobodys_text")
        self.assertEqual(response.status_code, 200)
        kept = self.env["sms.marketing.receipt"].search([("gateway_id", "=", self.kannel.id)])
        self.assertEqual(kept.mapped("reference"), ["nobodys_text"])
        self.assertEqual(self.campaign.recipient_ids.mapped("state"), before)

    def test_reference_of_another_gateway_changes_nothing(self):
        other = self.make_kannel_gateway(name="Second Kannel")
        path = f"{urlsplit(other._account().callback_url).path}/receipt"
        token = self.recipient.sudo().token
        self.assertEqual(
            self.call("receipt", f"reference={token}&type=1", path=path).status_code, 200
        )
        self.assertEqual(self.recipient.state, "sent")

    def test_missing_and_senseless_fields_are_named(self):
        token = self.recipient.sudo().token
        for query, word in (
            ("", "reference"),
            ("type=1", "reference"),
            (f"reference={token}", "type"),
            (f"reference={token}&type=", "type"),
            (f"reference={token}&type=one", "type"),
        ):
            with self.assertLogs("odoo.addons.sms_marketing", "WARNING") as log:
                response = self.call("receipt", query)
            self.assertEqual(response.status_code, 400, query)
            self.assertIn(f"“{word}”", response.text)
            self.assertIn(word, log.output[0])
        self.assertEqual(self.recipient.state, "sent")

    def test_hostile_values_are_no_trouble(self):
        token = self.recipient.sudo().token
        for query in (
            f"reference={token}%00&type=8&answer=%00%ff%fe",
            "reference=%00&type=1",
            f"reference={'x' * 20000}&type=1",
            f"reference={quote(chr(39))};DROP%20TABLE%20res_partner&type=1",
            f"reference={token}&type=8&at=99999999999999999999",
            f"reference={token}&type=8&id={'9' * 5000}&answer={'A' * 5000}",
        ):
            with self.whole_log():
                response = self.call("receipt", query)
            self.assertIn(response.status_code, (200, 400), query[:60])
            self.assertFalse(self.traceback)
        self.assertEqual(self.recipient.state, "sent")


@tagged("post_install", "-at_install")
class TestWhoMayCall(WebhookCase):
    def refuse(self, **path):
        token = self.recipient.sudo().token
        with self.assertLogs("odoo.addons.sms_marketing", "WARNING"):
            response = self.call(
                "receipt", f"reference={token}&type=1", path=self.path("receipt", **path)
            )
        self.assertEqual(response.status_code, 404)
        self.assertEqual(self.recipient.state, "sent")
        return response.text

    def test_all_refusals_look_the_same(self):
        answers = {
            "wrong secret": self.refuse(secret="wrong"),
            "no ASCII": self.refuse(secret=quote("pässwört\u2603")),
            "NUL": self.refuse(secret="%00"),
            "longer secret": self.refuse(secret=f"{self.secret()}x"),
            "other gateway's secret": self.refuse(secret=self.secret(self.gateway)),
            "unknown gateway": self.refuse(gateway_id=2**31 - 1),
            "impossible gateway": self.refuse(gateway_id=10**30),
            "absurd gateway": self.refuse(gateway_id="9" * 6000),
            "negative gateway": self.refuse(gateway_id=f"-{self.kannel.id}"),
            "no number at all": self.refuse(gateway_id="x"),
        }
        self.kannel.allowed_addresses = "10.0.0.0/8, 2001:db8::/32"
        answers["wrong address"] = self.refuse()
        self.kannel.allowed_addresses = False
        self.kannel.active = False
        answers["wrong secret of an archived one"] = self.refuse(secret="wrong")
        self.assertEqual(len(set(answers.values())), 1, answers)

    def test_allowed_address(self):
        self.kannel.allowed_addresses = "10.0.0.0/8, 127.0.0.1"
        self.assertEqual(self.receipt(1).status_code, 200)
        self.assertEqual(self.recipient.state, "delivered")

    def test_address_cannot_be_claimed(self):
        self.kannel.allowed_addresses = "10.0.0.0/8"
        response = self.call(
            "receipt",
            f"reference={self.recipient.sudo().token}&type=1",
            headers={"X-Forwarded-For": "10.0.0.1", "X-Forwarded-Host": "example.com"},
        )
        self.assertEqual(response.status_code, 404)
        self.assertEqual(self.recipient.state, "sent")

    def test_unknown_subject(self):
        self.assertEqual(self.call("status").status_code, 404)

    def test_gateway_without_webhooks_says_so(self):
        path = f"{urlsplit(self.gateway._account().callback_url).path}/receipt"
        self.assertEqual(self.call("receipt", path=path).status_code, 400)

    def test_body_of_a_megabyte_is_refused(self):
        for content_type in ("application/x-www-form-urlencoded", "text/plain", "application/json"):
            with self.whole_log():
                response = self.call(
                    "receipt", data=b"a" * 1_000_000, headers={"Content-Type": content_type}
                )
            self.assertEqual(response.status_code, 413, content_type)
            self.assertFalse(self.traceback, content_type)
        self.assertEqual(self.recipient.state, "sent")

    def test_secret_is_not_logged(self):
        secret = self.secret()
        with self.whole_log() as lines:
            self.receipt(1)
            self.receipt(77)
            self.inbound("STOP")
            self.inbound("STOP", method="POST", data=b"a" * 1_000_000)
            self.kannel.allowed_addresses = "10.0.0.0/8"
            self.receipt(1)
            self.call("receipt", path=self.path("receipt", secret="a-guess-at-the-secret"))
        self.assertTrue(
            [line for line in lines if line.startswith("INFO:werkzeug") and "/receipt" in line],
            "the web server's own log was not looked at",
        )
        for line in lines:
            self.assertNotIn(secret, line)
            self.assertNotIn("a-guess-at-the-secret", line)
            self.assertNotIn("correct horse", line)


@tagged("post_install", "-at_install")
class TestInboundWebhook(WebhookCase):
    def texts(self):
        return self.env["sms.marketing.inbound"].search([("gateway_id", "=", self.kannel.id)])

    def state_of(self, number):
        return (
            self.env["sms.marketing.subscription"]
            .search([("number", "=", number), ("type_id", "=", self.type.id)])
            .state
        )

    def answers(self):
        return self.env["sms.marketing.recipient"].search(
            [("kind", "=", "answer"), ("number", "=", self.recipient.number)]
        )

    def test_stop_counts_when_the_answer_arrives(self):
        response = self.inbound("stop.")
        # Kannel would text our words to the phone: there must be none.
        self.assertEqual((response.status_code, response.text), (200, ""))
        self.assertEqual(self.state_of(self.recipient.number), "unsubscribed")
        text = self.texts()
        self.assertEqual((text.action, text.body), ("stop", "stop."))
        self.assertEqual(text.partner_id, self.recipient.partner_id)
        self.assertEqual(text.message_id, self.campaign)
        self.assertEqual(text.sender_id, self.kannel_sender)
        self.assertEqual(len(self.answers()), 1)
        next_message = self.message(self.people, sender_id=self.sender.id)
        recipients = self.send(next_message)
        left_out = recipients.filtered(lambda row: row.partner_id == self.recipient.partner_id)
        self.assertEqual((left_out.state, left_out.reason), ("skipped", "unsubscribed"))
        self.assertEqual((recipients - left_out).state, "sent")

    def test_text_that_comes_twice_counts_once(self):
        self.inbound("STOP")
        self.inbound("STOP")
        self.inbound("STOP", reference="in-2")
        self.assertEqual(len(self.texts()), 2)
        self.assertEqual(len(self.answers()), 1)

    def test_post(self):
        self.assertEqual(self.inbound("STOP", method="POST").status_code, 200)
        self.assertEqual(self.state_of(self.recipient.number), "unsubscribed")

    def test_own_words_change_nothing(self):
        body = "Don't stop me now 🙂 {{ object.name }}"
        self.inbound(body)
        self.assertEqual(self.texts().body, body)
        self.assertFalse(self.texts().action)
        self.assertEqual(self.state_of(self.recipient.number), "subscribed")
        self.assertFalse(self.answers())

    def test_unicode_stop(self):
        raw = quote("STOP".encode("utf-16-be"))
        number = quote(self.recipient.number)
        self.call("inbound", f"from={number}&to={quote(SENDER)}&text={raw}&coding=2&id=u")
        self.assertEqual(self.state_of(self.recipient.number), "unsubscribed")

    def test_number_without_plus_is_the_same_number(self):
        self.inbound("STOP", number=self.recipient.number.lstrip("+"))
        self.assertEqual(self.state_of(self.recipient.number), "unsubscribed")

    def test_number_that_nobody_knows(self):
        self.assertEqual(self.inbound("STOP", number="+13035559999").status_code, 200)
        self.assertEqual(self.state_of("+13035559999"), "unsubscribed")
        self.assertEqual(self.state_of(self.recipient.number), "subscribed")

    def test_sender_that_is_no_number(self):
        with self.whole_log():
            self.assertEqual(self.inbound("STOP", number="ACME").status_code, 200)
        self.assertFalse(self.traceback)

    def test_missing_fields_are_named(self):
        for query, word in (("from=%2B13035550001", "text"), ("text=STOP", "from")):
            with self.assertLogs("odoo.addons.sms_marketing", "WARNING"):
                response = self.call("inbound", query)
            self.assertEqual(response.status_code, 400)
            self.assertIn(word, response.text)
        self.assertFalse(self.texts())

    def test_empty_text_is_kept(self):
        self.assertEqual(self.inbound("").status_code, 200)
        self.assertEqual(len(self.texts()), 1)
