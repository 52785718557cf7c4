"""The sandbox carrier keeps to its table, always in the same way."""

import unittest

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Account,
    Inbound,
    Reason,
    Receipt,
    ReceiptStatus,
    Refused,
    Retry,
    Text,
    Unknown,
    WebhookRequest,
    get_gateway_class,
)
from odoo.addons.sms_marketing.gateways.errors import MalformedRequest
from odoo.addons.sms_marketing.gateways.sandbox import (
    MAGIC,
    Click,
    SandboxGateway,
    behaviour,
)

numbers = st.integers(10**9, 10**13).map("+{}".format)
references = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=8, max_size=32)
magic_endings = st.sampled_from(sorted(MAGIC))


def gateway():
    return SandboxGateway(Account({}))


def sent(number, reference="r3f", attempt=1):
    text = Text(reference, number, "+12025550100", "Hello", segments=2, attempt=attempt)
    [outcome] = gateway().send([text])
    return outcome, gateway().events(text)


def statuses(events):
    return [event.event.status for event in events if isinstance(event.event, Receipt)]


class TestTable(unittest.TestCase):
    def test_refused(self):
        for ending, reason in (("90", Reason.INVALID_NUMBER), ("91", Reason.OPTED_OUT)):
            outcome, events = sent(f"+320000000{ending}")
            self.assertIsInstance(outcome, Refused)
            self.assertEqual((outcome.reason, events), (reason, []))

    def test_throttled_once(self):
        outcome, _events = sent("+32000000092")
        self.assertIsInstance(outcome, Retry)
        self.assertEqual((outcome.reason, outcome.after), (Reason.THROTTLED, 1.0))
        outcome, events = sent("+32000000092", attempt=2)
        self.assertIsInstance(outcome, Accepted)
        self.assertEqual(statuses(events), [ReceiptStatus.DELIVERED])

    def test_not_delivered(self):
        for ending, status, reason in (
            ("86", ReceiptStatus.REJECTED, Reason.CONTENT_REJECTED),
            ("93", ReceiptStatus.UNDELIVERED, Reason.UNREACHABLE),
            ("94", ReceiptStatus.UNDELIVERED, Reason.BLOCKED),
            ("95", ReceiptStatus.UNDELIVERED, Reason.SPAM),
        ):
            outcome, [event] = sent(f"+320000000{ending}")
            self.assertIsInstance(outcome, Accepted)
            self.assertEqual((event.event.status, event.event.reason), (status, reason))

    def test_lost(self):
        outcome, [event] = sent("+32000000096")
        self.assertIsInstance(outcome, Unknown)
        self.assertEqual(event.event.status, ReceiptStatus.DELIVERED)
        self.assertGreater(event.delay, 3)
        outcome, events = sent("+32000000097")
        self.assertIsInstance(outcome, Unknown)
        self.assertEqual(events, [])

    def test_no_receipt_ever(self):
        outcome, events = sent("+32000000089")
        self.assertIsInstance(outcome, Accepted)
        self.assertEqual(events, [])

    def test_receipts_out_of_order(self):
        _outcome, events = sent("+32000000087")
        delivered, accepted = ReceiptStatus.DELIVERED, ReceiptStatus.ACCEPTED
        self.assertEqual(statuses(events), [delivered, delivered, accepted])

    def test_replies(self):
        for ending, is_stop in (("98", True), ("99", False)):
            _outcome, events = sent(f"+320000000{ending}")
            [reply] = [event.event for event in events if isinstance(event.event, Inbound)]
            self.assertEqual(reply.body == "STOP", is_stop)
            self.assertEqual((reply.number, reply.sender), (f"+320000000{ending}", "+12025550100"))
            self.assertTrue(reply.reference)

    def test_click(self):
        _outcome, events = sent("+32000000088")
        self.assertEqual(events[-1].event, Click("r3f", 0))

    def test_each_row_is_documented_and_used(self):
        for ending, row in MAGIC.items():
            self.assertRegex(ending, r"^[0-9]{2}$")
            self.assertTrue(row.description)
            self.assertIs(behaviour("any", f"+3247000{ending}"), row)


class TestProperties(unittest.TestCase):
    @given(references, numbers, st.integers(1, 5))
    def test_deterministic_and_consistent(self, reference, number, attempt):
        outcome, events = sent(number, reference, attempt)
        self.assertEqual((outcome, events), sent(number, reference, attempt))
        delays = [event.delay for event in events]
        self.assertEqual(delays, sorted(delays))
        self.assertTrue(all(0 < delay <= 10 for delay in delays))
        if isinstance(outcome, Refused):
            self.assertEqual(events, [])
        for event in events:
            if isinstance(event.event, Receipt | Click):
                self.assertEqual(event.event.reference, reference)
        if isinstance(outcome, Accepted):
            self.assertEqual(outcome.segments, 2)
            for event in events:
                if isinstance(event.event, Receipt):
                    self.assertEqual(event.event.provider_reference, outcome.reference)

    @given(references, numbers.filter(lambda number: number[-2:] not in MAGIC))
    def test_all_others_are_delivered_within_seconds(self, reference, number):
        outcome, events = sent(number, reference)
        self.assertIsInstance(outcome, Accepted)
        self.assertEqual(statuses(events), [ReceiptStatus.DELIVERED])
        self.assertTrue(1.0 <= events[0].delay <= 3.0)
        for click in events[1:]:
            self.assertIsInstance(click.event, Click)
            self.assertGreater(click.delay, events[0].delay)

    @given(references, references, numbers)
    def test_who_clicks_is_decided_by_number(self, one, other, number):
        self.assertEqual(
            behaviour(one, number).click is None, behaviour(other, number).click is None
        )

    @given(st.lists(st.tuples(references, numbers), max_size=20))
    def test_one_outcome_for_each_in_order(self, pairs):
        texts = [Text(reference, number, "1", "x") for reference, number in pairs]
        together = gateway().send(texts)
        self.assertEqual(together, [gateway().send([text])[0] for text in texts])

    def test_about_a_quarter_clicks(self):
        clickers = sum(
            behaviour("r", f"+3247{index:05d}10").click is not None for index in range(4000)
        )
        self.assertTrue(800 < clickers < 1200, clickers)


class TestGateway(unittest.TestCase):
    def test_facts(self):
        self.assertIs(get_gateway_class("sandbox"), SandboxGateway)
        self.assertFalse(SandboxGateway.needs_public_url)
        with gateway() as used:
            self.assertEqual(used.send([]), [])

    def test_no_webhooks(self):
        request = WebhookRequest("GET", "https://x")
        for parse in (gateway().parse_receipts, gateway().parse_inbound):
            with self.assertRaises(MalformedRequest):
                parse(request)
