"""Kannel: what is asked of it, what its answers mean, and what it calls us with."""

import unittest
from datetime import datetime
from urllib.parse import quote_from_bytes

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.sms_marketing.gateways.answers import Answer
from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Account,
    Gateway,
    Reason,
    ReceiptStatus,
    Refused,
    Retry,
    Text,
    WebhookRequest,
    get_gateway_class,
    register,
)
from odoo.addons.sms_marketing.gateways.errors import ConfigurationError, MalformedRequest
from odoo.addons.sms_marketing.gateways.kannel import (
    KannelGateway,
    inbound_url,
    read_answer,
    receipt_url,
    sendsms_url,
    service_configuration,
)

from .http_player import HttpPlayer, reply

CALLBACK = "https://odoo.example.com/sms_marketing/webhook/7/hook"
SETTINGS = {"url": "http://127.0.0.1:9/cgi-bin/sendsms", "username": "odoo", "password": "secret"}


def receipt_request(**fields):
    query = "&".join(
        f"{name}={quote_from_bytes(value if isinstance(value, bytes) else value.encode())}"
        for name, value in fields.items()
    )
    return WebhookRequest("GET", f"{CALLBACK}/receipt?{query}", query.encode())


class TestSending(unittest.TestCase):
    def heard(self, text, callback=CALLBACK):
        with HttpPlayer(lambda heard: reply(202, "0: Accepted for delivery")) as player:
            account = Account(SETTINGS | {"url": player.url}, callback)
            with KannelGateway(account) as gateway:
                self.assertEqual(gateway.send([text]), [Accepted()])
            [heard] = player.heard
        return heard

    def test_gsm(self):
        body = "Hé {{ you }} & me + 100 % = €5\nline #2?"
        heard = self.heard(Text("t0ken", "+32470123456", "+3225550000", body))
        self.assertEqual(heard.method, "GET")
        self.assertEqual(
            heard.fields,
            {
                "username": "odoo",
                "password": "secret",
                "from": "+3225550000",
                "to": "+32470123456",
                "text": body,
                "coding": "0",
                "charset": "UTF-8",
                "dlr-mask": "31",
                "dlr-url": f"{CALLBACK}/receipt?reference=t0ken&type=%d&answer=%A&id=%F&at=%T",
            },
        )

    def test_ucs2(self):
        body = "Привет 🙂"
        fields = self.heard(Text("t", "+32470123456", "Shop", body, encoding="UCS-2")).fields
        self.assertEqual((fields["text"], fields["coding"]), (body, "2"))

    def test_without_a_public_address_no_receipts_are_asked_for(self):
        fields = self.heard(Text("t", "+32470123456", "Shop", "Hi"), callback="").fields
        self.assertNotIn("dlr-url", fields)
        self.assertNotIn("dlr-mask", fields)

    def test_text_that_cannot_be_written(self):
        with KannelGateway(Account(SETTINGS)) as gateway:
            outcomes = gateway.send(
                [
                    Text("a", "+32470123456", "Shop", "half \ud83d"),
                    Text("b", "+32470123456", "Shop", "Hi", encoding="EBCDIC"),
                ]
            )
        for outcome in outcomes:
            self.assertIsInstance(outcome, Refused)
            self.assertEqual(outcome.reason, Reason.INVALID_REQUEST)

    def test_escape_codes_in_our_own_address_are_literal(self):
        self.assertIn("/a%%20b/receipt?reference=x%%2Fy&", receipt_url("https://x/a%20b", "x/y"))
        self.assertIn("/a%%20b/inbound?", inbound_url("https://x/a%20b"))


