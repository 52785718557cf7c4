"""Months of an allowance: from renewal day to renewal day, by a company's clocks (S35)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from .clock import utc_of, wall_of


@dataclass(frozen=True, slots=True)
class Period:
    """A month of an allowance.

    :param start: the renewal day with which it begins
    :param end: the next renewal day, no part of it any more
    :param start_at: UTC moment at which the first day begins in the company's zone
    :param end_at: UTC moment at which the next period begins
    """

    start: date
    end: date
    start_at: datetime
    end_at: datetime


@dataclass(frozen=True, slots=True)
class Purchase:
    """So many segments a month, bought on a day; they replace what was bought before."""

    purchased_on: date
    segments: int


def renewal_in(year: int, month: int, renewal_day: int) -> date:
    """The renewal day of a month; its last day where the month is too short."""
    first = date(year, month, 1)
    next_first = (first + timedelta(days=31)).replace(day=1)
    return min(first + timedelta(days=renewal_day - 1), next_first - timedelta(days=1))


def next_renewal(day: date, renewal_day: int) -> date:
    """The first renewal day after ``day``; that day itself does not count."""
    renewal = renewal_in(day.year, day.month, renewal_day)
    if renewal > day:
        return renewal
    following = day.replace(day=1) + timedelta(days=31)
    return renewal_in(following.year, following.month, renewal_day)


def latest_renewal(day: date, renewal_day: int) -> date:
    """The last renewal day up to ``day``, that day included."""
    renewal = renewal_in(day.year, day.month, renewal_day)
    if renewal <= day:
        return renewal
    before = day.replace(day=1) - timedelta(days=1)
    return renewal_in(before.year, before.month, renewal_day)


def period_at(moment: datetime, renewal_day: int, zone: str) -> Period:
    """The month that a UTC moment is in, by the clocks of ``zone``."""
    start = latest_renewal(wall_of(moment, zone).date(), renewal_day)
    period = _period_from(start, renewal_day, zone)
    # Clocks that are put back just after midnight show the evening of the day before once more
    # (St. John's until 2011): the month has begun for good with the first midnight.
    if moment >= period.end_at:
        period = _period_from(period.end, renewal_day, zone)
    return period


def periods(first: datetime, last: datetime, renewal_day: int, zone: str) -> list[Period]:
    """All months from that of one UTC moment to that of another."""
    found = [period_at(first, renewal_day, zone)]
    while found[-1].end_at <= last:
        found.append(_period_from(found[-1].end, renewal_day, zone))
    return found


def _period_from(start, renewal_day, zone):
    end = next_renewal(start, renewal_day)
    bounds = (utc_of(datetime.combine(day, time.min), zone) for day in (start, end))
    return Period(start, end, *bounds)


def in_force_from(purchases: Iterable[Purchase], renewal_day: int) -> list[tuple[date, Purchase]]:
    """Each purchase with the day from which it counts, in the order of purchase.

    The first counts at once, the others from the first renewal day after they were bought.
    """
    ordered = sorted(purchases, key=lambda purchase: purchase.purchased_on)
    return [
        (
            next_renewal(purchase.purchased_on, renewal_day) if index else purchase.purchased_on,
            purchase,
        )
        for index, purchase in enumerate(ordered)
    ]


def amount_in_force(purchases: Iterable[Purchase], renewal_day: int, period: Period) -> int | None:
    """Segments that may be used in a period; None before anything counts.

    Of two purchases that count from the same day, the later one holds.
    """
    amounts = [
        purchase.segments
        for since, purchase in in_force_from(purchases, renewal_day)
        if since < period.end
    ]
    return amounts[-1] if amounts else None
