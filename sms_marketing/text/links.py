"""Links inside a text, and the parameters that are added to them."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote_plus

from .encoding import strip_control
from .tokens import TOKEN_PATTERN

#: What a link counts in an estimate before the real short link is known, in characters.
LINK_UNITS = 36

# Where a link ends besides white space: characters that RFC 3986 does not allow unescaped, the
# quotation marks and punctuation of several scripts, invisible characters, and emoji and
# pictographs, which often follow a link without a space. Other letters are left in, for
# internationalized addresses are written with them. (An emoji domain must be given as punycode.)
_ENDS_LINK = (
    r"\s\x00-\x20\x7f-\x9f<>\"{}|\\^`"
    "\u00ab\u00bb\u200b\u2018-\u201f\u2028-\u202f\u2039\u203a\u2060\ufeff"
    "\u3001-\u3003\u3008-\u3011\u3014-\u301b\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f"
    "\u2190-\u2bff\ufe0f\U0001f000-\U0001faff\ud800-\udfff"
)
_LINK_OR_TOKEN = re.compile(
    rf"(?P<token>{TOKEN_PATTERN})"
    # A bare www. must stand at the start of a word, or it is part of an address or a name.
    rf"|(?:https?://|(?<![\w@./-])www\.)(?:{TOKEN_PATTERN}|[^{_ENDS_LINK}])++",
    re.IGNORECASE,
)
_TOKEN = re.compile(TOKEN_PATTERN)
_BARE = re.compile(r"www\.", re.IGNORECASE)
_PUNCTUATION = frozenset(".,;:!?'*_~…")
_BRACKETS = {")": "(", "]": "["}


class FoundLink(NamedTuple):
    """A link of a text: `url` is what stands between the indexes `start` and `end`."""

    start: int
    end: int
    url: str


def find(text: str) -> list[FoundLink]:
    """The http, https and bare `www.` links of `text`, in order.

    Punctuation behind a link is not part of it, nor is a closing bracket that the link itself
    does not open. A token `{{ … }}` inside a link is part of it; a link inside a token (in its
    default) is not a link of the text.
    """
    links = []
    for found in _LINK_OR_TOKEN.finditer(text):
        if found["token"] is None:
            url = _without_trailing_punctuation(found[0])
            if _has_host(url):
                links.append(FoundLink(found.start(), found.start() + len(url), url))
    return links


def absolute(url: str) -> str:
    """`url` with a scheme: a bare `www.` link gets `http://`, as a handset would give it."""
    return f"http://{url}" if _BARE.match(url) else url


def add_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """`url` with the query `parameters` added at the end of its query, in their order.

    Parameters of the same names that `url` has are dropped, all others stay as they are written,
    as do address, path and fragment: nothing is decoded and encoded again. A separator inside a
    token is no separator.
    """
    masked = _TOKEN.sub(lambda found: "x" * len(found[0]), url)
    before_fragment, _hash, _fragment = masked.partition("#")
    address, question_mark, query = before_fragment.partition("?")
    position = len(address) + len(question_mark)
    pieces = []
    for masked_piece in query.split("&") if query else ():
        piece = url[position : position + len(masked_piece)]
        position += len(masked_piece) + 1
        if unquote_plus(piece.partition("=")[0]) not in parameters:
            pieces.append(piece)
    pieces += [f"{_quote(name)}={_quote(value)}" for name, value in parameters.items()]
    separator = "?" if pieces else ""
    return url[: len(address)] + separator + "&".join(pieces) + url[len(before_fragment) :]


def fill(target: str, values: Mapping[str, str]) -> str:
    """`target` with each token replaced by its value, percent-encoded.

    An encoded value can add neither a parameter nor a path nor a host to the link. Control
    characters are taken out of it.

    :param values: the value (or default) of each token by its `source`
    """
    return _TOKEN.sub(lambda found: _quote(strip_control(values[found[0]]).strip()), target)


def _quote(value):
    # A lone surrogate has no encoding; it becomes a question mark.
    return quote(value, safe="", errors="replace")


def _has_host(url):
    """Whether something that can be a host follows the scheme, or a domain the `www.`."""
    scheme, separator, rest = url.partition("://")
    if separator and scheme.lower() in ("http", "https"):
        return bool(rest) and rest[0] not in "/?#.:@&="
    return "." in url[len("www.") :].strip(".")


def _without_trailing_punctuation(url):
    surplus = {
        closing: url.count(closing) - url.count(opening) for closing, opening in _BRACKETS.items()
    }
    end = len(url)
    while end:
        last = url[end - 1]
        if last in _BRACKETS and surplus[last] > 0:
            surplus[last] -= 1
        elif last not in _PUNCTUATION:
            break
        end -= 1
    return url[:end]
