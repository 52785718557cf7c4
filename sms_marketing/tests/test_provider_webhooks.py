"""From a campaign to what its provider calls back, over real HTTP."""

import json
import time
from contextlib import nullcontext
from unittest.mock import patch
from urllib.parse import parse_qsl, urlencode, urlsplit

from odoo.tests import tagged
from twilio.request_validator import RequestValidator

from ..engine import claims, inbound, schedule
from ..gateways.base import get_gateway_class
from .common import SmsMarketingHttpCase
from .http_player import HttpPlayer, reply
from .provider_accounts import SETTINGS, record_values

FORM = "application/x-www-form-urlencoded"


def parse(heard):
    """Fields of a form that a player heard."""
    return dict(parse_qsl(heard.body.decode()))


class ProviderFlowCase(SmsMarketingHttpCase):
    """A campaign through a provider that a player plays, and the provider's calls."""

    provider = ""

    def setUp(self):
        super().setUp()
        self.account = self.make_gateway(**record_values(self.provider))
        self.account_sender = self.make_sender(gateway=self.account)
        self.people = self.contacts(2)

    def send_through(self, play):
        """Send a message to two people; returns its recipients and what the player heard."""
        message = self.message(self.people, sender_id=self.account_sender.id)
        with (
            HttpPlayer(play) as player,
            self.own_address(player),
            patch.object(
                get_gateway_class(self.provider),
                "server",
                player.url.removesuffix("/cgi-bin/sendsms"),
            ),
        ):
            recipients = self.send(message)
        return recipients.sorted("id"), player.heard

    def own_address(self, player):
        """Where the address is a setting of the account, it is the player's."""
        if self.provider == "generic":
            self.account.generic_url = player.url
        return nullcontext()

    def deliver(self, address, **request):
        """A call of the provider to an address that it was given."""
        parts = urlsplit(address)
        response = self.url_open(
            parts.path + (f"?{parts.query}" if parts.query else ""),
            allow_redirects=False,
            **request,
        )
        self.env.invalidate_all()
        return response

    def state_of(self, number):
        return (
            self.env["sms.marketing.subscription"]
            .search([("number", "=", number), ("type_id", "=", self.type.id)])
            .state
        )


