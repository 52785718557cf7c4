"""MessageBird: what is asked of it, what its answers mean, and what it calls us with."""

import hashlib
import json
import time
import unittest
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from unittest.mock import patch
from urllib.parse import urlencode

import jwt
import messagebird
from hypothesis import given
from hypothesis import strategies as st
from messagebird.error import ValidationError
from messagebird.request_validator import RequestValidator

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

from .gateway_cases import ProviderCase, a_text
from .http_player import HttpPlayer, reply
from .provider_accounts import CALLBACK, SETTINGS
from .provider_contract import check_request

KEY = SETTINGS["messagebird"]["access_key"]
SIGNING_KEY = SETTINGS["messagebird"]["signing_key"]
MESSAGE = "f28bbe526fc14974b3e7e663a6139b53"

#: As in the example of the API description.
CREATED = {
    "id": MESSAGE,
    "href": f"https://rest.messagebird.com/messages/{MESSAGE}",
    "direction": "mt",
    "type": "sms",
    "originator": "3225550000",
    "body": "Hi",
    "reference": "t0ken_-1",
    "datacoding": "plain",
    "createdDatetime": "2026-01-01T00:00:00+00:00",
    "recipients": {
        "totalCount": 1,
        "items": [{"recipient": 32470123456, "status": "sent", "messagePartCount": 2}],
    },
}


def failure(code, parameter=None):
    error = {"code": code, "description": f"No, because {KEY}", "parameter": parameter}
    return json.dumps({"errors": [error]})


