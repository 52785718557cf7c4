from unittest.mock import patch

from odoo.tests import tagged

from ..engine import blacklist, claims, outcomes, receipts, schedule, suppression
from ..engine.transactions import in_own_transaction
from ..gateways.reasons import Reason
from ..gateways.values import Accepted, Receipt, ReceiptStatus, Refused
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestSuppression(SmsMarketingCase):
    """What a carrier says of one number never costs what is known of other texts."""

    def listed(self, number):
        return self.env["phone.blacklist"].search([("number", "=", number)])

    def test_number_that_does_not_exist_is_blacklisted(self):
        partner = self.contact("+12025550190", subscribed=True)
        self.assertEqual(self.send_to(partner).reason, "invalid_number")
        entry = self.listed("+12025550190")
        self.assertTrue(entry.active)
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.assertIn("does not exist", " ".join(entry.message_ids.mapped("body")))

    def test_short_code_that_cannot_be_answered(self):
        """It texts HELP; what became of the answer is recorded with what became of others."""
        message = self.message(self.contacts(2))
        message.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
            taken, _seen = in_own_transaction(
                registry, lambda env: claims.claim(env, message.id, 2)
            )
        told = [
            (taken[0]._replace(number="12345"), Refused(Reason.INVALID_NUMBER)),
            (taken[1], Accepted("provider-1")),
        ]
        with self.own_transactions() as registry:
            in_own_transaction(registry, lambda env: outcomes.record(env, told))
        self.assertEqual(self.states(message), {"failed": 1, "sent": 1})
        self.assertFalse(self.listed("12345"))

    def test_text_whose_number_was_erased(self):
        recipients = self.send(self.message(self.contacts(2)))
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET number = NULL WHERE id = %s", [recipients[0].id]
        )
        self.env.invalidate_all()
        told = [
            Receipt(
                reference=one.sudo().token,
                status=ReceiptStatus.REJECTED,
                reason=Reason.INVALID_NUMBER,
            )
            for one in recipients
        ]
        receipts.receive(self.env, self.gateway.id, told)
        self.env.invalidate_all()
        self.assertEqual(recipients.mapped("state"), ["undelivered"] * 2)
        self.assertTrue(self.listed(recipients[1].number))

    def test_other_numbers_are_told_of_when_one_fails(self):
        numbers = [self.number(), self.number()]
        add = blacklist.add

        def fail_first(env, these, message):
            if numbers[0] in these:
                env.cr.execute("SELECT 1 / 0", log_exceptions=False)
            return add(env, these, message)

        with (
            patch.object(blacklist, "add", fail_first),
            self.assertLogs(suppression.__name__, "ERROR") as logs,
        ):
            suppression.apply(
                self.env,
                [(number, self.gateway.id, Reason.INVALID_NUMBER) for number in numbers],
            )
        self.assertEqual([bool(self.listed(number)) for number in numbers], [False, True])
        self.assertNotIn(numbers[0], "".join(logs.output))
