import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from ..engine import lookup, receipts
from ..gateways.values import Receipt, ReceiptStatus
from .common import SmsMarketingCase
from .http_player import HttpPlayer, Play, closed_port, reply
from .provider_accounts import record_values

LOGS = "odoo.addons.sms_marketing.engine.lookup"
MINUTE = 60
HOUR = 3600


class LookupCase(SmsMarketingCase, CronMixinCase):
    """Texts that a provider may have taken and whose answer was lost (over HTTP)."""

    provider = ""

    def setUp(self):
        super().setUp()
        self.sent = []  # what was handed over to the provider
        self.asked = []
        self.passed = 0
        self.answer = None  # to a question; None: what the provider has
        self.player = self.enterContext(HttpPlayer(self.play))
        gateway_class = lookup.get_gateway_class(self.provider)
        server = self.player.url.removesuffix("/cgi-bin/sendsms")
        self.patch(gateway_class, "server", server)
        self.account = self.make_gateway(**record_values(self.provider))
        self.number_of_sender = self.make_sender("+12025550150", self.account)

    def play(self, heard):
        if heard.method == "POST":
            self.sent.append(heard)
            return Play(reset=True)  # it has the text, and nobody hears so
        self.asked.append(heard)
        return self.answer or reply(200, json.dumps(self.records(heard)))

    def lose(self, amount=1, **vals):
        """Send texts whose answers are lost; returns the recipients."""
        message = self.message(self.contacts(amount), sender_id=self.number_of_sender.id, **vals)
        message.action_send()
        with mute_logger("odoo.addons.sms_marketing.engine.circuit"):
            self.run_lane()
        self.end_pauses()
        self.assertEqual(self.states(message), {"unknown": amount})
        return message.recipient_ids

    def ask(self, wait=2 * MINUTE + 1):
        """Let so many seconds pass, and ask about what is due; returns how many texts were."""
        self.let_time_pass(wait)
        self.passed += wait
        with self.own_transactions() as registry:
            asked, _remains = lookup.run(registry, 20)
        return asked


