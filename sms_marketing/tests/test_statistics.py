from odoo.tests import tagged

from ..engine import schedule
from ..gateways.sandbox import MAGIC
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestStatistics(SmsMarketingCase):
    """Figures are recomputed from the rows, and agree with them."""

    def test_figures_agree_with_the_rows(self):
        partners = [
            *(self.contact(f"+13034561{int(ending):03d}", subscribed=True) for ending in MAGIC),
            *self.contacts(6),
            self.contact(),
            self.contact(mobile=False),
        ]
        message = self.message(partners, body="https://shop.example/")
        self.send(message)
        self.let_time_pass(2)
        self.run_lane()
        self.play_sandbox()
        self.roll_up()
        states = dict(
            self.env["sms.marketing.recipient"]._read_group(
                [("message_id", "=", message.id)], ["state"], ["__count"]
            )
        )
        taken = sum(states.get(state, 0) for state in ("sent", "delivered", "undelivered"))
        self.assertEqual(message.considered_count, len(partners))
        self.assertEqual(message.sent_count, taken)
        self.assertEqual(message.delivered_count, states["delivered"])
        self.assertEqual(message.undelivered_count, states["undelivered"])
        self.assertEqual(message.unknown_count, states["unknown"])
        self.assertEqual(message.not_sent_count, states["skipped"] + states["failed"])
        self.assertEqual(
            message.considered_count,
            message.sent_count + message.not_sent_count + message.unknown_count,
        )
        self.assertEqual(message.waiting_count, 0)
        self.assertEqual(message.segment_count, taken)
        self.assertEqual((message.reply_count, message.opted_out_count), (1, 1))
        clicks = self.env["sms.marketing.click"].search([("message_id", "=", message.id)])
        self.assertEqual(message.click_count, len(clicks))
        self.assertEqual(message.clicked_count, len(clicks.recipient_id))
        self.assertAlmostEqual(message.delivery_rate, states["delivered"] / taken)
        self.assertAlmostEqual(message.click_rate, len(clicks.recipient_id) / states["delivered"])

    def test_rolling_up_again_changes_nothing(self):
        message = self.message(self.contacts(3))
        self.send(message)
        self.play_sandbox()
        self.roll_up()
        before = message.read(["sent_count", "delivered_count", "segment_count"])
        self.env.cr.execute(
            "INSERT INTO sms_marketing_statistic_mark (message_id) VALUES (%s), (%s)",
            [message.id, message.id],
        )
        self.roll_up()
        self.assertEqual(message.read(["sent_count", "delivered_count", "segment_count"]), before)

    def test_rollup_touches_marked_messages_only(self):
        message = self.message(self.contacts(1))
        self.send(message)
        self.roll_up()
        self.env.cr.execute("UPDATE sms_marketing_statistic SET value = 77")
        self.roll_up()
        self.assertEqual(message.sent_count, 77, "no mark, no work")

    def test_rates_of_a_message_that_nobody_got(self):
        contacts = self.contacts(1)
        message = self.message(contacts)
        message.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
        self.unsubscribe(contacts.mobile_e164)
        self.run_lane()
        self.roll_up()
        self.assertEqual((message.state, message.not_sent_count), ("sent", 1))
        self.assertEqual((message.delivery_rate, message.click_rate), (0, 0))

    def test_progress_counts_live(self):
        message = self.message(self.contacts(4) | self.contact())
        message.action_send()
        self.assertEqual(message.get_progress(), {"state": "scheduled", "total": 0, "done": 0})
        self.run_lane(seconds=0, batch_size=3)
        self.assertEqual(message.get_progress(), {"state": "sending", "total": 4, "done": 3})
