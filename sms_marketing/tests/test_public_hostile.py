"""Hostile requests to the public routes: no error of ours, nothing stored, nobody texted."""

import http.client
import string
import time
from urllib.parse import quote_from_bytes, urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st
from odoo.tests import tagged

from .common import SmsMarketingHttpCase
from .sign_up_pages import SignUpMixin

#: Seconds in which each request is answered.
SLOWEST = 5.0

#: Bytes that have been trouble somewhere, and any others.
NASTY = (
    b"\x00", b"a\x00b", b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\x80", b"%00", b"%", b"%zz", b"..",
    b"../..", b"' OR 1=1--", b"{{7*7}}", b"<script>", b"\r\nX: y", b"9" * 400, b"-1", b"\xd9\xa3",
    b"(" * 3000, b"\xf0\x9f\x98\x80" * 50, b"+1" + b"2" * 300, b"[" * 500, b"\x1b[2J",
    b"\xe2\x80\xae", b"\t", b" ",
)  # fmt: skip
PARTS = st.one_of(
    st.sampled_from(NASTY),
    st.binary(max_size=40),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")),
    st.text(string.ascii_letters + string.digits + "-_", min_size=12, max_size=36).map(str.encode),
)
#: What a header can hold on the wire: anything but a line end.
HEADERS = PARTS.map(lambda part: part.replace(b"\r", b"").replace(b"\n", b"").strip())