@tagged("post_install", "-at_install")
class TestLookup(LookupCase):
    """A provider that lists texts by our reference."""

    provider = "sinch"

    def setUp(self):
        super().setUp()
        self.knows = True

    def records(self, heard):
        reference = heard.fields["client_reference"]
        batches = [
            {"id": f"batch {number}", "client_reference": reference, "canceled": False}
            for number, one in enumerate(self.sent)
            if json.loads(one.body)["client_reference"] == reference and self.knows
        ]
        return {"batches": batches, "count": len(batches)}

    def test_text_that_the_provider_has_was_sent(self):
        recipient = self.lose()
        message = recipient.message_id
        self.roll_up()
        self.assertEqual((message.sent_count, message.unknown_count), (0, 1))
        self.assertEqual(self.ask(), 1)
        self.assertEqual(recipient.state, "sent")
        self.assertEqual(recipient.provider_reference, "batch 0")
        self.assertEqual(recipient.detail, lookup.FOUND)
        self.assertTrue(recipient.sent_at)
        self.roll_up()
        self.assertEqual((message.sent_count, message.unknown_count), (1, 0))

        self.assertEqual(self.ask(HOUR), 0, "what is known is not asked about")
        late = Receipt(reference=recipient.sudo().token, status=ReceiptStatus.DELIVERED)
        receipts.receive(self.env, self.account.id, [late])
        self.env.invalidate_all()
        self.assertEqual(recipient.state, "delivered")
        self.assertEqual(len(self.sent), 1)

    def test_text_that_it_does_not_know_stays_unknown_and_is_not_sent_again(self):
        self.knows = False
        recipient = self.lose()
        for hours in (1, 2, 4, 8):
            self.assertEqual(self.ask(hours * HOUR), 1)
            self.run_lane()
            self.assertEqual(recipient.state, "unknown")
        self.assertEqual(len(self.sent), 1)
        # It may have been slow to tell.
        self.knows = True
        self.assertEqual(self.ask(16 * HOUR), 1)
        self.assertEqual(recipient.state, "sent")
        self.assertEqual(len(self.sent), 1)

    def test_pauses_grow_and_there_is_an_end(self):
        self.knows = False
        self.lose()
        self.assertEqual(self.ask(MINUTE), 0, "too early to ask")
        moments = []
        for minute in range(1, 60 * 60, 5):
            if self.ask(5 * MINUTE):
                moments.append(minute)
        self.assertLess(len(moments), 12, moments)
        self.assertGreater(len(moments), 6, moments)
        pauses = [later - earlier for earlier, later in zip(moments, moments[1:], strict=False)]
        self.assertEqual(pauses, sorted(pauses))
        self.assertLess(moments[-1], 48 * 60)

    def test_lane_that_died(self):
        recipient = self.lose()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'sending', settled_at = NULL,"
            " lookup_at = NULL, lease_until = now() AT TIME ZONE 'UTC' - interval '1 minute'"
            " WHERE id = %s",
            [recipient.id],
        )
        self.env.invalidate_all()
        self.run_lane()
        self.assertEqual(recipient.state, "unknown")
        self.assertEqual(self.ask(), 1)
        self.assertEqual(recipient.state, "sent")

    def test_more_than_one_batch(self):
        amount = lookup.BATCH + 3
        # Few of a gateway are lost at once: it is left alone after that.
        recipients = self.lose_many(amount)
        self.assertEqual(self.ask(), amount)
        self.assertEqual(set(recipients.mapped("state")), {"sent"})
        self.assertEqual(len(self.asked), amount)

    def lose_many(self, amount):
        message = self.message(self.contacts(amount), sender_id=self.number_of_sender.id)
        message.action_send()
        for _time in range(amount):
            with mute_logger("odoo.addons.sms_marketing.engine.circuit"):
                self.run_lane()
            self.end_pauses()
            if self.states(message) == {"unknown": amount}:
                break
        return message.recipient_ids

    def test_provider_that_answers_badly_changes_nothing(self):
        recipient = self.lose()
        for doubling, answer in enumerate(
            (
                reply(200, "<!doctype html><html>Sorry</html>"),
                reply(200, '{"batches": [{"id": "b", "client_ref'),
                reply(401, "No, sinch-api-token-7788"),
                reply(429, "Slow down", Retry_After="7"),
                reply(500, "Oops"),
                Play(reset=True),
            )
        ):
            self.answer = answer
            with self.assertLogs(LOGS, "WARNING") as logs:
                self.assertEqual(self.ask(5 * MINUTE * 2**doubling), 1)
            told = "\n".join(logs.output)
            self.assertIn("could not be asked about 1 of 1", told)
            for secret in ("sinch-api-token-7788", recipient.number, recipient.number[1:]):
                self.assertNotIn(secret, told)
            self.assertEqual(recipient.state, "unknown")
            self.assertFalse(recipient.provider_reference)
        self.assertEqual(len(self.sent), 1)

    def test_provider_that_is_not_there_is_left_alone_for_this_time(self):
        recipients = self.lose_many(lookup.BATCH + 3)
        nobody = f"http://127.0.0.1:{closed_port()}"
        self.patch(lookup.get_gateway_class("sinch"), "server", nobody)
        with self.assertLogs(LOGS, "WARNING") as logs:
            self.assertEqual(self.ask(), lookup.BATCH)
        self.assertEqual(len(logs.output), 1)
        self.assertEqual(set(recipients.mapped("state")), {"unknown"})

    def test_gateway_that_is_down_is_asked_when_it_may_be_tried(self):
        recipient = self.lose()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_gateway SET down_since = now() AT TIME ZONE 'UTC',"
            " next_try_at = now() AT TIME ZONE 'UTC' + interval '10 minutes' WHERE id = %s",
            [self.account.id],
        )
        self.assertEqual(self.ask(5 * MINUTE), 0)
        self.assertEqual(self.ask(6 * MINUTE), 1)
        self.assertEqual(recipient.state, "sent")

    def test_gateway_that_wants_to_be_left_alone(self):
        self.lose()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_gateway SET paused_until = now() AT TIME ZONE 'UTC'"
            " + interval '10 minutes' WHERE id = %s",
            [self.account.id],
        )
        self.assertEqual(self.ask(5 * MINUTE), 0)
        self.assertEqual(self.ask(6 * MINUTE), 1)

    def test_server_that_stops_asks_nothing_more(self):
        self.lose()
        self.patch(lookup.WORK, "_stopping", True)
        self.assertEqual(self.ask(), 0)
        self.assertEqual(self.asked, [])

    def test_settled_while_the_provider_was_asked(self):
        recipient = self.lose()
        with self.own_transactions() as registry, registry.cursor() as cr:
            env = self.env(cr=cr)
            cr.execute("UPDATE sms_marketing_recipient SET lookup_at = settled_at")
            _gateway, [question] = lookup._take(env, self.account.id)
            _gateway.close()
            # A person says that it was not sent, meanwhile: it goes out as another attempt.
            env["sms.marketing.recipient"].browse(recipient.id).action_send_again()
            found = Receipt(question.reference, "batch 0", ReceiptStatus.ACCEPTED)
            self.assertEqual(lookup.record(env, self.account.id, [(question, (found,))]), 0)
        self.assertEqual(recipient.state, "queued")
        self.assertFalse(recipient.provider_reference)

    def test_two_machines_do_not_ask_the_same(self):
        self.lose_many(3)
        self.let_time_pass(3 * MINUTE)
        with self.own_transactions() as registry, registry.cursor() as cr:
            _gateway, first = lookup._take(self.env(cr=cr), self.account.id)
            _other, second = lookup._take(self.env(cr=cr), self.account.id)
            _gateway.close()
            _other.close()
        self.assertEqual((len(first), len(second)), (3, 0))

    # ------------------------------------------------------------
    # For a person
    # ------------------------------------------------------------

    def test_person_has_it_asked_at_once(self):
        recipient = self.lose()
        self.assertTrue(recipient.can_ask_provider)
        self.assertEqual(self.ask(0), 0)
        with self.capture_triggers("sms_marketing.ir_cron_lookup") as captured:
            told = recipient.action_ask_provider()
        self.assertEqual(len(captured.records), 1)
        self.assertIn("about 1 text.", told["params"]["message"])
        self.assertEqual(self.ask(0), 1)
        self.assertEqual(recipient.state, "sent")
        self.assertFalse(recipient.can_ask_provider)
        with self.assertRaises(UserError):
            recipient.action_ask_provider()

    def test_person_who_may_not_change_the_message_cannot(self):
        recipient = self.lose()
        for login, group in (("a_reader", "base.group_user"), ("a_stranger", None)):
            user = self.user(login, group or "sms_marketing.group_user")
            with self.assertRaises(AccessError):
                recipient.with_user(user).action_ask_provider()

    def test_provider_that_cannot_be_asked(self):
        recipient = self.lose()
        self.account.write(record_values("kannel"))
        with self.assertRaises(UserError) as caught:
            recipient.action_ask_provider()
        self.assertIn("cannot be asked", str(caught.exception))
        self.assertEqual(self.ask(), 0)
        self.assertEqual(self.asked, [])

    def test_scheduled_action(self):
        recipient = self.lose()
        self.let_time_pass(3 * MINUTE)
        with self.own_transactions():
            self.env.ref("sms_marketing.ir_cron_lookup").method_direct_trigger()
        self.assertEqual(recipient.state, "sent")


