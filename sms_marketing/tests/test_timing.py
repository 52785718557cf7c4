from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from ..engine import audience, claims, schedule, timing
from ..engine.transactions import in_own_transaction
from ..gateways.sandbox import SandboxGateway
from ..gateways.values import Retry
from .common import SmsMarketingCase

HOUR = timedelta(hours=1)
MONDAY = datetime(2050, 6, 6)


def at(text):
    return datetime.fromisoformat(text)


class TimingCase(SmsMarketingCase, CronMixinCase):
    """A company by Amsterdam's clock."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_marketing_tz = "Europe/Amsterdam"

    def start(self, message):
        """Write the message's recipients as if its moment had come; returns {contact: row}."""
        self.env.flush_all()
        schedule.start(message.sudo())
        self.env.flush_all()
        self.env.invalidate_all()
        return {one.partner_id: one for one in message.recipient_ids}

    def scheduled(self, contacts, when, **vals):
        message = self.message(contacts, scheduled_at=when, **vals)
        message.action_schedule()
        return message


@tagged("post_install", "-at_install")
class TestContactTimeZone(TimingCase):
    """S22 to S24: one moment for all, or each contact's own."""

    def test_company_has_a_time_zone_by_default(self):
        company = self.env["res.company"].create({"name": "Of Lima"})
        self.assertTrue(company.sms_marketing_tz)
        partner = self.env["res.partner"].create({"name": "Of Tokyo", "tz": "Asia/Tokyo"})
        company = self.env["res.company"].create({"name": "Of Tokyo", "partner_id": partner.id})
        self.assertEqual(company.sms_marketing_tz, "Asia/Tokyo")
        company.sms_marketing_tz = "Asia/Seoul"
        partner.tz = "Asia/Shanghai"
        self.assertEqual(company.sms_marketing_tz, "Asia/Seoul", "what was chosen stays")

    def test_form_says_by_whose_clock(self):
        message = self.message(self.contacts(1), scheduled_at="2050-01-10 08:00:00")
        amsterdam = message.with_context(tz="Europe/Amsterdam").scheduled_text
        self.assertIn("9:00", amsterdam)
        self.assertIn("Monday, January 10, 2050, Europe/Amsterdam", amsterdam)
        self.assertNotIn("your time zone", amsterdam)
        message.invalidate_recordset()
        new_york = message.with_context(tz="America/New_York").scheduled_text
        self.assertIn("Europe/Amsterdam", new_york)
        self.assertIn("3:00", new_york.split("Europe/Amsterdam")[1])
        self.assertIn("America/New_York", new_york)

    def test_everybody_at_one_moment(self):
        tokyo, none = self.contacts(1, tz="Asia/Tokyo"), self.contacts(1, tz=False)
        message = self.scheduled(tokyo + none, MONDAY)
        self.assertEqual(message.starts_at, MONDAY)
        rows = self.start(message)
        self.assertEqual({row.send_at for row in rows.values()}, {MONDAY})
        self.assertEqual(rows[tokyo].time_zone, "Asia/Tokyo")
        self.assertEqual(rows[none].time_zone, "Europe/Amsterdam")

    def test_each_by_the_own_clock(self):
        """9:00 in Amsterdam's summer is 7:00 UTC; the message starts with the earliest zone."""
        expected = {
            "Pacific/Kiritimati": "2050-06-05 19:00",
            "Asia/Kathmandu": "2050-06-06 03:15",
            "Europe/Amsterdam": "2050-06-06 07:00",
            "America/New_York": "2050-06-06 13:00",
            "Etc/GMT+12": "2050-06-06 21:00",
        }
        contacts = {zone: self.contacts(1, tz=zone) for zone in expected}
        contacts[False] = self.contacts(1, tz=False)
        expected[False] = expected["Europe/Amsterdam"]
        message = self.scheduled(
            self.env["res.partner"].union(*contacts.values()),
            MONDAY + 7 * HOUR,
            send_in_contact_time_zone=True,
        )
        self.assertEqual(message.starts_at, at("2050-06-05 19:00"))
        with self.capture_triggers("sms_marketing.ir_cron_dispatch") as captured:
            rows = self.start(message)
        for zone, contact in contacts.items():
            self.assertEqual(rows[contact].send_at, at(expected[zone]), zone)
            self.assertEqual(rows[contact].due_at, at(expected[zone]), zone)
        moments = captured.records.mapped("call_at")
        self.assertEqual(sorted(moments), sorted({at(when) for when in expected.values()}))

    def test_zone_that_does_not_exist_any_more_falls_back(self):
        lost = self.contacts(1)
        self.env.cr.execute("UPDATE res_partner SET tz = 'Europe/Atlantis' WHERE id = %s", lost.ids)
        lost.invalidate_recordset()
        message = self.scheduled(lost, MONDAY, send_in_contact_time_zone=True)
        row = self.start(message)[lost]
        self.assertEqual((row.send_at, row.time_zone), (MONDAY, "Europe/Amsterdam"))

    def test_rescheduled_message_starts_anew(self):
        message = self.scheduled(self.contacts(1, tz="Asia/Tokyo"), MONDAY)
        message.send_in_contact_time_zone = True
        self.assertEqual(message.starts_at, MONDAY - 7 * HOUR)
        message.scheduled_at = MONDAY + 24 * HOUR
        self.assertEqual(message.starts_at, MONDAY + 17 * HOUR)

    def test_send_now_is_now_for_everybody(self):
        contacts = self.contacts(1, tz="Pacific/Kiritimati") + self.contacts(1, tz="Etc/GMT+12")
        message = self.message(contacts, scheduled_at=MONDAY, send_in_contact_time_zone=True)
        recipients = self.send(message)
        self.assertEqual(set(recipients.mapped("state")), {"sent"})

    def _in_one_hour(self, passed_moment):
        """A message an hour ahead by the company's clock: in Tokyo that time has passed."""
        self.company.sms_marketing_tz = "Africa/Lagos"  # no summer time in the way
        now = fields.Datetime.now()
        tokyo = self.contacts(1, tz="Asia/Tokyo")
        here, west = self.contacts(1, tz="Africa/Lagos"), self.contacts(1, tz="Etc/GMT+12")
        message = self.scheduled(
            tokyo + here + west,
            now + HOUR,
            send_in_contact_time_zone=True,
            passed_moment=passed_moment,
        )
        self.assertLess(abs(message.starts_at - now), timedelta(minutes=1))
        rows = self.start(message)
        self.assertEqual(rows[here].send_at, now + HOUR)
        self.assertGreater(rows[west].send_at, now + 12 * HOUR)
        return message, rows[tokyo], now

    def test_passed_moment_at_once(self):
        message, row, _now = self._in_one_hour("now")
        self.assertEqual((row.state, row.send_at), ("queued", message.starts_at))

    def test_passed_moment_next_day(self):
        message, row, now = self._in_one_hour("next_day")
        self.assertEqual(row.state, "queued")
        self.assertGreater(row.send_at, now)
        self.assertLess(row.send_at, now + 24 * HOUR)
        tokyo = fields.Datetime.context_timestamp(row.with_context(tz="Asia/Tokyo"), row.send_at)
        here = fields.Datetime.context_timestamp(
            row.with_context(tz="Africa/Lagos"), message.scheduled_at
        )
        self.assertEqual(tokyo.time(), here.time())

    def test_passed_moment_left_out(self):
        _message, row, _now = self._in_one_hour("leave_out")
        self.assertEqual((row.state, row.reason), ("skipped", "moment_passed"))
        self.assertFalse(row.token)

    def test_late_start_leaves_nobody_out(self):
        """That scheduled actions were down is no reason: the plan had room for everybody."""
        self.company.sms_marketing_tz = "Africa/Lagos"
        tokyo = self.contacts(1, tz="Asia/Tokyo")
        when = fields.Datetime.now() + 30 * HOUR
        message = self.scheduled(
            tokyo, when, send_in_contact_time_zone=True, passed_moment="leave_out"
        )
        self.let_time_pass((message.starts_at - fields.Datetime.now()).total_seconds() + 7200)
        self.run_lane()
        self.assertEqual(message.recipient_ids.state, "sent")
        self.assertEqual(message.state, "sent")

    def test_five_zones_from_the_first_to_the_last(self):
        self.company.sms_marketing_tz = "Africa/Lagos"
        zones = ("Pacific/Kiritimati", "Asia/Tokyo", "Africa/Lagos", "Etc/GMT+5", "Etc/GMT+12")
        contacts = self.env["res.partner"].union(*(self.contacts(2, tz=zone) for zone in zones))
        when = fields.Datetime.now() + 30 * HOUR
        message = self.scheduled(contacts, when, send_in_contact_time_zone=True)
        self.run_lane()
        self.assertEqual(message.state, "scheduled")
        seen = []
        while message.state != "sent" and len(seen) < 80:
            self.let_time_pass(3600)
            self.run_lane()
            seen.append(len(message.recipient_ids.filtered(lambda one: one.state == "sent")))
            self.assertEqual(
                message.state, {0: "scheduled", 10: "sent"}.get(seen[-1], "sending"), seen
            )
            if seen[-1] not in (0, 10):
                self.assertIn(f"{10 - seen[-1]} texts wait", message.waiting_text)
        steps = [hour for hour, sent in enumerate(seen) if sent != (seen[hour - 1] if hour else 0)]
        self.assertEqual(sorted(set(seen)), [0, 2, 4, 6, 8, 10])
        self.assertIn(steps[-1] - steps[0], (25, 26, 27), "from +14 to -12")

    def test_cancelled_between_zones(self):
        contacts = self.contacts(1, tz="Pacific/Kiritimati") + self.contacts(1, tz="Etc/GMT+12")
        when = fields.Datetime.now() + 30 * HOUR
        message = self.scheduled(contacts, when, send_in_contact_time_zone=True)
        self.let_time_pass((message.starts_at - fields.Datetime.now()).total_seconds() + 60)
        self.run_lane()
        self.assertEqual(message.state, "sending")
        message.action_cancel()
        self.run_lane()
        self.assertEqual(sorted(message.recipient_ids.mapped("state")), ["cancelled", "sent"])


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

    def quiet_now(self):
        """Rules by which it is quiet now, and an hour from now open for an hour, in Denver."""
        wall = fields.Datetime.context_timestamp(
            self.company.with_context(tz="America/Denver"), fields.Datetime.now()
        )
        begin = (wall.hour + 2) % 23
        return self.set_quiet_hours(begin, begin + 1)

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


