"""When a batch that is on its way stops in the middle."""

import json
import socket
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from unittest.mock import patch

from odoo.addons.sms_marketing.engine import hand_over
from odoo.addons.sms_marketing.engine.dispatch import BATCHES_OF_GATEWAY
from odoo.addons.sms_marketing.engine.outcomes import give_back
from odoo.addons.sms_marketing.engine.shutdown import WORK
from odoo.addons.sms_marketing.gateways import base
from odoo.addons.sms_marketing.gateways.base import Account, Reason
from odoo.addons.sms_marketing.gateways.infobip import InfobipGateway
from odoo.addons.sms_marketing.gateways.kannel import KannelGateway
from odoo.addons.sms_marketing.gateways.values import Accepted, Refused, Retry, Text, Unknown

from .http_player import HttpPlayer, Play, reply
from .provider_accounts import SETTINGS

SHARE = 5
BACK = give_back()
REFUSED = Refused(Reason.BLOCKED)
TAKEN = Accepted(segments=1)


def a_text(number):
    return Text(str(number), f"+32470{number:06d}", "+3225550000", "Hello")


class TestHandOver(unittest.TestCase):
    def handed_over(self, play, count=13, limits=None, is_shareable=True):
        """Outcomes of so many texts; `play` makes one of the text's number, counted from 0."""
        gateway = SimpleNamespace(
            batch_size=SHARE,
            concurrency=2,
            is_shareable=is_shareable,
            send=lambda texts: [play(int(text.reference)) for text in texts],
        )
        way = SimpleNamespace(limits=limits or {}, gateway_id=7)
        self.batch = hand_over.Batch(way, gateway, threading.RLock(), time.monotonic() + 60)
        self.batch.texts = [(number, a_text(number)) for number in range(count)]
        pairs = hand_over.hand_over(None, self.batch)
        self.assertEqual([claim for claim, _outcome in pairs], list(range(count)))
        return [outcome for _claim, outcome in pairs]

    def verdict(self, outcomes):
        return self.batch.verdict(outcomes)

    def test_all_go_where_all_are_taken(self):
        outcomes = self.handed_over(lambda number: TAKEN)
        self.assertEqual(outcomes, [TAKEN] * 13)
        self.assertTrue(self.verdict(outcomes).taken)

    def test_none_goes_after_a_share_of_which_none_was_taken(self):
        for outcome in (
            Unknown("no answer", segments=1),
            Retry(reason=Reason.GATEWAY_UNAVAILABLE),
            Retry(reason=Reason.CREDENTIALS),
        ):
            with self.subTest(outcome=outcome):
                outcomes = self.handed_over(
                    lambda number, outcome=outcome: outcome if number >= SHARE else REFUSED
                )
                self.assertEqual(outcomes, [REFUSED] * SHARE + [outcome] * SHARE + [BACK] * 3)
                # What it took before it fell silent is no sign that it is well.
                self.assertFalse(self.verdict(outcomes).taken)
                self.assertEqual(self.verdict(outcomes).failures, SHARE)

    def test_few_in_a_row_are_no_silence(self):
        outcomes = self.handed_over(lambda number: Unknown(segments=1) if number > 9 else TAKEN)
        self.assertEqual(outcomes, [TAKEN] * 10 + [Unknown(segments=1)] * 3)
        self.assertTrue(self.verdict(outcomes).taken)

    def test_none_goes_to_a_gateway_that_wants_to_be_left_alone(self):
        throttled = Retry(7, Reason.THROTTLED)
        outcomes = self.handed_over(lambda number: throttled if number in (1, 2) else TAKEN)
        expected = [TAKEN, throttled, throttled, TAKEN, TAKEN] + [BACK] * 8
        self.assertEqual(outcomes, expected)
        self.assertEqual(self.verdict(outcomes).pause, 7)

    def test_none_goes_when_it_has_become_too_late(self):
        def late(number):
            if number == SHARE:
                self.batch.begin_by = time.monotonic() - 1
            return TAKEN

        self.assertEqual(self.handed_over(late), [TAKEN] * 10 + [BACK] * 3)

    def test_none_goes_when_the_server_stops(self):
        def stop(number):
            WORK._stopping = True
            return TAKEN

        with patch.object(WORK, "_stopping", False):
            self.assertEqual(self.handed_over(stop), [TAKEN] * SHARE + [BACK] * 8)

    def test_texts_that_have_moments_of_their_own(self):
        class Pace:
            def __init__(self, *facts):
                pass

            def slots(self, batch):
                yield from ((pair, 0) for pair in batch)

            def on_time(self, claim, moment):
                return True

        def play(number):
            time.sleep(0.01)
            return Unknown(segments=1) if number >= 20 else TAKEN

        with patch.object(hand_over, "Pace", Pace):
            outcomes = self.handed_over(play, count=60, limits={"gateway": 9})
        self.assertEqual(outcomes[:20], [TAKEN] * 20)
        # Those in a row, and what was on its way beside the last of them.
        self.assertIn(outcomes.count(Unknown(segments=1)), range(5, 9))
        self.assertEqual(outcomes[30:], [BACK] * 30)
        self.assertFalse(self.verdict(outcomes).taken)

    def test_what_has_no_slot_since_the_database_is_away_goes_back(self):
        """What was sent keeps its outcome: without it all of the batch would become unknown."""

        class Away(Exception):
            pass

        class Pace:
            """The database goes away when seven have their slots."""

            def __init__(self, *facts):
                pass

            def slots(self, batch):
                for number, pair in enumerate(batch):
                    if number == 7 and where == "slots":
                        raise Away
                    yield pair, 0

            def on_time(self, claim, moment):
                if claim == 7 and where == "on_time":
                    raise Away
                return True

        for where, is_shareable, sent in (
            ("slots", True, 7),
            ("on_time", True, 7),
            ("slots", False, 0),
        ):
            with (
                self.subTest(where=where, is_shareable=is_shareable),
                patch.object(hand_over, "Pace", Pace),
                self.assertLogs(hand_over.__name__, "ERROR"),
            ):
                outcomes = self.handed_over(
                    lambda number: TAKEN, limits={"gateway": 9}, is_shareable=is_shareable
                )
                self.assertEqual(outcomes, [TAKEN] * sent + [BACK] * (13 - sent))

    def test_gateway_that_does_not_say_what_became_of_each(self):
        way = SimpleNamespace(limits={}, gateway_id=7)
        gateway = SimpleNamespace(batch_size=SHARE, is_shareable=True, send=lambda texts: [TAKEN])
        batch = hand_over.Batch(way, gateway, threading.RLock(), time.monotonic() + 60)
        batch.texts = [(number, a_text(number)) for number in range(6)]
        with self.assertLogs(hand_over.__name__, "ERROR"):
            pairs = hand_over.hand_over(None, batch)
        kinds = [type(outcome) for _claim, outcome in pairs]
        self.assertEqual(kinds, [Unknown] * SHARE + [Retry])


