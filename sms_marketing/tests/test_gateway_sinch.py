"""Sinch: what is asked of it, what its answers mean, and what it calls us with."""

import json
import unittest
from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st
from sinch import SinchClient
from sinch.domains.authentication.sinch_events.v1.authentication_validation import (
    calculate_sinch_event_signature,
    compute_signed_data,
)
from sinch.domains.sms.models.v1.response import RecipientDeliveryReport
from sinch.domains.sms.models.v1.shared.mo_text_message import MOTextMessage
from sinch.domains.sms.models.v1.shared.text_request import TextRequest
from sinch.domains.sms.sinch_events.v1.sms_sinch_event import SmsSinchEvent

from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Inbound,
    Reason,
    Receipt,
    ReceiptStatus,
    Refused,
    Retry,
)
from odoo.addons.sms_marketing.gateways.errors import ConfigurationError, MalformedRequest

from .gateway_cases import ProviderCase, a_text
from .http_player import HttpPlayer, reply
from .provider_accounts import CALLBACK, SETTINGS

PLAN = SETTINGS["sinch"]["service_plan"]
TOKEN = SETTINGS["sinch"]["api_token"]
SECRET = SETTINGS["sinch"]["webhook_secret"]
BATCH = "01FC66621XXXXX119Z8PMV1QPQ"

REPORT = {
    "type": "recipient_delivery_report_sms",
    "batch_id": BATCH,
    "recipient": "32470123456",
    "code": 0,
    "status": "Delivered",
    "at": "2026-01-01T00:00:07.720Z",
    "operator_status_at": "2026-01-01T00:00:05.000Z",
    "applied_originator": "3225550000",
    "client_reference": "t0ken_-1",
    "number_of_message_parts": 2,
}
MO_TEXT = {
    "type": "mo_text",
    "id": "01XXXXX21XXXXX119Z8P1XXXXX",
    "from": "32470123456",
    "to": "3225550000",
    "body": "Stop 🙂 it",
    "received_at": "2026-01-01T12:00:00.000Z",
}


