from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..engine import receipts
from ..gateways.values import Receipt, ReceiptStatus
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestUnknown(SmsMarketingCase):
    """Texts whose outcome was lost are settled by a person who knows."""

    def setUp(self):
        super().setUp()
        self.campaign = self.message(self.contacts(3))
        self.send(self.campaign)
        self.campaign.finished_at = self.env.cr.now()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'unknown', sent_at = NULL,"
            " settled_at = now() AT TIME ZONE 'UTC' WHERE message_id = %s AND id <> %s",
            [self.campaign.id, self.campaign.recipient_ids.sorted("id")[0].id],
        )
        self.env.invalidate_all()
        self.sent, self.first, self.second = self.campaign.recipient_ids.sorted("id")

    def last_note(self):
        return self.campaign.message_ids.sorted("id")[-1]

    def test_it_was_sent(self):
        told = (self.sent | self.first).action_was_sent()
        self.assertIn("1 text", told["params"]["message"])
        self.assertEqual(self.first.state, "sent")
        self.assertIn(self.env.user.name, self.first.detail)
        self.assertTrue(self.first.sent_at)
        self.assertEqual(self.second.state, "unknown")
        self.assertIn("1 text", self.last_note().body)
        self.assertEqual(self.last_note().author_id, self.env.user.partner_id)
        self.roll_up()
        self.assertEqual((self.campaign.sent_count, self.campaign.unknown_count), (2, 1))

    def test_it_was_not_sent_and_goes_out_again(self):
        self.assertEqual(self.campaign.state, "sent")
        (self.sent | self.first | self.second).action_send_again()
        self.assertEqual(self.campaign.state, "sending")
        self.assertEqual(
            (self.sent.state, self.first.state, self.second.state), ("sent", "queued", "queued")
        )
        self.unsubscribe(self.second.number)
        self.run_lane()
        self.assertEqual((self.first.state, self.first.attempt), ("sent", 2))
        self.assertEqual((self.second.state, self.second.reason), ("skipped", "unsubscribed"))
        self.assertEqual(self.campaign.state, "sent")

    def test_receipt_that_comes_later_counts(self):
        self.first.action_was_sent()
        token = self.first.sudo().token
        late = Receipt(reference=token, status=ReceiptStatus.DELIVERED)
        receipts.receive(self.env, self.gateway.id, [late])
        self.env.invalidate_all()
        self.assertEqual(self.first.state, "delivered")

    def test_what_is_known_cannot_be_settled(self):
        for action in ("action_was_sent", "action_send_again"):
            with self.assertRaises(UserError):
                getattr(self.sent, action)()
        self.assertEqual(self.sent.state, "sent")

    def test_cancelled_message_sends_nothing_again(self):
        self.campaign.sudo().state = "cancelled"
        self.env.flush_all()
        with self.assertRaises(UserError):
            self.first.action_send_again()
        self.assertEqual(self.first.state, "unknown")

    def test_only_who_may_change_the_message(self):
        reader = self.user("reader_of_unknown", "base.group_user")
        stranger = self.user("stranger_to_unknown", "sms_marketing.group_user")
        for user in (reader, stranger):
            for action in ("action_was_sent", "action_send_again"):
                with self.assertRaises(AccessError):
                    getattr(self.first.with_user(user), action)()
        self.assertEqual(self.first.state, "unknown")