@tagged("post_install", "-at_install")
class TestTwilioFlow(ProviderFlowCase):
    provider = "twilio"

    def call_signed(self, address, fields, token=SETTINGS["twilio"]["auth_token"]):
        signature = RequestValidator(token).compute_signature(address, fields)
        return self.deliver(
            address,
            data=urlencode(fields),
            headers={"Content-Type": FORM, "X-Twilio-Signature": signature},
        )

    def created(self, heard):
        sid = "SM" + f"{len(heard.body):032x}"
        return reply(201, json.dumps({"sid": sid, "num_segments": "1", "price": None}))

    def test_from_sending_to_the_receipt(self):
        recipients, heard = self.send_through(self.created)
        self.assertEqual(recipients.mapped("state"), ["sent", "sent"])
        by_number = {fields["To"]: fields for fields in map(parse, heard)}
        first, second = recipients
        address = by_number[first.number]["StatusCallback"]
        fields = {"MessageSid": "SM1", "MessageStatus": "delivered", "Body": "é +&="}
        answer = self.call_signed(address, fields)
        self.assertEqual((answer.status_code, answer.text), (200, "<Response/>"))
        self.assertEqual((first.state, second.state), ("delivered", "sent"))
        address = by_number[second.number]["StatusCallback"]
        self.call_signed(address, fields | {"MessageStatus": "failed", "ErrorCode": "21610"})
        self.assertEqual((second.state, second.reason), ("undelivered", "opted_out"))
        self.assertEqual(self.state_of(second.number), "unsubscribed")

    def test_status_that_nobody_knows_changes_nothing(self):
        recipients, heard = self.send_through(self.created)
        fields = {"MessageSid": "SM1", "MessageStatus": "exploded"}
        with self.assertLogs("odoo.addons.sms_marketing", "WARNING"):
            answer = self.call_signed(parse(heard[0])["StatusCallback"], fields)
        self.assertEqual((answer.status_code, answer.text), (200, "<Response/>"))
        self.assertEqual(recipients.mapped("state"), ["sent", "sent"])
        self.assertFalse(self.env["sms.marketing.receipt"].search([]))

    def test_forged_calls_change_nothing(self):
        recipients, heard = self.send_through(self.created)
        address = parse(heard[0])["StatusCallback"]
        fields = {"MessageSid": "SM1", "MessageStatus": "delivered"}
        with self.assertLogs("odoo.addons.sms_marketing", "WARNING"):
            self.assertEqual(self.call_signed(address, fields, token="guess").status_code, 403)
            self.assertEqual(self.deliver(address, data=fields).status_code, 403)
            stop = {"From": recipients[0].number, "To": "x", "Body": "STOP", "MessageSid": "SM2"}
            inbound = f"{self.account._account().callback_url}/inbound"
            self.assertEqual(self.call_signed(inbound, stop, token="guess").status_code, 403)
            self.account.active = False
            self.assertEqual(self.call_signed(inbound, stop, token="guess").status_code, 403)
        self.assertEqual(recipients.mapped("state"), ["sent", "sent"])
        self.assertEqual(self.state_of(recipients[0].number), "subscribed")

    def test_refusals(self):
        def play(heard):
            if parse(heard)["To"] == self.people[0].mobile_e164:
                return reply(400, json.dumps({"code": 21610, "message": "unsubscribed"}))
            return reply(400, json.dumps({"code": 21211, "message": "invalid"}))

        recipients, _heard = self.send_through(play)
        self.assertEqual(recipients.mapped("state"), ["failed", "failed"])
        self.assertEqual(recipients.mapped("reason"), ["opted_out", "invalid_number"])
        self.assertEqual(self.state_of(recipients[0].number), "unsubscribed")
        blocked = self.env["phone.blacklist"].search([("number", "=", recipients[1].number)])
        self.assertTrue(blocked)

    def test_stop(self):
        number = self.people[0].mobile_e164
        fields = {
            "From": number,
            "To": self.account_sender.value,
            "Body": "STOP",
            "MessageSid": "SM3",
        }
        address = f"{self.account._account().callback_url}/inbound"
        self.assertEqual(self.call_signed(address, fields).status_code, 200)
        self.assertEqual(self.state_of(number), "unsubscribed")
        text = self.env["sms.marketing.inbound"].search([("gateway_id", "=", self.account.id)])
        self.assertEqual((text.body, text.sender_id), ("STOP", self.account_sender))


#: provider -> the calls that it makes about a text and about a STOP, unsigned, as (content type,
#: body) with words to fill in. Signatures are left out: `UNSIGNED` empties the setting for them.
CALLS = {
    "vonage": (
        (
            "application/json",
            '{"messageId": "1", "client-ref": "%(token)s", "status": "failed", "err-code": "53"}',
        ),
        (FORM, "msisdn=%(digits)s&to=12025550123&messageId=in-1&text=STOP"),
    ),
    "sinch": (
        (
            "application/json",
            '{"type": "recipient_delivery_report_sms", "batch_id": "1",'
            ' "client_reference": "%(token)s", "status": "Failed", "code": 404}',
        ),
        (
            "application/json",
            '{"type": "mo_text", "id": "in-1", "from": "%(digits)s",'
            ' "to": "12025550123", "body": "Stop"}',
        ),
    ),
    "messagebird": (
        (FORM, "id=1&reference=%(token)s&status=delivery_failed&statusReason=opted+out"),
        (FORM, "originator=%(digits)s&recipient=12025550123&body=stop&id=in-1"),
    ),
    "infobip": (
        (
            "application/json",
            '{"results": [{"messageId": "1", "callbackData": "%(token)s", "status":'
            ' {"groupName": "UNDELIVERABLE", "name": "X"}, "error": {"name":'
            ' "EC_USER_UNSUBSCRIBED"}}]}',
        ),
        (
            "application/json",
            '{"results": [{"messageId": "in-1", "from": "%(digits)s", "to": "12025550123",'
            ' "text": "STOP"}]}',
        ),
    ),
    "generic": (
        ("application/json", '{"reference": "%(token)s", "state": "failed"}'),
        (FORM, "from=%%2B%(digits)s&to=12025550123&text=STOP&id=in-1"),
    ),
}
UNSIGNED = {
    "vonage": {"signature_secret": ""},
    "sinch": {"webhook_secret": ""},
    "messagebird": {"signing_key": ""},
    "infobip": {},
    "generic": {},
}
TAKEN = {
    "vonage": (200, '{"messages": [{"status": "0", "message-id": "%s"}]}'),
    "sinch": (201, '{"id": "%s"}'),
    "messagebird": (201, '{"id": "%s"}'),
    "infobip": (200, '{"messages": [{"messageId": "%s", "status": {"groupName": "PENDING"}}]}'),
    "generic": (200, '{"result": {"code": "ok"}, "ids": ["%s"]}'),
}