@tagged("post_install", "-at_install")
class TestManyRecipients(TimingCase):
    """The number of statements does not grow with the audience."""

    def statements(self, message):
        executed = []
        original = type(self.env.cr).execute

        def execute(cursor, query, *args, **kwargs):
            executed.append(query)
            return original(cursor, query, *args, **kwargs)

        rules_calls = []
        find = timing.place_of.__wrapped__
        timing.place_of.cache_clear()

        def place_of(number):
            rules_calls.append(number)
            return find(number)

        self.env.flush_all()
        self.env.invalidate_all()
        with (
            patch.object(type(self.env.cr), "execute", execute),
            patch("odoo.addons.sms_marketing.engine.timing.place_of", place_of),
        ):
            audience.prepare(message)
        return len(executed), len(rules_calls)

    def test_same_statements_for_few_and_for_many(self):
        amount = 20_000
        self.set_quiet_hours(8, 20)
        small = self.message(self.contacts(3, tz="America/Denver"), scheduled_at=MONDAY)
        self.env.cr.execute(
            """
            WITH contact AS (
                INSERT INTO res_partner (name, complete_name, active, company_id, mobile,
                    mobile_e164, sms_marketing, tz, type)
                SELECT 'Many', 'Many', TRUE, NULL, number, number, TRUE,
                       (ARRAY['America/Denver', 'Asia/Tokyo', NULL])[1 + number.position %% 3],
                       'contact'
                  FROM (SELECT position, '+1303' || (5000000 + position) AS number
                          FROM generate_series(1, %s) AS position) AS number
             RETURNING id, mobile_e164
            )
            INSERT INTO sms_marketing_subscription (type_id, company_id, number, state, since)
            SELECT %s, %s, mobile_e164, 'subscribed', now() AT TIME ZONE 'UTC' FROM contact
            """,
            [amount, self.type.id, self.company.id],
        )
        many = self.env["sms.marketing.list"].create(
            {"name": "Many", "kind": "rule", "domain": "[('name', '=', 'Many')]"}
        )
        large = self.message(include_list_ids=many.ids, scheduled_at=MONDAY)
        for message in (small, large):
            message.send_in_contact_time_zone = True
        few, few_groups = self.statements(small)
        lots, lots_groups = self.statements(large)
        self.assertLessEqual(lots, few + 3)
        self.assertLessEqual(lots_groups, 3 * few_groups)
        rows = self.env["sms.marketing.recipient"]._read_group(
            [("message_id", "=", large.id)], ["time_zone"], ["__count", "send_at:count_distinct"]
        )
        self.assertEqual(sum(count for _zone, count, _moments in rows), amount)
        self.assertEqual({moments for _zone, _count, moments in rows}, {1})


