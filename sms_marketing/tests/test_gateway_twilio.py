"""Twilio: what is asked of it, what its answers mean, and what it calls us with."""

import json
import unittest
from base64 import b64encode
from dataclasses import replace
from decimal import Decimal
from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Inbound,
    Reason,
    Receipt,
    ReceiptStatus,
    Refused,
    Retry,
)
from odoo.addons.sms_marketing.gateways.errors import ConfigurationError
from odoo.addons.sms_marketing.gateways.twilio import STATUSES, address_forms

from .gateway_cases import ProviderCase, a_text
from .http_player import HttpPlayer, reply
from .provider_accounts import CALLBACK, SETTINGS
from .provider_contract import check_request, description

SID = SETTINGS["twilio"]["account_sid"]
TOKEN = SETTINGS["twilio"]["auth_token"]
MESSAGE = "SM" + "a" * 32
PATH = "/2010-04-01/Accounts/{AccountSid}/Messages.json"

#: As in the example of the API description.
CREATED = {
    "account_sid": SID,
    "sid": MESSAGE,
    "status": "queued",
    "num_segments": "2",
    "price": None,
    "price_unit": None,
    "error_code": None,
}


def failure(code, status=400):
    return json.dumps({"code": code, "message": f"No, because {TOKEN}", "status": status})