class TestLongestSend(unittest.TestCase):
    """From it follows how long a text is nobody else's: then nothing may be written any more."""

    callers = BATCHES_OF_GATEWAY
    seconds = 1.0

    def assert_all_return(self, gateway):
        self.addCleanup(gateway.close)
        texts = [a_text(number) for number in range(gateway.batch_size)]
        with patch.object(base, "LEAST_ROUND", 0):
            longest = gateway.longest_send(self.callers)
        start = time.monotonic()
        with ThreadPoolExecutor(self.callers) as threads:
            sent = list(threads.map(gateway.send, [texts] * self.callers))
        passed = time.monotonic() - start
        self.assertEqual({type(one) for outcomes in sent for one in outcomes}, {Unknown})
        self.assertLess(passed, longest)
        # Not for want of anything to wait for.
        self.assertGreater(passed, self.callers * self.seconds)

    def test_provider_that_is_silent(self):
        with (
            patch.multiple(KannelGateway, concurrency=4, batch_size=4),
            socket.create_server(("127.0.0.1", 0), backlog=64) as silent,
        ):
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            settings = {"url": url, "username": "odoo", "password": "s3cr3t"}
            account = Account(settings, "", self.seconds, self.seconds)
            self.assert_all_return(KannelGateway(account))

    def test_provider_that_refuses_calls_late_and_is_silent_to_single_texts(self):
        def play(heard):
            is_single = len(json.loads(heard.body)["messages"]) == 1
            return Play(delay=60) if is_single else reply(400, "{}", delay=0.8 * self.seconds)

        with (
            patch.multiple(InfobipGateway, concurrency=4, batch_size=8, texts_per_call=2),
            HttpPlayer(play) as player,
            patch.object(InfobipGateway, "server", player.url.removesuffix("/cgi-bin/sendsms")),
        ):
            account = Account(SETTINGS["infobip"], "", self.seconds, self.seconds)
            self.assert_all_return(InfobipGateway(account))
