"""What a gateway does when its HTTP peer misbehaves, on real sockets."""

import asyncio
import logging
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from unittest.mock import patch

from odoo.addons.sms_marketing.gateways import connection, http, kept
from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Account,
    Reason,
    Refused,
    Retry,
    Text,
    Unknown,
)
from odoo.addons.sms_marketing.gateways.errors import ConfigurationError
from odoo.addons.sms_marketing.gateways.kannel import KannelGateway

from .http_player import PATIENCE, HttpPlayer, Play, closed_port, reply

PASSWORD = "s3cr3t/p&ss wörd"
CALLBACK = "https://odoo.example.com/sms_marketing/webhook/7/hook5ecret"
HTML = "<!DOCTYPE html><html><head><title>nginx</title></head><body>Sorry</body></html>"
TAKEN = reply(202, "0: Accepted for delivery")
PROOF = kept.PROOF


def gateway_at(url, connect_timeout=PATIENCE, read_timeout=PATIENCE, cls=KannelGateway):
    settings = {"url": url, "username": "odoo", "password": PASSWORD}
    return cls(Account(settings, CALLBACK, connect_timeout, read_timeout))


def text(index=0, **values):
    values = {"number": f"+3247000{index:04d}", "sender": "+3225550000", "body": "Hello"} | values
    return Text(f"reference{index}", **values)


