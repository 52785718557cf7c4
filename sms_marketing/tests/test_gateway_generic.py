"""Generic HTTP: what templates make of a text, what answers and calls mean by the settings."""

import json
import unittest
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Inbound,
    Reason,
    Receipt,
    ReceiptStatus,
    Refused,
    Retry,
    Unknown,
)
from odoo.addons.sms_marketing.gateways.errors import ConfigurationError, MalformedRequest
from odoo.addons.sms_marketing.gateways.generic import OF_ACCOUNT, PLACEHOLDERS, value_at

from .gateway_cases import ProviderCase, a_text
from .http_player import HttpPlayer, reply
from .provider_accounts import CALLBACK, SETTINGS

SECRET = SETTINGS["generic"]["secret"]
TEXT = st.text(st.characters(codec="utf-8"), min_size=1)


class TestGeneric(ProviderCase, unittest.TestCase):
    provider = "generic"
    taken = (200, json.dumps({"result": {"code": "ok"}, "ids": ["m-1"]}))
    login_refused = (401, '{"error": "no"}')
    connected = (404, "")

    def at(self, player_url, **settings):
        server = player_url.removesuffix("/cgi-bin/sendsms")
        path = settings.pop("path", "/v1/send?to={{ digits }}")
        return self.gateway_class(self.account(url=server + path, **settings))

    def test_connection_test(self):
        """Whether a login works is known to nobody here; whether somebody answers is."""
        with HttpPlayer(lambda heard: reply(404, "")) as player, self.at(player.url) as gateway:
            self.assertIn("404", gateway.test_connection())
        self.assertEqual((player.heard[0].method, player.heard[0].target), ("GET", "/"))
        self.assertNotIn(SECRET, str(player.heard[0].headers))

    def test_json(self):
        heard = self.heard()
        self.assertEqual((heard.method, heard.target), ("POST", "/v1/send?to=32470123456"))
        self.assertEqual(heard.headers["content-type"], "application/json")
        self.assertEqual(heard.headers["authorization"], f"Bearer {SECRET}")
        self.assertEqual(
            json.loads(heard.body),
            {
                "from": "+3225550000",
                "text": a_text().body,
                "parts": 1,
                "ref": "t0ken_-1",
                "dlr": f"{CALLBACK}/receipt?reference=t0ken_-1",
            },
        )

    def test_form_and_headers_of_their_own(self):
        heard = self.heard(
            body_type="form",
            body="user={{username}}&pw={{ secret }}&to={{ number }}&msg={{ text }}",
            headers="X-Ref: {{ reference }}\n\n Content-Type: application/x-www-form-urlencoded",
        )
        self.assertEqual(
            dict(parse_qsl(heard.body.decode())),
            {"user": "shop", "pw": SECRET, "to": "+32470123456", "msg": a_text().body},
        )
        self.assertEqual(heard.headers["x-ref"], "t0ken_-1")

    def test_get(self):
        heard = self.heard(method="GET", body="", path="/send?to={{ number }}&m={{ text }}&x=1")
        self.assertEqual((heard.method, heard.body), ("GET", b""))
        self.assertEqual(
            parse_qsl(urlsplit(heard.target).query),
            [("to", "+32470123456"), ("m", a_text().body), ("x", "1")],
        )

    @given(TEXT, TEXT)
    def test_values_stay_values_whatever_they_are(self, body, secret):
        """No text breaks out of its place, and none is read as a template."""
        gateway = self.gateway(
            secret=secret, body='{"a": "{{ text }}", "b": ["{{ secret }}"]}', headers=""
        )
        secret = secret.strip()
        for words in (body, body + '", "x": "{{ secret }}\\'):
            request = gateway.request_for(a_text(body=words))
            self.assertEqual(json.loads(request.data), {"a": words, "b": [secret]})
        gateway = self.gateway(
            secret=secret, body_type="form", body="a={{ text }}&b={{ secret }}", headers=""
        )
        fields = parse_qsl(gateway.request_for(a_text(body=body)).data.decode(), True)
        self.assertEqual(fields, [("a", body), ("b", secret)])

    def test_line_ends_make_no_header_field(self):
        heard = self.heard(a_text(body="a\r\nX-Evil: 1"), headers="X-Text: {{ text }}")
        self.assertEqual(heard.headers["x-text"], "a X-Evil: 1")
        self.assertNotIn("x-evil", heard.headers)

    def test_success_rules(self):
        def read(status, body, **rule):
            rule = {"success_path": "", "success_value": "", "reference_path": ""} | rule
            with (
                HttpPlayer(lambda heard: reply(status, body)) as player,
                self.at(player.url, **rule) as gateway,
            ):
                return gateway.send([a_text()])[0]

        self.assertEqual(self.outcome(*self.taken), Accepted("m-1"))
        self.assertEqual(read(204, ""), Accepted())
        self.assertEqual(read(200, "OK: 5", success_value="OK"), Accepted())
        self.assertEqual(read(200, '{"id": 7}', success_path="id"), Accepted())
        self.assertEqual(
            read(200, '{"id": 7}', success_path="id", reference_path="id"), Accepted("7")
        )
        refused = read(200, "ERR 12", success_value="OK")
        self.assertIsInstance(refused, Refused)
        self.assertIn("ERR 12", refused.detail)
        self.assertEqual(
            read(200, '{"s": "bad"}', success_path="s", success_value="ok").code, "bad"
        )
        self.assertIsInstance(read(200, "{}", success_path="s", success_value="ok"), Unknown)
        self.assertIsInstance(read(400, '{"s": "ok"}', success_path="s"), Retry)
        self.assertIsInstance(read(500, '{"s": "ok"}', success_path="s"), Unknown)

    def test_paths(self):
        document = {"a": [{"b": 1}, {"b": True}], "c": None, "d": {"e": "x"}}
        for path, value in (
            ("a.0.b", "1"),
            ("a.1.b", "true"),
            ("d.e", "x"),
            ("a.2.b", ""),
            ("a.-1.b", ""),
            ("a.b", ""),
            ("c.d", ""),
            ("d", ""),
            ("d.e.f", ""),
            ("d.__class__", ""),
            ("", ""),
        ):
            self.assertEqual(value_at(document, path), value, path)

    def test_templates_that_cannot_work_are_refused(self):
        for settings, word in (
            ({"url": "ftp://api.example.com"}, "https://"),
            ({"url": "https://{{ number }}.example.com/"}, "server's name"),
            ({"url": "https://me:pw@api.example.com/"}, "login"),
            ({"url": "https://api.example.com/{{ object.name }}"}, "brace"),
            ({"url": "https://api.example.com/{{ numbr }}"}, "numbr"),
            ({"headers": "no colon"}, "one header field a line"),
            ({"headers": "Bad Name: x"}, "one header field a line"),
            ({"headers": "X: {{ __import__('os') }}"}, "brace"),
            ({"body": '{"a": {{ text }}}'}, "not JSON"),
            ({"body": '{"a": "{{ text }}"'}, "not JSON"),
            ({"method": "DELETE"}, "method"),
            ({"body_type": "xml"}, "body"),
        ):
            with self.subTest(settings=settings), self.assertRaises(ConfigurationError) as caught:
                self.gateway(**settings)
            self.assertIn(word, str(caught.exception))
        every = " ".join(f"{{{{ {name} }}}}" for name in (*PLACEHOLDERS, *OF_ACCOUNT))
        self.gateway(body=json.dumps({"all": {"of": {"them": every}}}))

    def test_receipts(self):
        expected = Receipt("t0ken_-1", "m-1", ReceiptStatus.DELIVERED)
        query = "reference=t0ken_-1"
        for call in (
            self.call(query=f"{query}&state=Delivered&msg.id=m-1", method="GET"),
            self.call(query=query, body="state=DELIVERED&msg.id=m-1"),
            self.call(
                query=query,
                body=json.dumps({"state": "delivered", "msg": {"id": "m-1"}}),
                Content_Type="application/json",
            ),
        ):
            self.assertEqual(self.gateway().parse_receipts(call), [expected])
        for word, status, reason in (
            ("seen", ReceiptStatus.DELIVERED, None),
            ("failed", ReceiptStatus.UNDELIVERED, Reason.UNKNOWN),
            ("queued", ReceiptStatus.ACCEPTED, None),
        ):
            [receipt] = self.gateway().parse_receipts(self.call(query=f"{query}&state={word}"))
            self.assertEqual((receipt.status, receipt.reason), (status, reason))
        with self.assertRaises(MalformedRequest):
            self.gateway().parse_receipts(self.call(query="state=delivered"))

    def test_inbound(self):
        expected = [Inbound("+32470123456", "+3225550000", "Stop 🙂 it", "in-1")]
        message = {"from": "32470123456", "to": "3225550000", "body": "Stop 🙂 it", "id": "in-1"}
        call = self.call(
            "inbound", json.dumps({"message": message}), Content_Type="application/json"
        )
        names = {
            f"inbound_{name}": f"message.{path}"
            for name, path in (
                ("number", "from"),
                ("sender", "to"),
                ("text", "body"),
                ("id", "id"),
            )
        }
        self.assertEqual(self.gateway(**names).parse_inbound(call), expected)
        form = "from=32470123456&to=3225550000&text=Stop+%F0%9F%99%82+it&id=in-1"
        self.assertEqual(self.gateway().parse_inbound(self.call("inbound", form)), expected)
