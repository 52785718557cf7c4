"""Texts whose outcome was lost may have been spent: they count as used, and never twice (S35)."""

from unittest.mock import patch

from odoo.tests import tagged

from ..engine import outcomes, receipts
from ..gateways.sandbox import SandboxGateway
from ..gateways.values import Accepted, Receipt, ReceiptStatus
from .test_allowance import AllowanceCase

#: The sandbox carrier loses the outcome of a text to such a number for good.
LOST = "+13035550197"


@tagged("post_install", "-at_install")
class TestAllowanceUnknown(AllowanceCase):
    def setUp(self):
        super().setUp()
        self.allowance = self.allow(100)
        contact = self.contact(LOST, subscribed=True)
        self.campaign = self.message(contact, body="A" * 200)  # 2 segments
        self.lost = self.send(self.campaign)
        self.assertEqual((self.lost.state, self.lost.sent_at), ("unknown", False))

    def assert_used(self, used, reserved=0):
        self.env.invalidate_all()
        self.assertEqual(
            self.figures(self.allowance), {"allowance": 100, "used": used, "reserved": reserved}
        )

    def months(self):
        """{first day: segments} of the months in which something was used."""
        self.env.invalidate_all()
        domain = self.allowance.action_view_months()["domain"]
        found = self.env["sms.marketing.usage.month"].search(domain)
        return {str(month.start): month.segments for month in found if month.segments}

    def receive(self, status):
        receipt = Receipt(reference=self.lost.sudo().token, status=status)
        receipts.receive(self.env, self.gateway.id, [receipt])

    def test_it_counts_as_used(self):
        self.assert_used(2)

    def test_a_review_sees_it(self):
        self.allowance.change_ids.segments = 3
        message = self.message(self.contacts(1), body="A" * 200)
        found = [one for one in message.get_review("send")["findings"] if one["level"] == "error"]
        self.assertEqual([one["code"] for one in found], ["allowance"])
        self.assertIn("1 more than are left", found[0]["text"])
        self.assertIn("2 are used", found[0]["text"])

    def test_one_whose_lane_died_counts_too(self):
        self.env.cr.execute(
            """
            UPDATE sms_marketing_recipient
               SET state = 'sending', segments = NULL, settled_at = NULL, sent_at = NULL,
                   lease_until = now() AT TIME ZONE 'UTC' - interval '1 minute'
             WHERE id = %s
            """,
            self.lost.ids,
        )
        self.env.invalidate_all()
        with self.assertLogs("odoo.addons.sms_marketing.engine.outcomes", "WARNING"):
            outcomes.expire_leases(self.env)
        self.env.invalidate_all()
        self.assertEqual(self.lost.state, "unknown")
        self.assert_used(2)

    def test_receipts_do_not_count_it_again(self):
        for status, state in (
            (ReceiptStatus.ACCEPTED, "sent"),
            (ReceiptStatus.DELIVERED, "delivered"),
        ):
            self.receive(status)
            self.env.invalidate_all()
            self.assertEqual(self.lost.state, state)
            self.assert_used(2)

    def test_a_person_who_knows_does_not_count_it_again(self):
        self.lost.action_was_sent()
        self.assert_used(2)

    def test_what_was_not_sent_is_free_until_it_goes_out(self):
        self.lost.action_send_again()
        self.assert_used(0, reserved=2)
        accepted = [Accepted()]
        with patch.object(SandboxGateway, "send", lambda _self, _texts: accepted):
            self.run_lane()
        self.assertEqual(self.lost.state, "sent")
        self.assert_used(2)

    def test_it_outlives_its_message(self):
        self.campaign.unlink()
        self.assert_used(2)

    def test_settled_and_deleted_it_counts_once(self):
        self.receive(ReceiptStatus.DELIVERED)
        self.env.invalidate_all()
        self.campaign.unlink()
        self.assert_used(2)

    def test_it_counts_in_the_month_of_its_loss_whatever_comes_later(self):
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET settled_at = '2026-08-04 10:00:00' WHERE id = %s",
            self.lost.ids,
        )
        self.assertEqual(self.months(), {"2026-08-01": 2})
        self.receive(ReceiptStatus.DELIVERED)
        self.assertEqual(self.months(), {"2026-08-01": 2})
        self.env.invalidate_all()
        self.campaign.unlink()
        self.assertEqual(self.months(), {"2026-08-01": 2})
        self.assert_used(0)

    def test_deleted_while_unknown_it_counts_in_the_month_of_its_loss(self):
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET settled_at = '2026-08-04 10:00:00' WHERE id = %s",
            self.lost.ids,
        )
        self.campaign.unlink()
        self.assertEqual(self.months(), {"2026-08-01": 2})

    def test_its_index_carries_the_sum(self):
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        self.env.cr.execute(
            """
            EXPLAIN SELECT sum(segments) FROM sms_marketing_recipient
             WHERE company_id = 1 AND state = 'unknown' AND sent_at IS NULL
               AND settled_at >= '2026-01-01' AND settled_at < '2026-02-01'
            """
        )
        plan = "\n".join(line for (line,) in self.env.cr.fetchall())
        self.assertIn("Index Only Scan using sms_marketing_recipient_used_unknown", plan)
