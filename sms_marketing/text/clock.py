"""Clocks on walls: what a moment is called in a time zone, and the other way round.

Moments are naive datetimes in UTC, as Odoo stores them; a wall-clock is a naive datetime too. Names
of zones are those of the IANA database, its rules those of the standard library's `zoneinfo`; the
package `tzdata` has the zones that a system lacks, such as US/Pacific where old names are left out.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

#: Where a new day begins first, and where it ends last.
FIRST_ZONE = "Pacific/Kiritimati"
LAST_ZONE = "Etc/GMT+12"

DAY = timedelta(days=1)


@lru_cache(maxsize=2048)
def find_zone(name: str | None) -> ZoneInfo | None:
    """The zone of this name; None where no such zone exists (any more)."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        # Not found, not a name, or a folder of names such as "Europe".
        return None


def utc_of(wall: datetime, zone: str) -> datetime:
    """The moment at which clocks in ``zone`` show ``wall``.

    A time that clocks skip when they are put forward counts as later by as much as is skipped
    (2:30 becomes 3:30); of a time that they show twice, the first counts.

    :raise OverflowError: at the very ends of the calendar
    """
    # With fold=0 `zoneinfo` takes the offset before the change in both cases, which is just this.
    return wall.replace(tzinfo=find_zone(zone), fold=0).astimezone(UTC).replace(tzinfo=None)


def wall_of(moment: datetime, zone: str) -> datetime:
    """What clocks in ``zone`` show at this moment."""
    local = moment.replace(tzinfo=UTC).astimezone(find_zone(zone))
    return local.replace(tzinfo=None, fold=0)


def offset_of(moment: datetime, zone: str) -> timedelta:
    """How far clocks in ``zone`` are ahead of UTC at this moment."""
    return moment.replace(tzinfo=UTC).astimezone(find_zone(zone)).utcoffset()


def next_day_from(wall: datetime, zone: str, earliest: datetime) -> datetime:
    """The first moment from ``earliest`` on at which clocks in ``zone`` show the time of ``wall``.

    Counted in days from that of ``wall``; ``wall`` itself if it is not too early.
    """
    moment = utc_of(wall, zone)
    while moment < earliest:
        wall += max(earliest - moment, DAY) // DAY * DAY
        moment = utc_of(wall, zone)
    return moment
