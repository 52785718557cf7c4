from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from odoo.tests import BaseCase

from ..text.allowance import (
    Purchase,
    amount_in_force,
    in_force_from,
    latest_renewal,
    next_renewal,
    period_at,
    periods,
)

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
RENEWAL_DAYS = st.integers(1, 31)
MOMENTS = st.datetimes(datetime(2000, 2, 1), datetime(2099, 1, 1))
ZONES = st.sampled_from(
    ["UTC", "Europe/Amsterdam", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati"]
)


def amount_on(purchases, renewal_day, day):
    noon = datetime(day.year, day.month, day.day, 12)
    return amount_in_force(purchases, renewal_day, period_at(noon, renewal_day, "UTC"))


class TestAllowance(BaseCase):
    def test_bought_in_august_counts_from_the_fifth_of_september(self):
        bought = [Purchase(date(2026, 1, 10), 1000), Purchase(date(2026, 8, 15), 3000)]
        self.assertEqual(
            [since for since, _purchase in in_force_from(bought, 5)],
            [date(2026, 1, 10), date(2026, 9, 5)],
        )
        for day, amount in {
            date(2026, 8, 15): 1000,
            date(2026, 9, 4): 1000,
            date(2026, 9, 5): 3000,
            date(2026, 10, 5): 3000,
        }.items():
            self.assertEqual(amount_on(bought, 5, day), amount, day)

    def test_bought_on_the_renewal_day_counts_from_the_next(self):
        bought = [Purchase(date(2026, 1, 10), 1000), Purchase(date(2026, 8, 5), 3000)]
        self.assertEqual(amount_on(bought, 5, date(2026, 8, 5)), 1000)
        self.assertEqual(amount_on(bought, 5, date(2026, 9, 4)), 1000)
        self.assertEqual(amount_on(bought, 5, date(2026, 9, 5)), 3000)

    def test_first_counts_at_once_and_before_it_nothing_is_limited(self):
        bought = [Purchase(date(2026, 8, 15), 1000)]
        self.assertEqual(amount_on(bought, 5, date(2026, 8, 15)), 1000)
        self.assertIsNone(amount_on(bought, 5, date(2026, 8, 4)))
        self.assertIsNone(amount_on([], 5, date(2026, 8, 4)))

    def test_of_two_bought_in_a_month_the_later_holds(self):
        bought = [
            Purchase(date(2026, 1, 1), 100),
            Purchase(date(2026, 8, 20), 300),
            Purchase(date(2026, 8, 10), 200),
        ]
        self.assertEqual(amount_on(bought, 5, date(2026, 9, 5)), 300)

    def test_short_months_renew_on_their_last_day(self):
        self.assertEqual(next_renewal(date(2026, 1, 31), 31), date(2026, 2, 28))
        self.assertEqual(next_renewal(date(2028, 2, 1), 30), date(2028, 2, 29))
        self.assertEqual(next_renewal(date(2026, 2, 28), 31), date(2026, 3, 31))
        self.assertEqual(next_renewal(date(2026, 12, 31), 31), date(2027, 1, 31))
        self.assertEqual(latest_renewal(date(2026, 1, 1), 31), date(2025, 12, 31))

    def test_a_month_begins_at_midnight_where_the_company_is(self):
        period = period_at(datetime(2026, 9, 4, 21, 59), 5, "Europe/Amsterdam")
        self.assertEqual((period.start, period.end), (date(2026, 8, 5), date(2026, 9, 5)))
        period = period_at(datetime(2026, 9, 4, 22), 5, "Europe/Amsterdam")
        self.assertEqual((period.start, period.end), (date(2026, 9, 5), date(2026, 10, 5)))
        self.assertEqual(period.start_at, datetime(2026, 9, 4, 22))
        # In winter time by then.
        november = period_at(datetime(2026, 11, 10), 5, "Europe/Amsterdam")
        self.assertEqual(november.start_at, datetime(2026, 11, 4, 23))

    def test_clocks_put_back_just_after_midnight(self):
        # 00:01 became 23:01 of the day before.
        for minutes in (0, 1, 30, 90):
            moment = datetime(2010, 11, 7, 2, 30) + timedelta(minutes=minutes)
            period = period_at(moment, 7, "America/St_Johns")
            self.assertEqual(period.start, date(2010, 11, 7), moment)

    @given(DAYS, RENEWAL_DAYS)
    def test_renewals_follow_each_other(self, day, renewal_day):
        latest, following = latest_renewal(day, renewal_day), next_renewal(day, renewal_day)
        self.assertLessEqual(latest, day)
        self.assertLess(day, following)
        self.assertEqual(next_renewal(latest, renewal_day), following)
        self.assertIn((following - latest).days, range(28, 32))
        for renewal in (latest, following):
            is_last = (renewal + timedelta(days=1)).day == 1
            self.assertTrue(
                renewal.day == renewal_day or (is_last and renewal.day < renewal_day), renewal
            )

    @given(MOMENTS, RENEWAL_DAYS, ZONES)
    def test_every_moment_is_in_its_month_and_months_have_no_gap(self, moment, day, zone):
        period = period_at(moment, day, zone)
        self.assertLessEqual(period.start_at, moment)
        self.assertLess(moment, period.end_at)
        self.assertEqual(period_at(period.end_at, day, zone).start_at, period.end_at)
        second = period_at(period.start_at - timedelta(seconds=1), day, zone)
        self.assertEqual(second.end, period.start)

    @given(MOMENTS, st.integers(0, 900), RENEWAL_DAYS, ZONES)
    def test_months_between_two_moments(self, first, days, renewal_day, zone):
        last = min(first + timedelta(days=days), datetime(2099, 1, 1))
        found = periods(first, last, renewal_day, zone)
        self.assertEqual(found[0], period_at(first, renewal_day, zone))
        self.assertEqual(found[-1], period_at(last, renewal_day, zone))
        self.assertEqual([one.end for one in found[:-1]], [one.start for one in found[1:]])
        self.assertEqual(len({(one.start.year, one.start.month) for one in found}), len(found))

    @given(
        st.lists(st.builds(Purchase, DAYS, st.integers(0, 10**6)), min_size=1, max_size=6),
        RENEWAL_DAYS,
        MOMENTS,
    )
    def test_what_is_bought_changes_nothing_before_the_next_renewal(self, bought, day, moment):
        period = period_at(moment, day, "UTC")
        first = min(one.purchased_on for one in bought)
        # Bought in this month or later, and not the first: of no effect yet.
        earlier = [
            one for one in bought if one.purchased_on == first or one.purchased_on < period.start
        ]
        expected = amount_in_force(earlier, day, period)
        later = [one for one in bought if one not in earlier]
        self.assertEqual(amount_in_force(earlier + later, day, period), expected)
        if expected is None:
            self.assertGreaterEqual(first, moment.replace(tzinfo=UTC).date())