class TestAnswers(unittest.TestCase):
    def test_own_words(self):
        for status, body, expected in (
            (202, "0: Accepted for delivery", Accepted()),
            (202, "3: Queued for later delivery\n", Accepted()),
            (400, "Missing receiver number, rejected", Reason.INVALID_NUMBER),
            (400, "Empty receiver number not allowed, rejected", Reason.INVALID_NUMBER),
            (400, "Number(s) has/have been denied by white- and/or black-lists.", Reason.BLOCKED),
            (400, "Sender missing and no global set, rejected", Reason.SENDER_NOT_ALLOWED),
            (400, "Validity field misformed, rejected", Reason.INVALID_REQUEST),
        ):
            with self.subTest(body=body):
                outcome = read_answer(Answer(status, {}, body.encode()))
                if isinstance(expected, Reason):
                    self.assertIsInstance(outcome, Refused)
                    self.assertEqual((outcome.reason, outcome.code), (expected, str(status)))
                    self.assertIn(body, outcome.detail)
                else:
                    self.assertEqual(outcome, expected)

    def test_words_that_promise_that_nothing_was_taken(self):
        for status, body, reason in (
            (503, "Temporal failure, try again later.", Reason.GATEWAY_UNAVAILABLE),
            (403, "Not routable. Do not try again.", Reason.GATEWAY_UNAVAILABLE),
            (403, "Authorization failed for sendsms", Reason.CREDENTIALS),
            (404, "Unknown request.", Reason.GATEWAY_UNAVAILABLE),
        ):
            outcome = read_answer(Answer(status, {"Retry-After": "5"}, body.encode()))
            self.assertIsInstance(outcome, Retry)
            self.assertEqual((outcome.reason, outcome.after), (reason, 5))


class TestReceipts(unittest.TestCase):
    def receipt(self, **fields):
        fields = {"reference": "t0ken", "type": "1"} | fields
        [receipt] = KannelGateway(Account(SETTINGS)).parse_receipts(receipt_request(**fields))
        return receipt

    def test_kinds(self):
        for kind, status in (
            ("1", ReceiptStatus.DELIVERED),
            ("2", ReceiptStatus.UNDELIVERED),
            ("4", ReceiptStatus.ACCEPTED),
            ("8", ReceiptStatus.ACCEPTED),
            ("16", ReceiptStatus.REJECTED),
        ):
            receipt = self.receipt(type=kind)
            self.assertEqual((receipt.reference, receipt.status), ("t0ken", status))
            failed = status in (ReceiptStatus.UNDELIVERED, ReceiptStatus.REJECTED)
            self.assertEqual(receipt.reason, Reason.UNKNOWN if failed else None)

    def test_reasons(self):
        for kind, answer, reason, code in (
            (
                "16",
                "NACK/0x0000000b/Invalid Destination Address",
                Reason.INVALID_NUMBER,
                "0x0000000b",
            ),
            ("16", "NACK/11/Invalid Destination Address", Reason.INVALID_NUMBER, "0x0000000b"),
            ("16", "NACK/0x0000000a/x", Reason.SENDER_NOT_ALLOWED, "0x0000000a"),
            ("16", "NACK/0x00000401/vendor", Reason.UNKNOWN, "0x00000401"),
            ("16", "NACK/", Reason.UNKNOWN, ""),
            (
                "2",
                "id:7 sub:001 dlvrd:000 stat:UNDELIV err:001 text:Hello",
                Reason.UNREACHABLE,
                "UNDELIV 001",
            ),
            ("2", "id:7 stat:EXPIRED err:027 Text:Hello", Reason.EXPIRED, "EXPIRED 027"),
            ("2", "id:7 stat:REJECTD", Reason.BLOCKED, "REJECTD"),
            ("2", "id:7 stat:NEWWORD err:1", Reason.UNKNOWN, "NEWWORD 1"),
            ("2", "id:7 err:005 text:stat:EXPIRED", Reason.UNKNOWN, "005"),
        ):
            with self.subTest(answer=answer):
                receipt = self.receipt(type=kind, answer=answer)
                self.assertEqual((receipt.reason, receipt.code), (reason, code))
                self.assertNotIn("Hello", receipt.detail)

    def test_time_and_reference_of_the_carrier(self):
        receipt = self.receipt(at="1767268800", id="abc-1")
        self.assertEqual(receipt.occurred_at, datetime(2026, 1, 1, 12))
        self.assertEqual(receipt.provider_reference, "abc-1")
        for nonsense in ("", "x", "0", "-1", "99999999999", "9999999999"):
            self.assertIsNone(self.receipt(at=nonsense).occurred_at)
        self.assertIsNone(self.receipt(id="").provider_reference)

    def test_what_the_database_cannot_store_is_left_out(self):
        receipt = self.receipt(reference="t0\x00ken", answer="NACK/\x00x", id="a\x00b")
        self.assertEqual((receipt.reference, receipt.provider_reference), ("t0ken", "ab"))
        self.assertNotIn("\x00", repr(receipt) + receipt.detail)

    def test_of_a_repeated_field_the_first_counts(self):
        query = b"reference=ours&type=1&reference=theirs&type=2"
        [receipt] = KannelGateway(Account(SETTINGS)).parse_receipts(
            WebhookRequest("GET", CALLBACK, query)
        )
        self.assertEqual((receipt.reference, receipt.status), ("ours", ReceiptStatus.DELIVERED))

    def test_kind_that_is_not_known_is_passed_over(self):
        gateway = KannelGateway(Account(SETTINGS))
        request = WebhookRequest("GET", CALLBACK, b"reference=ours&type=64")
        with self.assertLogs("odoo.addons.sms_marketing.gateways", "WARNING"):
            self.assertEqual(gateway.parse_receipts(request), [])

    def test_malformed(self):
        for fields in (
            {"type": ""},
            {"type": "%d"},
            {"type": "-1"},
            {"type": "٣"},
            {"type": "9" * 5000},
            {"reference": ""},
            {"reference": " "},
        ):
            with self.subTest(fields=str(fields)[:60]), self.assertRaises(MalformedRequest):
                self.receipt(**fields)
        gateway = KannelGateway(Account(SETTINGS))
        for query in (b"", b"&&&", b"reference", b"reference=a", b"type=1", b"=1", b"\xff\x00=%zz"):
            with self.subTest(query=query), self.assertRaises(MalformedRequest):
                gateway.parse_receipts(WebhookRequest("GET", CALLBACK, query))

    @given(st.binary(max_size=300))
    def test_any_query_is_read_or_called_malformed(self, query):
        gateway = KannelGateway(Account(SETTINGS))
        for parse in (gateway.parse_receipts, gateway.parse_inbound):
            try:
                self.assertLessEqual(len(parse(WebhookRequest("GET", CALLBACK, query))), 1)
            except MalformedRequest as error:
                self.assertLess(len(str(error)), 200)


