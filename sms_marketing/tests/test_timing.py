from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..engine import timing
from .timing_case import HOUR, MONDAY, TimingCase, at


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

    def test_who_shares_the_number_of_one_left_out_gets_it(self):
        """One number gets it once; the next contact where the first is left out."""
        self.company.sms_marketing_tz = "Africa/Lagos"
        number = "+13032000777"
        tokyo = self.contact(number, tz="Asia/Tokyo", subscribed=True)
        seoul = self.contact(number, tz="Asia/Seoul")
        west = self.contact(number, tz="Etc/GMT+12")
        last = self.contact(number, tz="Etc/GMT+12")
        message = self.scheduled(
            tokyo + seoul + west + last,
            fields.Datetime.now() + HOUR,
            send_in_contact_time_zone=True,
            passed_moment="leave_out",
        )
        rows = self.start(message)
        self.assertEqual(
            [(rows[one].state, rows[one].reason) for one in (tokyo, seoul, west, last)],
            [
                ("skipped", "moment_passed"),
                ("skipped", "moment_passed"),
                ("queued", rows[west].reason),
                ("skipped", "duplicate"),
            ],
        )

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
            patch("odoo.addons.sms_marketing.engine.audience.PIECE", 100_000),
        ):
            self.write_audience(message)
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
