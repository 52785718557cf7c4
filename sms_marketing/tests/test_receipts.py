from datetime import datetime
from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st
from odoo.tests import tagged

from ..engine import claims, outcomes, receipts, schedule
from ..engine.transactions import in_own_transaction
from ..gateways.reasons import Reason
from ..gateways.values import Accepted, Receipt, ReceiptStatus
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestReceipts(SmsMarketingCase):
    """Receipts come early, late, twice, in any order or never."""

    def sent(self):
        """One recipient whose text the gateway has taken."""
        return self.send(self.message(self.contacts(1)))

    def receive(self, recipient, *statuses, **facts):
        for status in statuses:
            receipts.receive(
                self.env,
                self.gateway.id,
                [Receipt(reference=recipient.sudo().token, status=status, **facts)],
            )
        self.env.invalidate_all()

    def test_delivered(self):
        recipient = self.sent()
        moment = datetime(2026, 11, 1, 12, 30)
        self.receive(recipient, ReceiptStatus.DELIVERED, occurred_at=moment, segments=2)
        self.assertEqual(recipient.state, "delivered")
        self.assertEqual(recipient.settled_at, moment)
        self.assertEqual(recipient.segments, 2, "the provider's own count goes before ours")

    def test_add_on_that_counts_in_another_kind_of_number(self):
        recipient = self.sent()
        self.receive(recipient, ReceiptStatus.DELIVERED, segments=2.0)
        self.assertEqual((recipient.state, recipient.segments), ("delivered", 2))

    def test_undelivered_with_its_reason(self):
        recipient = self.sent()
        self.receive(
            recipient, ReceiptStatus.UNDELIVERED, reason=Reason.UNREACHABLE, code="27", detail="off"
        )
        self.assertEqual(
            (recipient.state, recipient.reason, recipient.detail),
            ("undelivered", "unreachable", "27: off"),
        )

    def test_every_order_of_receipts_ends_in_delivered(self):
        for order in permutations(
            [ReceiptStatus.ACCEPTED, ReceiptStatus.DELIVERED, ReceiptStatus.UNDELIVERED]
        ):
            with self.subTest(order):
                recipient = self.sent()
                self.receive(recipient, *order)
                self.assertEqual(recipient.state, "delivered")

    @settings(max_examples=30)
    @given(st.lists(st.sampled_from(list(ReceiptStatus)), max_size=6))
    def test_repeating_the_last_receipts_changes_nothing(self, statuses):
        with self.env.cr.savepoint() as savepoint:
            recipient = self.sent()
            self.receive(recipient, *statuses)
            state, settled_at = recipient.state, recipient.settled_at
            self.receive(recipient, *statuses[-1:] * 2)
            self.assertEqual(recipient.state, state)
            if state == "delivered":
                self.assertEqual(recipient.settled_at, settled_at)
            savepoint.rollback()
            self.env.invalidate_all()

    def test_several_of_one_text_in_one_call(self):
        recipient = self.sent()
        token = recipient.sudo().token
        kept = receipts.receive(
            self.env,
            self.gateway.id,
            [
                Receipt(reference=token, status=ReceiptStatus.ACCEPTED),
                Receipt(reference=token, status=ReceiptStatus.DELIVERED),
                Receipt(reference=token, status=ReceiptStatus.ACCEPTED),
            ],
        )
        self.env.invalidate_all()
        self.assertEqual((recipient.state, kept), ("delivered", 0))

    @settings(max_examples=30)
    @given(
        st.lists(
            st.tuples(st.sampled_from(("sending", "sent", "unknown", "failed")), st.booleans()),
            min_size=2,
            max_size=2,
        ),
        st.lists(
            st.tuples(
                st.integers(0, 1),  # of which text
                st.booleans(),  # by our reference, or by the provider's
                st.sampled_from(list(ReceiptStatus)),
                st.sampled_from((None, 0, 3)),  # segments, and price
                st.sampled_from((None, Reason.UNREACHABLE, Reason.BLOCKED)),
                st.integers(1, 9),  # the hour at which it occurred
            ),
            min_size=1,
            max_size=6,
        ),
    )
    def test_receipts_of_one_call_are_as_those_of_several(self, texts, facts):
        def told(number, is_ours, status, amount, reason, hour):
            recipient = recipients[number].sudo()
            # A text whose provider's reference is not known yet is told by ours.
            is_ours = is_ours or not recipient.provider_reference
            return Receipt(
                reference=recipient.token if is_ours else "",
                provider_reference=recipient.provider_reference or f"new-{number}",
                status=status,
                segments=amount,
                price=amount,
                currency="EUR" if amount else "",
                reason=reason,
                detail=f"hour {hour}",
                occurred_at=datetime(2026, 11, 1, hour),
            )

        def take(call):
            return receipts.receive(self.env, self.gateway.id, call)

        def settle_or_take(call):
            return not receipts.settle(self.env.cr, self.gateway.id, call) and take(call)

        def end(calls, take):
            with self.env.cr.savepoint() as savepoint:
                kept = sum(map(take, calls))
                self.env.invalidate_all()
                names = ("state", "reason", "detail", "segments", "price", "price_currency")
                more = ("sent_at", "settled_at", "provider_reference")
                seen = recipients.read([*names, *more]), kept
                savepoint.rollback()
                self.env.invalidate_all()
            return seen

        with self.env.cr.savepoint() as savepoint:
            recipients = self.send(self.message(self.contacts(2)))
            for recipient, (state, is_known) in zip(recipients, texts, strict=True):
                self.env.cr.execute(
                    "UPDATE sms_marketing_recipient SET state = %s, provider_reference = %s,"
                    " sent_at = NULL WHERE id = %s",
                    [state, f"known-{recipient.id}" if is_known else None, recipient.id],
                )
            self.env.invalidate_all()
            call = [told(*fact) for fact in facts]
            each = [[receipt] for receipt in call]
            self.assertEqual(end([call], take), end(each, take))
            self.assertEqual(end(each, settle_or_take), end(each, take))
            savepoint.rollback()
            self.env.invalidate_all()

    def test_settled_in_one_statement(self):
        recipient = self.sent()
        token = recipient.sudo().token
        self.env.cr.execute("DELETE FROM sms_marketing_statistic_mark")

        def settle(status, **facts):
            receipt = Receipt(reference=token, status=status, **facts)
            return receipts.settle(self.env.cr, self.gateway.id, [receipt])

        with self.assertQueryCount(1):
            self.assertTrue(settle(ReceiptStatus.DELIVERED, provider_reference="provider-7"))
        self.env.invalidate_all()
        self.assertEqual(recipient.state, "delivered")
        self.env.cr.execute("SELECT message_id FROM sms_marketing_statistic_mark")
        self.assertEqual(self.env.cr.fetchall(), [(recipient.message_id.id,)])
        self.assertFalse(settle(ReceiptStatus.UNDELIVERED, reason=Reason.OPTED_OUT))
        self.env.cr.execute("SELECT count(*) FROM sms_marketing_statistic_mark")
        self.assertEqual(self.env.cr.fetchall(), [(1,)])

    def test_only_the_end_of_a_text_that_was_taken_does_not_wait_for_the_disk(self):
        """What was not known to be taken would have to be looked at by a person again."""
        for state in ("sent", "undelivered", "sending", "unknown", "cancelled"):
            recipient = self.sent()
            is_taken = state in ("sent", "undelivered")
            # One that is being sent may have been sent before, if a person had it queued again.
            self.env.cr.execute(
                """
                UPDATE sms_marketing_recipient
                   SET state = %s, sent_at = sent_at - interval '1 minute',
                       lease_until = CASE WHEN %s = 'sending' THEN sent_at + interval '1 hour' END
                 WHERE id = %s
                """,
                [state, state, recipient.id],
            )
            call = [
                Receipt(reference=recipient.sudo().token, status=ReceiptStatus.DELIVERED),
            ]
            with self.subTest(state=state), self.env.cr.savepoint():
                self.env.cr.execute("SET LOCAL synchronous_commit = on")
                is_settled = receipts.settle(self.env.cr, self.gateway.id, call)
                self.env.cr.execute("SHOW synchronous_commit")
                [(waits,)] = self.env.cr.fetchall()
                self.assertEqual(waits, "off" if is_taken else "on")
                self.assertEqual(is_settled, state in ("sent", "undelivered", "sending"))

    def test_receipt_that_changes_nothing_writes_nothing(self):
        """Most providers tell each step, of which most are known: "queued", "sent" on what is sent.

        A second call of the same receipt is as common.
        """
        recipient = self.sent()
        token = recipient.sudo().token
        self.env.cr.execute("DELETE FROM sms_marketing_statistic_mark")

        def told(status, **facts):
            return [
                Receipt(
                    reference=token,
                    provider_reference=recipient.provider_reference,
                    status=status,
                    **facts,
                )
            ]

        def marks():
            self.env.cr.execute("SELECT count(*) FROM sms_marketing_statistic_mark")
            return self.env.cr.fetchone()[0]

        def lasts(call):
            """Neither way of taking a call writes anything or leaves a mark."""
            before = marks()
            with self.assertQueryCount(2):
                self.assertTrue(receipts.settle(self.env.cr, self.gateway.id, call))
            with self.assertQueryCount(1):
                self.assertEqual(receipts.receive(self.env, self.gateway.id, call), 0)
            self.assertEqual(marks(), before)

        lasts(told(ReceiptStatus.ACCEPTED))
        lasts(told(ReceiptStatus.ACCEPTED, segments=recipient.segments))
        self.assertTrue(
            receipts.settle(self.env.cr, self.gateway.id, told(ReceiptStatus.DELIVERED))
        )
        self.assertEqual(marks(), 1)
        lasts(told(ReceiptStatus.DELIVERED))
        lasts(told(ReceiptStatus.ACCEPTED))
        late = told(ReceiptStatus.UNDELIVERED, reason=Reason.INVALID_NUMBER)
        self.assertFalse(receipts.settle(self.env.cr, self.gateway.id, late))
        with self.assertQueryCount(1):
            receipts.receive(self.env, self.gateway.id, late)
        self.assertEqual(marks(), 1)
        # What it adds to a known state is written all the same, and told to the figures.
        adds = told(ReceiptStatus.ACCEPTED, segments=7, price=0.5, currency="EUR")
        self.assertFalse(receipts.settle(self.env.cr, self.gateway.id, adds))
        receipts.receive(self.env, self.gateway.id, adds)
        self.env.invalidate_all()
        self.assertEqual((recipient.state, recipient.segments), ("delivered", 7))
        self.assertEqual(marks(), 2)

    def test_test_text_is_settled_too(self):
        """It has no message, and leaves a mark that names none."""
        recipient = self.sent()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET kind = 'test', message_id = NULL WHERE id = %s",
            [recipient.id],
        )
        receipt = Receipt(reference=recipient.sudo().token, status=ReceiptStatus.DELIVERED)
        self.assertTrue(receipts.settle(self.env.cr, self.gateway.id, [receipt]))
        self.env.invalidate_all()
        self.assertEqual(recipient.state, "delivered")
        self.roll_up()

    def test_receipt_before_our_own_record_of_the_send(self):
        message = self.message(self.contacts(1))
        message.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
            taken, _seen = in_own_transaction(
                registry, lambda env: claims.claim(env, message.id, 1)
            )
        recipient = message.recipient_ids
        self.receive(recipient, ReceiptStatus.DELIVERED)
        self.assertEqual(recipient.state, "delivered")
        with self.own_transactions() as registry:
            in_own_transaction(
                registry,
                lambda env: outcomes.record(env, [(taken[0], Accepted("provider-1", 3))]),
            )
        self.assertEqual(recipient.state, "delivered", "a receipt is not undone by our record")
        self.assertEqual((recipient.provider_reference, recipient.segments), ("provider-1", 3))
        self.assertTrue(recipient.sent_at)

    def test_receipt_by_the_providers_reference_before_we_know_it(self):
        message = self.message(self.contacts(1))
        message.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
            taken, _seen = in_own_transaction(
                registry, lambda env: claims.claim(env, message.id, 1)
            )
        early = Receipt(provider_reference="provider-2", status=ReceiptStatus.DELIVERED)
        self.assertEqual(receipts.receive(self.env, self.gateway.id, [early]), 1)
        self.assertEqual(message.recipient_ids.state, "sending")
        with self.own_transactions() as registry:
            in_own_transaction(
                registry, lambda env: outcomes.record(env, [(taken[0], Accepted("provider-2"))])
            )
        self.assertEqual(message.recipient_ids.state, "delivered")
        self.assertFalse(self.env["sms.marketing.receipt"].search([]), "nothing is left waiting")

    def test_receipt_settles_what_was_unknown(self):
        recipient = self.sent()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'unknown', sent_at = NULL WHERE id = %s",
            [recipient.id],
        )
        self.env.invalidate_all()
        self.receive(recipient, ReceiptStatus.DELIVERED)
        self.assertEqual(recipient.state, "delivered")
        self.assertTrue(recipient.sent_at)

    def test_receipt_of_another_gateway_is_not_believed(self):
        recipient = self.sent()
        other = self.make_gateway(name="Other")
        kept = receipts.receive(
            self.env,
            other.id,
            [Receipt(reference=recipient.sudo().token, status=ReceiptStatus.UNDELIVERED)],
        )
        self.env.invalidate_all()
        self.assertEqual((recipient.state, kept), ("sent", 1))

    def test_receipt_that_nobody_waits_for_goes_away_after_a_week(self):
        receipts.receive(
            self.env, self.gateway.id, [Receipt(reference="x" * 12, status="delivered")]
        )
        self.env.cr.execute(
            "UPDATE sms_marketing_receipt SET create_date = create_date - interval '8 days'"
        )
        self.env.invalidate_all()
        self.env["sms.marketing.receipt"]._gc_receipts()
        self.assertFalse(self.env["sms.marketing.receipt"].search([]))

    def test_opt_out_told_by_a_receipt_unsubscribes(self):
        recipient = self.sent()
        self.receive(recipient, ReceiptStatus.REJECTED, reason=Reason.OPTED_OUT)
        self.assertEqual(recipient.state, "undelivered")
        self.assertEqual(
            set(recipient.partner_id.sms_subscription_ids.mapped("state")), {"unsubscribed"}
        )
        line = self.env["sms.marketing.consent"].search(
            [("number", "=", recipient.number)], limit=1
        )
        self.assertEqual(line.method, "carrier")
