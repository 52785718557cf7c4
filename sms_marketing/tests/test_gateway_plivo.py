"""Plivo: what is asked of it, what its answers mean, and what it calls us with."""

import base64
import hmac
import json
import unittest
from dataclasses import replace
from decimal import Decimal
from unittest.mock import patch
from urllib.parse import urlencode

import plivo
from hypothesis import given
from hypothesis import strategies as st
from plivo.utils import validate_signature
from plivo.utils.signature_v3 import (
    construct_get_url,
    construct_post_url,
    get_signature_v3,
    validate_v3_signature,
)

from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Inbound,
    Reason,
    Receipt,
    ReceiptStatus,
    Refused,
    Retry,
)
from odoo.addons.sms_marketing.gateways.plivo import signature_v2, signature_v3

from .gateway_cases import ProviderCase, a_text
from .http_player import HttpPlayer, reply
from .provider_accounts import CALLBACK, SETTINGS

AUTH_ID = SETTINGS["plivo"]["auth_id"]
TOKEN = SETTINGS["plivo"]["auth_token"]
UUID = "db3ce55a-7f1d-11e1-8ea7-1231380bc196"
QUEUED = {"message": "message(s) queued", "message_uuid": [UUID], "api_id": "db342550"}
NONCE = "05429567804466091622"
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