class TestMisbehavingPeer(unittest.TestCase):
    def outcome(self, play, **timeouts):
        """Outcome of one text, checked to be handed over at most once and to hold no secret."""
        with (
            HttpPlayer(lambda heard: play) as player,
            gateway_at(player.url, **timeouts) as gateway,
        ):
            [outcome] = gateway.send([text()])
            player.wait_until_heard()
            self.assertEqual(len(player.heard), 1, "handed over more than once")
        self.assert_no_secret(repr(outcome))
        return outcome

    def assert_no_secret(self, words):
        for secret in (PASSWORD, "s3cr3t", "hook5ecret", "password="):
            self.assertNotIn(secret, words)

    def test_taken(self):
        self.assertEqual(self.outcome(TAKEN), Accepted())
        self.assertEqual(self.outcome(reply(202, "3: Queued for later delivery")), Accepted())

    def test_server_errors_that_promise_nothing(self):
        for status in (500, 501, 502, 504, 520):
            for body in ("", "Internal error", HTML):
                with self.subTest(status=status, body=body):
                    self.assertIsInstance(self.outcome(reply(status, body)), Unknown)

    def test_503_by_its_words(self):
        outcome = self.outcome(reply(503, "Temporal failure, try again later."))
        self.assertIsInstance(outcome, Retry)
        self.assertEqual(outcome.reason, Reason.GATEWAY_UNAVAILABLE)
        self.assertEqual(self.outcome(reply(503, HTML, Retry_After="30")).after, 30)
        self.assertIsInstance(self.outcome(reply(503, HTML)), Unknown)

    def test_success_that_is_none(self):
        for body in ("", HTML, "{}", "0: Acc", "1: Something else", b"\xff\xfe\x00"):
            for status in (200, 202, 204):
                with self.subTest(status=status, body=body):
                    self.assertIsInstance(self.outcome(reply(status, body)), Unknown)

    def test_nobody_there_took_it(self):
        for status in (404, 405, 410, 418, 400):
            outcome = self.outcome(reply(status, HTML))
            self.assertIsInstance(outcome, Retry, status)
            self.assertEqual(outcome.reason, Reason.GATEWAY_UNAVAILABLE)

    def test_login_refused(self):
        for status, body in ((403, "Authorization failed for sendsms"), (401, ""), (403, HTML)):
            outcome = self.outcome(reply(status, body))
            self.assertIsInstance(outcome, Retry)
            self.assertEqual(outcome.reason, Reason.CREDENTIALS)

    def test_throttled(self):
        outcome = self.outcome(reply(429, "Slow down", Retry_After="7"))
        self.assertIsInstance(outcome, Retry)
        self.assertEqual((outcome.reason, outcome.after), (Reason.THROTTLED, 7))

    def test_too_long(self):
        self.assertIsInstance(self.outcome(reply(414, HTML)), Refused)

    def test_redirect_is_not_followed(self):
        with HttpPlayer(lambda heard: TAKEN) as elsewhere:
            outcome = self.outcome(reply(302, "", Location=elsewhere.url))
            self.assertIsInstance(outcome, Retry)
            self.assertEqual(elsewhere.heard, [])
        # 303 is what a server says after it did the work.
        self.assertIsInstance(self.outcome(reply(303, "", Location="/done")), Unknown)

    def test_connection_ends_without_an_answer(self):
        half = b"HTTP/1.1 202 OK\r\nContent-Length: 24\r\n\r\n0: Accepted"
        for play in (
            Play(close=True),
            Play(reset=True),
            Play(b"HTTP/1.1 202 OK\r\nContent-Le", close=True),
            Play(half, close=True),
            Play(half, reset=True),
            Play(b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n18\r\n0: Acc", close=True),
            Play(b"\x00\x01\x02 not HTTP at all\r\n\r\n", close=True),
            Play(b"HTTP/1.1 202 OK\r\n" + b"X-Many: 1\r\n" * 500 + b"\r\n", close=True),
        ):
            with self.subTest(play=play.data[:40], reset=play.reset):
                self.assertIsInstance(self.outcome(play), Unknown)

    def test_half_an_answer_that_reads_like_success(self):
        # The words are all there, but the server had more to say.
        play = Play(
            b"HTTP/1.1 202 OK\r\nContent-Length: 90\r\n\r\n0: Accepted for delivery", close=True
        )
        self.assertIsInstance(self.outcome(play), Unknown)

    def test_peer_that_closes_without_reading(self):
        for first in (Play(close=True), Play(reset=True)):
            with (
                HttpPlayer(lambda heard: TAKEN, before_reading=first) as player,
                gateway_at(player.url) as gateway,
            ):
                [outcome] = gateway.send([text()])
                # From here it looks like a server that read and died, unless not even the
                # request could be written.
                self.assertIsInstance(outcome, Unknown | Retry)
                self.assertEqual(player.connections, 1)

    def test_too_slow(self):
        late = replace(TAKEN, delay=PATIENCE)
        outcome = self.outcome(late, read_timeout=1.0)
        self.assertIsInstance(outcome, Unknown)
        self.assertIn("imeout", outcome.detail)

    def test_answer_that_drips_in(self):
        with (
            HttpPlayer(lambda heard: replace(TAKEN, drip=0.1)) as player,
            gateway_at(player.url, read_timeout=1.0) as gateway,
        ):
            [outcome] = gateway.send([text()])
        self.assertIsInstance(outcome, Unknown, "each byte put the time-out off")

    def test_answer_without_end(self):
        play = Play(
            b"HTTP/1.1 202 OK\r\nContent-Length: 1000000000\r\n\r\n",
            filler=b"x" * 65536,
            repeat=15000,
        )
        with HttpPlayer(lambda heard: play) as player, gateway_at(player.url) as gateway:
            [outcome] = gateway.send([text()])
            self.assertIsInstance(outcome, Unknown)
            self.assertLess(len(outcome.detail), 300)
            player.wait_until_idle()
            self.assertLess(player.filled, 1000, "it was read for ever")

    def test_nobody_listens(self):
        with gateway_at(f"http://127.0.0.1:{closed_port()}/cgi-bin/sendsms") as gateway:
            outcomes = gateway.send([text(0), text(1)])
        for outcome in outcomes:
            self.assertIsInstance(outcome, Retry)
            self.assertEqual(outcome.reason, Reason.GATEWAY_UNAVAILABLE)
            self.assertIn("refused", outcome.detail)
            self.assert_no_secret(repr(outcome))

    def test_name_that_does_not_exist(self):
        with gateway_at("http://gateway.invalid/cgi-bin/sendsms", connect_timeout=2.0) as gateway:
            [outcome] = gateway.send([text()])
        self.assertIsInstance(outcome, Retry)
        self.assert_no_secret(repr(outcome))

    def test_no_tls_there(self):
        with HttpPlayer(lambda heard: TAKEN) as player:
            with gateway_at(player.url.replace("http:", "https:")) as gateway:
                [outcome] = gateway.send([text()])
            self.assertEqual(player.heard, [])
        self.assertIsInstance(outcome, Retry)
        self.assertEqual(outcome.reason, Reason.GATEWAY_UNAVAILABLE)
        self.assert_no_secret(repr(outcome))

    def test_answer_that_repeats_the_password(self):
        outcome = self.outcome(reply(400, f"Bad request: password {PASSWORD} is odd, rejected"))
        self.assertIsInstance(outcome, Refused)
        self.assertIn("***", outcome.detail)


class TestClient(unittest.TestCase):
    def setUp(self):
        super().setUp()
        # Here a connection is used again at once, if at all.
        self.enterContext(patch.object(kept, "PROOF", 0))

    def test_connections_are_kept_alive(self):
        with HttpPlayer(lambda heard: TAKEN) as player, gateway_at(player.url) as gateway:
            for index in range(5):
                self.assertEqual(gateway.send([text(index)]), [Accepted()])
            self.assertEqual(len(player.heard), 5)
            self.assertEqual(player.connections, 1)

    def test_server_shows_first_that_it_keeps_connections(self):
        with (
            patch.object(kept, "PROOF", 0.3),
            HttpPlayer(lambda heard: TAKEN) as player,
            gateway_at(player.url) as gateway,
        ):
            gateway.send([text(0)])
            gateway.send([text(1)])
            self.assertEqual(player.connections, 2)
            time.sleep(0.6)
            gateway.send([text(2)])
            gateway.send([text(3)])
            self.assertEqual(player.connections, 2)

    def test_server_that_ends_each_connection_without_a_word(self):
        """However many callers there are: a text written to such a connection would be lost."""
        closing = Play(TAKEN.data, close=True)
        with (
            patch.object(kept, "PROOF", PROOF),
            HttpPlayer(lambda heard: closing) as player,
            gateway_at(player.url) as gateway,
            ThreadPoolExecutor(3) as callers,
        ):
            batches = [[text(32 * part + index) for index in range(32)] for part in range(18)]
            outcomes = sum(callers.map(gateway.send, batches), [])
            self.assertEqual(outcomes, [Accepted()] * 576)
            self.assertEqual(len(player.heard), 576)

    def test_few_connections_are_open_until_the_server_is_known(self):
        with (
            patch.object(kept, "PROOF", PATIENCE),
            HttpPlayer(lambda heard: TAKEN) as player,
            gateway_at(player.url) as gateway,
        ):
            for index in range(30):
                self.assertEqual(gateway.send([text(index)]), [Accepted()])
            player.wait_until_idle()
            self.assertEqual(player.connections, 30)
            self.assertLessEqual(player.open, 2)

    def test_connection_that_was_not_used_proves_nothing(self):
        """A server that ends each connection after its answer keeps an unused one open as well."""
        connect = http._connect

        async def late(*place, **options):
            connection = await connect(*place, **options)
            await asyncio.sleep(0.1)
            return connection

        closing = Play(TAKEN.data, close=True)
        with (
            patch.object(kept, "PROOF", 0.2),
            HttpPlayer(lambda heard: closing) as player,
            gateway_at(player.url) as gateway,
        ):
            with patch.object(http, "_connect", late):
                too_late = text(0, begin_by=time.monotonic() + 0.05)
                self.assertIsInstance(gateway.send([too_late])[0], Retry)
            self.assertEqual((player.connections, len(player.heard)), (1, 0))
            time.sleep(0.3)
            texts = [text(index) for index in range(1, 33)]
            self.assertEqual(gateway.send(texts), [Accepted()] * 32)
            self.assertEqual(player.connections, 33)

    def test_idle_connection_is_not_used_again(self):
        with HttpPlayer(lambda heard: TAKEN) as player, gateway_at(player.url) as gateway:
            gateway.send([text()])
            usual, connection.KEEP_ALIVE = connection.KEEP_ALIVE, 0.0
            try:
                gateway.send([text()])
            finally:
                connection.KEEP_ALIVE = usual
            self.assertEqual(player.connections, 2)

    def test_connection_that_the_peer_closed_is_replaced(self):
        closing = Play(TAKEN.data, close=True)
        with HttpPlayer(lambda heard: closing) as player, gateway_at(player.url) as gateway:
            for index in range(4):
                self.assertEqual(gateway.send([text(index)]), [Accepted()])
                player.wait_until_idle()
            self.assertEqual(len(player.heard), 4)

    def test_reset_of_a_reused_connection_is_not_sent_again(self):
        answers = iter([TAKEN, Play(reset=True), TAKEN])
        with HttpPlayer(lambda heard: next(answers)) as player, gateway_at(player.url) as gateway:
            outcomes = [gateway.send([text(index)])[0] for index in range(3)]
            self.assertEqual([heard.connection for heard in player.heard], [1, 1, 2])
        self.assertEqual([type(outcome) for outcome in outcomes], [Accepted, Unknown, Accepted])

    def test_connection_is_not_used_again_after_half_an_answer(self):
        long = Play(b"HTTP/1.1 202 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 200_000)
        answers = iter([long, TAKEN])
        with HttpPlayer(lambda heard: next(answers)) as player, gateway_at(player.url) as gateway:
            outcomes = [gateway.send([text(index)])[0] for index in range(2)]
        self.assertEqual([type(outcome) for outcome in outcomes], [Unknown, Accepted])

    def test_concurrent_and_in_order(self):
        all_at_once = threading.Barrier(KannelGateway.concurrency)

        def play(heard):
            # The later, the faster: answers come back in another order than they were asked.
            index = int(heard.fields["to"][-4:])
            if index < KannelGateway.concurrency:
                all_at_once.wait(PATIENCE)
            status, body = (202, "0: Accepted for delivery") if index % 3 else (500, f"no {index}")
            return reply(status, body, delay=0.2 - index * 0.002)

        with HttpPlayer(play) as player, gateway_at(player.url) as gateway:
            texts = [text(index) for index in range(64)]
            outcomes = gateway.send(texts)
            self.assertEqual(len(outcomes), 64)
            for index, outcome in enumerate(outcomes):
                if index % 3:
                    self.assertEqual(outcome, Accepted())
                else:
                    self.assertEqual(outcome, Unknown(f"HTTP 500: no {index}"))
            self.assertEqual(player.most_running, gateway.concurrency)
            self.assertLessEqual(player.connections, gateway.concurrency)

    def test_nothing_to_send(self):
        with gateway_at("http://127.0.0.1:9/x") as gateway:
            self.assertEqual(gateway.send([]), [])

    def test_text_that_cannot_be_written_is_alone_with_it(self):
        class Odd(KannelGateway):
            def request_for(self, text):
                if text.reference in raised:
                    raise raised[text.reference]
                return super().request_for(text)

        raised = {
            "reference1": RuntimeError(PASSWORD),
            "reference2": ConfigurationError("Fill in the setting"),
        }
        with HttpPlayer(lambda heard: TAKEN) as player, gateway_at(player.url, cls=Odd) as gateway:
            outcomes = gateway.send([text(index) for index in range(4)])
            self.assertEqual(len(player.heard), 2)
        refused = Refused(Reason.INVALID_REQUEST, detail="RuntimeError in the text")
        waits = Retry(reason=Reason.CREDENTIALS, detail="Fill in the setting")
        self.assertEqual(outcomes, [Accepted(), refused, waits, Accepted()])

    def test_no_secret_in_the_debug_log(self):
        with (
            self.assertLogs(level=logging.DEBUG) as logs,
            HttpPlayer(lambda heard: TAKEN) as player,
            gateway_at(player.url) as gateway,
        ):
            logging.getLogger().debug("so that there is a line at all")
            gateway.send([text()])
        lines = "\n".join(logs.output)
        for secret in ("s3cr3t", "hook5ecret", "Hello"):
            self.assertNotIn(secret, lines)

    def test_no_secret_in_representations(self):
        gateway = gateway_at("http://127.0.0.1:9/x")
        words = repr(gateway) + repr(gateway.account) + repr(text(body="very private"))
        for secret in ("s3cr3t", "hook5ecret", "very private"):
            self.assertNotIn(secret, words)
