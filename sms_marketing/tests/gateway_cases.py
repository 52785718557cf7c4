"""What the test of every HTTP provider asks: sending, answers and webhooks, over real sockets."""

from unittest.mock import patch

from odoo.addons.sms_marketing.gateways.answers import Answer
from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Account,
    Reason,
    Refused,
    Retry,
    Text,
    Unknown,
    WebhookRequest,
    get_gateway_class,
)
from odoo.addons.sms_marketing.gateways.errors import (
    ConfigurationError,
    MalformedRequest,
    VerificationError,
)

from .http_player import PATIENCE, HttpPlayer, closed_port, reply
from .provider_accounts import CALLBACK, SETTINGS

HTML = "<!DOCTYPE html><html><head><title>nginx</title></head><body>Sorry</body></html>"
FORM = "application/x-www-form-urlencoded"


def a_text(**values):
    values = {
        "reference": "t0ken_-1",
        "number": "+32470123456",
        "sender": "+3225550000",
        "body": "Hé {{ you }} & me + 100 % = €5\nline #2?",
    } | values
    return Text(**values)


class ProviderCase:
    """Mixed into a `unittest.TestCase`. Class attributes say what is to be tested."""

    provider = ""
    #: (status, body) of an answer by which the provider takes a text
    taken = (200, "")
    #: (status, body) of the answer to a login that is refused
    login_refused = (401, "")
    #: (status, body) of a good answer to the connection test
    connected = (200, "")

    @property
    def gateway_class(self):
        return get_gateway_class(self.provider)

    def account(self, callback=CALLBACK, **settings):
        return Account(SETTINGS[self.provider] | settings, callback, PATIENCE, PATIENCE)

    def at(self, player_url, **settings):
        """A gateway whose provider is a player."""
        server = player_url.removesuffix("/cgi-bin/sendsms")
        with patch.object(self.gateway_class, "server", server):
            return self.gateway_class(self.account(**settings))

    def heard(self, text=None, answer=None, **settings):
        """What the provider hears of one text that it takes."""
        with (
            HttpPlayer(lambda heard: reply(*(answer or self.taken))) as player,
            self.at(player.url, **settings) as gateway,
        ):
            [outcome] = gateway.send([text or a_text()])
            self.assertIsInstance(outcome, Accepted)
        [heard] = player.heard
        return heard

    def outcome(self, status, body="", text=None, **headers):
        """The outcome of one text, which is handed over once and leaves no secret in it."""
        with (
            HttpPlayer(lambda heard: reply(status, body, **headers)) as player,
            self.at(player.url) as gateway,
        ):
            [outcome] = gateway.send([text or a_text()])
            self.assertEqual(len(player.heard), 1, "handed over more than once")
            for secret in gateway.secrets:
                self.assertNotIn(secret, repr(outcome))
        return outcome

    def gateway(self, **settings):
        return self.gateway_class(self.account(**settings))

    def call(self, subject="receipt", body=b"", query="", method="POST", **headers):
        url = f"{CALLBACK}/{subject}" + (f"?{query}" if query else "")
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("Content-Type", FORM)
        body = body.encode() if isinstance(body, str) else body
        return WebhookRequest(method, url, query.encode(), headers, body)

    # ------------------------------------------------------------
    # What holds for each provider
    # ------------------------------------------------------------

    def test_words_of_strangers_are_no_success_and_no_refusal(self):
        for body in ("", HTML, "{}", "[]", "null", '{"half": ', b"\xff\xfe\x00"):
            for status in (200, 201, 202, 204, 500, 502, 504):
                with self.subTest(status=status, body=body):
                    self.assertIsInstance(self.outcome(status, body), Unknown)
            for status in (301, 404, 405):
                with self.subTest(status=status, body=body):
                    outcome = self.outcome(status, body)
                    self.assertIsInstance(outcome, Retry)
                    self.assertEqual(outcome.reason, Reason.GATEWAY_UNAVAILABLE)

    def test_half_an_answer_is_not_believed(self):
        status, body = self.taken
        raw = body.encode() if isinstance(body, str) else body
        answer = Answer(status, {}, raw, complete=False)
        self.assertIsInstance(self.gateway().read_answer(answer), Unknown)

    def test_login_that_is_refused_may_be_mended(self):
        outcome = self.outcome(*self.login_refused)
        self.assertIsInstance(outcome, Retry)
        self.assertEqual(outcome.reason, Reason.CREDENTIALS)

    def test_too_fast(self):
        outcome = self.outcome(429, "Slow down", Retry_After="7")
        self.assertIsInstance(outcome, Retry)
        self.assertEqual((outcome.reason, outcome.after), (Reason.THROTTLED, 7))

    def test_nobody_listens(self):
        with self.at(f"http://127.0.0.1:{closed_port()}") as gateway:
            [outcome] = gateway.send([a_text()])
            with self.assertRaises(ConfigurationError) as caught:
                gateway.test_connection()
        self.assertIsInstance(outcome, Retry)
        self.assertIn("refused", str(caught.exception))

    def test_text_that_cannot_be_written(self):
        with HttpPlayer(lambda heard: reply(*self.taken)) as player:
            with self.at(player.url) as gateway:
                outcomes = gateway.send([a_text(body="half \ud83d"), a_text()])
            self.assertEqual(len(player.heard), 1)
        self.assertEqual([type(outcome) for outcome in outcomes], [Refused, Accepted])

    def test_connection_test(self):
        with HttpPlayer(lambda heard: reply(*self.connected)) as player:
            with self.at(player.url) as gateway:
                told = gateway.test_connection()
                for secret in gateway.secrets:
                    self.assertNotIn(secret, told)
            self.assertEqual(player.heard[0].method, "GET", "a test changes nothing")
        self.assertTrue(told)
        answers = (self.login_refused, (200, HTML), (200, "{}"), (204, ""), (500, "Oops"))
        for answer in answers:
            with (
                self.subTest(answer=answer),
                HttpPlayer(lambda heard, answer=answer: reply(*answer)) as player,
                self.at(player.url) as gateway,
                self.assertRaises(ConfigurationError) as caught,
            ):
                gateway.test_connection()
            self.assertIn(str(answer[0]), str(caught.exception))

    def test_missing_settings_are_named(self):
        for name in self.gateway_class.required_settings:
            with self.assertRaises(ConfigurationError) as caught:
                self.gateway(**{name: ""})
            self.assertIn(name, str(caught.exception))

    def test_setup_help_holds_the_address(self):
        self.assertIn(f"{CALLBACK}/inbound", self.gateway_class.setup_help(CALLBACK))

    def test_calls_that_are_no_receipt_or_text_are_refused(self):
        gateway = self.gateway()
        for request in (
            self.call(),
            self.call(method="GET"),
            self.call(body="x=1"),
            self.call(body="{", Content_Type="application/json"),
            self.call(body="[]", Content_Type="application/json"),
            self.call(body='{"type": 5}', Content_Type="application/json"),
            self.call(body=b"\x00\xff=%00%ff&&&==", query="%00=%ff"),
        ):
            for parse in (gateway.parse_receipts, gateway.parse_inbound):
                with self.assertRaises(MalformedRequest):
                    parse(request)

    def assert_passed_over(self, request):
        """A status that nobody knows is no reason to have the provider call again and again."""
        with self.assertLogs("odoo.addons.sms_marketing.gateways", "WARNING") as logs:
            self.assertEqual(self.gateway().parse_receipts(request), [])
        self.assertIn("exploded", logs.output[0].lower())

    def assert_verified(self, gateway, request):
        gateway.verify(request)

    def assert_not_verified(self, gateway, *requests):
        for request in requests:
            with self.assertRaises(VerificationError):
                gateway.verify(request)
