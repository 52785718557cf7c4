"""Gateways behind a proxy of the environment: a real proxy, a real tunnel, real TLS."""

import os
import ssl
import tempfile
import unittest
from base64 import b64encode
from pathlib import Path
from unittest.mock import patch

from odoo.addons.sms_marketing.gateways import kept
from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Account,
    Reason,
    Retry,
    Text,
    Unknown,
)
from odoo.addons.sms_marketing.gateways.errors import ConfigurationError
from odoo.addons.sms_marketing.gateways.kannel import KannelGateway

from .http_player import PATIENCE, HttpPlayer, Play, closed_port, reply
from .http_proxy import certificate, proxy_to

#: Never resolved here: the proxy knows where it is.
HOST = "provider.invalid"
TAKEN = reply(202, "0: Accepted for delivery")
LOGIN = "odoo:pr0xy%2Fs%3Acret"
FIELD = "Basic " + b64encode(b"odoo:pr0xy/s:cret").decode()
#: Seconds for the connection and for the answer.
PATIENT = (PATIENCE, PATIENCE)
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def environment(**values):
    """The environment with these proxies and no others."""
    known = {
        name: value for name, value in os.environ.items() if name.lower() not in VARIABLES
    } | values
    return patch.dict(os.environ, known, clear=True)


def a_text(number=0):
    return Text(f"reference{number}", "+32470000000", "+3225550000", "Hello")


