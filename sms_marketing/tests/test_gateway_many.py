"""Several texts in one call: shared out once each, and each with an outcome of its own."""

import json
import unittest
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st
from infobip_api_client.models import SmsRequest, SmsResponse

from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Account,
    Reason,
    Refused,
    Retry,
    Unknown,
)
from odoo.addons.sms_marketing.gateways.connection import MAX_ANSWER_BYTES
from odoo.addons.sms_marketing.gateways.infobip import InfobipGateway
from odoo.addons.sms_marketing.gateways.many import shares

from .gateway_cases import HTML, a_text
from .http_player import PATIENCE, HttpPlayer, Play, reply
from .provider_accounts import CALLBACK, SETTINGS

LIMIT = InfobipGateway.texts_per_call


def texts(count, **values):
    return [
        a_text(reference=f"t0ken{number}", number=f"+3247000{number:04d}", **values)
        for number in range(count)
    ]


def gateway_at(url, read_timeout=PATIENCE):
    """A gateway whose provider is a player."""
    server = url.removesuffix("/cgi-bin/sendsms")
    with patch.object(InfobipGateway, "server", server):
        return InfobipGateway(Account(SETTINGS["infobip"], CALLBACK, PATIENCE, read_timeout))


def messages(heard):
    return json.loads(heard.body)["messages"]


def said(message, group="PENDING", name="PENDING_ACCEPTED"):
    """What Infobip answers about a message, with all the words of its documentation."""
    [destination] = message["destinations"]
    return {
        "messageId": destination["messageId"],
        "status": {
            "groupId": 1,
            "groupName": group,
            "id": 26,
            "name": name,
            "description": "Message sent to next instance, of which the status is not yet known",
        },
        "destination": destination["to"],
        "details": {"messageCount": 2},
    }


def taken(heard):
    answer = json.dumps(
        {"bulkId": "2034072219640523072", "messages": [*map(said, messages(heard))]}
    )
    return reply(200, answer)


