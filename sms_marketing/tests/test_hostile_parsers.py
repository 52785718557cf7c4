"""Whatever strangers send, a parser returns or raises one of its documented errors."""

import json
from unittest import TestCase
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st
from odoo.tests import tagged

from ..gateways.errors import MalformedRequest
from ..gateways.reading import json_document, known_status, money, phone_number, readable
from ..text.encoding import log_line
from . import hostile
from .provider_accounts import SETTINGS

#: Words as strangers write them: any character, half surrogate pairs and NUL included.
WORDS = st.lists(
    st.one_of(
        st.sampled_from(hostile.UNITS),
        st.text(st.characters(codec=None), max_size=10),
        st.sampled_from(["\0", "\ud83d", "٣", "+12025550123", "0032 470 12 34 56", "2026-01-31"]),
    ),
    max_size=12,
).map("".join)

#: Names of the fields that some provider documents, so that calls get past the first check.
FIELDS = st.sampled_from(
    [
        "MessageSid",
        "MessageStatus",
        "ErrorCode",
        "From",
        "To",
        "Body",
        "OptOutType",
        "reference",
        "type",
        "answer",
        "id",
        "at",
        "from",
        "to",
        "text",
        "coding",
        "status",
        "err-code",
        "msisdn",
        "messageId",
        "message-timestamp",
        "sig",
        "timestamp",
        "api-key",
        "keyword",
        "message_uuid",
        "Status",
        "MessageUUID",
        "From",
        "To",
        "Text",
        "ErrorCode",
        "batch_id",
        "code",
        "recipient",
        "operator_status_at",
        "operatorMessageId",
        "originator",
        "recipient",
        "statusDatetime",
        "body",
        "createdDatetime",
        "price",
        "results",
        "error",
        "groupName",
        "doneAt",
        "sentAt",
        "pricePerMessage",
        "messageCount",
        "smsCount",
    ]
)
VALUES = st.recursive(
    st.one_of(
        WORDS,
        st.sampled_from(["1", "8", "2", "delivered", "DELIVRD", "failed", "mo_text"]),
        st.just("recipient_delivery_report_sms"),
        st.integers(), st.floats(), st.booleans(), st.none(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(FIELDS, inner, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip


def form(fields):
    return "&".join(
        f"{quote(name)}={quote(value if isinstance(value, str) else repr(value), errors='replace')}"
        for name, value in fields.items()
    ).encode()


def document(value):
    return json.dumps(value).encode()


BODIES = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(FIELDS, VALUES, max_size=8).map(form),
    st.dictionaries(FIELDS, VALUES, max_size=8).map(document),
    st.lists(st.dictionaries(FIELDS, VALUES, max_size=5), max_size=3).map(
        lambda parts: document({"results": parts})
    ),
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "X-Twilio-Signature",
            "X-Plivo-Signature-V3",
            "X-Plivo-Signature-V3-Nonce",
            "MessageBird-Signature-JWT",
            "x-sinch-webhook-signature",
            "x-sinch-webhook-signature-timestamp",
            "x-sinch-webhook-signature-nonce",
            "x-sinch-webhook-signature-algorithm",
            "Authorization",
        ]
    ),
    st.one_of(
        # WSGI hands header fields over as Latin-1: there is no other character in them.
        WORDS.map(lambda words: words.encode("latin-1", "replace").decode("latin-1")),
        st.sampled_from(["a.b.c", "e30.e30.e30", "bnVsbA.MQ.AA"]),
    ),
    max_size=4,
)


@tagged("post_install", "-at_install")
class TestParsers(TestCase):
    @given(st.integers(0, 31), BODIES, BODIES, HEADERS)
    def test_webhooks(self, shape, query, body, headers):
        for provider in SETTINGS:
            call = hostile.webhook_request(shape, query, body, headers)
            hostile.take_call(hostile.account(provider), call)

    @given(WORDS)
    @example("(" * 1000)
    @example("00\x00")
    @example("+" + "1" * 5000)
    @example("٠٠٣٢٤٧٠١٢٣٤٥٦")
    def test_numbers(self, words):
        hostile.take_number(words)
        self.assertLessEqual(len(phone_number(words)), 64)

    @given(WORDS)
    @example("{{" * 200)
    @example("{{ object.name ||| {{ }}")
    @example("http://{{ object.name }}\ud83d")
    def test_texts_of_messages(self, words):
        hostile.take_body(words)

    @given(WORDS)
    @example("stop\u0301\u0323" * 50)
    def test_replies(self, words):
        hostile.take_reply(words)

    @given(WORDS)
    @example("(" * 1000)
    @example("-" * 5000 + "1")
    @example("not " * 5000 + "1")
    @example("['!'" + ",'!'" * 5000 + "]")
    @example("[" + "9" * 5000 + "]")
    def test_rules(self, words):
        hostile.take_domain(words)

    @given(
        st.one_of(
            st.binary(max_size=300), WORDS.map(lambda words: words.encode("utf-8", "replace"))
        )
    )
    @example(b'name\n"')
    @example(b"name,consent_date\nx,0001-01-01T00:00+14:00\n")
    @example(b"name,name\n" * 3)
    @example("name,marketing\nx,ẞ\n".encode())
    @example(b"name,timezone\nx,../../etc/passwd\n")
    @example(b"name" + b";" * 5000)
    def test_files(self, content):
        hostile.take_file(content)


@tagged("post_install", "-at_install")
class TestFindings(TestCase):
    """What fuzzing has found."""

    def test_amount_with_an_exponent_beyond_all_numbers(self):
        for words in ("1e1000000", "-1E+999999999", "1e-999999999", "NaN", "sNaN", "Infinity"):
            self.assertFalse(money(words))

    def test_json_nested_beyond_all_bounds(self):
        for body in (b"[" * 100_000, b'{"a":' * 100_000, b"9" * 100_000, b'{"a":' + b"[" * 5000):
            with self.assertRaises(MalformedRequest):
                json_document(body)

    def test_many_statuses_that_nobody_knows_are_one_line(self):
        def read(word):
            known_status({}, word)

        with self.assertLogs("odoo.addons.sms_marketing", "WARNING") as log:
            self.assertEqual(readable(read, ["N\nEW" * 100] * 2000), [])
        [line] = log.output
        self.assertIn("2000 receipts", line)
        self.assertLess(len(line), 400)
        self.assertNotIn("\n", line)

    def test_a_part_that_is_malformed_costs_only_itself_and_one_line(self):
        def read(part):
            if part:
                raise MalformedRequest("bad\nline " * 100)

        with self.assertLogs("odoo.addons.sms_marketing", "WARNING") as log:
            self.assertEqual(readable(read, [0, *range(1000)]), [])
        [line] = log.output
        self.assertLess(len(line), 400)
        self.assertNotIn("\n", line)

    def test_words_of_strangers_are_one_line_of_a_log(self):
        self.assertEqual(log_line("a\r\nb\x1b[31m\u2028c\0"), "a  b [31m c ")
        self.assertEqual(len(log_line("x" * 10_000)), 201)
