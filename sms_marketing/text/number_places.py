"""Where a number is at home: its country and time zones, from the first digits of the number.

The numbering plans and zones are those of the library `phonenumbers`. Its answers depend on the
first digits only, so numbers are grouped by these and one of each group is looked up.
"""

from functools import cache, lru_cache

import phonenumbers
from phonenumbers import timezone
from phonenumbers.tzdata import TIMEZONE_DATA

from .clock import find_zone
from .numbers import region_of

#: Characters, with the plus sign, that tell the place of most numbers.
USUAL_LENGTH = 5

#: Characters that tell apart the countries that share a calling code.
_SHARED_LENGTH = 9

#: Calling codes whose digits tell the place of mobiles too. For `time_zones_for_number` a Caribbean
#: mobile may be anywhere in North America.
_BY_DIGITS = frozenset({1})


@cache
def prefix_lengths(regions: frozenset[str] = frozenset()) -> dict[str, int]:
    """How many characters of a number tell its place, where ``USUAL_LENGTH`` is not enough.

    :param regions: countries (ISO 3166 alpha-2) that must be told from those that share their
        calling code, such as Jersey from the United Kingdom
    :return: {the first ``USUAL_LENGTH`` characters: length of the prefix}
    """
    lengths = {}
    for digits in TIMEZONE_DATA:
        length = len(digits) + 1
        if length > USUAL_LENGTH:
            start = f"+{digits[: USUAL_LENGTH - 1]}"
            lengths[start] = max(length, lengths.get(start, 0))
    for region in regions:
        code = phonenumbers.country_code_for_region(region)
        sharing = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(code, ())
        # Of codes with one digit (North America, Russia) the usual length is enough.
        if region in sharing[1:] and code > 9:
            missing = USUAL_LENGTH - 1 - len(str(code))
            for rest in range(10**missing):
                start = f"+{code}{rest:0{missing}}"
                lengths[start] = max(_SHARED_LENGTH, lengths.get(start, 0))
    return lengths


@lru_cache(maxsize=65536)
def place_of(number: str) -> tuple[str | None, tuple[str, ...]]:
    """Country (ISO 3166 alpha-2, or None) and time zones of an E.164 number and its neighbours.

    No zones: the number is of no place (such as +800 and satellite numbers).
    """
    try:
        parsed = phonenumbers.parse(number)
        if parsed.country_code in _BY_DIGITS:
            zones = timezone.time_zones_for_geographical_number(parsed)
        else:
            zones = timezone.time_zones_for_number(parsed)
    except phonenumbers.NumberParseException:
        return None, ()
    return region_of(number), tuple(zone for zone in zones if _is_place(zone))


def _is_place(zone):
    return zone != "Etc/Unknown" and find_zone(zone) is not None
