from unittest.mock import patch

from odoo.fields import Command
from odoo.tests import tagged

from ..engine import audience, erasure, schedule
from ..engine.dispatch import Lane
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestAudiencePieces(SmsMarketingCase):
    """A large audience is settled when a message starts, and written piece by piece (B12, P1)."""

    PIECE = 2

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(audience, "PIECE", self.PIECE))
        self.people = self.contacts(7)
        self.message_to_all = self.message(self.people)

    def start(self):
        """Start the message; its first piece is written, the others are not."""
        self.message_to_all.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
        self.assertEqual(len(self.message_to_all.recipient_ids), self.PIECE)
        return self.message_to_all

    def go_on(self, seconds=None):
        """As a lane does that finds the message started."""
        with self.own_transactions() as registry:
            return Lane(registry).run(seconds)

    def left(self):
        """Contacts of the message whose recipient is still to be written."""
        return self.env["sms.marketing.audience"].search(
            [("message_id", "=", self.message_to_all.id)]
        )

    def recipient(self, contact):
        return self.message_to_all.recipient_ids.filtered(lambda one: one.partner_id == contact)

    def test_everybody_gets_it_once_and_only_then_it_is_over(self):
        message = self.start()
        self.assertEqual(message.get_progress(), {"state": "sending", "total": 7, "done": 0})
        self.assertEqual(self.go_on(), (7, False))
        self.assertEqual(sorted(message.recipient_ids.mapped("number")), sorted(self.numbers()))
        self.assertEqual(self.states(message), {"sent": 7})
        self.assertFalse(self.left())
        self.assertEqual(message.state, "sent")

    def test_figures_are_of_all_that_is_written(self):
        """Also where no lane may take any of them for now."""
        message = self.start()
        self.roll_up()
        self.assertEqual(message.considered_count, self.PIECE)
        while audience.write_next(self.env):
            pass
        self.roll_up()
        self.assertEqual((message.considered_count, message.waiting_count), (7, 7))

    def numbers(self):
        return self.people.mapped("mobile_e164")

    def test_not_over_while_contacts_are_to_be_written(self):
        message = self.start()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'sent' WHERE message_id = %s", [message.id]
        )
        self.env.invalidate_all()
        schedule.finish(self.env)
        self.assertEqual(message.state, "sending")
        self.assertEqual(message.get_progress(), {"state": "sending", "total": 7, "done": 2})

    def test_a_lane_without_time_leaves_the_rest_to_the_next(self):
        message = self.start()
        handled, remains = self.go_on(seconds=0)
        self.assertTrue(remains)
        self.assertLess(handled, 7)
        self.go_on()
        self.assertEqual(self.states(message), {"sent": 7})

    def test_what_counts_is_the_list_at_the_start(self):
        everybody = self.env["sms.marketing.list"].create(
            {"name": "Everybody", "partner_ids": self.people.ids}
        )
        self.message_to_all.write(
            {"include_partner_ids": [(5,)], "include_list_ids": everybody.ids}
        )
        self.start()
        late = self.contact(subscribed=True)
        everybody.partner_ids = late
        self.go_on()
        self.assertEqual(self.message_to_all.recipient_ids.partner_id, self.people)

    def test_who_leaves_meanwhile_is_not_texted(self):
        message = self.start()
        gone = self.left().mapped("number")[-1]
        self.unsubscribe(gone)
        self.go_on()
        recipient = message.recipient_ids.filtered(lambda one: one.number == gone)
        self.assertEqual((recipient.state, recipient.reason), ("skipped", "unsubscribed"))
        self.assertEqual(self.states(message), {"sent": 6, "skipped": 1})

    def test_cancelled_meanwhile(self):
        message = self.start()
        message.action_cancel()
        self.go_on()
        self.assertEqual(self.states(message), {"cancelled": 7})
        self.assertFalse(self.left())

    def test_paused_meanwhile(self):
        message = self.start()
        message.action_pause()
        self.go_on()
        self.assertEqual(self.states(message), {"queued": 7})
        message.action_resume()
        self.go_on()
        self.assertEqual(self.states(message), {"sent": 7})

    def test_deleted_meanwhile(self):
        message = self.start()
        message.action_cancel()
        message.unlink()
        self.assertEqual(self.go_on(), (0, False))
        self.env.cr.execute("SELECT count(*) FROM sms_marketing_audience")
        self.assertEqual(self.env.cr.fetchone(), (0,))

    def test_contact_deleted_or_merged_meanwhile(self):
        message = self.start()
        deleted, merged, kept = self.env["res.partner"].browse(
            self.left().mapped("partner_id")[-3:]
        )
        number = deleted.mobile_e164
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (merged + kept).ids, kept, extra_checks=False
        )
        deleted.unlink()
        self.go_on()
        without = message.recipient_ids.filtered(lambda one: not one.partner_id)
        self.assertEqual(
            (without.number, without.state, without.reason), (number, "skipped", "contact_deleted")
        )
        self.assertIn("sent", self.recipient(kept).mapped("state"))

    def test_erased_meanwhile(self):
        message = self.start()
        contact = self.env["res.partner"].browse(self.left().mapped("partner_id")[-1])
        number = contact.mobile_e164
        erasure.erase(self.env, [number], self.company, from_contacts=True)
        self.assertNotIn(number, self.left().mapped("number"))
        self.go_on()
        self.assertNotIn(number, message.recipient_ids.mapped("number"))
        self.assertEqual(self.states(message), {"sent": 6, "skipped": 1})

    def test_what_is_to_be_written_stays_reserved(self):
        allowance = self.env["sms.marketing.allowance"].create(
            {"change_ids": [Command.create({"segments": 100, "purchased_on": "2020-01-15"})]}
        )
        message = self.start()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'failed' WHERE message_id = %s",
            [message.id],
        )
        self.env.invalidate_all()
        self.assertEqual(allowance._standing(message.started_at).reserved, 5)

    def test_what_was_settled_is_what_is_written(self):
        """Also where a contact's own moment has passed and it is left out."""
        early, late = self.contacts(2)
        early.tz, late.tz = "Pacific/Kiritimati", "Etc/GMT+12"
        message = self.message(
            self.people + early + late + self.contact(),
            send_in_contact_time_zone=True,
            passed_moment="leave_out",
        )
        message.sudo().scheduled_at = message.sudo().started_at = self.env.cr.now()
        counts = audience.settle(message, message.started_at)
        while audience.write_piece(message):
            pass
        written = {}
        for recipient in message.recipient_ids:
            reason = recipient.reason if recipient.state == "skipped" else None
            written[reason] = written.get(reason, 0) + 1
        self.assertEqual(written, counts)
        self.assertEqual(counts["no_consent"], 1)
        self.assertGreater(counts["moment_passed"], 0)
