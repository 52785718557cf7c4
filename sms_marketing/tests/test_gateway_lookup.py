"""Providers that can be asked about a text: what they are asked, and what their records mean."""

import json
import unittest
from datetime import datetime
from decimal import Decimal

from sinch.domains.sms.models.v1.internal import ListBatchesRequest
from sinch.domains.sms.models.v1.response import ListBatchesResponse

from odoo.addons.sms_marketing.gateways.base import (
    Finding,
    LostText,
    Reason,
    Receipt,
    ReceiptStatus,
    get_gateway_class,
)

from .gateway_cases import HTML, ProviderCase, a_text
from .http_player import HttpPlayer, closed_port, reply
from .provider_accounts import SETTINGS
from .provider_contract import check_request

LOST_AT = datetime(2026, 1, 1, 12, 0, 0)
TEXT = a_text()
#: Another text to the same number, that nobody asked about.
STRANGER = {"reference": "another", "client_reference": "another", "body": "x", "messageId": "y"}


class LookupCase:
    """Mixed into a `unittest.TestCase`; class attributes say what is to be tested."""

    provider = ""
    #: name of the list of records in an answer
    listed = ""
    #: a record of `TEXT` as the provider documents it
    record = {}
    #: what it says
    receipt = Receipt()

    at = ProviderCase.at
    account = ProviderCase.account

    @property
    def gateway_class(self):
        return get_gateway_class(self.provider)

    def ask(self, *answer, text=TEXT, **settings):
        """(finding, what the provider heard) of a question that is answered so."""
        with (
            HttpPlayer(lambda heard: reply(*answer)) as player,
            self.at(player.url, **settings) as gateway,
        ):
            [finding] = gateway.lookup([LostText(text, LOST_AT)])
            [heard] = player.heard
            self.assertEqual(heard.method, "GET", "asking changes nothing")
            for secret in (*gateway.secrets, "470123456", "you"):
                self.assertNotIn(secret, finding.problem)
        return finding, heard

    def found(self, *records, **asked):
        """The receipts of a text of which the provider has these records."""
        finding, _heard = self.ask(200, json.dumps({self.listed: records}), **asked)
        self.assertEqual(finding.problem, "")
        return list(finding.receipts)

    def test_it_says_that_it_can_be_asked(self):
        self.assertTrue(self.gateway_class.supports_lookup)

    def test_text_that_it_knows(self):
        self.assertEqual(self.found(self.record), [self.receipt])

    def test_text_that_it_does_not_know(self):
        self.assertEqual(self.found(), [])
        self.assertEqual(self.found(self.record | STRANGER, {}, None, 5, "x", []), [])

    def test_fields_that_are_strange_do_no_harm(self):
        for name in self.record:
            for value in (None, 5, "\x00", [], {}, [{}], True):
                with self.subTest(name=name, value=value):
                    finding, _heard = self.ask(
                        200, json.dumps({self.listed: [self.record | {name: value}]})
                    )
                    for receipt in finding.receipts:
                        self.assertIn(receipt.status, tuple(ReceiptStatus))

    def test_answers_that_are_none_find_nothing(self):
        whole = json.dumps({self.listed: [self.record]})
        for answer in (
            (200, ""),
            (200, HTML),
            (200, "{}"),
            (200, "[]"),
            (200, "null"),
            (200, whole[: len(whole) // 2]),
            (200, json.dumps({self.listed: self.record})),
            (204, ""),
            (301, whole),
            (401, f"No, +32470123456: {' '.join(SETTINGS[self.provider].values())}"),
            (403, HTML),
            (404, whole),
            (429, "Slow down"),
            (500, whole),
            (503, ""),
        ):
            with self.subTest(answer=answer):
                finding, _heard = self.ask(*answer)
                self.assertEqual(finding.receipts, ())
                self.assertIn(str(answer[0]), finding.problem)

    def test_nobody_listens(self):
        with self.at(f"http://127.0.0.1:{closed_port()}") as gateway:
            [finding] = gateway.lookup([LostText(TEXT, LOST_AT)])
        self.assertEqual(finding.receipts, ())
        self.assertIn("refused", finding.problem)

    def test_many_at_once_each_with_its_own_answer(self):
        def play(heard):
            good = json.dumps({self.listed: [self.record]})
            return reply(200, good) if self.asks_for_text(heard) else reply(500)

        other = a_text(reference="other", number="+32470999999")
        with HttpPlayer(play) as player, self.at(player.url) as gateway:
            findings = gateway.lookup([LostText(one, LOST_AT) for one in (other, TEXT, other)])
        self.assertEqual([len(one.receipts) for one in findings], [0, 1, 0])
        self.assertEqual(findings[1], Finding((self.receipt,)))

    def asks_for_text(self, heard):
        return any("t0ken_-1" in value or "0123456" in value for value in heard.fields.values())


class TestTwilioLookup(LookupCase, unittest.TestCase):
    provider = "twilio"
    listed = "messages"
    record = {
        "sid": "SM" + "a" * 32,
        "body": TEXT.body,
        "direction": "outbound-api",
        "from": TEXT.sender,
        "to": TEXT.number,
        "status": "delivered",
        "date_created": "Thu, 01 Jan 2026 11:59:46 +0000",
        "date_updated": "Thu, 01 Jan 2026 11:59:50 +0000",
        "num_segments": "2",
        "price": "-0.01500",
        "price_unit": "usd",
        "error_code": None,
    }
    receipt = Receipt(
        provider_reference="SM" + "a" * 32,
        status=ReceiptStatus.DELIVERED,
        occurred_at=datetime(2026, 1, 1, 11, 59, 50),
        segments=2,
        price=Decimal("0.015"),
        currency="USD",
    )

    def test_request(self):
        _finding, heard = self.ask(200, json.dumps({"messages": []}))
        path = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
        check_request(self, "twilio_api_v2010.json", path, heard)
        self.assertEqual(
            heard.fields, {"To": "+32470123456", "From": "+3225550000", "PageSize": "20"}
        )

    def test_pool_of_senders_may_have_used_any(self):
        _finding, heard = self.ask(
            200, json.dumps({"messages": []}), messaging_service="MG" + "a" * 32
        )
        self.assertNotIn("From", heard.fields)

    def test_only_a_text_that_looks_the_same_and_went_out_then(self):
        for other in (
            {"body": TEXT.body + "."},
            {"to": "+32470123457"},
            {"direction": "inbound"},
            {"date_created": "Thu, 01 Jan 2026 10:59:00 +0000"},
            {"date_created": "Thu, 01 Jan 2026 12:03:00 +0000"},
            {"date_created": None},
            {"sid": None},
            {"status": "exploded"},
        ):
            with self.subTest(other=other):
                self.assertEqual(self.found(self.record | other), [])
        self.assertEqual(len(self.found(self.record, self.record | {"sid": "SM2"})), 2)
        self.assertEqual(self.found(self.record | {"body": ""}, text=a_text(body="")), [])

    def test_text_that_was_taken_and_failed(self):
        failed = {"status": "undelivered", "error_code": 30006, "price": None, "num_segments": "0"}
        [receipt] = self.found(self.record | failed)
        self.assertEqual(receipt.status, ReceiptStatus.UNDELIVERED)
        self.assertEqual((receipt.reason, receipt.code), (Reason.LANDLINE, "30006"))
        self.assertEqual((receipt.segments, receipt.price, receipt.currency), (None, None, None))


class TestMessageBirdLookup(LookupCase, unittest.TestCase):
    provider = "messagebird"
    listed = "items"
    #: As in the example of the API description.
    record = {
        "id": "cea5a8d4a82f4b7bb4a053296d5a9ba1",
        "direction": "mt",
        "type": "sms",
        "originator": "3225550000",
        "body": TEXT.body,
        "reference": "t0ken_-1",
        "createdDatetime": "2026-01-01T11:59:46+00:00",
        "recipients": {
            "totalCount": 1,
            "items": [
                {
                    "recipient": 32470123456,
                    "status": "delivered",
                    "statusDatetime": "2026-01-01T11:59:50+00:00",
                    "statusErrorCode": None,
                    "statusReason": "successfully delivered",
                    "price": {"amount": 0.07, "currency": "EUR"},
                    "messagePartCount": 2,
                }
            ],
        },
    }
    receipt = Receipt(
        "t0ken_-1",
        "cea5a8d4a82f4b7bb4a053296d5a9ba1",
        ReceiptStatus.DELIVERED,
        occurred_at=datetime(2026, 1, 1, 11, 59, 50),
        segments=2,
        price=Decimal("0.07"),
        currency="EUR",
    )

    def test_request(self):
        _finding, heard = self.ask(200, json.dumps({"items": []}))
        check_request(self, "messagebird_sms.yaml", "/messages", heard)
        self.assertEqual(
            heard.fields,
            {
                "recipient": "32470123456",
                "direction": "mt",
                "from": "2026-01-01T11:00:00Z",
                "limit": "20",
            },
        )

    def test_states(self):
        for status, why, expected, reason in (
            ("sent", None, ReceiptStatus.ACCEPTED, None),
            ("something new", None, ReceiptStatus.ACCEPTED, None),
            ("delivery_failed", "opted out", ReceiptStatus.UNDELIVERED, Reason.OPTED_OUT),
            ("expired", None, ReceiptStatus.UNDELIVERED, Reason.EXPIRED),
        ):
            of_number = {"status": status, "statusReason": why}
            [receipt] = self.found(self.record | {"recipients": {"items": [of_number]}})
            self.assertEqual((receipt.status, receipt.reason), (expected, reason), status)
            self.assertEqual((receipt.price, receipt.currency), (None, None))


class TestSinchLookup(LookupCase, unittest.TestCase):
    provider = "sinch"
    listed = "batches"
    record = {
        "id": "01FC66621XXXXX119Z8PMV1QPQ",
        "to": ["32470123456"],
        "from": "3225550000",
        "body": TEXT.body,
        "type": "mt_text",
        "canceled": False,
        "created_at": "2026-01-01T11:59:46.000Z",
        "client_reference": "t0ken_-1",
    }
    receipt = Receipt("t0ken_-1", "01FC66621XXXXX119Z8PMV1QPQ", ReceiptStatus.ACCEPTED)

    def test_request(self):
        answer = {"count": 1, "page": 0, "page_size": 1, "batches": [self.record]}
        # Their own client knows each of these fields, and reads this answer.
        ListBatchesResponse.model_validate(answer)
        _finding, heard = self.ask(200, json.dumps(answer))
        self.assertEqual(
            heard.fields,
            {
                "client_reference": "t0ken_-1",
                "start_date": "2026-01-01T11:00:00Z",
                "page_size": "5",
            },
        )
        self.assertLessEqual(heard.fields.keys(), ListBatchesRequest.model_fields.keys())

    def test_batch_that_somebody_has_cancelled_does_not_count(self):
        self.assertEqual(self.found(self.record | {"canceled": True}), [])


class TestInfobipLookup(LookupCase, unittest.TestCase):
    provider = "infobip"
    listed = "results"
    record = {
        "destination": "32470123456",
        "bulkId": "b1",
        "messageId": "t0ken_-1-1",
        "sentAt": "2026-01-01T13:59:46.000+0200",
        "doneAt": "2026-01-01T13:59:50.000+0200",
        "messageCount": 2,
        "price": {"pricePerMessage": 0.04, "currency": "EUR"},
        "status": {"groupId": 3, "groupName": "DELIVERED", "id": 5, "name": "DELIVERED_TO_HANDSET"},
        "error": {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "permanent": False},
        "content": {"text": TEXT.body},
    }
    receipt = Receipt(
        "t0ken_-1",
        "t0ken_-1-1",
        ReceiptStatus.DELIVERED,
        occurred_at=datetime(2026, 1, 1, 11, 59, 50),
        segments=2,
        price=Decimal("0.08"),
        currency="EUR",
    )

    def test_request(self):
        _finding, heard = self.ask(200, json.dumps({"results": []}))
        self.assertEqual(heard.target, "/sms/3/logs?messageId=t0ken_-1-1")

    def test_each_attempt_has_an_identifier_of_its_own(self):
        self.assertEqual(self.found(self.record, text=a_text(attempt=2)), [])

    def test_states(self):
        for group, name, expected, reason in (
            ("PENDING", "PENDING_ACCEPTED", ReceiptStatus.ACCEPTED, None),
            (
                "UNDELIVERABLE",
                "UNDELIVERABLE_NOT_DELIVERED",
                ReceiptStatus.UNDELIVERED,
                Reason.UNREACHABLE,
            ),
            (
                "REJECTED",
                "REJECTED_NOT_ENOUGH_CREDITS",
                ReceiptStatus.REJECTED,
                Reason.INSUFFICIENT_CREDIT,
            ),
        ):
            status = {"groupName": group, "name": name}
            [receipt] = self.found(self.record | {"status": status})
            self.assertEqual((receipt.status, receipt.reason), (expected, reason), name)

    def test_state_that_is_not_documented_is_said(self):
        status = {"status": {"groupName": "EXPLODED"}}
        finding, _heard = self.ask(200, json.dumps({"results": [self.record | status]}))
        self.assertEqual(finding.receipts, ())
        self.assertIn("EXPLODED", finding.problem)


class TestNoLookup(unittest.TestCase):
    def test_provider_that_cannot_be_asked_finds_nothing(self):
        for provider in ("vonage", "plivo", "kannel", "generic"):
            gateway_class = get_gateway_class(provider)
            self.assertFalse(gateway_class.supports_lookup)
            account = ProviderCase.account
            case = type("Case", (ProviderCase,), {"provider": provider, "account": account})()
            with case.gateway() as gateway:
                self.assertEqual(gateway.lookup([LostText(TEXT, LOST_AT)]), [Finding()])