class TestShares(unittest.TestCase):
    @given(st.integers(0, 300), st.integers(1, 60))
    def test_everything_once_in_order_within_the_limit(self, count, limit):
        items = list(range(count))
        groups = shares(items, limit)
        self.assertEqual([item for group in groups for item in group], items)
        self.assertEqual(len(groups), (len(items) + limit - 1) // limit)
        sizes = [len(group) for group in groups]
        self.assertLessEqual(max(sizes, default=0), limit)
        self.assertLessEqual(max(sizes, default=0) - min(sizes, default=0), 1)


class TestManyTexts(unittest.TestCase):
    def send(self, play, sent, **limits):
        """Outcomes of texts, and how many texts each call had."""
        with HttpPlayer(play) as player, gateway_at(player.url, **limits) as gateway:
            outcomes = gateway.send(sent)
            self.assertEqual(len(outcomes), len(sent))
            for outcome in outcomes:
                for secret in gateway.secrets:
                    self.assertNotIn(secret, repr(outcome))
        return outcomes, player.heard

    def test_one_call_for_texts_with_words_of_their_own(self):
        sent = [a_text(reference=f"t{body}", body=body, attempt=2) for body in ("Hé Anna", "Bob")]
        [first, second], [heard] = self.send(taken, sent)
        self.assertEqual((first, second), (Accepted("tHé Anna-2", 2), Accepted("tBob-2", 2)))
        document = json.loads(heard.body)
        self.assertEqual(SmsRequest.from_dict(document).to_dict(), document)
        SmsResponse.from_json(taken(heard).data.partition(b"\r\n\r\n")[2].decode())
        self.assertEqual(
            [
                (message["content"]["text"], message["webhooks"]["callbackData"])
                for message in document["messages"]
            ],
            [("Hé Anna", "tHé Anna"), ("Bob", "tBob")],
        )

    def test_more_than_fit(self):
        sent = texts(2 * LIMIT + 1)
        outcomes, heard = self.send(taken, sent)
        self.assertEqual(
            outcomes, [Accepted(f"{each.reference}-{each.attempt}", 2) for each in sent]
        )
        self.assertEqual(len(heard), 3)
        self.assertLessEqual(max(len(messages(call)) for call in heard), LIMIT)

    def test_longest_answer_is_read(self):
        [outcome, *_others], [heard] = self.send(taken, texts(LIMIT))
        self.assertIsInstance(outcome, Accepted)
        self.assertLess(len(taken(heard).data), MAX_ANSWER_BYTES / 2)

    def test_each_has_its_own_outcome(self):
        names = {
            "t0ken1-1": ("REJECTED", "REJECTED_DND"),
            "t0ken2-1": ("REJECTED", "REJECTED_NOT_ENOUGH_CREDITS"),
            "t0ken3-1": ("NEW", "NEW"),
        }

        def play(heard):
            answers = [
                said(message, *names.get(message["destinations"][0]["messageId"], ()))
                for message in messages(heard)
            ]
            # In another order; one is not mentioned, one twice, and a stranger is.
            answers = [*reversed(answers[:4]), answers[5], answers[5]]
            answers.append(answers[0] | {"messageId": "stranger"})
            return reply(200, json.dumps({"messages": [*answers, None, {"messageId": None}]}))

        outcomes, _heard = self.send(play, texts(6))
        self.assertEqual(
            [type(outcome) for outcome in outcomes],
            [Accepted, Refused, Retry, Unknown, Unknown, Unknown],
        )
        self.assertEqual(outcomes[1].reason, Reason.BLOCKED)
        self.assertEqual(outcomes[2].reason, Reason.INSUFFICIENT_CREDIT)
        # Nothing of another person's text in what is kept of this one.
        self.assertIn("t0ken1-1", outcomes[1].detail)
        self.assertNotIn("t0ken0-1", outcomes[1].detail)

    def test_answer_that_is_none_leaves_all_unknown(self):
        half = b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"messages": ['
        for play in (
            *(reply(200, body) for body in ("", HTML, "{}", "[]", '{"messages": 5}', '{"me')),
            reply(202, '{"messages": []}'),
            reply(500, HTML),
            reply(502, ""),
            Play(close=True),
            Play(reset=True),
            Play(half, close=True),
            reply(200, "{}", delay=PATIENCE),
        ):
            limits = {"read_timeout": 1.0} if play.delay else {}
            with self.subTest(play=play.data[:60]):
                outcomes, heard = self.send(lambda heard, play=play: play, texts(3), **limits)
                self.assertEqual([type(outcome) for outcome in outcomes], [Unknown] * 3)
                self.assertEqual(len(heard), 1, "handed over more than once")

    def test_not_now_is_for_all(self):
        for answer, reason in (
            (reply(429, "Slow down", Retry_After="7"), Reason.THROTTLED),
            (reply(401, "{}"), Reason.CREDENTIALS),
            (reply(503, "", Retry_After="7"), Reason.GATEWAY_UNAVAILABLE),
        ):
            outcomes, heard = self.send(lambda heard, answer=answer: answer, texts(3))
            self.assertEqual([outcome.reason for outcome in outcomes], [reason] * 3)
            self.assertEqual({type(outcome) for outcome in outcomes}, {Retry})
            self.assertEqual(len(heard), 1)
            if reason != Reason.CREDENTIALS:
                self.assertEqual([outcome.after for outcome in outcomes], [7] * 3)

    def test_call_that_is_refused_for_one_text_does_not_refuse_the_others(self):
        def play(heard):
            numbers = [message["destinations"][0]["to"] for message in messages(heard)]
            if "32470000001" in numbers:
                return reply(400, '{"requestError": {"serviceException": {}}}')
            return taken(heard)

        outcomes, heard = self.send(play, texts(3))
        self.assertEqual([type(outcome) for outcome in outcomes], [Accepted, Retry, Accepted])
        self.assertEqual([len(messages(call)) for call in heard], [3, 1, 1, 1])

    def test_text_that_cannot_be_written_keeps_no_other_back(self):
        sent = texts(3)
        sent[1:2] = texts(1, body="half \ud83d")
        outcomes, heard = self.send(taken, sent)
        self.assertEqual([type(outcome) for outcome in outcomes], [Accepted, Refused, Accepted])
        self.assertEqual([len(messages(call)) for call in heard], [1, 1])