@tagged("post_install", "-at_install")
class TestHostileRequests(SignUpMixin, SmsMarketingHttpCase):
    def setUp(self):
        super().setUp()
        # Before hypothesis, which has each example find the same.
        self.recipient = self.send(
            self.message(self.contacts(1), body="https://example.com {{ object.name }}")
        )
        self.code = self.preference_path(self.recipient).rpartition("/")[2]
        self.token = self.recipient.sudo().token
        response, page = self.visit(self.path)
        self.fields = dict(page.xpath("//form")[0].form_values())
        self.cookie = "; ".join(f"{one.name}={one.value}" for one in self.opener.cookies)
        self.env.flush_all()

    def request(self, method, path, body=None, headers=()):
        """One request, byte by byte as given; (status, what was answered)."""
        place = urlsplit(self.base_url())
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
        self.addCleanup(connection.close)
        connection.putrequest(method, path, skip_accept_encoding=True)
        sent = {b"Cookie": self.cookie.encode(), **dict(headers)}
        if body is not None:
            sent.setdefault(b"Content-Type", b"application/x-www-form-urlencoded")
            sent[b"Content-Length"] = str(len(body)).encode()
        for name, value in sent.items():
            # Past the client's own checks: a robot has none.
            connection._output(name + b": " + value)
        begun = time.monotonic()
        # The server's threads share the cursor of the test.
        with self.allow_requests(all_requests=True):
            connection.endheaders(body)
            answer = connection.getresponse()
            content = answer.read()
        self.assertLess(time.monotonic() - begun, SLOWEST, (method, path[:200]))
        return answer.status, content

    def check(self, *request, **options):
        status, content = self.request(*request, **options)
        self.assertLess(status, 500, (request, options, content[-2000:]))

    def state(self):
        self.env.cr.execute(
            """
            SELECT (SELECT count(*) FROM sms_marketing_consent),
                   (SELECT count(*) FROM sms_marketing_sign_up),
                   (SELECT count(*) FROM sms_marketing_recipient),
                   (SELECT count(*) FROM res_partner)
            """
        )
        return self.env.cr.fetchone()

    ROUTES = (
        "/s/{0}",
        "/s/{token}{0}",
        "/sms/preferences/{0}",
        "/sms/preferences/{code}/confirm/{0}",
        "/sms/preferences/{0}/confirm/{1}",
        "/sms/preferences/{code}?lang={0}&done={1}",
        "/sms/sign-up/{0}",
        "/sms/sign-up/fair-of-the-tests?lang={0}&utm_source={1}",
        "/sms/sign-up/fair-of-the-tests/code/{0}?sent={1}",
        "/sms/sign-up/{0}/code/{1}",
        "/sms/sign-up/{0}/thanks?{1}={0}",
        "/sms_marketing/sign_up_form/{0}/{1}.png",
        "/sms_marketing/sign_up_form/{0}/page.{1}",
        "/sms_marketing/webhook/{0}/{1}/receipt",
        "/sms_marketing/webhook/{0}/secret/{1}",
    )

    def test_addresses_that_are_none(self):
        for path in (
            "/s/%00/x",
            "/sms/preferences/%00/confirm/",
            "/sms/sign-up/a/%00/b/c",
            "/sms_marketing/sign_up_form/%00",
            "/sms_marketing/webhook/1/%00",
        ):
            for method in ("GET", "POST"):
                body = b"" if method == "POST" else None
                status, _content = self.request(method, path, body=body)
                self.assertEqual(status, 404, (method, path))

    @settings(max_examples=60)
    @given(st.sampled_from(ROUTES), PARTS, PARTS, st.sampled_from(["GET", "HEAD", "POST"]))
    def test_addresses(self, route, one, other, method):
        parts = [quote_from_bytes(part, safe="") for part in (one, other)]
        before = self.state()
        path = route.format(*parts, token=self.token, code=self.code)
        self.check(method, path, body=b"" if method == "POST" else None)
        self.assertEqual(self.state(), before)

    @settings(max_examples=40)
    @given(
        st.sampled_from(
            [
                "/s/{token}",
                "/s/{token}P",
                "/sms/preferences/{code}",
                "/sms/sign-up/fair-of-the-tests",
            ]
        ),
        st.dictionaries(
            st.sampled_from(
                [b"User-Agent", b"Accept-Language", b"Cookie", b"Referer", b"X-Forwarded-For"]
            ),
            HEADERS,
        ),
    )
    def test_headers(self, route, headers):
        before = self.state()
        path = route.format(token=self.token, code=self.code)
        self.check("GET", path, headers=headers.items())
        self.assertEqual(self.state(), before)

    @settings(max_examples=40)
    @given(
        st.dictionaries(
            st.sampled_from(
                ["number", "name", "type", "fingerprint", "website", "proof", "answer", "code",
                 "again", "save", "x"]
            ),
            PARTS,
        ),
        st.booleans(),
    )  # fmt: skip
    def test_forms(self, typed, is_preference_page):
        path = f"/sms/preferences/{self.code}" if is_preference_page else self.path
        fields = {
            "csrf_token": self.fields["csrf_token"].encode(),
            "fingerprint": self.fields["fingerprint"].encode(),
            "type": str(self.type.id).encode(),
            **typed,
        }
        body = "&".join(f"{name}={quote_from_bytes(value)}" for name, value in fields.items())
        self.check("POST", f"{path}?lang=en_US", body=body.encode())

    def test_bodies_that_are_no_form(self):
        for kind, body in (
            (b"application/x-www-form-urlencoded", b"&&&===%%%" * 500),
            (b"multipart/form-data", b"no boundary"),
            (b"multipart/form-data; boundary=x", b"--x\r\nbroken"),
            (b"application/json", b"[" * 5000),
            (b"\xff", b"\x00" * 500),
        ):
            for path in (self.path, f"/sms/preferences/{self.code}", f"/s/{self.token}"):
                before = self.state()
                self.check("POST", path, body=body, headers=[(b"Content-Type", kind)])
                self.assertEqual(self.state(), before)

    def test_nul_in_a_user_agent_is_no_error_and_the_click_counts(self):
        status, _content = self.request(
            "GET", f"/s/{self.token}", headers=[(b"User-Agent", b"Phone\x00\x07 1" + b"x" * 9000)]
        )
        self.assertEqual(status, 302)
        self.env.invalidate_all()
        self.assertEqual(self.recipient.click_ids.user_agent[:9], "Phone 1xx")
        self.assertEqual(len(self.recipient.click_ids.user_agent), 256)

    def test_control_characters_in_a_name_and_a_source(self):
        self.url_open(f"{self.path}?utm_source=a%00b%0ac")
        self.sign_up("+12025550186", name="A\x00n\x1bn\u202e  B")
        partner = self.env["res.partner"].search([("mobile_e164", "=", "+12025550186")])
        self.assertEqual(partner.name, "Ann\u202e B")
        self.assertIn("utm_source=ab c", self.log_of("+12025550186").explanation)