class TestPlivo(ProviderCase, unittest.TestCase):
    provider = "plivo"
    taken = (202, json.dumps(QUEUED))
    login_refused = (401, "Could not verify your access level for that URL.")
    connected = (200, json.dumps({"cash_credits": "12.50", "name": "Shop"}))

    def test_request(self):
        heard = self.heard()
        self.assertEqual(heard.target, f"/v1/Account/{AUTH_ID}/Message/")
        self.assertEqual(heard.headers["content-type"], "application/json")
        login = base64.b64encode(f"{AUTH_ID}:{TOKEN}".encode()).decode()
        self.assertEqual(heard.headers["authorization"], f"Basic {login}")
        self.assertEqual(
            json.loads(heard.body),
            {
                "src": "3225550000",
                "dst": "32470123456",
                "text": a_text().body,
                "url": f"{CALLBACK}/receipt?reference=t0ken_-1",
                "method": "POST",
            },
        )

    def test_powerpack_chooses_the_sender(self):
        fields = json.loads(self.heard(powerpack=UUID, callback="").body)
        self.assertEqual(fields["powerpack_uuid"], UUID)
        self.assertEqual(set(fields), {"powerpack_uuid", "dst", "text"})

    def test_same_request_as_their_own_client_makes(self):
        with HttpPlayer(lambda heard: reply(*self.taken)) as player:
            server = player.url.removesuffix("/cgi-bin/sendsms")
            with (
                patch("plivo.rest.client.PLIVO_API", server),
                patch("plivo.rest.client.PLIVO_API_BASE_URI", f"{server}/v1/Account"),
            ):
                client = plivo.RestClient(AUTH_ID, TOKEN)
                answer = client.messages.create(
                    src="3225550000",
                    dst="32470123456",
                    text="Hi",
                    url=f"{CALLBACK}/receipt?reference=t0ken_-1",
                )
        self.assertEqual(answer.message_uuid, [UUID])
        [theirs] = player.heard
        ours = self.heard(a_text(body="Hi"))
        self.assertEqual(theirs.target, ours.target)
        self.assertLessEqual(json.loads(ours.body).items(), json.loads(theirs.body).items())

    def test_accepted(self):
        self.assertEqual(self.outcome(*self.taken), Accepted(UUID))

    def test_errors(self):
        for status, kind, reason in (
            (400, Refused, Reason.INVALID_REQUEST),
            (402, Retry, Reason.INSUFFICIENT_CREDIT),
            (403, Retry, Reason.CREDENTIALS),
            (404, Retry, Reason.GATEWAY_UNAVAILABLE),
        ):
            outcome = self.outcome(status, json.dumps({"api_id": "x", "error": f"No, {TOKEN}"}))
            self.assertIsInstance(outcome, kind)
            self.assertEqual(outcome.reason, reason)
            self.assertIn("No, ***", outcome.detail)

    # ------------------------------------------------------------
    # Webhooks
    # ------------------------------------------------------------

    def signed(self, fields, subject="receipt", query="reference=t0ken_-1", token=TOKEN):
        """A call as Plivo makes it, signed by their own code."""
        request = self.call(subject, urlencode(fields), query)
        base = construct_post_url(request.url, fields).decode()
        signature = get_signature_v3(token.encode(), base, NONCE).decode()
        return self.with_signature(request, "V3", signature)

    def with_signature(self, request, version, signature, nonce=NONCE):
        name = f"X-Plivo-Signature-{version}"
        headers = {**request.headers, name: signature, f"{name}-Nonce": nonce}
        return replace(request, headers=headers)

    @given(st.dictionaries(TEXT, TEXT, max_size=6))
    def test_their_signatures_are_good_whatever_is_signed(self, fields):
        for query in ("reference=t0ken_-1", "", "b=2&a=1&a=0"):
            self.gateway().verify(self.signed(fields, query=query))

    @given(st.dictionaries(TEXT, TEXT, max_size=6))
    def test_their_check_takes_our_signatures(self, fields):
        url = f"{CALLBACK}/receipt?reference=t0ken_-1"
        ours = signature_v3(TOKEN, "POST", url, fields, NONCE).decode()
        self.assertTrue(validate_v3_signature("POST", url, NONCE, TOKEN, ours, dict(fields)))

    def test_signature_of_a_get(self):
        request = self.call(query="a=1&b=2", method="GET")
        base = construct_get_url(request.url, {}).decode()
        signature = get_signature_v3(TOKEN.encode(), base, NONCE).decode()
        self.gateway().verify(self.with_signature(request, "V3", f"other, {signature}"))

    def test_second_kind_of_signature(self):
        request = self.call(query="reference=x")
        signature = signature_v2(TOKEN, "POST", request.url, {}, NONCE).decode()
        self.assertTrue(validate_signature(request.url, NONCE, signature, TOKEN))
        self.gateway().verify(self.with_signature(request, "V2", signature))

    def test_signature_that_is_missing_or_wrong(self):
        good = self.signed({"MessageUUID": UUID, "Status": "delivered"})
        self.gateway().verify(good)
        unsigned = base64.b64encode(hmac.digest(TOKEN.encode(), b"", "sha256")).decode()
        self.assert_not_verified(
            self.gateway(),
            replace(good, headers={}),
            replace(good, body=good.body + b"&more=1"),
            replace(good, url=good.url.replace("t0ken", "t1ken")),
            self.signed({"MessageUUID": UUID}, token="another"),
            self.with_signature(good, "V3", "schön ☃"),
            self.with_signature(good, "V3", unsigned, nonce=""),
            self.with_signature(good, "V3", good.headers["X-Plivo-Signature-V3"], nonce="1"),
        )

    def test_receipts(self):
        fields = {
            "From": "3225550000",
            "To": "32470123456",
            "MessageUUID": UUID,
            "Status": "delivered",
            "Units": "2",
            "TotalAmount": "0.01100",
            "TotalRate": "0.00550",
            "ErrorCode": "",
        }
        [receipt] = self.gateway().parse_receipts(self.signed(fields))
        self.assertEqual(
            receipt,
            Receipt(
                "t0ken_-1",
                UUID,
                ReceiptStatus.DELIVERED,
                segments=2,
                price=Decimal("0.01100"),
                currency="USD",
            ),
        )
        for status, code, expected, reason in (
            ("queued", "", ReceiptStatus.ACCEPTED, None),
            ("sent", "000", ReceiptStatus.ACCEPTED, None),
            ("undelivered", "80", ReceiptStatus.UNDELIVERED, Reason.UNREACHABLE),
            ("undelivered", "50", ReceiptStatus.UNDELIVERED, Reason.INVALID_NUMBER),
            ("failed", "200", ReceiptStatus.REJECTED, Reason.OPTED_OUT),
            ("rejected", "30", ReceiptStatus.REJECTED, Reason.SPAM),
            ("failed", "4711", ReceiptStatus.REJECTED, Reason.UNKNOWN),
        ):
            told = fields | {"Status": status, "ErrorCode": code}
            [receipt] = self.gateway().parse_receipts(self.signed(told))
            self.assertEqual((receipt.status, receipt.reason), (expected, reason), status)
        self.assert_passed_over(self.signed(fields | {"Status": "exploded"}))

    def test_inbound(self):
        fields = {
            "From": "32470123456",
            "To": "3225550000",
            "Type": "sms",
            "Text": "Stop 🙂 + it",
            "MessageUUID": UUID,
        }
        [text] = self.gateway().parse_inbound(self.signed(fields, "inbound", ""))
        self.assertEqual(text, Inbound("+32470123456", "+3225550000", "Stop 🙂 + it", UUID))
        self.assertEqual(text.body, "Stop 🙂 + it")
