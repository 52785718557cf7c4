"""The HTTP client of the gateways: what goes out, names, threads and its end."""

import functools
import socket
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.addons.sms_marketing.gateways import http
from odoo.addons.sms_marketing.gateways.base import Accepted, Reason, Retry
from odoo.addons.sms_marketing.gateways.errors import NotTaken, OutcomeLost
from odoo.addons.sms_marketing.gateways.kannel import KannelGateway

from .http_player import PATIENCE, HttpPlayer, Play, closed_port
from .test_gateway_http import TAKEN, gateway_at, text


@contextmanager
def client_of(url):
    client = http.HttpClient(url, PATIENCE, PATIENCE, 4)
    try:
        yield client
    finally:
        client.close()


class TestHttpClient(unittest.TestCase):
    def test_close_ends_threads_and_may_be_repeated(self):
        with HttpPlayer(lambda heard: TAKEN) as player:
            gateway = gateway_at(player.url)
            gateway.send([text(index) for index in range(8)])
            gateway.close()
            gateway.close()
            names = [thread.name for thread in threading.enumerate()]
            self.assertFalse([name for name in names if name.startswith("sms-gateway")])

    def test_close_waits_for_what_others_have_under_way(self):
        heard_one = threading.Event()

        def play(heard):
            heard_one.set()
            return replace(TAKEN, delay=0.5)

        with HttpPlayer(play) as player, ThreadPoolExecutor(1) as threads:
            gateway = gateway_at(player.url)
            sending = threads.submit(gateway.send, [text(index) for index in range(4)])
            self.assertTrue(heard_one.wait(PATIENCE))
            gateway.close()
            self.assertEqual(sending.result(timeout=PATIENCE), [Accepted()] * 4)

    def test_text_whose_turn_comes_too_late_is_not_begun(self):
        """Who gets it may have said STOP while it waited for a connection."""
        with (
            patch.object(KannelGateway, "concurrency", 1),
            HttpPlayer(lambda heard: replace(TAKEN, delay=1.5)) as player,
            gateway_at(player.url) as gateway,
        ):
            soon, later = time.monotonic() + 1, time.monotonic() + PATIENCE
            outcomes = gateway.send(
                [text(0, begin_by=soon), text(1, begin_by=soon), text(2, begin_by=later), text(3)]
            )
            self.assertEqual(len(player.heard), 3)
        back = Retry(after=0, reason=None, detail="Its turn came too late")
        self.assertEqual(outcomes, [Accepted(), back, Accepted(), Accepted()])

    def test_request_of_another_gateways_class(self):
        """What an add-on may give for fields: a mapping, lists, a login in a list."""
        with HttpPlayer(lambda heard: TAKEN) as player, client_of(player.url) as client:
            for fields in ({"to": "1", "text": "a b"}, [["to", "1"], ["text", "a b"]]):
                asked = functools.partial(client.request, "GET", params=fields)
                client.map(lambda url, asked=asked: asked(url, auth=["me", "word"]), [player.url])
            for heard in player.heard:
                self.assertEqual(heard.fields, {"to": "1", "text": "a b"})
                self.assertEqual(heard.headers["authorization"], "Basic bWU6d29yZA==")

    def test_requests_that_share_a_head_differ_in_their_body(self):
        with HttpPlayer(lambda heard: TAKEN) as player, client_of(player.url) as client:
            bodies = [b"text=one", b"text=another", b"", b"text=one"]
            client.map(lambda body: client.request("POST", player.url, data=body), bodies)
            self.assertCountEqual([heard.body for heard in player.heard], bodies)

    def test_connection_that_opens_too_late_is_not_written_to(self):
        known = socket.getaddrinfo

        def look_up(*place, **options):
            time.sleep(0.5)
            return known(*place, **options)

        with (
            HttpPlayer(lambda heard: TAKEN) as player,
            gateway_at(player.url.replace("127.0.0.1", "localhost")) as gateway,
            patch("asyncio.base_events.socket.getaddrinfo", look_up),
        ):
            [outcome] = gateway.send([text(begin_by=time.monotonic() + 0.3)])
            self.assertEqual((outcome.reason, outcome.after), (None, 0))
            self.assertEqual(gateway.send([text(begin_by=None)]), [Accepted()])
            self.assertEqual(len(player.heard), 1)

    def test_system_that_lets_us_have_no_thread(self):
        with HttpPlayer(lambda heard: TAKEN) as player, gateway_at(player.url) as gateway:
            with patch.object(threading.Thread, "start", side_effect=RuntimeError("no thread")):
                outcomes = gateway.send([text(0), text(1)])
            detail = "No connection: no thread"
            self.assertEqual(
                outcomes, [Retry(reason=Reason.GATEWAY_UNAVAILABLE, detail=detail)] * 2
            )
            # Nothing waits for ever for the one that did not come.
            self.assertEqual(gateway.send([text(2)]), [Accepted()])

    def test_header_fields_are_the_administrator_s_however_written(self):
        with HttpPlayer(lambda heard: TAKEN) as player:
            client = http.HttpClient(player.url, PATIENCE, PATIENCE, 1)
            self.addCleanup(client.close)
            fields = {
                "host": "sms.example.com",
                "user-agent": "ours",
                "AUTHORIZATION": "Bearer 7",
                "Content-length": "1",
                "transfer-Encoding": "chunked",
            }
            client.map(
                lambda url: client.request("POST", url, headers=fields, data=b"all"), [player.url]
            )
            [heard] = player.heard
        headers = heard.headers
        self.assertEqual(len(headers), len(heard.lines), "a field goes out twice")
        self.assertEqual(headers["host"], "sms.example.com")
        self.assertEqual(headers["user-agent"], "ours")
        self.assertEqual(headers["authorization"], "Bearer 7")
        self.assertEqual(headers["content-length"], "3")
        self.assertNotIn("transfer-encoding", headers)
        self.assertEqual(heard.body, b"all")

    def test_host_and_path_in_any_script(self):
        asked, known = [], socket.getaddrinfo

        def look_up(host, port, *more, **options):
            asked.append(host)
            return known("127.0.0.1", port)

        with HttpPlayer(lambda heard: TAKEN) as player:
            client = http.HttpClient(player.url, PATIENCE, PATIENCE, 1)
            self.addCleanup(client.close)
            port = urlsplit(player.url).port
            with patch("asyncio.base_events.socket.getaddrinfo", look_up):
                client.map(
                    lambda url: client.request("GET", url, params=[("to", "é")]),
                    [f"http://bücher.example:{port}/weiße Pfade?a=ü%20%C3%A9"],
                )
            [heard] = player.heard
        self.assertEqual(asked, ["xn--bcher-kva.example"])
        self.assertEqual(heard.target, "/wei%C3%9Fe%20Pfade?a=%C3%BC%20%C3%A9&to=%C3%A9")

    def test_slow_names_do_not_wait_for_each_other(self):
        known = socket.getaddrinfo
        # Nobody gets past it until all are there.
        all_of_them = threading.Barrier(KannelGateway.concurrency)

        def look_up(*place, **options):
            all_of_them.wait(PATIENCE)
            return known(*place, **options)

        with (
            HttpPlayer(lambda heard: TAKEN) as player,
            gateway_at(player.url.replace("127.0.0.1", "localhost")) as gateway,
            patch("asyncio.base_events.socket.getaddrinfo", look_up),
        ):
            outcomes = gateway.send([text(index) for index in range(gateway.concurrency)])
        self.assertEqual(set(outcomes), {Accepted()})

    def test_name_that_hangs_does_not_hold_up_the_end(self):
        go, given_up = threading.Event(), threading.Event()
        self.addCleanup(go.set)

        def look_up(*place, **more):
            if not go.wait(PATIENCE):
                given_up.set()

        gateway = gateway_at("http://localhost:9/x", connect_timeout=0.1)
        with patch("asyncio.base_events.socket.getaddrinfo", look_up):
            [outcome] = gateway.send([text()])
            gateway.close()
        self.assertIsInstance(outcome, Retry)
        self.assertFalse(given_up.is_set(), "it waited for the name")

    def test_errors_of_one_request(self):
        client = http.HttpClient("http://127.0.0.1", PATIENCE, PATIENCE, 1)
        self.addCleanup(client.close)

        def request(url, **more):
            return client.map(lambda url: client.request("POST", url, **more), [url])

        with self.assertRaises(NotTaken) as caught:
            request(f"http://127.0.0.1:{closed_port()}/?password=s3cr3t")
        self.assertNotIn("s3cr3t", str(caught.exception))
        self.assertIsNone(caught.exception.__cause__)
        with HttpPlayer(lambda heard: Play(close=True)) as player:
            with self.assertRaises(OutcomeLost):
                request(player.url, data=b"{}")
            self.assertEqual(player.heard[0].body, b"{}")

    def test_request_that_would_be_two(self):
        with HttpPlayer(lambda heard: TAKEN) as player:
            client = http.HttpClient(player.url, PATIENCE, PATIENCE, 1)
            self.addCleanup(client.close)
            for more in (
                {"headers": {"X-Name": "a\r\nX-Other: b"}},
                {"headers": {"X-Na\nme": "a"}},
                {"headers": {"X-Name": "\N{SNOWMAN}"}},
            ):
                with self.subTest(more=more), self.assertRaises(NotTaken):
                    client.map(
                        lambda url, more=more: client.request("GET", url, **more), [player.url]
                    )
            self.assertEqual(player.heard, [])