@tagged("post_install", "-at_install")
class TestOverview(TimingCase):
    """S25, and what the review says of time zones and quiet hours."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_quiet_hours(8, 20, country=cls.usa)
        cls.tokyo = cls.contacts(2, tz="Asia/Tokyo")
        cls.denver = cls.contacts(3, tz="America/Denver")
        cls.nowhere, cls.lost = cls.contacts(1, tz=False), cls.contacts(1, tz=False)
        cls.env.flush_all()
        cls.env.cr.execute("UPDATE res_partner SET tz = 'Mars/Base' WHERE id = %s", cls.lost.ids)
        cls.env.invalidate_all()
        cls.everybody = cls.tokyo + cls.denver + cls.nowhere + cls.lost
        cls.never_agreed = cls.contact(tz="Asia/Tokyo")

    def overview(self, **vals):
        """The overview, which must be what sending then does."""
        message = self.message(self.everybody + self.never_agreed, **vals)
        overview = message.get_time_zone_overview()
        message.action_schedule()
        rows = self.start(message).values()
        going = [row for row in rows if row.state == "queued"]
        self.assertEqual(overview["deferred"], sum(row.reason == "quiet_hours" for row in going))
        self.assertEqual(
            {line["moment"] for line in overview["zones"]},
            {
                fields.Datetime.to_string(
                    min(row.send_at for row in going if row.time_zone == zone)
                )
                for zone in {row.time_zone for row in going}
            },
        )
        return overview

    def test_who_is_where(self):
        # 12:00 in Amsterdam's winter. All numbers are of Denver, where it is 4:00.
        overview = self.overview(scheduled_at="2050-01-11 11:00:00", send_in_contact_time_zone=True)
        lines = {
            line["label"]: (line["recipients"], line["deferred"], line["offset"])
            for line in overview["zones"]
        }
        self.assertEqual(
            lines,
            {
                # Noon in Tokyo is 20:00 in Denver, whose numbers these are: too late by a moment.
                "Asia/Tokyo": (2, 2, "UTC+9:00"),
                "America/Denver": (3, 0, "UTC−7:00"),
                "No time zone: Europe/Amsterdam": (2, 2, "UTC+1:00"),
            },
        )
        self.assertEqual(overview["recipients"], 7)
        self.assertEqual((overview["without_zone"], overview["unknown_zone"]), (1, 1))
        self.assertEqual(overview["fallback_zone"], "Europe/Amsterdam")
        message = self.message(self.everybody + self.never_agreed)
        for zone, contacts in (
            ("Asia/Tokyo", self.tokyo),
            (False, self.nowhere + self.lost),
        ):
            action = message.action_view_time_zone(zone)
            found = self.env["res.partner"].search(action["domain"])
            self.assertEqual(set(found), set(contacts), zone)
        [denver] = [line for line in overview["zones"] if line["zone"] == "America/Denver"]
        self.assertEqual(denver["moment"], "2050-01-11 19:00:00")
        self.assertIn("12:00", denver["local"])
        self.assertIn("8:00", denver["company"])

    def test_message_without_sender_cannot_be_looked_at(self):
        with self.assertRaises(UserError):
            self.message(self.tokyo, sender_id=False).get_time_zone_overview()

    def test_foreign_message_cannot_be_looked_at(self):
        message = self.message(self.tokyo)
        user = self.user("somebody_else_sms")
        with self.assertRaises(AccessError):
            message.with_user(user).get_time_zone_overview()

    def findings(self, contacts, intent="schedule", **vals):
        message = self.message(contacts, **vals)
        found = message._review_timing(message._review_facts(intent))
        self.assertLessEqual({finding.level for finding in found}, {"warning"})
        return {finding.code: finding.text for finding in found}

    def test_review(self):
        later = fields.Datetime.now() + timedelta(minutes=5)
        self.company.sms_marketing_tz = "Africa/Lagos"
        by_clock = {"send_in_contact_time_zone": True, "scheduled_at": later}
        self.set_quiet_hours(0, 24, country=self.usa)
        self.assertEqual(self.findings(self.denver, **by_clock), {})
        found = self.findings(self.nowhere + self.lost, **by_clock)
        self.assertEqual(set(found), {"no_time_zone"})
        self.assertIn("Africa/Lagos", found["no_time_zone"])
        found = self.findings(self.tokyo + self.denver, **by_clock, passed_moment="next_day")
        self.assertEqual(set(found), {"moment_passed"})
        self.assertIn("For 2 recipients", found["moment_passed"])
        self.assertIn("the next day", found["moment_passed"])
        # The same message sent now goes to everybody now.
        self.assertEqual(self.findings(self.tokyo, "send", **by_clock), {})

    def test_review_of_quiet_hours(self):
        found = self.findings(self.denver, scheduled_at="2050-01-11 11:00:00")
        self.assertEqual(set(found), {"quiet_hours"})
        self.assertIn("3 recipients have quiet hours", found["quiet_hours"])
        self.assertIn("4:00", found["quiet_hours"])  # 8:00 in Denver is 16:00 in Amsterdam
        self.assertEqual(self.findings(self.denver, scheduled_at="2050-01-11 19:00:00"), {})
