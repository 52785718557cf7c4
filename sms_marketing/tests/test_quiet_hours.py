from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import CheckViolation, UniqueViolation

from ..engine import claims, schedule
from ..engine.transactions import in_own_transaction
from ..gateways.sandbox import SandboxGateway
from ..gateways.values import Retry
from .timing_case import HOUR, TimingCase, at


@tagged("post_install", "-at_install")
class TestQuietHoursOfMessages(TimingCase):
    """B1: what is meant for quiet hours waits for their end, is seen to wait, and is not lost."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.hours = cls.set_quiet_hours(8, 20)
        # A message over two hours; numbers are Denver's, 7 hours behind UTC in winter.
        cls.evening = at("2050-01-11 02:59")
        cls.night, cls.morning = at("2050-01-11 03:00"), at("2050-01-11 15:00")

    def slot_of(self, contact, when, **vals):
        row = self.start(self.scheduled(contact, when, **vals))[contact]
        return row.send_at, row.open_until, row.reason or None

    def test_edges(self):
        contact = self.contacts(1, tz="America/Denver")
        self.assertEqual(self.slot_of(contact, self.evening), (self.evening, self.night, None))
        end = at("2050-01-12 03:00")
        for moment in (self.night, self.morning - timedelta(seconds=1)):
            self.assertEqual(self.slot_of(contact, moment), (self.morning, end, "quiet_hours"))
        self.assertEqual(self.slot_of(contact, self.morning), (self.morning, end, None))

    def test_stricter_of_contact_and_number(self):
        """8:00 in Denver is 15:00 UTC; 20:00 in Amsterdam is 19:00 UTC."""
        contact = self.contacts(1, tz="Europe/Amsterdam")
        self.assertEqual(
            self.slot_of(contact, at("2050-01-11 08:00")),
            (self.morning, at("2050-01-11 19:00"), "quiet_hours"),
        )

    def test_hours_of_a_country_are_those_of_the_number(self):
        self.set_quiet_hours(10, 12, country=self.usa)
        self.set_quiet_hours(0, 24)
        american, dutch = self.contacts(1, tz=False), self.contact("+31612345678", tz=False)
        self.subscribe(dutch.mobile_e164)
        rows = self.start(self.scheduled(american + dutch, self.night))
        self.assertEqual(rows[american].send_at, at("2050-01-11 17:00"))
        self.assertEqual(rows[american].open_until, at("2050-01-11 19:00"))
        self.assertEqual((rows[dutch].send_at, rows[dutch].open_until), (self.night, False))

    def test_without_settings_it_is_eight_to_eight(self):
        self.hours.unlink()
        self.assertEqual(self.slot_of(self.contacts(1), self.night)[0], self.morning)

    def test_weekdays_and_holidays(self):
        """2050-01-11 is a Tuesday in Denver's morning; the 12th is a holiday there."""
        self.hours.write({"tuesday": False})
        holidays, netherlands = self.env["sms.marketing.holiday"], self.env.ref("base.nl")
        holidays.create(
            [
                {"name": "One day", "date": "2050-01-12"},
                {
                    "name": "Elsewhere",
                    "date": "2050-01-13",
                    "country_id": netherlands.id,
                },
                {"name": "Another year", "date": "2049-01-13"},
            ]
        )
        contact = self.contacts(1)
        self.assertEqual(self.slot_of(contact, self.night)[0], at("2050-01-13 15:00"))
        holidays.create(
            {"name": "Here", "date": "2049-01-13", "country_id": self.usa.id, "is_yearly": True}
        )
        self.assertEqual(self.slot_of(contact, self.night)[0], at("2050-01-14 15:00"))

    def test_rules_of_another_company_do_not_count(self):
        other = self.make_company()
        self.set_quiet_hours(12, 13, company=other["company"])
        self.assertEqual(self.slot_of(self.contacts(1), self.morning)[0], self.morning)

    @mute_logger("odoo.sql_db")
    def test_settings_that_make_no_sense(self):
        days = dict.fromkeys(
            ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), False
        )
        for vals, error in (
            ({"opens": 20, "closes": 8}, CheckViolation),
            ({"opens": 8, "closes": 8.001}, CheckViolation),
            ({"opens": -1}, CheckViolation),
            ({"closes": 24.5}, CheckViolation),
            (days, CheckViolation),
        ):
            with self.assertRaises(error, msg=vals), self.env.cr.savepoint():
                self.hours.write(vals)
                self.env.flush_all()
            self.env.invalidate_all()
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self.hours.copy()

    # ------------------------------------------------------------
    # Waiting and going on
    # ------------------------------------------------------------

    def closed_now(self, amount=3):
        """A message whose texts' opening has ended an hour ago, while they waited."""
        self.set_quiet_hours(0, 24)
        message = self.message(self.contacts(amount))
        message.action_send()
        with self.own_transactions() as registry:
            schedule.start_due(registry)
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET open_until = due_at - interval '1 hour',"
            " send_at = send_at - interval '20 hours' WHERE message_id = %s",
            [message.id],
        )
        self.env.invalidate_all()
        return message

    def test_text_whose_opening_is_over_is_not_handed_over(self):
        message = self.closed_now()
        self.quiet_now()
        before = message.recipient_ids[0].send_at
        self.run_lane()
        rows = message.recipient_ids
        self.assertEqual(message.state, "sending")
        self.assertEqual(set(rows.mapped("state")), {"queued"})
        self.assertEqual(set(rows.mapped("reason")), {"quiet_hours"})
        self.assertEqual(set(rows.mapped("attempt")), {0})
        self.assertGreater(min(rows.mapped("due_at")), fields.Datetime.now())
        self.assertEqual(rows[0].open_until - rows[0].due_at, HOUR)
        self.assertGreater(rows[0].send_at - before, HOUR, "the closed time does not count")
        self.assertIn("3 texts wait", message.waiting_text)
        # It opens: they go out.
        self.let_time_pass((rows[0].due_at - fields.Datetime.now()).total_seconds() + 1)
        self.run_lane()
        self.assertEqual(set(message.recipient_ids.mapped("state")), {"sent"})
        self.assertFalse(any(message.recipient_ids.mapped("reason")))
        self.assertEqual(message.state, "sent")

    def test_opening_that_is_over_while_another_has_begun(self):
        """A message that was paused from one day to the next goes on at once."""
        message = self.closed_now()
        self.run_lane()
        self.assertEqual(set(message.recipient_ids.mapped("state")), {"sent"})

    def test_put_off_in_one_go_with_a_trigger(self):
        message = self.closed_now(amount=5)
        self.quiet_now()
        with (
            self.capture_triggers("sms_marketing.ir_cron_dispatch") as captured,
            self.own_transactions() as registry,
        ):
            taken, seen = in_own_transaction(registry, lambda env: claims.claim(env, message.id, 2))
        self.assertEqual((taken, seen), ([], 2))
        self.assertEqual(set(message.recipient_ids.mapped("reason")), {"quiet_hours"})
        self.assertEqual(
            captured.records.mapped("call_at"), message.recipient_ids[:1].mapped("due_at")
        )
        with self.own_transactions() as registry:
            began = fields.Datetime.now()
            wait = in_own_transaction(registry, lambda env: claims.next_due(env, began))
        self.assertAlmostEqual(
            wait, (message.recipient_ids[0].due_at - began).total_seconds(), delta=10
        )

    def test_stop_while_it_waits(self):
        message = self.closed_now(amount=1)
        self.unsubscribe(message.recipient_ids.number)
        self.quiet_now()
        self.run_lane()
        self.assertEqual(message.recipient_ids.state, "skipped")
        self.assertEqual(message.recipient_ids.reason, "unsubscribed")

    def test_back_off_into_quiet_hours(self):
        """The gateway takes nothing shortly before the end; the text goes out in the morning."""
        message = self.message(self.contacts(1))
        message.action_send()
        with patch.object(
            SandboxGateway, "send", lambda self, texts: [Retry(reason="throttled")] * len(texts)
        ):
            self.set_quiet_hours(0, 24)
            self.run_lane()
        row = message.recipient_ids
        self.assertEqual((row.state, row.attempt), ("queued", 1))
        self.let_time_pass(3600)
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET open_until = due_at + interval '1 minute'"
            " WHERE id = %s",
            row.ids,
        )
        self.env.invalidate_all()
        self.quiet_now()
        self.run_lane()
        self.assertEqual((row.state, row.reason, row.attempt), ("queued", "quiet_hours", 1))
        self.let_time_pass((row.due_at - fields.Datetime.now()).total_seconds() + 1)
        self.run_lane()
        self.assertEqual(row.state, "sent")

    def test_answers_and_tests_are_exempt(self):
        self.quiet_now()
        contact = self.contacts(1)
        message = self.message(contact)
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_recipient (kind, company_id, sender_id, gateway_id,
                partner_id, number, state, send_at, due_at, attempt, body, token)
            VALUES ('answer', %s, %s, %s, %s, %s, 'queued', now() AT TIME ZONE 'UTC',
                    now() AT TIME ZONE 'UTC', 0, 'You are opted out.', 'answertoken1')
            """,
            [self.company.id, self.sender.id, self.gateway.id, contact.id, contact.mobile_e164],
        )
        message.action_send()
        self.run_lane()
        answer = self.env["sms.marketing.recipient"].search([("token", "=", "answertoken1")])
        self.assertEqual(answer.state, "sent")
        self.assertEqual(message.recipient_ids.reason, "quiet_hours")
        self.assertEqual(message.state, "sending")