@tagged("post_install", "-at_install")
class TestLookupByLikeness(LookupCase):
    """Twilio has no reference of ours: number, sender, words and moment tell its texts apart."""

    provider = "twilio"

    def setUp(self):
        super().setUp()
        self.takes = True
        self.account.twilio_messaging_service = False

    def play(self, heard):
        play = super().play(heard)
        if heard.method == "POST" and self.answer_posts:
            return reply(201, json.dumps(self.record(len(self.sent) - 1)))
        return play

    answer_posts = False

    def record(self, number):
        fields = dict(parse_qsl(self.sent[number].body.decode()))
        made_at = datetime.now(UTC) - timedelta(seconds=self.passed + 1)
        return {
            "sid": f"SM{number:032}",
            "body": fields["Body"],
            "to": fields["To"],
            "from": fields["From"],
            "direction": "outbound-api",
            "status": "sent",
            "date_created": format_datetime(made_at),
            "num_segments": "1",
        }

    def records(self, heard):
        every = [self.record(number) for number in range(len(self.sent))] if self.takes else []
        return {"messages": [one for one in every if one["to"] == heard.fields["To"]]}

    def test_the_only_one_that_looks_so(self):
        recipient = self.lose()
        self.assertEqual(self.ask(), 1)
        self.assertEqual((recipient.state, recipient.provider_reference), ("sent", f"SM{0:032}"))
        self.assertEqual(len(self.sent), 1)

    def test_what_another_text_is_known_to_be_is_not_taken_for_this_one(self):
        contact = self.contacts(1)
        self.answer_posts = True
        known = self.send(self.message(contact, sender_id=self.number_of_sender.id))
        self.assertEqual(known.provider_reference, f"SM{0:032}")
        self.answer_posts, self.takes = False, False
        lost = self.send_same(contact)
        self.takes = True
        # Twilio has both: the one that is left is ours.
        self.assertEqual(self.ask(), 1)
        self.assertEqual((lost.state, lost.provider_reference), ("sent", f"SM{1:032}"))
        self.assertEqual(known.provider_reference, f"SM{0:032}")

    def test_twilio_has_only_that_of_another_text(self):
        contact = self.contacts(1)
        self.answer_posts = True
        self.send(self.message(contact, sender_id=self.number_of_sender.id))
        self.answer_posts = False
        lost = self.send_same(contact)
        self.sent.pop()  # the second never arrived
        self.assertEqual(self.ask(), 1)
        self.assertEqual((lost.state, lost.provider_reference), ("unknown", False))

    def test_two_that_look_the_same_and_one_that_arrived(self):
        contact = self.contacts(1)
        first, second = self.send_same(contact), self.send_same(contact)
        self.sent.pop()
        self.assertEqual(self.ask(), 2)
        self.assertEqual((first.state, second.state), ("unknown", "unknown"), "one is guessed")

    def test_two_with_different_words(self):
        contact = self.contacts(1)
        first, second = self.send_same(contact), self.send_same(contact, body="Other words.")
        self.sent.pop()
        self.assertEqual(self.ask(), 2)
        self.assertEqual((first.state, second.state), ("sent", "unknown"))

    def send_same(self, contact, **vals):
        message = self.message(contact, sender_id=self.number_of_sender.id, **vals)
        message.action_send()
        with mute_logger("odoo.addons.sms_marketing.engine.circuit"):
            self.run_lane()
        self.end_pauses()
        self.assertEqual(self.states(message), {"unknown": 1})
        return message.recipient_ids
