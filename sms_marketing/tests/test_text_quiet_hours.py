from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from odoo.tests import BaseCase, tagged

from ..text.clock import utc_of, wall_of
from ..text.number_places import place_of, prefix_lengths
from ..text.quiet_hours import Hours, clocks_to_respect, next_opening

AMSTERDAM, NEW_YORK, DENVER = "Europe/Amsterdam", "America/New_York", "America/Denver"
RUSSIA = place_of("+79161234567")[1]
TOLL_FREE = place_of("+18005550123")[1]

HOURS = st.builds(
    lambda opens, length, weekdays: Hours(opens, min(opens + length, 1440), weekdays),
    st.integers(0, 1439),
    st.integers(1, 1440),
    st.frozensets(st.integers(0, 6), min_size=1),
)
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2036, 1, 1))
CONTACT_ZONES = st.sampled_from([None, AMSTERDAM, DENVER, "Asia/Kathmandu", "Pacific/Kiritimati"])
NUMBER_ZONES = st.sampled_from(
    [(), (AMSTERDAM,), ("Atlantic/Canary", "Europe/Madrid"), (NEW_YORK,), RUSSIA, TOLL_FREE]
)


def at(text):
    return datetime.fromisoformat(text)


def opening(moment, contact_zone=None, number_zones=(), default="UTC", **hours):
    return next_opening(Hours(**hours), at(moment), contact_zone, number_zones, default)


def is_open(hours, zone, moment):
    """Slow and obvious: whether the clock in the zone is within the hours."""
    wall = wall_of(moment, zone)
    minutes = wall.hour * 60 + wall.minute
    return hours.opens <= minutes < hours.closes and wall.weekday() in hours.weekdays