class TestTwilio(ProviderCase, unittest.TestCase):
    provider = "twilio"
    taken = (201, json.dumps(CREATED))
    login_refused = (401, failure(20003, 401))
    connected = (200, json.dumps({"messages": [], "page": 0}))

    def test_request(self):
        heard = self.heard()
        self.assertEqual(heard.method, "POST")
        self.assertEqual(heard.target, f"/2010-04-01/Accounts/{SID}/Messages.json")
        self.assertEqual(
            dict(parse_qsl(heard.body.decode())),
            {
                "To": "+32470123456",
                "From": "+3225550000",
                "Body": a_text().body,
                "StatusCallback": f"{CALLBACK}/receipt?reference=t0ken_-1",
            },
        )

    def test_login_is_the_key_if_there_is_one(self):
        settings = SETTINGS["twilio"]
        for name, secret, more in (
            (settings["api_key"], settings["api_secret"], {}),
            (SID, TOKEN, {"api_key": "", "api_secret": ""}),
        ):
            expected = b64encode(f"{name}:{secret}".encode()).decode()
            self.assertEqual(self.heard(**more).headers["authorization"], f"Basic {expected}")

    def test_messaging_service_chooses_the_sender(self):
        service = "MG" + "b" * 32
        fields = dict(parse_qsl(self.heard(messaging_service=service).body.decode()))
        self.assertEqual(fields["MessagingServiceSid"], service)
        self.assertNotIn("From", fields)

    def test_without_a_public_address_no_receipts_are_asked_for(self):
        self.assertNotIn(b"StatusCallback", self.heard(callback="").body)

    def test_requests_are_as_the_api_description_says(self):
        for settings in ({}, {"messaging_service": "MG" + "b" * 32}, {"callback": ""}):
            check_request(self, "twilio_api_v2010.json", PATH, self.heard(**settings))
        with (
            HttpPlayer(lambda heard: reply(*self.connected)) as player,
            self.at(player.url) as gateway,
        ):
            gateway.test_connection()
        check_request(self, "twilio_api_v2010.json", PATH, player.heard[0])

    def test_player_is_understood_by_their_own_client(self):
        class ToPlayer(TwilioHttpClient):
            def request(self, method, uri, **options):
                path = uri.removeprefix("https://api.twilio.com")
                return super().request(method, server + path, **options)

        with HttpPlayer(
            lambda heard: reply(*self.taken, Content_Type="application/json")
        ) as player:
            server = player.url.removesuffix("/cgi-bin/sendsms")
            client = Client(SID, TOKEN, http_client=ToPlayer())
            message = client.messages.create(to="+32470123456", from_="+3225550000", body="Hi")
            ours = self.heard(a_text(body="Hi"), callback="")
        self.assertEqual(message.sid, MESSAGE)
        self.assertEqual(player.heard[0].target, ours.target)
        self.assertEqual(
            dict(parse_qsl(player.heard[0].body.decode())), dict(parse_qsl(ours.body.decode()))
        )

    def test_accepted(self):
        self.assertEqual(self.outcome(*self.taken), Accepted(MESSAGE, segments=2))
        told = CREATED | {"price": "-0.0158", "price_unit": "usd", "num_segments": "0"}
        self.assertEqual(
            self.outcome(201, json.dumps(told)), Accepted(MESSAGE, None, Decimal("0.0158"), "USD")
        )

    def test_errors_of_a_text(self):
        for code, reason in (
            (21610, Reason.OPTED_OUT),
            (21211, Reason.INVALID_NUMBER),
            (21614, Reason.INVALID_NUMBER),
            (21265, Reason.INVALID_NUMBER),
            (21266, Reason.INVALID_REQUEST),
            (21408, Reason.COUNTRY_NOT_ALLOWED),
            (21606, Reason.SENDER_NOT_ALLOWED),
            (21601, Reason.SENDER_NOT_ALLOWED),
            (21607, Reason.SENDER_NOT_ALLOWED),
            (21616, Reason.SENDER_NOT_ALLOWED),
            (21657, Reason.SENDER_NOT_ALLOWED),
            (21617, Reason.INVALID_REQUEST),
            (21635, Reason.LANDLINE),
        ):
            outcome = self.outcome(400, failure(code))
            self.assertIsInstance(outcome, Refused)
            self.assertEqual((outcome.reason, outcome.code), (reason, str(code)))
            self.assertIn("because ***", outcome.detail)

    def test_errors_that_pass(self):
        for status, code, reason in (
            (400, 21611, Reason.THROTTLED),
            (429, 20429, Reason.THROTTLED),
            (403, 20005, Reason.CREDENTIALS),
            (404, 20404, Reason.CREDENTIALS),
            (400, 21705, Reason.CREDENTIALS),
            (400, 21730, Reason.GATEWAY_UNAVAILABLE),
            (400, 99999, Reason.GATEWAY_UNAVAILABLE),
        ):
            outcome = self.outcome(status, failure(code, status), Retry_After="3")
            self.assertIsInstance(outcome, Retry)
            self.assertEqual((outcome.reason, outcome.after), (reason, 3))

    def test_settings_that_cannot_work_are_refused(self):
        for settings, word in (
            ({"account_sid": "SK" + "0" * 32}, "AC"),
            ({"account_sid": SID + "/../x"}, "Account SID"),
            ({"messaging_service": "+12025550123"}, "Messaging Service"),
            ({"api_secret": ""}, "belong together"),
            ({"api_key": ""}, "belong together"),
        ):
            with self.assertRaises(ConfigurationError) as caught:
                self.gateway(**settings)
            self.assertIn(word, str(caught.exception))
        self.gateway(account_sid=f" {SID}\n")

    # ------------------------------------------------------------
    # Webhooks
    # ------------------------------------------------------------

    def signed(self, fields, subject="receipt", query="reference=t0ken_-1", url=None, token=TOKEN):
        """A call as Twilio makes it, signed by their own code."""
        request = self.call(subject, urlencode(fields), query)
        signature = RequestValidator(token).compute_signature(url or request.url, fields)
        return replace(request, headers={**request.headers, "X-Twilio-Signature": signature})

    @given(
        st.dictionaries(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
            st.text(st.characters(codec="utf-8", exclude_characters="\0")),
            max_size=6,
        )
    )
    def test_their_signatures_are_good_whatever_is_signed(self, fields):
        self.gateway().verify(self.signed(fields))

    def test_signature_over_the_address_with_or_without_port(self):
        url = f"{CALLBACK}/receipt?reference=t0ken_-1"
        for form in (url, url.replace("example.com", "example.com:443")):
            self.gateway().verify(self.signed({"MessageSid": "SM1"}, url=form))
        self.assertEqual(
            address_forms("http://localhost:8069/x"),
            {"http://localhost:8069/x", "http://localhost/x"},
        )

    def test_signature_that_is_missing_or_wrong(self):
        fields = {"MessageSid": MESSAGE, "MessageStatus": "delivered"}
        good = self.signed(fields)
        self.gateway().verify(good)
        self.assert_not_verified(
            self.gateway(),
            replace(good, headers={}),
            replace(good, headers={"X-Twilio-Signature": "x"}),
            replace(good, headers={"X-Twilio-Signature": "schön ☃"}),
            replace(good, body=good.body + b"&More=1"),
            replace(good, url=good.url.replace("t0ken", "t1ken")),
            self.signed(fields, token="another"),
        )

    def test_receipts(self):
        def receipt(**fields):
            fields = {"MessageSid": MESSAGE, "MessageStatus": "sent", "To": "+32470123456"} | fields
            [read] = self.gateway().parse_receipts(self.signed(fields))
            return read

        known = {"reference": "t0ken_-1", "provider_reference": MESSAGE}
        for status in ("queued", "sending", "sent", "accepted"):
            self.assertEqual(receipt(MessageStatus=status), Receipt(**known))
        for status in ("delivered", "read"):
            self.assertEqual(receipt(MessageStatus=status).status, ReceiptStatus.DELIVERED)
        for status, code, expected, reason in (
            ("undelivered", "30003", ReceiptStatus.UNDELIVERED, Reason.UNREACHABLE),
            ("undelivered", "30005", ReceiptStatus.UNDELIVERED, Reason.INVALID_NUMBER),
            ("undelivered", "30006", ReceiptStatus.UNDELIVERED, Reason.LANDLINE),
            ("undelivered", "30007", ReceiptStatus.UNDELIVERED, Reason.SPAM),
            ("failed", "21610", ReceiptStatus.REJECTED, Reason.OPTED_OUT),
            ("failed", "77777", ReceiptStatus.REJECTED, Reason.UNKNOWN),
            ("failed", "", ReceiptStatus.REJECTED, Reason.UNKNOWN),
        ):
            read = receipt(MessageStatus=status, ErrorCode=code)
            self.assertEqual((read.status, read.reason, read.code), (expected, reason, code))
        self.assertEqual(
            receipt(MessageStatus="partially_delivered").status, ReceiptStatus.ACCEPTED
        )

    def test_each_status_that_twilio_documents_is_known(self):
        schemas = description("twilio_api_v2010.json")["components"]["schemas"]
        words = set(schemas["message_enum_status"]["enum"])
        # These two are of texts from phones.
        self.assertEqual(words - {"receiving", "received"} - set(STATUSES), set())

    def test_inbound(self):
        fields = {
            "MessageSid": MESSAGE,
            "From": "+32470123456",
            "To": "+3225550000",
            "Body": "Stop 🙂 it",
        }
        [text] = self.gateway().parse_inbound(self.signed(fields, "inbound", ""))
        self.assertEqual(text, Inbound("+32470123456", "+3225550000", "Stop 🙂 it", MESSAGE))
        self.assertEqual(text.body, "Stop 🙂 it")

    def test_what_twilio_has_answered_itself(self):
        fields = {"MessageSid": MESSAGE, "From": "+32470123456", "To": "x", "Body": "Baja"}
        for told, kind in (("STOP", "stop"), ("START", "start"), ("HELP", "help"), ("NEW", "")):
            signed = self.signed(fields | {"OptOutType": told}, "inbound", "")
            [text] = self.gateway().parse_inbound(signed)
            self.assertEqual(text.answered_as, kind)

    def test_answer_is_no_text_to_the_phone(self):
        answer = self.gateway_class.acknowledgement
        self.assertEqual((answer.status, answer.body), (200, b"<Response/>"))
        self.assertEqual(answer.content_type, "text/xml")
