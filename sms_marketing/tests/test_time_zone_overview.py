from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .timing_case import TimingCase


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