@tagged("post_install", "-at_install")
class TestQuietHours(BaseCase):
    def test_edges_of_the_hours(self):
        """Amsterdam in winter is an hour ahead of UTC: open from 7:00 to 19:00 UTC."""
        for moment, begin, end in (
            ("2026-11-24 06:59:59", "2026-11-24 07:00", "2026-11-24 19:00"),
            ("2026-11-24 07:00", "2026-11-24 07:00", "2026-11-24 19:00"),
            ("2026-11-24 18:59:59", "2026-11-24 18:59:59", "2026-11-24 19:00"),
            ("2026-11-24 19:00", "2026-11-25 07:00", "2026-11-25 19:00"),
            ("2026-11-24 23:30", "2026-11-25 07:00", "2026-11-25 19:00"),
        ):
            self.assertEqual(opening(moment, AMSTERDAM, (AMSTERDAM,)), (at(begin), at(end)))

    def test_change_of_clocks(self):
        for moment, begin in (
            ("2026-03-28 20:00", "2026-03-29 06:00"),  # put forward in the night
            ("2026-10-24 20:00", "2026-10-25 07:00"),  # put back
        ):
            self.assertEqual(opening(moment, AMSTERDAM)[0], at(begin))

    def test_weekdays_and_holidays(self):
        working_days = frozenset(range(5))
        # Friday evening before Monday, the day after Christmas.
        for moment, begin, holidays in (
            ("2026-11-27 21:00", "2026-11-30 07:00", {}),
            ("2026-12-24 21:00", "2026-12-28 07:00", {"yearly": frozenset({(12, 25)})}),
            ("2026-12-24 21:00", "2026-12-25 07:00", {"holidays": frozenset({date(2025, 12, 25)})}),
            ("2026-12-24 12:00", "2026-12-25 07:00", {"holidays": frozenset({date(2026, 12, 24)})}),
        ):
            self.assertEqual(
                opening(moment, AMSTERDAM, weekdays=working_days, **holidays)[0], at(begin)
            )

    def test_whole_days_are_one_opening(self):
        self.assertEqual(
            opening("2026-11-24 23:30", AMSTERDAM, opens=0, closes=1440),
            (at("2026-11-24 23:30"), None),
        )
        begin, end = opening(
            "2026-11-24 12:00",
            "UTC",
            opens=0,
            closes=1440,
            holidays=frozenset({date(2026, 11, 26)}),
        )
        self.assertEqual((begin, end), (at("2026-11-24 12:00"), at("2026-11-26 00:00")))

    def test_stricter_of_contact_and_number(self):
        """8:00 in New York is 13:00 UTC; 20:00 in Amsterdam is 19:00 UTC."""
        found = opening("2026-11-24 08:00", AMSTERDAM, (NEW_YORK,))
        self.assertEqual(found, (at("2026-11-24 13:00"), at("2026-11-24 19:00")))

    def test_which_clocks_count(self):
        moment = at("2026-11-24 12:00")
        for contact, number, expected in (
            (None, (), ("UTC",)),
            (AMSTERDAM, (), (AMSTERDAM,)),
            (None, RUSSIA, RUSSIA),
            ("Asia/Omsk", RUSSIA, ("Asia/Omsk",)),
            ("Europe/Minsk", RUSSIA, ("Europe/Minsk",)),  # the same clock as Moscow's
            (AMSTERDAM, (NEW_YORK,), (AMSTERDAM, NEW_YORK)),
        ):
            self.assertEqual(clocks_to_respect(contact, number, "UTC", moment), expected)

    def test_wide_country_is_open_when_all_of_it_is(self):
        """From Kaliningrad's 8:00 (6:00 UTC) to Kamchatka's 20:00 (8:00 UTC)."""
        found = opening("2026-11-24 00:00", None, RUSSIA)
        self.assertEqual(found, (at("2026-11-24 06:00"), at("2026-11-24 08:00")))

    def test_toll_free_number_goes_by_the_contact(self):
        """It may be anywhere between Puerto Rico and Guam."""
        self.assertEqual(
            opening("2026-11-24 06:00", NEW_YORK, TOLL_FREE)[0], at("2026-11-24 13:00")
        )
        # Guam's 8:00, which is not yet 20:00 in Newfoundland.
        self.assertEqual(opening("2026-11-24 06:00", None, TOLL_FREE)[0], at("2026-11-24 22:00"))

    def test_zones_that_are_never_open_together(self):
        """The contact's counts alone then, else the company's."""
        number = ("Europe/London", "Asia/Tokyo", "America/Los_Angeles")
        for contact, begin in ((None, "2026-11-24 13:00"), (AMSTERDAM, "2026-11-24 07:00")):
            self.assertEqual(opening("2026-11-24 06:00", contact, number, NEW_YORK)[0], at(begin))

    def test_year_full_of_holidays_is_a_mistake(self):
        every_day = frozenset((month, day) for month in range(1, 13) for day in range(1, 32))
        found = opening("2026-11-24 21:00", AMSTERDAM, yearly=every_day)
        self.assertEqual(found[0], at("2026-11-25 07:00"))

    @given(HOURS, MOMENTS, CONTACT_ZONES, NUMBER_ZONES)
    def test_there_is_always_an_opening(self, hours, moment, contact, number):
        begin, end = next_opening(hours, moment, contact, number, "UTC")
        self.assertGreaterEqual(begin, moment)
        if end is None:
            self.assertTrue(hours.is_always_open)
            return
        self.assertGreater(end, begin)
        self.assertLess(begin - moment, timedelta(days=17))

    @given(HOURS, MOMENTS, CONTACT_ZONES, NUMBER_ZONES, st.floats(0, 1, exclude_max=True))
    def test_everything_in_the_opening_is_within_the_hours(
        self, hours, moment, contact, number, part
    ):
        begin, end = next_opening(hours, moment, contact, number, "UTC")
        if end is None:
            return
        inside = min(begin + (end - begin) * part, end - timedelta(seconds=1))
        zones = {*clocks_to_respect(contact, number, "UTC", moment)}
        fallback = contact or "UTC"
        kept = all(is_open(hours, zone, inside) for zone in zones)
        # Clocks that are put back in the night show a quiet time again.
        if wall_of(inside, fallback) != wall_of(inside - timedelta(hours=2), fallback) + timedelta(
            hours=2
        ):
            return
        self.assertTrue(kept or is_open(hours, fallback, inside))

    @given(HOURS, MOMENTS, CONTACT_ZONES)
    def test_what_is_open_goes_out_at_once(self, hours, moment, contact):
        zone = contact or "UTC"
        shown_twice = utc_of(wall_of(moment, zone), zone) != moment
        if is_open(hours, zone, moment) and not shown_twice:
            self.assertEqual(next_opening(hours, moment, contact, (), "UTC")[0], moment)


@tagged("post_install", "-at_install")
class TestPlaces(BaseCase):
    def test_places_of_numbers(self):
        for number, region, zones in (
            ("+31612345678", "NL", ("Europe/Amsterdam",)),
            ("+13035550123", "US", ("America/Denver",)),
            ("+34612345678", "ES", ("Atlantic/Canary", "Europe/Madrid")),
            ("+80012345678", None, ()),
            ("+14734140000", "GD", ("America/Grenada",)),
        ):
            self.assertEqual(place_of(number), (region, zones))
        self.assertEqual(len(TOLL_FREE), len(set(TOLL_FREE)))

    @given(st.integers(2_000_000_000, 9_999_999_999), st.integers(0, 9_999_999))
    def test_numbers_with_one_prefix_are_in_one_place(self, digits, other):
        """North America's numbers: the first digits alone decide, as the grouping takes it."""
        number = f"+1{digits}"
        length = prefix_lengths().get(number[:5], 5)
        neighbour = number[:length] + f"{other:010}"[-(len(number) - length) :]
        self.assertEqual(place_of(neighbour)[1], place_of(number)[1])

    def test_countries_that_share_a_calling_code_are_told_apart_where_it_matters(self):
        self.assertNotIn("+4477", prefix_lengths())
        self.assertEqual(prefix_lengths(frozenset({"JE", "NL"}))["+4477"], 9)
        self.assertEqual(place_of("+447797712345")[0], "JE")