class TestInbound(unittest.TestCase):
    def inbound(self, **fields):
        fields = {
            "from": "+32470123456",
            "to": "+3225550000",
            "text": "STOP",
            "coding": "0",
        } | fields
        request = receipt_request(**fields)
        [inbound] = KannelGateway(Account(SETTINGS)).parse_inbound(request)
        return inbound

    def test_fields(self):
        inbound = self.inbound(id="uuid-1", at="1767268800")
        self.assertEqual(inbound.number, "+32470123456")
        self.assertEqual(inbound.sender, "+3225550000")
        self.assertEqual((inbound.body, inbound.reference), ("STOP", "uuid-1"))
        self.assertEqual(inbound.received_at, datetime(2026, 1, 1, 12))

    def test_codings(self):
        ucs2 = "Стоп 🙂 †".encode("utf-16-be")
        for coding, raw, body in (
            ("0", "é € STOP".encode(), "é € STOP"),
            ("", b"STOP", "STOP"),
            ("-1", b"STOP", "STOP"),
            ("1", b"caf\xe9", "café"),
            ("0", b"S\x00TOP", "STOP"),
            ("2", ucs2, "Стоп 🙂 †"),
            ("2", ucs2 + b"\x00", "Стоп 🙂 †�"),
            ("2", "STOP\x00".encode("utf-16-be"), "STOP"),
            ("0", b"", ""),
        ):
            with self.subTest(coding=coding, raw=raw):
                self.assertEqual(self.inbound(coding=coding, text=raw).body, body)

    def test_call_of_a_post_url(self):
        """Numbers are header fields, the text is the body: as it came, in its own coding."""
        gateway = KannelGateway(Account(SETTINGS))
        headers = {"X-Kannel-From": "+32470123456", "X-Kannel-To": "8080"}
        for coding, raw, body in (
            ("0", b"STOP & a=b", "STOP & a=b"),
            ("2", "Стоп".encode("utf-16-be"), "Стоп"),
        ):
            query = f"coding={coding}&id=uuid-1&at=1767268800".encode()
            request = WebhookRequest("POST", CALLBACK, query, headers, raw)
            [inbound] = gateway.parse_inbound(request)
            self.assertEqual((inbound.number, inbound.sender), ("+32470123456", "8080"))
            self.assertEqual((inbound.body, inbound.reference), (body, "uuid-1"))
        with self.assertRaises(MalformedRequest):
            gateway.parse_inbound(WebhookRequest("POST", CALLBACK, b"coding=0", {}, b"STOP"))

    def test_missing_coding_is_text(self):
        query = b"from=%2B32470123456&text=stop+now"
        [inbound] = KannelGateway(Account(SETTINGS)).parse_inbound(
            WebhookRequest("GET", CALLBACK, query)
        )
        self.assertEqual((inbound.body, inbound.sender), ("stop now", ""))

    def test_numbers(self):
        for given_number, number in (
            ("+32470123456", "+32470123456"),
            ("+32 470 12 34 56", "+32470123456"),
            ("0032470123456", "+32470123456"),
            ("32470123456", "+32470123456"),
            ("0470123456", "0470123456"),
            ("12025550123", "+12025550123"),
            ("8080", "8080"),
            ("Shop", "Shop"),
        ):
            with self.subTest(number=given_number):
                self.assertEqual(self.inbound(**{"from": given_number}).number, number)

    def test_malformed(self):
        gateway = KannelGateway(Account(SETTINGS))
        for fields in ({"coding": "7"}, {"coding": "%c"}, {"from": ""}, {"from": " "}):
            with self.subTest(fields=fields), self.assertRaises(MalformedRequest):
                self.inbound(**fields)
        for query in (b"", b"from=%2B32470123456", b"text=STOP"):
            with self.subTest(query=query), self.assertRaises(MalformedRequest):
                gateway.parse_inbound(WebhookRequest("GET", CALLBACK, query))


