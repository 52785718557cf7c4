import time

from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import CheckViolation

from ..engine import rates
from ..engine.transactions import in_own_transaction
from .common import SmsMarketingCase


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

    def test_a_rate_is_not_negative(self):
        for record in (self.gateway, self.sender):
            with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
                record.rate = -1
                record.flush_recordset()
