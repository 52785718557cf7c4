"""Vonage: what is asked of it, what its answers mean, and what it calls us with."""

import hashlib
import json
import unittest
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from vonage_http_client.auth import Auth
from vonage_http_client.http_client import HttpClient

from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Inbound,
    Reason,
    Receipt,
    ReceiptStatus,
    Refused,
    Retry,
    Unknown,
)
from odoo.addons.sms_marketing.gateways.errors import ConfigurationError
from odoo.addons.sms_marketing.gateways.vonage import STATUSES

from .gateway_cases import ProviderCase, a_text
from .http_player import HttpPlayer, reply
from .provider_accounts import CALLBACK, SETTINGS
from .provider_contract import check_request, description

KEY = SETTINGS["vonage"]["api_key"]
SECRET = SETTINGS["vonage"]["api_secret"]
SIGNATURE_SECRET = SETTINGS["vonage"]["signature_secret"]

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def answer(*parts):
    return json.dumps({"message-count": str(len(parts)), "messages": parts})


def part(**fields):
    return {
        "to": "32470123456",
        "message-id": "0A0000000123ABCD1",
        "status": "0",
        "remaining-balance": "3.14159265",
        "message-price": "0.03330000",
        "network": "20601",
    } | fields


class TestVonage(ProviderCase, unittest.TestCase):
    provider = "vonage"
    taken = (200, answer(part()))
    login_refused = (200, answer({"status": "4", "error-text": f"Bad Credentials {SECRET}"}))
    connected = (200, json.dumps({"value": 10.28, "autoReload": False}))

    def test_request(self):
        heard = self.heard()
        self.assertEqual((heard.method, heard.target), ("POST", "/sms/json"))
        self.assertEqual(
            dict(parse_qsl(heard.body.decode())),
            {
                "api_key": KEY,
                "api_secret": SECRET,
                "from": "3225550000",
                "to": "32470123456",
                "text": a_text().body,
                "type": "text",
                "client-ref": "t0ken_-1",
                "callback": f"{CALLBACK}/receipt",
            },
        )

    def test_player_is_understood_by_their_own_client(self):
        class ToPlayer(HTTPAdapter):
            def send(self, request, **options):
                request.url = request.url.replace("https://rest.nexmo.com", server)
                return super().send(request, **options)

        fields = {"from": "3225550000", "to": "32470123456", "text": "Hi", "type": "text"}
        fields["client-ref"] = "t0ken_-1"
        with HttpPlayer(
            lambda heard: reply(*self.taken, Content_Type="application/json")
        ) as player:
            server = player.url.removesuffix("/cgi-bin/sendsms")
            client = HttpClient(Auth(api_key=KEY, api_secret=SECRET))
            client._session.mount("https://", ToPlayer())
            told = client.post(client.rest_host, "/sms/json", fields, "body", "form")
            ours = self.heard(a_text(body="Hi"), callback="")
        self.assertEqual(told["messages"][0]["status"], "0")
        [theirs] = player.heard
        self.assertEqual(theirs.target, ours.target)
        self.assertEqual(dict(parse_qsl(theirs.body.decode())), dict(parse_qsl(ours.body.decode())))

    def test_unicode_and_names(self):
        heard = self.heard(a_text(sender="Shop", body="Привет 🙂", encoding="UCS-2"), callback="")
        fields = dict(parse_qsl(heard.body.decode()))
        self.assertEqual((fields["type"], fields["text"]), ("unicode", "Привет 🙂"))
        self.assertEqual(fields["from"], "Shop")
        self.assertNotIn("callback", fields)

    def test_requests_are_as_the_api_description_says(self):
        for text in (a_text(), a_text(body="Привет 🙂", encoding="UCS-2", sender="Shop")):
            check_request(self, "vonage_sms.yml", "/{format}", self.heard(text), prefix="/sms")

    def test_each_error_of_the_api_description_is_known(self):
        self.assertEqual(set(description("vonage_sms.yml")["x-errors"]) - {"5"}, set(STATUSES))

    def test_accepted(self):
        self.assertEqual(
            self.outcome(*self.taken),
            Accepted("0A0000000123ABCD1", 1, Decimal("0.03330000"), "EUR"),
        )
        parts = [part(**{"message-id": f"{number}"}) for number in (1, 2, 3)]
        self.assertEqual(
            self.outcome(200, answer(*parts)), Accepted("1", 3, Decimal("0.09990000"), "EUR")
        )
        parts[1] = {"status": "1", "error-text": "Throughput Rate Exceeded"}
        outcome = self.outcome(200, answer(*parts))
        self.assertEqual(outcome, Accepted("1", 3), "what has begun to go out is not sent again")

    def test_errors_of_a_text(self):
        for status, reason in (
            ("3", Reason.INVALID_REQUEST),
            ("7", Reason.BLOCKED),
            ("15", Reason.SENDER_NOT_ALLOWED),
            ("33", Reason.INVALID_NUMBER),
        ):
            outcome = self.outcome(200, answer({"status": status, "error-text": "No"}))
            self.assertIsInstance(outcome, Refused)
            self.assertEqual((outcome.reason, outcome.code), (reason, status))

    def test_errors_that_pass(self):
        for status, reason in (
            ("1", Reason.THROTTLED),
            ("8", Reason.CREDENTIALS),
            ("9", Reason.INSUFFICIENT_CREDIT),
        ):
            outcome = self.outcome(200, answer({"status": status, "error-text": "No"}))
            self.assertIsInstance(outcome, Retry)
            self.assertEqual(outcome.reason, reason)

    def test_errors_that_promise_nothing(self):
        for status in ("5", "99", ""):
            self.assertIsInstance(self.outcome(200, answer({"status": status})), Unknown)

    def test_settings_that_cannot_work_are_refused(self):
        with self.assertRaises(ConfigurationError):
            self.gateway(signature_method="")
        self.gateway(signature_method="", signature_secret="")

    # ------------------------------------------------------------
    # Webhooks
    # ------------------------------------------------------------

    def signed(self, fields, way="form", method="sha256", secret=SIGNATURE_SECRET):
        """A call as Vonage makes it, signed by their own code."""
        fields = {"timestamp": "1767225600", **fields}
        auth = Auth(api_key=KEY, signature_secret=secret, signature_method=method)
        fields["sig"] = auth.sign_params(dict(fields)).upper()
        if way == "json":
            return self.call(body=json.dumps(fields), Content_Type="application/json")
        if way == "query":
            return self.call(query=urlencode(fields), method="GET")
        return self.call(body=urlencode(fields))

    @given(st.dictionaries(TEXT.filter(lambda name: name not in ("sig", "timestamp")), TEXT))
    def test_their_signatures_are_good_whatever_is_signed(self, fields):
        for way in ("form", "json", "query"):
            self.gateway().verify(self.signed(fields, way))

    def test_each_way_of_signing(self):
        for method in ("md5", "sha1", "sha256", "sha512"):
            self.gateway(signature_method=method).verify(self.signed({"a": "&=é"}, method=method))
        # The plain MD5 of the "Signing messages" page, which their client does not make any more.
        signed = f"&a=b_c_d&timestamp=1{SIGNATURE_SECRET}".encode()
        digest = hashlib.md5(signed, usedforsecurity=False).hexdigest()
        call = self.call(body=urlencode({"a": "b&c=d", "timestamp": "1", "sig": digest}))
        self.gateway(signature_method="md5_hash").verify(call)

    def test_signature_that_is_missing_or_wrong(self):
        good = self.signed({"messageId": "1"})
        self.gateway().verify(good)
        wrong = [
            replace(good, body=good.body.split(b"&sig=")[0]),
            replace(good, body=good.body + b"&more=1"),
            replace(good, query=b"client-ref=another"),
            replace(good, body=good.body.replace(b"messageId=1", b"messageId=2")),
            self.signed({"messageId": "1"}, secret="another"),
            self.signed({"messageId": "1"}, method="md5"),
            self.call(body="{", Content_Type="application/json"),
        ]
        self.assert_not_verified(self.gateway(), *wrong)
        for call in wrong:
            self.gateway(signature_secret="").verify(call)

    def test_receipts_in_each_way_that_an_account_can_choose(self):
        fields = {
            "msisdn": "32470123456",
            "to": "3225550000",
            "messageId": "0A0000001234567B",
            "price": "0.03330000",
            "status": "delivered",
            "err-code": "0",
            "scts": "2601010000",
            "client-ref": "t0ken_-1",
            "message-timestamp": "2026-01-01 00:00:05",
        }
        for way in ("form", "json", "query"):
            [receipt] = self.gateway().parse_receipts(self.signed(fields, way))
            self.assertEqual(
                receipt,
                Receipt(
                    "t0ken_-1",
                    "0A0000001234567B",
                    ReceiptStatus.DELIVERED,
                    occurred_at=datetime(2026, 1, 1, 0, 0, 5),
                ),
            )
        for status, code, expected, reason in (
            ("accepted", "0", ReceiptStatus.ACCEPTED, None),
            ("buffered", "0", ReceiptStatus.ACCEPTED, None),
            ("unknown", "1", ReceiptStatus.ACCEPTED, None),
            ("failed", "2", ReceiptStatus.UNDELIVERED, Reason.UNREACHABLE),
            ("failed", "3", ReceiptStatus.UNDELIVERED, Reason.INVALID_NUMBER),
            ("rejected", "6", ReceiptStatus.REJECTED, Reason.SPAM),
            ("rejected", "53", ReceiptStatus.REJECTED, Reason.OPTED_OUT),
            ("expired", "", ReceiptStatus.UNDELIVERED, Reason.EXPIRED),
            ("failed", "1234", ReceiptStatus.UNDELIVERED, Reason.UNKNOWN),
        ):
            told = fields | {"status": status, "err-code": code}
            [receipt] = self.gateway().parse_receipts(self.signed(told))
            self.assertEqual((receipt.status, receipt.reason), (expected, reason), status)
        self.assert_passed_over(self.signed(fields | {"status": "exploded"}))

    def test_inbound(self):
        fields = {
            "api-key": KEY,
            "msisdn": "32470123456",
            "to": "3225550000",
            "messageId": "0A0000000123ABCD1",
            "text": "Stop 🙂 + it",
            "type": "unicode",
            "keyword": "STOP",
            "message-timestamp": "2026-01-01 12:00:00",
        }
        for way in ("form", "json", "query"):
            [text] = self.gateway().parse_inbound(self.signed(fields, way))
            self.assertEqual(
                text,
                Inbound(
                    "+32470123456",
                    "+3225550000",
                    "Stop 🙂 + it",
                    "0A0000000123ABCD1",
                    datetime(2026, 1, 1, 12, 0, 0),
                ),
            )
            self.assertEqual(text.body, "Stop 🙂 + it")

    def test_balance_is_asked_for_without_the_secret_in_the_address(self):
        with (
            HttpPlayer(lambda heard: reply(*self.connected)) as player,
            self.at(player.url) as gateway,
        ):
            self.assertIn("10.28 EUR", gateway.test_connection())
        self.assertEqual(player.heard[0].target, "/account/get-balance")