@tagged("post_install", "-at_install")
class TestOtherProvidersFlow(ProviderFlowCase):
    """From sending to the receipt and the STOP, with each provider that need not sign."""

    provider = "vonage"

    def test_signature_that_is_asked_for_is_needed(self):
        for provider in filter(UNSIGNED.get, CALLS):
            receipt, _stop = CALLS[provider]
            account = self.make_gateway(**record_values(provider))
            with self.assertLogs("odoo.addons.sms_marketing", "WARNING"):
                response = self.deliver(
                    f"{account._account().callback_url}/receipt",
                    data=receipt[1] % {"token": "x", "digits": "1"},
                    headers={"Content-Type": receipt[0]},
                )
            self.assertEqual(response.status_code, 403, provider)

    def test_each(self):
        for provider in CALLS:
            with self.subTest(provider):
                self.provider = provider
                self.account = self.make_gateway(**record_values(provider, **UNSIGNED[provider]))
                self.account_sender = self.make_sender(gateway=self.account)
                self.people = self.contacts(2)
                references = iter([f"{provider}-a", f"{provider}-b"])
                # One text a call, which a rate demands also of a provider that takes several.
                self.account.rate = 100
                recipients, heard = self.send_through(
                    lambda heard, answer=TAKEN[provider], references=references: reply(
                        answer[0], answer[1] % next(references)
                    )
                )
                self.assertEqual(len(heard), 2)
                self.assertEqual(recipients.mapped("state"), ["sent", "sent"])
                self.assertEqual(
                    set(recipients.mapped("provider_reference")),
                    {f"{provider}-a", f"{provider}-b"},
                )
                first, second = recipients
                receipt, stop = CALLS[provider]
                for subject, (content_type, words), recipient in (
                    ("receipt", receipt, first),
                    ("inbound", stop, second),
                ):
                    words %= {"token": recipient.sudo().token, "digits": recipient.number[1:]}
                    response = self.deliver(
                        f"{self.account._account().callback_url}/{subject}",
                        data=words,
                        headers={"Content-Type": content_type},
                    )
                    self.assertEqual(response.status_code, 200, response.text)
                self.assertEqual((first.state, second.state), ("undelivered", "sent"))
                self.assertTrue(first.reason)
                self.assertEqual(self.state_of(second.number), "unsubscribed")
                # An opt-out that the provider knows of is one here too.
                expected = "unsubscribed" if first.reason == "opted_out" else "subscribed"
                self.assertEqual(self.state_of(first.number), expected)


