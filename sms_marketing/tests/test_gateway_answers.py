"""Reading HTTP answers, without a network."""

import unittest
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.sms_marketing.gateways.answers import (
    MAX_DETAIL,
    MAX_RETRY_AFTER,
    Answer,
    classify,
    excerpt,
    retry_after,
    scrub,
)
from odoo.addons.sms_marketing.gateways.base import Accepted, Reason, Refused, Retry, Unknown
from odoo.addons.sms_marketing.gateways.kannel import read_answer
from odoo.addons.sms_marketing.gateways.reasons import LABELS

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


class TestRetryAfter(unittest.TestCase):
    def test_forms(self):
        for value, seconds in (
            ("0", 0),
            ("17", 17),
            (" 17 ", 17),
            ("999999", MAX_RETRY_AFTER),
            ("Thu, 01 Jan 2026 12:00:30 GMT", 30),
            ("Thursday, 01-Jan-26 12:00:30 GMT", 30),
            ("Thu, 01 Jan 2026 11:00:00 GMT", 0),
            ("Fri, 01 Jan 2027 12:00:00 GMT", MAX_RETRY_AFTER),
            ("", None),
            ("-5", None),
            ("soon", None),
            ("1e400", None),
            ("9" * 400, None),
        ):
            with self.subTest(value=value):
                self.assertEqual(retry_after({"Retry-After": value}, NOW), seconds)
        self.assertIsNone(retry_after({}, NOW))

    @given(st.text())
    def test_never_raises(self, value):
        seconds = retry_after({"Retry-After": value}, NOW)
        self.assertTrue(seconds is None or 0 <= seconds <= MAX_RETRY_AFTER)


class TestClassify(unittest.TestCase):
    @given(st.integers(200, 599), st.binary(max_size=300), st.booleans())
    def test_each_answer_has_an_outcome_and_none_is_success_by_accident(
        self, status, body, complete
    ):
        answer = Answer(status, {}, body, complete)
        self.assertIsInstance(classify(answer), Refused | Retry | Unknown)
        outcome = read_answer(answer)
        if isinstance(outcome, Accepted):
            self.assertLess(status, 300)
            self.assertTrue(body.lstrip().startswith((b"0: Accepted", b"3: Queued")))
        elif status < 300 or status >= 500:
            self.assertNotIsInstance(outcome, Refused)

    def test_incomplete_answer_is_never_believed(self):
        answer = Answer(202, {}, b"0: Accepted for delivery", complete=False)
        self.assertIsInstance(read_answer(answer), Unknown)
        answer = Answer(400, {}, b"Missing receiver number, rejected", complete=False)
        self.assertNotIsInstance(read_answer(answer), Refused)

    def test_excerpt_is_short_and_plain(self):
        page = b"<html><style>p{}</style><script>alert(1)</script><body><h1>Bad\nGateway</h1>"
        self.assertEqual(excerpt(Answer(502, {}, page)), "HTTP 502: Bad Gateway")
        self.assertEqual(excerpt(Answer(500, {}, b"")), "HTTP 500")
        self.assertLessEqual(len(excerpt(Answer(500, {}, b"x" * 60000))), MAX_DETAIL)

    @given(
        st.text("abcXYZ089-_/+& %é", min_size=4)
        .map(str.strip)
        .filter(lambda value: len(value) > 3),
        st.text("defGHI !?", max_size=20),
    )
    def test_secret_never_survives(self, secret, other):
        written = (secret, quote(secret, safe=""), quote_plus(secret))
        words = scrub(f"{other} {' '.join(written)} {other}", [secret, "", "x" * 9])
        for form in written:
            self.assertNotIn(form, words)
        self.assertIn("***", words)

    def test_each_reason_has_a_label(self):
        self.assertEqual(set(LABELS), set(Reason))
        self.assertEqual(Reason.SPAM.label, "Taken for spam by the carrier")
