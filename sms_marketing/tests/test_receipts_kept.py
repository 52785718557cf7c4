from odoo.tests import tagged

from ..engine import claims, outcomes, receipts, schedule
from ..engine.transactions import in_own_transaction
from ..gateways.values import Accepted, Receipt, ReceiptStatus
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestKeptReceipts(SmsMarketingCase):
    """A receipt that comes before its text is known finds it, whenever that is."""

    def taken(self):
        """A text that is handed over just now: (its recipient, the lane's claim)."""
        message = self.message(self.contacts(1))
        message.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
            [claim], _seen = in_own_transaction(
                registry, lambda env: claims.claim(env, message.id, 1)
            )
        return message.recipient_ids, claim

    def record(self, claim, reference):
        with self.own_transactions() as registry:
            in_own_transaction(
                registry, lambda env: outcomes.record(env, [(claim, Accepted(reference))])
            )

    def keep(self, reference, **facts):
        told = Receipt(provider_reference=reference, status=ReceiptStatus.DELIVERED, **facts)
        self.assertEqual(receipts.receive(self.env, self.gateway.id, [told]), 1)

    def keep_of_others(self, amount):
        """Receipts of texts that are not ours, as of an account that somebody else uses too."""
        self.env.cr.execute(
            "INSERT INTO sms_marketing_receipt (gateway_id, provider_reference, status)"
            " SELECT %s, 'foreign-' || number, 'delivered' FROM generate_series(1, %s) AS number",
            [self.gateway.id, amount],
        )

    def test_receipts_of_others_are_in_nobodys_way(self):
        recipient, claim = self.taken()
        self.keep_of_others(1000)
        self.keep("provider-1", segments=2)
        self.record(claim, "provider-1")
        self.assertEqual((recipient.state, recipient.segments), ("delivered", 2))
        self.assertEqual(self.env["sms.marketing.receipt"].search_count([]), 1000)

    def test_receipt_that_is_kept_while_its_batch_is_recorded(self):
        """Each is done without having seen the other; nothing else is sent after it."""
        recipient, claim = self.taken()
        self.record(claim, "provider-1")
        self.keep_of_others(1000)
        self.env["sms.marketing.receipt"].create(
            {
                "gateway_id": self.gateway.id,
                "provider_reference": "provider-1",
                "status": "delivered",
            }
        )
        with self.own_transactions():
            self.env["sms.marketing.statistic"]._cron_roll_up()
        self.assertEqual(recipient.state, "delivered")
        self.assertEqual(recipient.message_id.delivered_count, 1, "the figures tell of it at once")
        self.assertFalse(
            self.env["sms.marketing.receipt"].search([("provider_reference", "=", "provider-1")])
        )

    def test_another_gateways_receipt_stays_kept(self):
        recipient, claim = self.taken()
        told = Receipt(provider_reference="provider-1", status=ReceiptStatus.UNDELIVERED)
        receipts.receive(self.env, self.make_gateway(name="Other").id, [told])
        self.record(claim, "provider-1")
        self.assertEqual(receipts.match_kept(self.env), 0)
        self.assertEqual(recipient.state, "sent")