@tagged("post_install", "-at_install")
class TestInfobipFlow(ProviderFlowCase):
    """Two texts in one call: each keeps its own outcome, receipt and answer."""

    provider = "infobip"

    def test_texts_of_one_call_are_kept_apart(self):
        first_number, second_number = self.people.mapped("mobile_e164")

        def play(heard):
            said = []
            # The other way round: what counts is our identifier, not the place.
            for message in reversed(json.loads(heard.body)["messages"]):
                [destination] = message["destinations"]
                refused = f"+{destination['to']}" == first_number
                group, name = ("REJECTED", "REJECTED_DND") if refused else ("PENDING", "PENDING")
                status = {"groupName": group, "name": name}
                said.append({"messageId": destination["messageId"], "status": status})
            return reply(200, json.dumps({"bulkId": "b", "messages": said}))

        recipients, heard = self.send_through(play)
        self.assertEqual(len(heard), 1, "one call")
        by_number = {recipient.number: recipient for recipient in recipients}
        first, second = by_number[first_number], by_number[second_number]
        self.assertEqual((first.state, first.reason), ("failed", "blocked"))
        self.assertEqual((second.state, second.reason), ("sent", False))
        self.assertEqual(second.provider_reference, f"{second.sudo().token}-1")

    def test_receipts_and_stop(self):
        def play(heard):
            said = [
                {
                    "messageId": message["destinations"][0]["messageId"],
                    "status": {"groupName": "PENDING", "name": "PENDING_ACCEPTED"},
                }
                for message in json.loads(heard.body)["messages"]
            ]
            return reply(200, json.dumps({"messages": said}))

        recipients, heard = self.send_through(play)
        sent = json.loads(heard[0].body)["messages"]
        self.assertEqual(len(sent), 2)
        self.assertEqual(recipients.mapped("state"), ["sent", "sent"])
        of_number = {f"+{message['destinations'][0]['to']}": message for message in sent}
        second, first = recipients
        results = [
            {
                "messageId": of_number[recipient.number]["destinations"][0]["messageId"],
                "callbackData": of_number[recipient.number]["webhooks"]["callbackData"],
                "bulkId": "b",
                "status": {"groupName": group, "name": name},
            }
            for recipient, group, name in (
                (first, "DELIVERED", "DELIVERED_TO_HANDSET"),
                (second, "EXPIRED", "EXPIRED_EXPIRED"),
            )
        ]
        address = urlsplit(sent[0]["webhooks"]["delivery"]["url"]).path
        headers = {"Content-Type": "application/json"}
        answer = self.deliver(address, data=json.dumps({"results": results}), headers=headers)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual((first.state, second.state), ("delivered", "undelivered"))
        self.assertEqual(second.reason, "expired")
        content_type, words = CALLS["infobip"][1]
        self.deliver(
            f"{self.account._account().callback_url}/inbound",
            data=words % {"digits": first.number[1:]},
            headers={"Content-Type": content_type},
        )
        self.assertEqual(self.state_of(first.number), "unsubscribed")
        self.assertEqual(self.state_of(second.number), "subscribed")

    def test_stops_in_one_call_wait_once_for_what_is_on_its_way(self):
        message = self.message(self.people, sender_id=self.account_sender.id)
        message.action_send()
        schedule.start(message)
        claims.claim(self.env, message.id, 10)
        self.env.invalidate_all()
        self.assertEqual(self.states(message), {"sending": 2})
        numbers = message.recipient_ids.mapped("number")
        results = [
            {"messageId": f"in-{number}", "from": number[1:], "to": "12025550123", "text": "STOP"}
            for number in numbers
        ]
        with patch.object(inbound, "LONGEST_WAIT", 3):
            for call in ("first", "repeated"):
                began = time.monotonic()
                answer = self.deliver(
                    f"{self.account._account().callback_url}/inbound",
                    data=json.dumps({"results": results}),
                    headers={"Content-Type": "application/json"},
                )
                seconds = time.monotonic() - began
                self.assertEqual(answer.status_code, 200, answer.text)
                self.assertGreaterEqual(seconds, 3, f"the {call} call did not wait")
                self.assertLess(seconds, 6, "they waited one after the other")
                for number in numbers:
                    self.assertEqual(self.state_of(number), "unsubscribed")
