"""How long a text will be while it is written: an estimate, and what makes it long.

A link counts 36 characters, or as many units as the real short link takes if that is more, and
never changes the encoding. A token stands for its default, else for the default that holds for
the whole account, else for 15 characters. The opt-out text counts. A broken token counts as it is
written, so that the figures go on while somebody types. The editor does the same without the
server, see `static/src/template/estimate.js`; both are tested against the same vectors.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from . import links, tokens
from .encoding import GSM_BASIC, GSM_EXTENSION, PLAIN_EQUIVALENTS, is_gsm, strip_control
from .segments import GSM_7, GSM_MULTIPLE, GSM_SINGLE, UCS_2, UCS_MULTIPLE, UCS_SINGLE, analyse
from .template import PREFERENCE_PAGE, fill_preference_link
from .tokens import PREFERENCE_LINK, Token

#: What a token without any default counts, in characters.
TOKEN_CHARACTERS = 15

_LIMITS = {GSM_7: (GSM_SINGLE, GSM_MULTIPLE), UCS_2: (UCS_SINGLE, UCS_MULTIPLE)}
# A letter of the alphabet: stands for text whose length is known and whose letters are not.
_FILLER = "x"
_QUOTES = ("'", '"')

# Blocks in which emoji and pictographs lie. Coarser than Unicode's property, which grows from
# version to version, so that server and browser agree.
_PICTOGRAPH = (
    "\u203c\u2049\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25b6\u25c0\u25fb-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff"
)
_PERSON = f"[{_PICTOGRAPH}][\ufe0e\ufe0f]?[\U0001f3fb-\U0001f3ff]?"
_NOTABLE = re.compile(
    # Taken out or replaced before it is sent: no reason for anything.
    "(?P<unclean>[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff])"
    f"|(?P<plain>[{re.escape(''.join(PLAIN_EQUIVALENTS))}])[\ufe0e\ufe0f]?"
    "|(?P<decomposed>[A-Za-z][\u0300-\u0327])"
    # A flag of two letters, a keycap, or pictographs joined to one, a flag of a region included.
    "|(?P<emoji>[\U0001f1e6-\U0001f1ff]{1,2}|[0-9#*]\ufe0f?\u20e3"
    f"|{_PERSON}(?:\u200d{_PERSON})*[\U000e0020-\U000e007f]*)"
    f"|(?P<extension>[{re.escape(GSM_EXTENSION)}])"
    f"|[^{re.escape(GSM_BASIC)}]"
)


class CauseKind(StrEnum):
    """What can make a text longer."""

    TOKEN = "token"
    EMOJI = "emoji"
    SPECIAL = "special"
    QUOTE = "quote"
    LINK = "link"
    OPT_OUT = "opt_out"


@dataclass(frozen=True, slots=True)
class Cause:
    """Something that makes a text longer.

    :param kind: a `CauseKind`; `special` are the other characters that force UCS-2, or take two
        septets in GSM-7
    :param text: what it is, as written
    :param start: index into the body where it stands; None if it is not in the body but in the
        opt-out text. A character of an account-wide default stands where its token does.
    :param end: index into the body where it ends, or None
    :param plain: what says the same in GSM-7 and may replace it in the body, or None
    """

    kind: str
    text: str
    start: int | None
    end: int | None
    plain: str | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long a text will be.

    :param characters: number of characters (Unicode code points)
    :param encoding: `segments.GSM_7` or `segments.UCS_2`
    :param units: septets or UTF-16 code units
    :param segments: number of segments, 0 for the empty text
    :param left: units left in the last segment
    :param causes: what makes the text longer, in the order of the body, then the opt-out text
    """

    characters: int
    encoding: str
    units: int
    segments: int
    left: int
    causes: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A piece of the body: what is counted for it, and where in the body its letters come from.

    `source` is what is looked through for characters with a price, at `start` in the body; with
    `whole`, such a character is in no place of the body but belongs to all of the stretch.
    """

    counted: str
    source: str
    start: int | None
    whole: tuple[int, int] | None = None
    cause: Cause | None = None


def estimate(
    body: str,
    opt_out_text: str = "",
    token_defaults: Mapping[str, str] | None = None,
    link_url: Callable[[int], str] | None = None,
) -> Estimate:
    """Estimate `body` with what is added to it. Never raises for what is in the body.

    :param opt_out_text: goes on a line of its own behind the body; empty for none
    :param token_defaults: account-wide defaults by a token's path (`object.name`)
    :param link_url: gives the short link for a link's index, as when a template is rendered, and
        that of the preference page
    """
    stretches = list(_stretches(body, token_defaults or {}, link_url))
    text = "".join(stretch.counted for stretch in stretches)
    if opt_out_text:
        cause = Cause(CauseKind.OPT_OUT, opt_out_text, None, None)
        counted = _FILLER * _link_units(PREFERENCE_PAGE, link_url)
        opt_out_text = fill_preference_link(opt_out_text, counted)
        text = f"{text}\n{opt_out_text}" if text else opt_out_text
        stretches.append(_Stretch("", opt_out_text, None, cause=cause))
    result = analyse(text)
    causes = []
    for stretch in stretches:
        if stretch.cause:
            causes.append(stretch.cause)
        causes += _characters(stretch, result.encoding == GSM_7)
    return Estimate(
        len(text), result.encoding, result.units, result.segments, _left(text, result), (*causes,)
    )


def _stretches(body, token_defaults, link_url) -> Iterator[_Stretch]:
    indexes = {}
    position = 0
    for link in links.find(body):
        yield from _text_stretches(body[position : link.start], position, token_defaults, link_url)
        index = indexes.setdefault(link.url, len(indexes))
        units = _link_units(index, link_url)
        cause = Cause(CauseKind.LINK, link.url, link.start, link.end)
        yield _Stretch(_FILLER * units, "", link.start, cause=cause)
        position = link.end
    yield from _text_stretches(body[position:], position, token_defaults, link_url)


def _link_units(index, link_url):
    return max(links.LINK_UNITS, analyse(link_url(index)).units if link_url else 0)


def _text_stretches(text, offset, token_defaults, link_url):
    for piece in tokens._scan(text):
        start, end = piece.start + offset, piece.end + offset
        if not isinstance(piece.content, Token):
            written = text[piece.start : piece.end]
            yield _Stretch(strip_control(written), written, start)
        elif piece.content.path == PREFERENCE_LINK:
            cause = Cause(CauseKind.LINK, piece.content.source, start, end)
            yield _Stretch(_FILLER * _link_units(PREFERENCE_PAGE, link_url), "", start, cause=cause)
        else:
            yield _token_stretch(piece.content, start, end, token_defaults)


def _token_stretch(token, start, end, token_defaults):
    cause = Cause(CauseKind.TOKEN, token.source, start, end)
    if token.default:
        written, at = _written_default(token)
        return _Stretch(token.default, written, start + at, cause=cause)
    default = strip_control(token_defaults.get(token.path) or "").strip()
    return _Stretch(
        default or _FILLER * TOKEN_CHARACTERS, default, start, whole=(start, end), cause=cause
    )


def _written_default(token):
    """The default of a token as it is written, and its index in the token."""
    before = token.source.index(tokens.SEPARATOR) + len(tokens.SEPARATOR)
    written = token.source[before : -len(tokens.CLOSING)]
    return written.strip(), before + len(written) - len(written.lstrip())


def _characters(stretch, is_gsm_7) -> Iterator[Cause]:
    """The characters of a stretch that make the text longer; those side by side as one."""
    run = None
    for found in _NOTABLE.finditer(stretch.source):
        kind, plain, start, end = _judge(found, is_gsm_7)
        joins_run = kind == CauseKind.SPECIAL and plain is None
        if joins_run and run and run[1] == start:
            run = run[0], end
            continue
        if run:
            yield _cause(stretch, CauseKind.SPECIAL, *run)
        run = (start, end) if joins_run else None
        if kind and not joins_run:
            yield _cause(stretch, kind, start, end, plain)
    if run:
        yield _cause(stretch, CauseKind.SPECIAL, *run)


def _judge(found, is_gsm_7):
    """Kind, plain equivalent, start and end of a found character; kind None where it is free."""
    start, end = found.span()
    # In GSM-7 only the extension characters cost more; in UCS-2 they are the ones that do not.
    if found["unclean"] or is_gsm_7 != bool(found["extension"]):
        return None, None, start, end
    if found["plain"]:
        plain = PLAIN_EQUIVALENTS[found["plain"]]
        kind = CauseKind.QUOTE if plain in _QUOTES else CauseKind.SPECIAL
        return kind, plain, start, end
    if found["decomposed"]:
        composed = unicodedata.normalize("NFC", found[0])
        if is_gsm(composed):
            return CauseKind.SPECIAL, composed, start, end
        # Only the accent is outside the alphabet.
        return CauseKind.SPECIAL, None, start + 1, end
    return (CauseKind.EMOJI if found["emoji"] else CauseKind.SPECIAL), None, start, end


def _cause(stretch, kind, start, end, plain=None):
    text = stretch.source[start:end]
    if stretch.whole:
        return Cause(kind, text, *stretch.whole)
    if stretch.start is None:
        return Cause(kind, text, None, None)
    return Cause(kind, text, stretch.start + start, stretch.start + end, plain)


def _left(text, result):
    single, multiple = _LIMITS[result.encoding]
    if not result.borders:
        return single - result.units
    last = text[result.borders[-1] :]
    if result.encoding == GSM_7:
        return multiple - analyse(last).units
    return multiple - len(last.encode("utf-16-le", "surrogatepass")) // 2
