"""Quiet hours: when a text may go out, by the clocks where its reader is (B1).

Clocks can disagree about where that is: those of the contact's time zone, and those of the zones
that the number may belong to. A text goes out when all of them are within the hours.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from .clock import DAY, offset_of, utc_of, wall_of

#: The hours when nothing else is set (minutes after midnight), on all days of the week.
OPENS, CLOSES = 8 * 60, 20 * 60

#: Opening times that several zones have in common count only if there are some of this length.
LEAST_COMMON = timedelta(hours=1)

#: Days to look ahead for an opening: nearly always the first look finds one.
_LOOKS = (2, 16)
#: When no number's zone is left to respect: a year of holidays in a row is a mistake.
_LAST_LOOK = 400


@dataclass(frozen=True)
class Hours:
    """When texts may go out in one country.

    :param opens: minutes after midnight from which on
    :param closes: minutes after midnight until when (1440: midnight), more than ``opens``
    :param weekdays: days of the week, 0 is Monday; not empty
    :param holidays: days on which no text goes out
    :param yearly: such days of every year, as (month, day)
    """

    opens: int = OPENS
    closes: int = CLOSES
    weekdays: frozenset[int] = frozenset(range(7))
    holidays: frozenset[date] = frozenset()
    yearly: frozenset[tuple[int, int]] = frozenset()

    @cached_property
    def is_always_open(self):
        return (
            (self.opens, self.closes) == (0, 1440)
            and len(self.weekdays) == 7
            and not self.holidays
            and not self.yearly
        )

    def is_open_on(self, day: date, holidays: bool = True) -> bool:
        if day.weekday() not in self.weekdays:
            return False
        return not holidays or (
            day not in self.holidays and (day.month, day.day) not in self.yearly
        )

    def openings(self, zone, moment, days, holidays=True):
        """[(from, until), …] in ``zone`` that end after ``moment``, so many days ahead; UTC."""
        first = wall_of(moment, zone).date() - DAY  # a wall-clock can be put back past midnight
        found = []
        for day in (first + DAY * number for number in range(days + 2)):
            if not self.is_open_on(day, holidays):
                continue
            midnight = datetime(day.year, day.month, day.day)
            begin = utc_of(midnight + timedelta(minutes=self.opens), zone)
            end = utc_of(midnight + timedelta(minutes=self.closes), zone)
            if found and begin <= found[-1][1]:
                found[-1] = (found[-1][0], max(end, found[-1][1]))
            elif begin < end:
                found.append((begin, end))
        return [opening for opening in found if opening[1] > moment]


def clocks_to_respect(contact_zone, number_zones, default_zone, moment):
    """The zones whose clocks must all be within the hours.

    * The number tells nothing: the contact's zone, else the default one.
    * The contact's clock shows what one of the number's zones shows: the contact's zone alone, as
      it says where in the number's country the contact is.
    * They disagree (a contact in Amsterdam with a number of New York): all of them.
    * The contact has no zone: all of the number's.

    :param contact_zone: a name that exists, or None
    :param number_zones: names that exist; empty for numbers that are of no place
    :rtype: tuple[str, ...]
    """
    if not number_zones:
        return (contact_zone or default_zone,)
    if not contact_zone:
        return tuple(number_zones)
    offset = offset_of(moment, contact_zone)
    if any(offset_of(moment, zone) == offset for zone in number_zones):
        return (contact_zone,)
    return (contact_zone, *number_zones)


def next_opening(hours, moment, contact_zone, number_zones, default_zone):
    """When a text that is meant for ``moment`` may go out, and until when.

    A number can be of a country so wide that its zones have less than an hour of the day in
    common. Its zones then cannot be kept, and the contact's zone (else the default one) decides.

    :return: (from, until): ``moment`` itself if it is within the hours, else the next opening;
        until None: there is no end
    :rtype: tuple[datetime, datetime | None]
    """
    if hours.is_always_open:
        return moment, None
    zones = clocks_to_respect(contact_zone, number_zones, default_zone, moment)
    if len(zones) > 1:
        least = min(LEAST_COMMON, timedelta(minutes=hours.closes - hours.opens))
        for days in _LOOKS:
            for begin, end in _common(hours, zones, moment, days):
                if end - begin >= least:
                    return max(begin, moment), end
        zones = (contact_zone or default_zone,)
    for days, holidays in (*((days, True) for days in (*_LOOKS, _LAST_LOOK)), (8, False)):
        for begin, end in hours.openings(zones[0], moment, days, holidays):
            return max(begin, moment), end
    raise ValueError(f"these hours are never open: {hours}")


def _common(hours, zones, moment, days):
    """Openings that all zones have in common."""
    # Zones with the same clock for the whole time need to be looked at once.
    found, *others = {tuple(hours.openings(zone, moment, days)) for zone in zones}
    for openings in others:
        found = [
            (max(begin, other_begin), min(end, other_end))
            for begin, end in found
            for other_begin, other_end in openings
            if max(begin, other_begin) < min(end, other_end)
        ]
    return [opening for opening in found if opening[1] > moment]
