import threading
import time
from types import SimpleNamespace
from typing import NamedTuple
from unittest.mock import patch

from odoo.exceptions import ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import CheckViolation

from ..engine import hand_over, rates
from ..engine.outcomes import give_back
from ..engine.shutdown import Work
from ..engine.transactions import in_own_transaction
from ..gateways.values import Accepted
from .common import SmsMarketingCase


class OneClaim(NamedTuple):
    """What of a claim its slot goes by."""

    sender_id: int


@tagged("post_install", "-at_install")
class TestRates(SmsMarketingCase):
    """Rates of gateways and senders; that they hold over processes: `tests/test_rates.py`."""

    def test_slots_are_taken_one_after_another(self):
        key = (rates.GATEWAY, self.gateway.id)
        with self.own_transactions() as registry:
            firsts = [
                in_own_transaction(registry, lambda env: rates.reserve(env, {key: (60, 1.0)}))[key]
                for _time in range(3)
            ]
        for place, first in enumerate(firsts):
            self.assertAlmostEqual(first, place * 60, delta=20)

    def test_what_fits_into_the_next_second_is_claimed(self):
        self.assertIsNone(rates.room(0, 0))
        self.assertEqual(rates.room(100, 0), 100)
        self.assertEqual(rates.room(100, 0.4), 60)
        self.assertEqual(rates.room(100, 0.6), 0)
        self.assertEqual(rates.room(0.1, 0), 1)

    def test_slow_sender_does_not_keep_others_waiting(self):
        slow = self.make_sender("+12025550140", rate=1)
        waiting = self.message(self.contacts(40), sender_id=slow.id, name="Slow")
        waiting.action_send()
        quick = self.message(self.contacts(25), name="Quick")
        quick.action_send()
        _handled, remains = self.run_lane(seconds=1.5)
        self.assertTrue(remains)
        self.assertEqual(self.states(quick), {"sent": 25})
        states = self.states(waiting)
        self.assertGreater(states["sent"], 0)
        self.assertGreater(states["queued"], 30)
        self.assertNotIn("sending", states, "nothing is claimed that cannot go soon")

    def test_sandbox_keeps_a_rate_too(self):
        self.gateway.rate = 10
        message = self.message(self.contacts(15))
        began = time.monotonic()
        self.send(message)
        self.assertGreater(time.monotonic() - began, 1.0)
        self.assertEqual(self.states(message), {"sent": 15})

    def seconds_to_next_slot(self, registry, rate):
        """Take a slot, as another lane would."""
        key = (rates.GATEWAY, self.gateway.id)
        return in_own_transaction(registry, lambda env: rates.reserve(env, {key: (1, rate)}))[key]

    def hand_over_one(self, registry, rate, *, is_shareable, begin_within):
        """Outcome of a single text, and the seconds until it was known."""
        gateway = SimpleNamespace(
            batch_size=5,
            concurrency=2,
            is_shareable=is_shareable,
            send=lambda texts: [Accepted(segments=1)] * len(texts),
        )
        limits = {(rates.GATEWAY, self.gateway.id): rate}
        way = SimpleNamespace(limits=limits, gateway_id=self.gateway.id)
        began = time.monotonic()
        batch = hand_over.Batch(way, gateway, threading.RLock(), began + begin_within)
        batch.texts = [(OneClaim(self.sender.id), None)]
        [(_claim, outcome)] = hand_over.hand_over(registry, batch)
        return outcome, time.monotonic() - began

    def test_slot_that_comes_too_late_is_left_to_others(self):
        for is_shareable in (True, False):
            self.env.cr.execute("DELETE FROM sms_marketing_rate")
            with self.subTest(is_shareable=is_shareable), self.own_transactions() as registry:
                self.assertEqual(self.seconds_to_next_slot(registry, 0.05), 0)
                outcome, seconds = self.hand_over_one(
                    registry, 0.05, is_shareable=is_shareable, begin_within=8
                )
                self.assertEqual(outcome, give_back())
                self.assertLess(seconds, 8, "it was known from the beginning")
                after = self.seconds_to_next_slot(registry, 0.05)
                self.assertAlmostEqual(after, 20, delta=10, msg="its slot is used by the next")

    def test_server_that_stops_waits_for_no_slot(self):
        for is_shareable in (True, False):
            work = Work()
            with (
                self.subTest(is_shareable=is_shareable),
                self.own_transactions() as registry,
                patch.object(rates, "WORK", work, create=True),
                patch.object(hand_over, "WORK", work),
            ):
                self.seconds_to_next_slot(registry, 0.05)
                stop = threading.Timer(0.3, work.stop)
                stop.start()
                outcome, seconds = self.hand_over_one(
                    registry, 0.05, is_shareable=is_shareable, begin_within=60
                )
                stop.join()
                self.assertEqual(outcome, give_back())
                self.assertLess(seconds, 15)

    def test_a_rate_is_not_negative(self):
        for record in (self.gateway, self.sender):
            # A gateway is checked in Python: SQL that is refused would stand in the log.
            refusal = ValidationError if record == self.gateway else CheckViolation
            with self.assertRaises(refusal), mute_logger("odoo.sql_db"), self.cr.savepoint():
                record.rate = -1
                record.flush_recordset()