class TestConfiguration(unittest.TestCase):
    def test_settings_that_cannot_work(self):
        for change in (
            {"url": ""},
            {"username": ""},
            {"password": ""},
            {"url": "kannel"},
            {"url": "ftp://kannel/"},
            {"url": "http://"},
            {"url": "http://kannel:99999/"},
            {"url": "http://kannel:x/"},
            {"url": "http://[::1/"},
            {"url": "http://kannel/cgi-bin/sendsms?smsc=1"},
            {"url": "http://user:secret@kannel/cgi-bin/sendsms"},
        ):
            with self.subTest(change=change), self.assertRaises(ConfigurationError) as caught:
                KannelGateway(Account(SETTINGS | change))
            self.assertNotIn("secret", str(caught.exception))

    def test_address(self):
        self.assertEqual(sendsms_url("http://k:13013"), "http://k:13013/cgi-bin/sendsms")
        self.assertEqual(sendsms_url(" https://k/x/sendsms/ "), "https://k/x/sendsms")

    def test_lines_for_kannel(self):
        lines = service_configuration(CALLBACK).splitlines()
        self.assertIn(
            f'post-url = "{CALLBACK}/inbound?coding=%c&id=%I&at=%T"',
            lines,
            "neither number nor words belong in an address: web servers log it",
        )
        self.assertIn("omit-empty = true", lines)
        self.assertIn("max-messages = 0", lines)
        with self.assertRaises(ConfigurationError):
            service_configuration('https://x/"\nget-url = "http://evil')


class TestRegistry(unittest.TestCase):
    def test_known_and_unknown(self):
        self.assertIs(get_gateway_class("kannel"), KannelGateway)
        with self.assertRaises(ConfigurationError) as caught:
            get_gateway_class("pigeon")
        self.assertIn("pigeon", str(caught.exception))
        self.assertIn("kannel", str(caught.exception))

    def test_a_code_belongs_to_one_class(self):
        class Impostor(Gateway):
            code = "kannel"

        with self.assertRaises(ConfigurationError):
            register(Impostor)
        self.assertIs(get_gateway_class("kannel"), KannelGateway)
