"""What becomes of a text whose outcome comes late, twice, or from a lane that has lost it."""

from unittest.mock import patch

from odoo.tests import tagged

from ..engine import claims, outcomes, receipts, schedule, unknown
from ..gateways.reasons import Reason
from ..gateways.sandbox import SandboxGateway
from ..gateways.values import Accepted, Receipt, ReceiptStatus, Refused, Retry
from .common import SmsMarketingCase

DAY = 24 * 3600
NOT_TAKEN = Retry(reason=Reason.GATEWAY_UNAVAILABLE)


class OutcomeCase(SmsMarketingCase):
    def claim(self, message, **options):
        """What a lane takes in hand and has not handed over yet."""
        self.env.flush_all()
        taken, _seen = claims.claim(self.env, message.id, 100, **options)
        self.env.invalidate_all()
        return taken

    def record(self, taken, outcome):
        outcomes.record(self.env, [(one, outcome) for one in taken])
        self.env.invalidate_all()

    def sending(self, count=1):
        """A message that has started, and its recipients, which wait."""
        message = self.message(self.contacts(count))
        message.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
        return message, message.recipient_ids


@tagged("post_install", "-at_install")
class TestRecord(OutcomeCase):
    """What is written of an outcome."""

    def test_what_a_provider_says_is_kept_to_the_letter(self):
        message, recipient = self.sending()
        words = 'NULL, {"a\\\\b"} “ü” \n'
        self.record(self.claim(message), Refused(Reason.SPAM, "7\\", words))
        self.assertEqual((recipient.state, recipient.detail), ("failed", f"7\\: {words}"))

    def test_add_on_that_counts_in_another_kind_of_number(self):
        message, recipient = self.sending()
        self.record(self.claim(message), Accepted(segments=2.0, price="0.0075", currency="EUR"))
        self.assertEqual((recipient.state, recipient.segments), ("sent", 2))
        self.assertEqual(recipient.price, 0.0075)


@tagged("post_install", "-at_install")
class TestGivingUp(OutcomeCase):
    """A text is given up when it was tried for a day, not when it has waited as long."""

    def test_what_was_only_given_back_is_no_failure(self):
        """An orderly restart in the second day of a long campaign loses nobody."""
        message, recipient = self.sending()
        self.let_time_pass(2 * DAY)
        self.record(self.claim(message), outcomes.give_back())
        self.assertEqual((recipient.state, recipient.reason), ("queued", False))
        self.run_lane()
        self.let_time_pass(2)
        self.run_lane()
        self.assertEqual(recipient.state, "sent")

    def test_first_refusal_in_the_second_day_is_not_the_last(self):
        message, recipient = self.sending()
        self.let_time_pass(2 * DAY)
        self.record(self.claim(message), Retry(60, Reason.THROTTLED))
        self.assertEqual(recipient.state, "queued")

    def test_a_day_of_refusals_is_enough(self):
        message, recipient = self.sending()
        self.record(self.claim(message), NOT_TAKEN)
        self.let_time_pass(DAY - 60)
        self.record(self.claim(message), NOT_TAKEN)
        self.assertEqual(recipient.state, "queued")
        self.let_time_pass(3600)
        self.record(self.claim(message), NOT_TAKEN)
        self.assertEqual((recipient.state, recipient.reason), ("failed", "gave_up"))

    def test_a_pause_is_no_time_in_which_it_was_tried(self):
        message, recipient = self.sending()
        self.record(self.claim(message), NOT_TAKEN)
        message.action_pause()
        self.let_time_pass(2 * DAY)
        message.action_resume()
        self.record(self.claim(message), NOT_TAKEN)
        self.assertEqual(recipient.state, "queued")


