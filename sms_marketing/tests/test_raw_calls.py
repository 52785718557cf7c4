"""Calls over real HTTP: the bytes reach the adapter as they were sent."""

from http.client import HTTPConnection
from unittest.mock import patch
from urllib.parse import urlencode, urlsplit

from odoo.tests import tagged
from odoo.tests.common import TEST_CURSOR_COOKIE_NAME

from ..gateways.kannel import KannelGateway
from .common import SmsMarketingHttpCase

FORM = "application/x-www-form-urlencoded"


@tagged("post_install", "-at_install")
class TestRawCalls(SmsMarketingHttpCase):
    """Signatures are made over raw bytes, so not one of them may change on the way."""

    def setUp(self):
        super().setUp()
        self.kannel = self.make_kannel_gateway(public_url="https://crm.example.com/odoo")

    def taken(self, query="", **request):
        """The call as the adapter sees it."""
        seen = []
        address = f"{urlsplit(self.kannel._account().callback_url).path}/receipt".removeprefix(
            "/odoo"
        )
        with (
            patch.object(KannelGateway, "verify", lambda gateway, call: seen.append(call)),
            patch.object(KannelGateway, "parse_receipts", lambda gateway, call: []),
        ):
            status = self.send_raw(f"{address}{query and '?' + query}", **request)
        self.assertEqual(status, 200)
        [call] = seen
        return call

    def send_raw(self, target, method="GET", body=None, headers=()):
        """A request as it is written here: `requests` would put addresses in order."""
        connection = HTTPConnection(urlsplit(self.base_url()).netloc, timeout=60)
        with self.allow_requests():
            cookie = f"{TEST_CURSOR_COOKIE_NAME}={self.http_request_key}"
            connection.request(method, target, body, {"Cookie": cookie, **dict(headers)})
            status = connection.getresponse().status
        connection.close()
        return status

    def test_get(self):
        call = self.taken("b=%c3%a9&a=1+2&b=&c=%FF~%7e")
        self.assertEqual((call.method, call.body), ("GET", b""))
        self.assertEqual(call.query, b"b=%c3%a9&a=1+2&b=&c=%FF~%7e")

    def test_bodies_that_no_parser_would_write_the_same_again(self):
        boundary = "multipart/form-data; boundary=x"
        for content_type, body in (
            (FORM, b"b=%c3%a9&a=1+2&&b=&=x&c=%ZZ&d=\xff;e=\x00&reference=%2B"),
            (FORM, b""),
            (f"{FORM}; charset=latin-1", "a=é".encode("latin-1")),
            ("application/json", b'{ "b" :1.0,\r\n"a":"\\u00e9", "a": [ ] }\n\n'),
            ("application/json", b'{"half": '),
            ("application/vnd.provider+json; v=1", b"{}"),
            ("text/plain", b"\xff\xfe\x00"),
            ("", b"a=1"),
            (boundary, b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n'),
            (
                boundary,
                b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\n\0\r\n--x--',
            ),
            (boundary, b"no part at all"),
        ):
            with self.subTest(content_type=content_type, body=body):
                headers = {"Content-Type": content_type}
                call = self.taken("z=1", method="POST", body=body, headers=headers)
                self.assertEqual((call.method, call.body), ("POST", body))
                self.assertEqual(call.query, b"z=1")
                self.assertEqual(call.headers.get("content-type") or "", content_type)

    def test_body_in_chunks(self):
        chunks = iter([b"a=%c3", b"%a9&b=", b"1"])
        call = self.taken(method="POST", body=chunks, headers={"Content-Type": FORM})
        self.assertEqual(call.body, b"a=%c3%a9&b=1")

    def test_address_is_the_one_that_the_provider_was_given(self):
        for headers in ({}, {"Host": "10.0.0.7:8069"}, {"X-Forwarded-Host": "evil.example"}):
            call = self.taken("a=%2f", method="POST", headers=headers)
            self.assertEqual(call.url, f"{self.kannel._account().callback_url}/receipt?a=%2f")
        self.assertTrue(call.url.startswith("https://crm.example.com/odoo/sms_marketing/"))

    def test_fields_of_a_form_do_not_reach_the_route(self):
        form = {"gateway_id": "1", "secret": "x", "subject": "inbound"}
        headers = {"Content-Type": FORM}
        call = self.taken(method="POST", body=urlencode(form).encode(), headers=headers)
        self.assertIn("/receipt", call.url)
