"""Infobip: what is asked of it, what its answers mean, and what it calls us with."""

import json
import unittest
from datetime import datetime
from decimal import Decimal

from infobip_api_client import ApiClient, Configuration
from infobip_api_client.api.sms_api import SmsApi
from infobip_api_client.models import (
    SmsDeliveryResult,
    SmsInboundMessageResult,
    SmsRequest,
    SmsResponse,
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
from odoo.addons.sms_marketing.gateways.errors import ConfigurationError, MalformedRequest

from .gateway_cases import ProviderCase, a_text
from .http_player import HttpPlayer, reply
from .provider_accounts import CALLBACK, SETTINGS

KEY = SETTINGS["infobip"]["api_key"]


def answer(group="PENDING", name="PENDING_ACCEPTED", parts=2):
    status = {"groupId": 1, "groupName": group, "id": 26, "name": name, "description": KEY}
    message = {"messageId": "t0ken_-1-1", "status": status, "destination": "32470123456"}
    if parts:
        message["details"] = {"messageCount": parts}
    return json.dumps({"bulkId": "b1", "messages": [message]})


def report(group="DELIVERED", name="DELIVERED_TO_HANDSET", error="NO_ERROR", **fields):
    return {
        "bulkId": "b1",
        "messageId": "t0ken_-1-1",
        "to": "32470123456",
        "sentAt": "2026-01-01T01:00:00.000+0100",
        "doneAt": "2026-01-01T01:00:05.123+0100",
        "messageCount": 2,
        "price": {"pricePerMessage": 0.04, "currency": "EUR"},
        "status": {"groupId": 3, "groupName": group, "id": 5, "name": name},
        "error": {"groupId": 0, "groupName": "OK", "id": 0, "name": error, "permanent": False},
        "callbackData": "t0ken_-1",
    } | fields


class TestInfobip(ProviderCase, unittest.TestCase):
    provider = "infobip"
    taken = (200, answer())
    login_refused = (401, '{"requestError": {"serviceException": {"messageId": "UNAUTHORIZED"}}}')
    connected = (200, json.dumps({"balance": 47.79134, "currency": "EUR"}))

    def test_request(self):
        heard = self.heard(a_text(attempt=3))
        self.assertEqual((heard.method, heard.target), ("POST", "/sms/3/messages"))
        self.assertEqual(heard.headers["authorization"], f"App {KEY}")
        sent = json.loads(heard.body)
        self.assertEqual(
            sent,
            {
                "messages": [
                    {
                        "sender": "3225550000",
                        "destinations": [{"to": "32470123456", "messageId": "t0ken_-1-3"}],
                        "content": {"text": a_text().body},
                        "webhooks": {
                            "callbackData": "t0ken_-1",
                            "delivery": {"url": f"{CALLBACK}/receipt"},
                        },
                    }
                ]
            },
        )
        # Their own client reads the same in it: a field that it does not know would be lost.
        self.assertEqual(SmsRequest.from_dict(sent).to_dict(), sent)

    def test_player_is_understood_by_their_own_client(self):
        with HttpPlayer(
            lambda heard: reply(*self.taken, Content_Type="application/json")
        ) as player:
            ours = self.heard(callback="")
            client = ApiClient(
                Configuration(
                    host=player.url.removesuffix("/cgi-bin/sendsms"),
                    api_key={"APIKeyHeader": KEY},
                    api_key_prefix={"APIKeyHeader": "App"},
                )
            )
            answer = SmsApi(client).send_sms_messages(SmsRequest.from_json(ours.body))
        self.assertEqual(answer.messages[0].message_id, "t0ken_-1-1")
        [theirs] = player.heard
        self.assertEqual(theirs.target, ours.target)
        self.assertEqual(theirs.headers["authorization"], ours.headers["authorization"])
        self.assertEqual(json.loads(theirs.body), json.loads(ours.body))

    def test_without_a_public_address_no_receipts_are_asked_for(self):
        self.assertNotIn(b"delivery", self.heard(callback="").body)

    def test_base_url(self):
        for written in ("xyz12.api.infobip.com", " https://XYZ12.api.infobip.com/ "):
            self.assertEqual(self.gateway(base_url=written).url, "https://xyz12.api.infobip.com")
        self.assertEqual(self.gateway(base_url="api.infobip.com").url, "https://api.infobip.com")
        for written in (
            "http://xyz12.api.infobip.com",
            "https://api.infobip.com.evil.example",
            "https://evil.example/api.infobip.com",
            "https://user:pass@xyz12.api.infobip.com",
            "https://xyz12.api.infobip.com/sms?x=1",
            "https://[::1",
            "nonsense",
        ):
            with self.assertRaises(ConfigurationError, msg=written):
                self.gateway(base_url=written)

    def test_accepted(self):
        SmsResponse.from_json(answer())
        self.assertEqual(self.outcome(*self.taken), Accepted("t0ken_-1-1", segments=2))
        self.assertEqual(self.outcome(200, answer(parts=0)), Accepted("t0ken_-1-1"))

    def test_refusals(self):
        for name, kind, reason in (
            ("REJECTED_DESTINATION", Refused, Reason.BLOCKED),
            ("REJECTED_SENDER", Refused, Reason.SENDER_NOT_ALLOWED),
            ("REJECTED_MESSAGE_TOO_LONG", Refused, Reason.INVALID_REQUEST),
            ("REJECTED_SOMETHING_NEW", Refused, Reason.UNKNOWN),
            ("REJECTED_NOT_ENOUGH_CREDITS", Retry, Reason.INSUFFICIENT_CREDIT),
        ):
            outcome = self.outcome(200, answer("REJECTED", name))
            self.assertIsInstance(outcome, kind)
            self.assertEqual((outcome.reason, outcome.code), (reason, name))

    def receipts(self, *reports):
        document = {"results": list(reports)}
        SmsDeliveryResult.from_dict(document)
        call = self.call(body=json.dumps(document), Content_Type="application/json")
        return self.gateway().parse_receipts(call)

    def test_many_receipts_in_one_call(self):
        first, second = self.receipts(
            report(), report("REJECTED", "REJECTED_DND", messageId="m2", callbackData="t2")
        )
        self.assertEqual(
            first,
            Receipt(
                "t0ken_-1",
                "t0ken_-1-1",
                ReceiptStatus.DELIVERED,
                occurred_at=datetime(2026, 1, 1, 0, 0, 5),
                segments=2,
                price=Decimal("0.08"),
                currency="EUR",
            ),
        )
        self.assertEqual((second.reference, second.reason), ("t2", Reason.BLOCKED))
        self.assertEqual(self.receipts(), [])

    def test_receipts(self):
        for group, name, error, expected, reason in (
            ("PENDING", "PENDING_ENROUTE", "NO_ERROR", ReceiptStatus.ACCEPTED, None),
            ("EXPIRED", "EXPIRED_EXPIRED", "NO_ERROR", ReceiptStatus.UNDELIVERED, Reason.EXPIRED),
            (
                "UNDELIVERABLE",
                "UNDELIVERABLE_NOT_DELIVERED",
                "EC_UNKNOWN_SUBSCRIBER",
                ReceiptStatus.UNDELIVERED,
                Reason.INVALID_NUMBER,
            ),
            (
                "UNDELIVERABLE",
                "UNDELIVERABLE_REJECTED_OPERATOR",
                "EC_ABSENT_SUBSCRIBER",
                ReceiptStatus.UNDELIVERED,
                Reason.UNREACHABLE,
            ),
            ("REJECTED", "REJECTED_NEW", "EC_NEW", ReceiptStatus.REJECTED, Reason.UNKNOWN),
        ):
            [receipt] = self.receipts(report(group, name, error))
            self.assertEqual((receipt.status, receipt.reason), (expected, reason), name)
        odd = {"results": [report(status=None), report(messageId="")]}
        for document in (odd, {"results": {}}, {"results": ["x"]}):
            call = self.call(body=json.dumps(document), Content_Type="application/json")
            with self.assertRaises(MalformedRequest):
                self.gateway().parse_receipts(call)

    def test_results_that_cannot_be_read_cost_no_others(self):
        good = [report(messageId=f"m{number}") for number in range(97)]
        bad = [report(status=None), report(messageId=""), report("EXPLODED")]
        document = {"results": [*good[:50], *bad, *good[50:]]}
        call = self.call(body=json.dumps(document), Content_Type="application/json")
        with self.assertLogs("odoo.addons.sms_marketing.gateways", "WARNING") as logs:
            read = self.gateway().parse_receipts(call)
        self.assertEqual([one.provider_reference for one in read], [f"m{n}" for n in range(97)])
        for words in ("32470123456", "t0ken_"):
            self.assertNotIn(words, "".join(logs.output))

    def test_new_status_is_passed_over(self):
        call = self.call(
            body=json.dumps({"results": [report("EXPLODED")]}), Content_Type="application/json"
        )
        self.assert_passed_over(call)

    def test_inbound(self):
        result = {
            "messageId": "817790313235066447",
            "from": "32470123456",
            "to": "3225550000",
            "text": "Stop 🙂 it",
            "cleanText": "it",
            "keyword": "STOP",
            "receivedAt": "2026-01-01T12:00:00.000+0000",
            "smsCount": 1,
        }
        document = {"results": [result, result | {"messageId": "2", "text": "Hi"}]}
        SmsInboundMessageResult.from_dict(document)
        call = self.call("inbound", json.dumps(document), Content_Type="application/json")
        first, second = self.gateway().parse_inbound(call)
        self.assertEqual(
            first,
            Inbound(
                "+32470123456",
                "+3225550000",
                "Stop 🙂 it",
                "817790313235066447",
                datetime(2026, 1, 1, 12, 0, 0),
            ),
        )
        self.assertEqual((second.body, second.reference), ("Hi", "2"))