@tagged("post_install", "-at_install")
class TestLateOutcomes(OutcomeCase):
    def receipt(self, recipient, status):
        late = Receipt(reference=recipient.sudo().token, status=status)
        if not receipts.settle(self.env.cr, self.gateway.id, [late]):
            receipts.receive(self.env, self.gateway.id, [late])
        self.env.invalidate_all()

    def lost(self, message):
        """Claimed by a lane of which nothing is heard any more."""
        taken = self.claim(message)
        self.let_time_pass(3600)
        outcomes.expire_leases(self.env)
        self.env.invalidate_all()
        return taken

    def test_receipt_before_it_is_sent_again_keeps_it_from_being_sent_twice(self):
        for status, state in (
            (ReceiptStatus.DELIVERED, "delivered"),
            (ReceiptStatus.ACCEPTED, "sent"),
        ):
            with self.subTest(status):
                message, recipient = self.sending()
                self.lost(message)
                unknown.queue_again(self.env, recipient.ids, "not sent")
                self.env.invalidate_all()
                self.assertEqual(recipient.state, "queued")
                self.receipt(recipient, status)
                self.assertEqual(recipient.state, state)
                self.assertTrue(recipient.sent_at)
                self.run_lane()
                self.assertEqual((recipient.state, recipient.attempt), (state, 1))
                self.assertEqual(message.state, "sent")

    def test_that_it_did_not_arrive_does_not_keep_it_from_being_sent_again(self):
        message, recipient = self.sending()
        self.lost(message)
        unknown.queue_again(self.env, recipient.ids, "not sent")
        self.receipt(recipient, ReceiptStatus.UNDELIVERED)
        self.assertEqual(recipient.state, "queued")
        self.run_lane()
        self.assertEqual((recipient.state, recipient.attempt), ("sent", 2))

    def test_receipt_for_a_text_that_was_to_be_tried_again_when_the_message_was_cancelled(self):
        message, recipient = self.sending()
        self.record(self.claim(message), NOT_TAKEN)
        message.action_cancel()
        self.run_lane()
        self.assertEqual(recipient.state, "cancelled")
        self.receipt(recipient, ReceiptStatus.DELIVERED)
        self.assertEqual(recipient.state, "delivered")

    def test_lane_that_comes_back_says_that_it_was_taken(self):
        message, recipient = self.sending()
        taken = self.lost(message)
        unknown.queue_again(self.env, recipient.ids, "not sent")
        self.record(taken, Accepted(reference="late", segments=1))
        self.assertEqual((recipient.state, recipient.provider_reference), ("sent", "late"))

    def test_lane_that_comes_back_leaves_the_next_attempt_alone(self):
        """Its outcome must not take away the lease by which a second dead lane is found."""
        message, recipient = self.sending()
        taken = self.lost(message)
        unknown.queue_again(self.env, recipient.ids, "not sent")
        self.env.invalidate_all()
        self.claim(message)
        lease = recipient.lease_until
        self.assertTrue(lease)
        for outcome in (outcomes.give_back(), Refused(Reason.BLOCKED)):
            self.record(taken, outcome)
            self.assertEqual((recipient.state, recipient.lease_until), ("sending", lease))
        self.let_time_pass(3600)
        self.run_lane()
        self.assertEqual(recipient.state, "unknown")
        self.assertEqual(message.state, "sent")


@tagged("post_install", "-at_install")
class TestArchivedGateway(OutcomeCase):
    """What waits for a gateway that is archived, or whose add-on is gone, goes nowhere else."""

    def setUp(self):
        super().setUp()
        self.campaign, _recipients = self.sending(2)
        self.campaign.sender_id.gateway_id._retire()
        self.env.flush_all()

    def test_nothing_is_handed_to_the_carrier_in_its_place(self):
        with patch.object(SandboxGateway, "send", side_effect=AssertionError):
            self.run_lane()
        self.assertEqual(self.states(self.campaign), {"queued": 2})
        self.assertEqual(self.campaign.state, "sending")

    def test_it_goes_on_when_the_gateway_is_back(self):
        self.run_lane()
        self.campaign.sender_id.gateway_id.active = True
        self.run_lane()
        self.assertEqual(self.states(self.campaign), {"sent": 2})

    def test_a_day_later_it_is_given_up(self):
        self.let_time_pass(DAY + 60)
        self.run_lane()
        self.assertEqual(self.states(self.campaign), {"failed": 2})
        self.assertEqual(set(self.campaign.recipient_ids.mapped("reason")), {"gave_up"})
        self.assertEqual(self.campaign.state, "sent")

    def test_sandbox_plays_nothing_for_what_another_provider_has(self):
        sent = self.message(self.contacts(1))
        self.campaign.sender_id.gateway_id.active = True
        recipient = self.send(sent)
        self.campaign.sender_id.gateway_id._retire()
        self.play_sandbox()
        self.assertEqual(recipient.state, "sent")
