from contextlib import suppress
from dataclasses import replace
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..engine import claims, outcomes, schedule
from ..engine.transactions import in_own_transaction
from ..gateways.kannel import KannelGateway
from ..gateways.sandbox import SandboxGateway
from ..gateways.values import Accepted, Retry
from .common import SmsMarketingCase
from .http_player import PATIENCE, HttpPlayer, Play, reply

ACCEPTED = reply(202, "0: Accepted for delivery")
HAND_OVER = "odoo.addons.sms_marketing.engine.hand_over"
OUTCOMES = "odoo.addons.sms_marketing.engine.outcomes"


@tagged("post_install", "-at_install")
class TestDispatchFaults(SmsMarketingCase):
    """Gateways that are down, slow or wrong, and lanes that die: nothing is lost or sent twice."""

    def test_what_was_certainly_not_taken_waits_and_is_sent_once(self):
        answers = [reply(503, "Temporal failure, try again later."), ACCEPTED]
        with HttpPlayer(lambda heard: answers.pop(0)) as player:
            gateway = self.make_kannel_gateway(kannel_url=player.url)
            message = self.message(
                self.contacts(1), sender_id=self.make_sender("+12025550124", gateway).id
            )
            recipient = self.send(message)
            self.assertEqual((recipient.state, recipient.attempt), ("queued", 1))
            self.assertEqual(recipient.reason, "gateway_unavailable")
            self.assertGreater(recipient.due_at, recipient.send_at)
            self.run_lane()
            self.assertEqual(len(player.heard), 1, "it must wait for its time")
            self.let_time_pass(60)
            self.run_lane()
            self.assertEqual((recipient.state, recipient.attempt), ("sent", 2))
            self.assertFalse(recipient.reason)
            self.assertEqual(len(player.heard), 2)

    def test_bad_gateways_lose_nothing_and_send_nothing_twice(self):
        """A gateway that answers 500, HTML, nothing, half, too slowly, or closes the line."""
        plays = {
            "500": (reply(500, "oops"), "unknown"),
            "html": (reply(200, "<html>Welcome</html>"), "unknown"),
            "nothing": (Play(close=True), "unknown"),
            "reset": (Play(reset=True), "unknown"),
            "half": (
                Play(b"HTTP/1.1 202 OK\r\nContent-Length: 40\r\n\r\n0: Acc", close=True),
                "unknown",
            ),
            "slow": (replace(ACCEPTED, delay=PATIENCE), "unknown"),
            "login": (reply(403, "Authorization failed for sendsms"), "queued"),
            "throttled": (reply(429, "", Retry_After="7"), "queued"),
            "elsewhere": (reply(404, "<html>Not found</html>"), "queued"),
        }
        for name, (play, state) in plays.items():
            with self.subTest(name), HttpPlayer(lambda heard, play=play: play) as player:
                patience = 1 if name == "slow" else PATIENCE
                gateway = self.make_kannel_gateway(
                    name=name, kannel_url=player.url, read_timeout=patience
                )
                message = self.message(
                    self.contacts(2), sender_id=self.make_sender("+12025550125", gateway).id
                )
                self.send(message)
                self.run_lane()
                self.assertEqual(self.states(message), {state: 2})
                self.assertTrue(all(message.recipient_ids.mapped("detail")))
                if state == "unknown":
                    self.let_time_pass(3600)
                    self.run_lane()
                    self.assertEqual(len(player.heard), 2, "unknown is never sent again by itself")
                    self.assertEqual(message.state, "sent")

    def test_throttled_text_goes_out_in_the_same_run_of_the_scheduled_action(self):
        partner = self.contact("+13034569092", subscribed=True)  # throttled for one second
        message = self.message(partner)
        message.action_send()
        with self.own_transactions() as registry, registry.cursor() as cr:
            self.env(cr=cr)["sms.marketing.message"]._cron_dispatch()
        self.assertEqual((message.recipient_ids.state, message.state), ("sent", "sent"))
        self.assertEqual(message.recipient_ids.attempt, 2)

    def test_gateway_that_is_down_is_not_asked_for_the_whole_list(self):
        message = self.message(
            self.contacts(9),
            sender_id=self.make_sender("+12025550126", self.make_kannel_gateway()).id,
        )
        message.action_send()
        self.assertEqual(self.run_lane(batch_size=3), (3, False))
        self.assertEqual(self.states(message), {"queued": 9})

    def test_who_cannot_be_sent_to_for_a_day_is_given_up(self):
        message = self.message(
            self.contacts(1),
            sender_id=self.make_sender("+12025550127", self.make_kannel_gateway()).id,
        )
        recipient = self.send(message)
        self.let_time_pass(25 * 3600)
        self.run_lane()
        self.assertEqual((recipient.state, recipient.reason), ("failed", "gave_up"))
        self.assertEqual(message.state, "sent")

    def test_gateway_that_falls_silent_costs_few_texts(self):
        left = iter([ACCEPTED] * 12)
        with (
            HttpPlayer(lambda heard: next(left, Play(close=True))) as player,
            patch.object(KannelGateway, "batch_size", 4),
        ):
            gateway = self.make_kannel_gateway(kannel_url=player.url)
            sender = self.make_sender("+12025550128", gateway)
            message = self.message(self.contacts(60), sender_id=sender.id)
            message.action_send()
            self.run_lane(batch_size=32)
            self.assertEqual(len(player.heard), 22)
        # Two of the share in which it fell silent, and those in a row after which it is down.
        self.assertEqual(self.states(message), {"sent": 12, "unknown": 10, "queued": 38})
        self.assertTrue(gateway.down_since)

    def test_bug_in_a_gateway_loses_no_text(self):
        message = self.message(self.contacts(2))
        with (
            patch.object(SandboxGateway, "send", side_effect=ZeroDivisionError),
            self.assertLogs(HAND_OVER, "ERROR"),
        ):
            self.send(message)
        self.assertEqual(self.states(message), {"unknown": 2})

    # ------------------------------------------------------------
    # Crashes
    # ------------------------------------------------------------

    def test_lane_that_died_leaves_unknown_and_nothing_is_sent_again(self):
        message = self.message(self.contacts(3))
        message.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
            in_own_transaction(registry, lambda env: claims.claim(env, message.id, 2))
        self.run_lane()
        self.assertEqual(self.states(message), {"sending": 2, "sent": 1}, "the lease holds")
        self.let_time_pass(3600)
        with self.assertLogs(OUTCOMES, "WARNING"):
            self.run_lane()
        self.assertEqual(self.states(message), {"unknown": 2, "sent": 1})
        self.assertEqual(set(message.recipient_ids.mapped("segments")), {1})
        self.assertEqual(message.state, "sent")

    def large_batch(self, player, meet):
        """A message of 40 in batches of 10 and 30, and these in shares of four.

        :param meet: called before each share, with its number from 1
        """
        real, shares = KannelGateway.send, []

        def send(gateway, texts):
            shares.append(len(texts))
            meet(len(shares))
            return real(gateway, texts)

        for patched in (
            patch.object(KannelGateway, "batch_size", 4),
            patch.object(KannelGateway, "send", send),
        ):
            self.startPatcher(patched)
        gateway = self.make_kannel_gateway(kannel_url=player.url)
        sender = self.make_sender("+12025550129", gateway)
        message = self.message(self.contacts(40), sender_id=sender.id)
        message.action_send()
        return message

    def test_lane_that_died_in_a_large_batch_leaves_unknown_what_it_had_begun(self):
        class Killed(BaseException):
            pass

        def die(share):
            if share == 6:
                raise Killed

        with HttpPlayer(lambda heard: ACCEPTED) as player:
            message = self.large_batch(player, die)
            with suppress(Killed):  # `assertRaises` would roll back
                self.run_lane(batch_size=32)
            self.assertEqual(self.states(message), {"sent": 10, "sending": 30})
            self.let_time_pass(3600)
            with self.assertLogs(OUTCOMES, "WARNING"):
                self.run_lane()
            self.let_time_pass(2)
            self.run_lane()
            # Two shares that went out and were not recorded, the one that it died over, and the
            # one that was to come next.
            self.assertEqual(self.states(message), {"sent": 24, "unknown": 16})
            numbers = [heard.fields["to"] for heard in player.heard]
            self.assertEqual((len(numbers), len(set(numbers))), (32, 32))
        self.assertFalse(self.env["sms.marketing.journal"].search([]))

    def test_lane_that_only_seemed_dead_begins_no_more_of_its_batch(self):
        def seem_dead(share):
            if share == 5:
                self.let_time_pass(3600)
                with mute_logger(OUTCOMES):
                    outcomes.expire_leases(self.env)
                self.env.invalidate_all()

        with HttpPlayer(lambda heard: ACCEPTED) as player:
            message = self.large_batch(player, seem_dead)
            self.run_lane(batch_size=32)
            self.let_time_pass(2)
            self.run_lane()
            self.assertEqual(self.states(message), {"sent": 40})
            numbers = [heard.fields["to"] for heard in player.heard]
            self.assertEqual((len(numbers), len(set(numbers))), (40, 40))

    def test_slow_lane_that_reports_after_its_lease_is_believed(self):
        message = self.message(self.contacts(2))
        message.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
            taken, _seen = in_own_transaction(
                registry, lambda env: claims.claim(env, message.id, 2)
            )
        self.let_time_pass(3600)
        with self.own_transactions() as registry, mute_logger(OUTCOMES):
            in_own_transaction(registry, outcomes.expire_leases)
            in_own_transaction(
                registry,
                lambda env: outcomes.record(
                    env, [(taken[0], Accepted("abc")), (taken[1], Retry())]
                ),
            )
        self.assertEqual(self.states(message), {"sent": 1, "queued": 1})