class TestProxy(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.bundle = Path(folder.name, "provider.pem")
        cls.bundle.write_bytes(certificate(HOST))
        cls.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        cls.context.load_cert_chain(cls.bundle)

    def player(self, play=TAKEN, secure=True):
        return HttpPlayer(lambda heard: play, context=self.context if secure else None)

    def send(self, scheme, proxy, texts=1, login=f"{LOGIN}@", host=HOST, limits=None, **more):
        """Outcomes of texts through a proxy; none of them tells how to log in there."""
        variables = {
            f"{scheme}_proxy": f"http://{login}127.0.0.1:{proxy.port}",
            "REQUESTS_CA_BUNDLE": str(self.bundle),
        } | more
        settings = {"url": f"{scheme}://{host}/sendsms", "username": "odoo", "password": "gate"}
        with (
            environment(**variables),
            KannelGateway(Account(settings, "", *(limits or PATIENT))) as gateway,
        ):
            outcomes = [gateway.send([a_text(number)])[0] for number in range(texts)]
        for secret in ("pr0xy", "cret", FIELD, "secret words"):
            self.assertNotIn(secret, repr(outcomes))
        return outcomes

    def test_https_goes_through_a_tunnel(self):
        with (
            patch.object(kept, "PROOF", 0),
            self.player() as player,
            proxy_to(player.port) as proxy,
        ):
            outcomes = self.send("https", proxy, texts=3)
        self.assertEqual(outcomes, [Accepted()] * 3)
        # One tunnel is kept for all three; the proxy sees where to, and no text.
        [(line, fields)] = proxy.heard
        self.assertRegex(line, rf"^CONNECT {HOST}:443 HTTP/1\.[01]$")
        self.assertEqual(fields["proxy-authorization"], FIELD)
        self.assertEqual(
            [heard.target.partition("?")[0] for heard in player.heard], ["/sendsms"] * 3
        )
        for heard in player.heard:
            self.assertEqual(heard.headers["host"], HOST)
            self.assertNotIn("proxy-authorization", heard.headers)

    def test_http_is_handed_on(self):
        with self.player(secure=False) as player, proxy_to(player.port) as proxy:
            [outcome] = self.send("http", proxy)
        self.assertEqual(outcome, Accepted())
        [(line, fields)] = proxy.heard
        self.assertTrue(line.startswith(f"GET http://{HOST}/sendsms?"), line)
        self.assertEqual((fields["host"], fields["proxy-authorization"]), (HOST, FIELD))
        self.assertEqual(player.heard[0].fields["to"], "+32470000000")

    def test_without_login(self):
        with self.player() as player, proxy_to(player.port) as proxy:
            self.assertEqual(self.send("https", proxy, login=""), [Accepted()])
        self.assertNotIn("proxy-authorization", proxy.heard[0][1])

    def test_which_addresses_go_through_it(self):
        with self.player(secure=False) as player, proxy_to(player.port) as proxy:
            here = {"host": f"localhost:{player.port}"}
            self.assertEqual(self.send("http", proxy, no_proxy="localhost", **here), [Accepted()])
            self.assertEqual(proxy.heard, [])
            self.assertEqual(self.send("http", proxy, no_proxy="example.com", **here), [Accepted()])
            self.assertEqual(len(proxy.heard), 1)
            # A proxy for https only, and one for everything.
            other = {"http_proxy": "", "https_proxy": f"http://127.0.0.1:{proxy.port}"}
            self.assertEqual(self.send("http", proxy, **here, **other), [Accepted()])
            self.assertEqual(len(proxy.heard), 1)
            other = {"http_proxy": "", "all_proxy": f"127.0.0.1:{proxy.port}"}
            self.assertEqual(self.send("http", proxy, **here, **other), [Accepted()])
            self.assertEqual(len(proxy.heard), 2)

    def test_tunnel_that_is_refused_took_nothing(self):
        for status, reason in (
            (407, Reason.CREDENTIALS),
            (403, Reason.GATEWAY_UNAVAILABLE),
            (502, Reason.GATEWAY_UNAVAILABLE),
            (504, Reason.GATEWAY_UNAVAILABLE),
        ):
            with self.player() as player, proxy_to(player.port, refuse=status) as proxy:
                [outcome] = self.send("https", proxy)
            self.assertIsInstance(outcome, Retry)
            self.assertEqual(outcome.reason, reason)
            self.assertIn(f"the proxy refused it (HTTP {status})", outcome.detail)
            self.assertEqual((len(proxy.heard), player.heard), (1, []))

    def test_refusal_of_a_request_is_judged_as_an_answer(self):
        for status, kind in ((407, Retry), (403, Retry), (502, Unknown), (504, Unknown)):
            with (
                self.player(secure=False) as player,
                proxy_to(player.port, refuse=status) as proxy,
            ):
                [outcome] = self.send("http", proxy)
            self.assertIsInstance(outcome, kind, status)

    def test_proxy_that_hangs(self):
        for scheme, kind, limits in (
            ("https", Retry, (0.5, PATIENCE)),
            ("http", Unknown, (PATIENCE, 0.5)),
        ):
            with self.player() as player, proxy_to(player.port, silent=True) as proxy:
                [outcome] = self.send(scheme, proxy, limits=limits)
            self.assertIsInstance(outcome, kind, scheme)

    def test_nothing_there(self):
        with proxy_to(closed_port()) as proxy:
            # The proxy takes the tunnel's request and breaks off.
            self.assertIsInstance(self.send("https", proxy)[0], Retry)
        proxy.port = closed_port()
        for scheme in ("http", "https"):
            [outcome] = self.send(scheme, proxy)
            self.assertIsInstance(outcome, Retry)
            self.assertIn("refused", outcome.detail)

    def test_answer_lost_in_the_tunnel_is_unknown(self):
        with self.player(Play(close=True)) as player, proxy_to(player.port) as proxy:
            self.assertIsInstance(self.send("https", proxy)[0], Unknown)
        self.assertEqual(len(player.heard), 1, "handed over more than once")

    def test_stranger_behind_the_proxy_gets_no_text(self):
        with self.player() as player, proxy_to(player.port) as proxy:
            [outcome] = self.send("https", proxy, host="other.invalid")
            self.assertIsInstance(outcome, Retry)
            self.assertEqual(player.heard, [])

    def test_proxy_that_is_no_http_address(self):
        for address in ("socks5://odoo:pr0xy@127.0.0.1:1", "https://127.0.0.1:1", "http://h:x"):
            with proxy_to(closed_port()) as proxy:
                [outcome] = self.send("https", proxy, https_proxy=address)
            self.assertIsInstance(outcome, Retry)
            self.assertIn("proxy must be an http:// address", outcome.detail)

    def test_connection_test_says_what_the_proxy_said(self):
        settings = {"url": f"https://{HOST}/sendsms", "username": "odoo", "password": "gate"}
        with proxy_to(closed_port(), refuse=407) as proxy:
            address = f"http://{LOGIN}@127.0.0.1:{proxy.port}"
            with (
                environment(https_proxy=address),
                KannelGateway(Account(settings, "", *PATIENT)) as gateway,
                self.assertRaises(ConfigurationError) as caught,
            ):
                gateway.test_connection()
        self.assertIn("HTTP 407", str(caught.exception))
        self.assertNotIn("pr0xy", str(caught.exception))