class TestSinch(ProviderCase, unittest.TestCase):
    provider = "sinch"
    taken = (201, json.dumps({"id": BATCH, "to": ["32470123456"], "canceled": False}))
    login_refused = (401, "")
    connected = (200, json.dumps({"batches": [], "count": 0, "page": 0, "page_size": 0}))

    def test_request(self):
        heard = self.heard()
        self.assertEqual((heard.method, heard.target), ("POST", f"/xms/v1/{PLAN}/batches"))
        self.assertEqual(heard.headers["authorization"], f"Bearer {TOKEN}")
        sent = json.loads(heard.body)
        self.assertEqual(
            sent,
            {
                "from": "3225550000",
                "to": ["32470123456"],
                "body": a_text().body,
                "client_reference": "t0ken_-1",
                "delivery_report": "per_recipient",
                "callback_url": f"{CALLBACK}/receipt?reference=t0ken_-1",
            },
        )
        # Their own client knows each of these fields, and would write the same.
        request = TextRequest.model_validate(
            {("from_" if name == "from" else name): value for name, value in sent.items()}
        )
        theirs = request.model_dump(by_alias=True, exclude_none=True)
        self.assertLessEqual(sent.keys(), theirs.keys())
        self.assertLessEqual(
            sent.keys(),
            {field.alias or name for name, field in TextRequest.model_fields.items()},
        )

    def test_player_is_understood_by_their_own_client(self):
        with HttpPlayer(
            lambda heard: reply(*self.taken, Content_Type="application/json")
        ) as player:
            ours = self.heard(callback="")
            client = SinchClient(service_plan_id=PLAN, sms_api_token=TOKEN, sms_region="eu")
            server = player.url.removesuffix("/cgi-bin/sendsms")
            client.configuration.sms_domain_with_service_plan_id = server
            fields = json.loads(ours.body)
            batch = client.sms.batches.send_sms(from_=fields.pop("from"), **fields)
        self.assertEqual(batch.id, BATCH)
        [theirs] = player.heard
        self.assertEqual(theirs.target, ours.target)
        self.assertEqual(theirs.headers["authorization"], ours.headers["authorization"])
        self.assertLessEqual(json.loads(ours.body).items(), json.loads(theirs.body).items())

    def test_without_a_public_address_no_receipts_are_asked_for(self):
        self.assertNotIn("callback_url", json.loads(self.heard(callback="").body))

    def test_region_decides_about_the_server(self):
        self.assertEqual(self.gateway(region="br").url, "https://br.sms.api.sinch.com")
        for region in ("mars", "eu.evil.example/"):
            with self.assertRaises(ConfigurationError):
                self.gateway(region=region)

    def test_service_plan_cannot_leave_its_place(self):
        heard = self.heard(service_plan="../x?y#z")
        self.assertEqual(heard.target, "/xms/v1/..%2Fx%3Fy%23z/batches")

    def test_accepted(self):
        self.assertEqual(self.outcome(*self.taken), Accepted(BATCH))

    def test_errors(self):
        for status, code, kind, reason in (
            (400, "syntax_invalid_parameter_format", Refused, Reason.INVALID_REQUEST),
            (400, "syntax_constraint_violation", Refused, Reason.INVALID_REQUEST),
            (400, "something_new", Retry, Reason.GATEWAY_UNAVAILABLE),
            (403, "forbidden", Retry, Reason.CREDENTIALS),
        ):
            outcome = self.outcome(status, json.dumps({"code": code, "text": f"No, {TOKEN}"}))
            self.assertIsInstance(outcome, kind)
            self.assertEqual(outcome.reason, reason)
            self.assertIn("No, ***", outcome.detail)

    # ------------------------------------------------------------
    # Webhooks
    # ------------------------------------------------------------

    def signed(self, document, secret=SECRET, nonce="01FJA8B4A7BM43YGWSG9GBV067"):
        """A call as Sinch makes it, signed by their own code."""
        body = document if isinstance(document, str) else json.dumps(document)
        signed = compute_signed_data(body, nonce, "1634579353")
        name = "X-Sinch-Webhook-Signature"
        headers = {
            "Content-Type": "application/json",
            name: calculate_sinch_event_signature(signed, secret),
            f"{name}-Nonce": nonce,
            f"{name}-Timestamp": "1634579353",
            f"{name}-Algorithm": "HmacSHA256",
        }
        return replace(self.call(body=body), headers=headers)

    @given(st.text(st.characters(codec="utf-8")))
    def test_their_signatures_are_good_whatever_is_signed(self, body):
        request = self.signed(body)
        self.gateway().verify(request)

    def test_signature_that_is_missing_or_wrong(self):
        good = self.signed(REPORT)
        self.gateway().verify(good)
        checker = SmsSinchEvent(SECRET)
        self.assertTrue(checker.validate_authentication_header(good.headers, good.body))
        wrong = [
            replace(good, headers={}),
            replace(good, body=good.body + b" "),
            self.signed(REPORT, secret="another"),
            self.signed(REPORT, nonce=""),
            replace(good, headers={**good.headers, "X-Sinch-Webhook-Signature": "schön ☃"}),
        ]
        self.assert_not_verified(self.gateway(), *wrong)
        for call in wrong:
            self.gateway(webhook_secret="").verify(call)

    def test_receipts(self):
        RecipientDeliveryReport.model_validate(REPORT)
        [receipt] = self.gateway().parse_receipts(self.signed(REPORT))
        self.assertEqual(
            receipt,
            Receipt(
                "t0ken_-1",
                BATCH,
                ReceiptStatus.DELIVERED,
                occurred_at=datetime(2026, 1, 1, 0, 0, 5),
                segments=2,
            ),
        )
        for status, code, expected, reason in (
            ("Queued", 400, ReceiptStatus.ACCEPTED, None),
            ("Dispatched", 401, ReceiptStatus.ACCEPTED, None),
            ("Unknown", 415, ReceiptStatus.ACCEPTED, None),
            ("Failed", 404, ReceiptStatus.UNDELIVERED, Reason.UNREACHABLE),
            ("Failed", 402, ReceiptStatus.UNDELIVERED, Reason.COUNTRY_NOT_ALLOWED),
            ("Expired", 9999, ReceiptStatus.UNDELIVERED, Reason.EXPIRED),
            ("Deleted", 9999, ReceiptStatus.UNDELIVERED, Reason.UNKNOWN),
            ("Rejected", 9999, ReceiptStatus.REJECTED, Reason.BLOCKED),
            ("Aborted", 411, ReceiptStatus.REJECTED, Reason.INVALID_REQUEST),
        ):
            told = REPORT | {"status": status, "code": code}
            [receipt] = self.gateway().parse_receipts(self.signed(told))
            self.assertEqual((receipt.status, receipt.reason), (expected, reason), status)
        self.assert_passed_over(self.signed(REPORT | {"status": "Exploded"}))
        for wrong in ({"type": "delivery_report_sms"}, {"batch_id": None}):
            with self.assertRaises(MalformedRequest):
                self.gateway().parse_receipts(self.signed(REPORT | wrong))

    def test_inbound(self):
        MOTextMessage.model_validate(MO_TEXT)
        [text] = self.gateway().parse_inbound(self.signed(MO_TEXT))
        self.assertEqual(
            text,
            Inbound(
                "+32470123456",
                "+3225550000",
                "Stop 🙂 it",
                MO_TEXT["id"],
                datetime(2026, 1, 1, 12, 0, 0),
            ),
        )
        self.assertEqual(text.body, "Stop 🙂 it")
        binary = MO_TEXT | {"type": "mo_binary", "body": "U1RPUA==", "udh": "00"}
        self.assertEqual(self.gateway().parse_inbound(self.signed(binary))[0].body, "")
        with self.assertRaises(MalformedRequest):
            self.gateway().parse_inbound(self.signed(MO_TEXT | {"type": "mo_smoke"}))