class TestMessageBird(ProviderCase, unittest.TestCase):
    provider = "messagebird"
    taken = (201, json.dumps(CREATED))
    login_refused = (401, failure(2, "access_key"))
    connected = (200, json.dumps({"payment": "prepaid", "type": "euros", "amount": 9.5}))

    def test_request(self):
        heard = self.heard()
        self.assertEqual((heard.method, heard.target), ("POST", "/messages"))
        self.assertEqual(heard.headers["authorization"], f"AccessKey {KEY}")
        self.assertEqual(
            json.loads(heard.body),
            {
                "originator": "3225550000",
                "recipients": ["32470123456"],
                "body": a_text().body,
                "datacoding": "plain",
                "reference": "t0ken_-1",
                "reportUrl": f"{CALLBACK}/receipt",
            },
        )

    def test_unicode_and_names(self):
        heard = self.heard(a_text(sender="Shop", body="Привет 🙂", encoding="UCS-2"), callback="")
        fields = json.loads(heard.body)
        self.assertEqual((fields["datacoding"], fields["body"]), ("unicode", "Привет 🙂"))
        self.assertEqual(fields["originator"], "Shop")
        self.assertNotIn("reportUrl", fields)

    def test_requests_are_as_the_api_description_says(self):
        for text in (a_text(), a_text(body="Привет 🙂", encoding="UCS-2", sender="Shop")):
            check_request(self, "messagebird_sms.yaml", "/messages", self.heard(text))

    def test_player_is_understood_by_their_own_client(self):
        with HttpPlayer(lambda heard: reply(*self.taken)) as player:
            server = player.url.removesuffix("/cgi-bin/sendsms")
            with patch("messagebird.client.ENDPOINT", server):
                client = messagebird.Client(KEY)
                message = client.message_create("3225550000", ["32470123456"], "Hi")
        self.assertEqual(message.id, MESSAGE)
        [theirs] = player.heard
        self.assertEqual(theirs.target, self.heard().target)
        self.assertEqual(theirs.headers["authorization"], f"AccessKey {KEY}")

    def test_accepted(self):
        self.assertEqual(self.outcome(*self.taken), Accepted(MESSAGE, segments=2))
        for odd in ([], {"items": []}, {"items": ["x"]}, None):
            answer = json.dumps(CREATED | {"recipients": odd})
            self.assertEqual(self.outcome(201, answer), Accepted(MESSAGE))

    def test_errors(self):
        for code, parameter, kind, reason in (
            (9, "recipient", Refused, Reason.INVALID_REQUEST),
            (10, "originator", Refused, Reason.SENDER_NOT_ALLOWED),
            (25, None, Retry, Reason.INSUFFICIENT_CREDIT),
            (77, None, Retry, Reason.GATEWAY_UNAVAILABLE),
        ):
            outcome = self.outcome(422, failure(code, parameter))
            self.assertIsInstance(outcome, kind)
            self.assertEqual((outcome.reason, outcome.code or "422"), (reason, outcome.code))
            self.assertIn("because ***", outcome.detail)
        self.assertIsInstance(self.outcome(500, failure(99)), Unknown)

    # ------------------------------------------------------------
    # Webhooks
    # ------------------------------------------------------------

    def token(self, url, body=b"", key=SIGNING_KEY, algorithm="HS256", **claims):
        now = int(time.time())
        claims = {
            "iss": "MessageBird",
            "nbf": now,
            "exp": now + 60,
            "jti": "e92c5038",
            "url_hash": hashlib.sha256(url.encode()).hexdigest(),
            **({"payload_hash": hashlib.sha256(body).hexdigest()} if body else {}),
        } | claims
        return jwt.encode(claims, key, algorithm)

    def signed(self, fields, subject="receipt", method="GET", **signature):
        query = urlencode(fields) if method == "GET" else ""
        body = b"" if method == "GET" else urlencode(fields).encode()
        request = self.call(subject, body, query, method)
        token = self.token(request.url, body, **signature)
        return replace(request, headers={**request.headers, "MessageBird-Signature-JWT": token})

    @given(
        st.dictionaries(st.text(min_size=1), st.text(), max_size=4).filter(
            lambda fields: all(word.isprintable() for pair in fields.items() for word in pair)
        )
    )
    def test_what_their_own_check_takes_is_taken(self, fields):
        for method in ("GET", "POST"):
            request = self.signed(fields, method=method)
            token = request.headers["MessageBird-Signature-JWT"]
            RequestValidator(SIGNING_KEY).validate_signature(token, request.url, request.body)
            self.gateway().verify(request)

    def test_what_their_own_check_refuses_is_refused(self):
        now = int(time.time())
        good = self.signed({"id": "1"}, method="POST")
        token = good.headers["MessageBird-Signature-JWT"]
        none = jwt.encode({"iss": "MessageBird", "nbf": now, "exp": now + 60}, None, "none")
        wrong = [
            replace(good, headers={}),
            *(
                replace(good, headers={"MessageBird-Signature-JWT": other})
                for other in (
                    "x",
                    "a.b.c",
                    "..",
                    "é.é.é",
                    token[:-4],
                    f"{token}.x",
                    none,
                    "bnVsbA.bnVsbA.bnVsbA",
                )
            ),
            replace(good, body=good.body + b"&more=1"),
            replace(good, body=b""),
            replace(good, url=f"{good.url}?more=1"),
            self.signed({"id": "1"}, key="another-signing-key-of-32-bytes"),
            self.signed({"id": "1"}, iss="Somebody"),
            self.signed({"id": "1"}, exp=now - 3600),
            self.signed({"id": "1"}, nbf=now + 3600),
            self.signed({"id": "1"}, url_hash="0" * 64),
        ]
        for call in wrong:
            with self.assertRaises(ValidationError):
                RequestValidator(SIGNING_KEY).validate_signature(
                    call.headers.get("MessageBird-Signature-JWT", ""), call.url, call.body
                )
        self.assert_not_verified(self.gateway(), *wrong)
        for call in wrong:
            self.gateway(signing_key="").verify(call)
        for algorithm in ("HS384", "HS512"):
            self.gateway().verify(self.signed({"id": "1"}, algorithm=algorithm))

    def test_receipts(self):
        fields = {
            "id": MESSAGE,
            "reference": "t0ken_-1",
            "recipient": "32470123456",
            "status": "delivered",
            "statusReason": "successfully delivered",
            "statusDatetime": "2026-01-01T01:00:05+01:00",
            "statusErrorCode": "",
            "messagePartCount": "2",
            "price[amount]": "0.150",
            "price[currency]": "EUR",
        }
        [receipt] = self.gateway().parse_receipts(self.signed(fields))
        self.assertEqual(
            receipt,
            Receipt(
                "t0ken_-1",
                MESSAGE,
                ReceiptStatus.DELIVERED,
                occurred_at=datetime(2026, 1, 1, 0, 0, 5),
                segments=2,
                price=Decimal("0.150"),
                currency="EUR",
            ),
        )
        for status, why, expected, reason in (
            ("sent", "pending DLR", ReceiptStatus.ACCEPTED, None),
            ("buffered", "", ReceiptStatus.ACCEPTED, None),
            ("expired", "", ReceiptStatus.UNDELIVERED, Reason.EXPIRED),
            (
                "delivery_failed",
                "unknown subscriber",
                ReceiptStatus.UNDELIVERED,
                Reason.INVALID_NUMBER,
            ),
            ("delivery_failed", "opted out", ReceiptStatus.UNDELIVERED, Reason.OPTED_OUT),
            ("delivery_failed", "carrier rejected", ReceiptStatus.UNDELIVERED, Reason.BLOCKED),
            ("delivery_failed", "new words", ReceiptStatus.UNDELIVERED, Reason.UNKNOWN),
        ):
            told = fields | {"status": status, "statusReason": why}
            [receipt] = self.gateway().parse_receipts(self.signed(told))
            self.assertEqual((receipt.status, receipt.reason), (expected, reason), why)
        self.assert_passed_over(self.signed(fields | {"status": "exploded"}))

    def test_inbound(self):
        fields = {
            "id": "e8077d80",
            "recipient": "3225550000",
            "originator": "32470123456",
            "body": "Stop 🙂 + it",
            "createdDatetime": "2026-01-01T12:00:00+00:00",
        }
        expected = Inbound(
            "+32470123456",
            "+3225550000",
            "Stop 🙂 + it",
            "e8077d80",
            datetime(2026, 1, 1, 12, 0, 0),
        )
        for method in ("GET", "POST"):
            self.assertEqual(
                self.gateway().parse_inbound(self.signed(fields, "inbound", method)), [expected]
            )
        fields["payload"] = fields.pop("body")
        call = self.call("inbound", json.dumps(fields), Content_Type="application/json")
        self.assertEqual(self.gateway().parse_inbound(call), [expected])
