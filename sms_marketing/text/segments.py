"""How many SMS segments a text takes, and where each of them starts.

Sources: 3GPP TS 23.040, section 9.2.3.24 (concatenation: 6 of the 140 octets go to its header)
and 3GPP TS 23.038 (the GSM 7-bit alphabet; UCS-2, which networks carry as UTF-16).
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from .encoding import GSM_BASIC, GSM_EXTENSION

GSM_7 = "GSM-7"
UCS_2 = "UCS-2"

#: Septets in a text of one segment, and in each segment of a longer text.
GSM_SINGLE, GSM_MULTIPLE = 160, 153
#: UTF-16 code units in a text of one segment, and in each segment of a longer text.
UCS_SINGLE, UCS_MULTIPLE = 70, 67

_LIMITS = {GSM_7: (GSM_SINGLE, GSM_MULTIPLE), UCS_2: (UCS_SINGLE, UCS_MULTIPLE)}

_ASCII_BASIC = bytes(ord(char) for char in GSM_BASIC if char.isascii())
_not_basic = re.compile(f"[^{re.escape(GSM_BASIC)}]").search
_not_gsm = re.compile(f"[^{re.escape(GSM_BASIC + GSM_EXTENSION)}]").search
_extension = re.compile(f"[{re.escape(GSM_EXTENSION)}]").finditer
# Two surrogates that Python holds as two characters are one character on the way as well.
_wide = re.compile("[\U00010000-\U0010ffff]|[\ud800-\udbff][\udc00-\udfff]")


@dataclass(frozen=True, slots=True)
class Segmentation:
    """How a text travels.

    :param encoding: `GSM_7` or `UCS_2`
    :param units: septets (GSM-7, an escape counted) or UTF-16 code units (UCS-2)
    :param segments: number of segments, 0 for the empty text
    :param borders: index into the text of the first character of each segment after the first
    """

    encoding: str
    units: int
    segments: int
    borders: tuple[int, ...] = ()


def analyse(text: str) -> Segmentation:
    """Encoding, units, segments and borders of `text`, exactly as it would be sent.

    GSM-7 holds 160 septets in one segment and 153 in each of several; UCS-2, used as soon as one
    character needs it, 70 and 67 UTF-16 code units. Segments are filled greedily; none ends
    inside an escape pair or a surrogate pair. A lone surrogate counts as one unit. Time and
    memory grow linearly with the text.
    """
    # The usual case first: deleting bytes is several times faster than matching characters.
    if text.isascii() and not text.encode("ascii").translate(None, _ASCII_BASIC):
        return _even(GSM_7, len(text))
    found = _not_basic(text)
    if found is None:
        return _even(GSM_7, len(text))
    if _not_gsm(text, found.start()) is None:
        return _uneven(GSM_7, text, _extension(text, found.start()))
    if _wide.search(text, found.start()) is None:
        return _even(UCS_2, len(text))
    return _uneven(UCS_2, text, _wide.finditer(text, found.start()))


@lru_cache(maxsize=1024)
def _even(encoding: str, units: int) -> Segmentation:
    """The segmentation of a text of one segment, or whose characters take one unit each."""
    single, multiple = _LIMITS[encoding]
    if units <= single:
        return Segmentation(encoding, units, 1 if units else 0)
    borders = tuple(range(multiple, units, multiple))
    return Segmentation(encoding, units, len(borders) + 1, borders)


def _uneven(encoding: str, text: str, wide_characters: Iterator[re.Match]) -> Segmentation:
    """The segmentation of a text in which `wide_characters` (matches) take two units each."""
    single, multiple = _LIMITS[encoding]
    # Positions counted in units: where a pair starts, and where a character that is one index of
    # the text but two units does (all pairs, but for those that Python holds as two characters).
    pairs, stretched = set(), []
    for found in wide_characters:
        start = found.start() + len(stretched)
        pairs.add(start)
        if found.end() - found.start() == 1:
            stretched.append(start)
    units = len(text) + len(stretched)
    if units <= single:
        return _even(encoding, units)
    borders = []
    border = multiple
    while border < units:
        if border - 1 in pairs:
            border -= 1
        borders.append(border - bisect_left(stretched, border))
        border += multiple
    return Segmentation(encoding, units, len(borders) + 1, tuple(borders))
