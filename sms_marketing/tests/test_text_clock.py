import zoneinfo
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytz
from hypothesis import given
from hypothesis import strategies as st
from odoo.tests import BaseCase, tagged

from ..text.clock import FIRST_ZONE, LAST_ZONE, find_zone, next_day_from, utc_of, wall_of

ZONES = st.sampled_from(sorted(available_timezones() - {"localtime"}))
WALLS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1))


def at(text):
    return datetime.fromisoformat(text)


@tagged("post_install", "-at_install")
class TestClock(BaseCase):
    """Wall-clocks and moments, on transitions that really took place or will."""

    def test_every_zone_of_a_contact_is_known_where_the_system_has_none(self):
        zoneinfo.reset_tzpath(to=())
        self.addCleanup(zoneinfo.reset_tzpath)
        self.addCleanup(find_zone.cache_clear)
        find_zone.cache_clear()
        ZoneInfo.clear_cache()
        self.assertEqual([name for name in pytz.all_timezones if not find_zone(name)], [])

    def test_clocks(self):
        for wall, zone, moment in (
            ("2026-11-24 09:00", "Europe/Amsterdam", "2026-11-24 08:00"),
            ("2026-07-24 09:00", "Europe/Amsterdam", "2026-07-24 07:00"),
            ("2026-11-24 09:00", "Pacific/Kiritimati", "2026-11-23 19:00"),
            ("2026-11-24 09:00", "Etc/GMT+12", "2026-11-24 21:00"),
            ("2026-11-24 09:00", "Asia/Kathmandu", "2026-11-24 03:15"),
        ):
            self.assertEqual(utc_of(at(wall), zone), at(moment), zone)
            self.assertEqual(wall_of(at(moment), zone), at(wall), zone)

    def test_time_that_clocks_skip_is_as_much_later(self):
        for wall, zone, shown in (
            ("2026-03-29 02:30", "Europe/Amsterdam", "2026-03-29 03:30"),
            ("2026-03-08 02:00", "America/New_York", "2026-03-08 03:00"),
            ("2026-10-04 02:15", "Australia/Lord_Howe", "2026-10-04 02:45"),  # by half an hour
            ("2011-12-30 09:00", "Pacific/Apia", "2011-12-31 09:00"),  # by a whole day
            ("2018-11-04 00:00", "America/Sao_Paulo", "2018-11-04 01:00"),  # at midnight
        ):
            self.assertEqual(wall_of(utc_of(at(wall), zone), zone), at(shown), zone)

    def test_of_a_time_shown_twice_the_first_counts(self):
        for wall, zone, moment in (
            ("2026-10-25 02:30", "Europe/Amsterdam", "2026-10-25 00:30"),
            ("2026-11-01 01:30", "America/New_York", "2026-11-01 05:30"),
            ("2026-04-05 01:45", "Australia/Lord_Howe", "2026-04-04 14:45"),
        ):
            self.assertEqual(utc_of(at(wall), zone), at(moment), zone)

    @given(WALLS, ZONES)
    def test_moment_shows_the_time_or_a_later_one(self, wall, zone):
        moment = utc_of(wall, zone)
        shown = wall_of(moment, zone)
        self.assertGreaterEqual(shown, wall)
        if shown == wall:
            # No earlier moment shows it: the clock before is not put back to it later.
            for earlier in (30, 60, 120):
                self.assertNotEqual(wall_of(moment - timedelta(minutes=earlier), zone), wall)
        else:
            before = wall.replace(tzinfo=ZoneInfo(zone), fold=0).utcoffset()
            after = wall.replace(tzinfo=ZoneInfo(zone), fold=1).utcoffset()
            self.assertEqual(shown - wall, after - before)

    @given(WALLS, ZONES)
    def test_every_moment_has_a_wall_clock(self, moment, zone):
        local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        self.assertEqual(wall_of(moment, zone), local.replace(tzinfo=None, fold=0))

    @given(st.datetimes(datetime(2012, 1, 1), datetime(2037, 1, 1)), ZONES)
    def test_no_zone_is_earlier_than_the_first_or_later_than_the_last(self, wall, zone):
        moment = utc_of(wall, zone)
        self.assertLessEqual(utc_of(wall, FIRST_ZONE), moment)
        self.assertGreaterEqual(utc_of(wall, LAST_ZONE), moment)

    @given(WALLS, ZONES, st.integers(0, 6 * 24 * 60))
    def test_next_day_has_the_same_time(self, wall, zone, minutes):
        meant = utc_of(wall, zone)
        earliest = meant + timedelta(minutes=minutes)
        moment = next_day_from(wall, zone, earliest)
        self.assertGreaterEqual(moment, earliest)
        # A day and what clocks may be changed by in it.
        self.assertLess(moment - earliest, timedelta(hours=49))
        shown = wall_of(moment, zone)
        if utc_of(shown.replace(hour=wall.hour, minute=wall.minute), zone) != moment:
            self.assertGreater(shown.time(), wall.time())  # skipped on that day

    def test_next_day_keeps_the_clock_time_over_a_change(self):
        wall, zone = at("2026-03-28 09:00"), "Europe/Amsterdam"
        moment = next_day_from(wall, zone, utc_of(wall, zone) + timedelta(hours=1))
        self.assertEqual(moment, at("2026-03-29 07:00"))

    def test_names_that_are_no_zone(self):
        for name in (
            None,
            "",
            "Europe/Atlantis",
            "Europe",
            "../etc/passwd",
            "/etc/localtime",
            "x" * 300,
        ):
            self.assertIsNone(find_zone(name), name)
        self.assertTrue(find_zone("US/Pacific"))
