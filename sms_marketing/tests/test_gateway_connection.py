"""How answers are read from a connection: in any pieces, from servers of any manners."""

import asyncio
import unittest
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.sms_marketing.gateways import http, kept
from odoo.addons.sms_marketing.gateways.connection import AnswerReader
from odoo.addons.sms_marketing.gateways.errors import NotTaken, OutcomeLost

from .http_player import PATIENCE, HttpPlayer, Play, reply

LENGTH = b"HTTP/1.1 202 OK\r\nContent-Length: 7\r\nRetry-After: 3\r\n\r\nAccepts"
CHUNKED = (
    b"HTTP/1.1 202 OK\r\ntransfer-encoding: chunked\r\nretry-after: 3\r\n\r\n"
    b"3\r\nAcc\r\n4\r\nepts\r\n0\r\n\r\n"
)
CONTINUED = b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n" + LENGTH
#: What servers write whose authors have not read the standard.
SLOPPY = (
    LENGTH.replace(b"\r\n", b"\n"),
    LENGTH.replace(b" OK", b""),
    LENGTH.replace(b"HTTP/1.1", b"HTTP/1.0"),
    LENGTH.replace(b": ", b":"),
    CHUNKED.replace(b"\r\nAcc", b" \r\nAcc"),
    CHUNKED.replace(b"chunked", b"chunked\r\nContent-Length: 30"),
    LENGTH.replace(b"Length:", b"Length :"),
    LENGTH.replace(b"HTTP/1.1", b"HTTP/1.2"),
    LENGTH.replace(b"Content-Length: 7", b"Transfer-Encoding: identity"),
)
#: What is no answer, and the parser's word for it.
UNREADABLE = (
    (b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", ""),
    (LENGTH.replace(b"7", b"seven"), "Content-Length"),
    (b"SMTP ready\r\n", "HTTP"),
)


class TestAnswerReader(unittest.TestCase):
    @given(st.sampled_from((LENGTH, CHUNKED, CONTINUED)), st.lists(st.integers(1, 90)))
    def test_any_pieces(self, written, cuts):
        reader = AnswerReader()
        places = sorted({0, len(written), *(cut for cut in cuts if cut < len(written))})
        for start, end in zip(places, places[1:], strict=False):
            self.assertFalse(reader.is_done)
            reader.feed(written[start:end])
        answer = reader.answer()
        self.assertEqual((answer.status, answer.body, answer.complete), (202, b"Accepts", True))
        self.assertEqual(answer.headers.get("Retry-After"), "3")

    def test_first_of_several_header_fields_counts(self):
        reader = AnswerReader()
        reader.feed(LENGTH.replace(b"Retry-After: 3", b"Retry-After: 3\r\nretry-after: 9"))
        self.assertEqual(reader.answer().headers.get("Retry-After"), "3")

    def test_chunks_that_end_early_are_no_whole_answer(self):
        reader = AnswerReader()
        reader.feed(CHUNKED.replace(b"transfer", b"Transfer-Encoding: identity\r\ntransfer")[:-9])
        reader.end()
        self.assertFalse(reader.answer().complete)

    def test_what_follows_the_body_is_no_header_field(self):
        reader = AnswerReader()
        reader.feed(CHUNKED.replace(b"0\r\n\r\n", b"0\r\nRetry-After: 9\r\nX-Late: 1\r\n\r\n"))
        headers = reader.answer().headers
        self.assertEqual((headers.get("Retry-After"), headers.get("X-Late")), ("3", None))


class TestConnection(unittest.TestCase):
    def setUp(self):
        super().setUp()
        # Here a connection is used again at once, if at all.
        self.enterContext(patch.object(kept, "PROOF", 0))

    def answers(self, *plays, data=None):
        """Answers to as many requests, one after another, and how many connections they took."""
        left = iter(plays)
        with HttpPlayer(lambda heard: next(left)) as player:
            client = http.HttpClient(player.url, PATIENCE, PATIENCE, 4)
            self.addCleanup(client.close)
            answers = []
            for _play in plays:
                [answer] = client.map(
                    lambda url: client.request("POST", url, data=data), [player.url]
                )
                answers.append((answer.status, answer.body, answer.complete))
                player.wait_until_idle()
            return answers, player.connections

    def test_sloppy_servers_are_understood(self):
        for written in SLOPPY:
            with self.subTest(written=written):
                [answer], _connections = self.answers(Play(written, close=True))
                self.assertEqual(answer, (202, b"Accepts", True))

    def test_what_is_no_answer(self):
        for written, word in UNREADABLE:
            with (
                self.subTest(written=written),
                self.assertNoLogs(level="WARNING"),
                self.assertRaisesRegex(OutcomeLost, f"UnreadableAnswer: .*{word}"),
            ):
                self.answers(Play(written))

    def test_answer_that_ends_with_its_connection(self):
        written = b"HTTP/1.0 202 OK\r\nContent-Type: text/plain\r\n\r\nAccepts"
        answers, connections = self.answers(*[Play(written, close=True)] * 2)
        self.assertEqual(answers, [(202, b"Accepts", True)] * 2)
        self.assertEqual(connections, 2)

    def test_server_that_means_to_close_is_taken_at_its_word(self):
        closing = Play(LENGTH.replace(b"Retry-After: 3", b"Connection: close"))
        self.assertEqual(self.answers(closing, closing), ([(202, b"Accepts", True)] * 2, 2))

    def test_what_follows_an_answer_is_nobody_s(self):
        other = LENGTH.replace(b"202", b"500")
        for tail in (other, b"rubbish", b"\x00"):
            with self.subTest(tail=tail):
                answers, connections = self.answers(Play(LENGTH + tail), Play(LENGTH))
                self.assertEqual(answers, [(202, b"Accepts", True)] * 2)
                self.assertEqual(connections, 2, "a spoilt connection was used again")

    def test_what_comes_unasked_is_nobody_s(self):
        late = Play(LENGTH, filler=LENGTH.replace(b"202", b"500"), repeat=1)
        answers, connections = self.answers(late, Play(LENGTH))
        self.assertEqual(answers, [(202, b"Accepts", True)] * 2)
        self.assertEqual(connections, 2)

    def test_request_larger_than_any_buffer(self):
        [answer], _connections = self.answers(reply(200, "all"), data=b"x" * 20_000_000)
        self.assertEqual(answer, (200, b"all", True))

    def test_peer_that_leaves_before_anything_is_written(self):
        connect = http._connect

        async def late(*place, **options):
            connection = await connect(*place, **options)
            while not connection.transport.is_closing():
                await asyncio.sleep(0.01)
            return connection

        for first in (Play(close=True), Play(reset=True)):
            with (
                self.subTest(reset=first.reset),
                HttpPlayer(lambda heard: Play(), before_reading=first) as player,
                patch.object(http, "_connect", late),
            ):
                client = http.HttpClient(player.url, PATIENCE, PATIENCE, 4)
                self.addCleanup(client.close)
                with self.assertRaisesRegex(NotTaken, "ConnectionResetError"):
                    client.map(
                        lambda url, client=client: client.request("POST", url, data=b"x"),
                        [player.url],
                    )
                self.assertEqual(player.connections, 1)

    def test_peer_that_leaves_before_it_has_read_all(self):
        with HttpPlayer(lambda heard: Play(), before_reading=Play(close=True)) as player:
            client = http.HttpClient(player.url, PATIENCE, PATIENCE, 4)
            self.addCleanup(client.close)
            with self.assertRaises(OutcomeLost):
                client.map(
                    lambda url: client.request("POST", url, data=b"x" * 20_000_000), [player.url]
                )
            self.assertEqual(player.connections, 1)
