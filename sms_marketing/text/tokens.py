"""Personalization tokens, `{{ object.field ||| default }}`.

A token is a path and a default, never an expression: a path is `object` or `company` followed by
field names, joined by dots, and nothing else is accepted. The whitelist of the fields that may be
read stands where values are read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

OPENING, CLOSING, SEPARATOR = "{{", "}}", "|||"

#: `object` is the contact, `company` the company that sends, `recipient` the text itself.
ROOTS = ("object", "company", "recipient")

#: The path that stands for a recipient's own preference page: a link, not a value.
PREFERENCE_LINK = "recipient.preference_link"

#: A complete token, for those who look for other things around or inside of tokens.
TOKEN_PATTERN = r"\{\{(?:[^{}]|\{(?!\{)|\}(?!\}))*+\}\}"

_brace_pair = re.compile(r"\{\{|\}\}").search
# No name starts with an underscore: nothing private is ever reached.
_legal_path = re.compile(rf"(?:{'|'.join(ROOTS)})(?:\.[A-Za-z][A-Za-z0-9_]*)+", re.ASCII).fullmatch
_EXCERPT = 60


@dataclass(frozen=True, slots=True)
class Token:
    """A placeholder for a value.

    :param path: dotted path from the root, such as `object.parent_id.name`
    :param default: what stands in for an empty value, may be empty
    :param source: the token as written, braces included
    """

    path: str
    default: str
    source: str

    @property
    def root(self) -> str:
        """One of `ROOTS`."""
        return self.path.partition(".")[0]

    @property
    def field_path(self) -> str:
        """The path below the root, such as `parent_id.name`."""
        return self.path.partition(".")[2]


class TokenError(ValueError):
    """A token that cannot be used.

    :param position: index into the text at which it starts
    :param source: what stands there (cut short where it is long)
    :param message: what is wrong and how to mend it
    """

    def __init__(self, position: int, source: str, message: str):
        super().__init__(position, source, message)
        self.position = position
        self.source = source
        self.message = message

    def __str__(self):
        return f"{self.message} (at character {self.position + 1}: {self.source})"


class _Piece(NamedTuple):
    """Something found in a text, with the indexes where it starts and ends."""

    start: int
    end: int
    content: "str | Token | TokenError"


def split(text: str) -> list[str | Token]:
    """The plain texts (none empty) and the tokens of `text`, in order.

    :raise TokenError: the first one, if any token is broken
    """
    parts = []
    for piece in _scan(text):
        if isinstance(piece.content, TokenError):
            raise piece.content
        parts.append(piece.content)
    return parts


def check(text: str) -> list[TokenError]:
    """All that is wrong with the tokens of `text`; the empty list if nothing is."""
    return [piece.content for piece in _scan(text) if isinstance(piece.content, TokenError)]


def _scan(text: str) -> Iterator[_Piece]:
    """Plain texts, tokens and errors in order. Looks at each brace pair once: linear time."""
    plain_from = 0
    found = _brace_pair(text)
    while found:
        start = found.start()
        if start > plain_from:
            yield _Piece(plain_from, start, text[plain_from:start])
        if found[0] == CLOSING:
            plain_from = found.end()
            yield _Piece(start, plain_from, _stray_closing(start))
            found = _brace_pair(text, plain_from)
            continue
        following = _brace_pair(text, found.end())
        if following is None or following[0] == OPENING:
            plain_from = following.start() if following else len(text)
            yield _Piece(start, plain_from, _not_closed(text, start, plain_from))
            found = following
            continue
        plain_from = following.end()
        yield _Piece(start, plain_from, _parse(start, text[start:plain_from]))
        found = _brace_pair(text, plain_from)
    if plain_from < len(text):
        yield _Piece(plain_from, len(text), text[plain_from:])


def _parse(position: int, source: str) -> Token | TokenError:
    path, _separator, default = source[len(OPENING) : -len(CLOSING)].partition(SEPARATOR)
    path = path.strip()
    if _legal_path(path):
        return Token(path, default.strip(), source)
    if not path:
        message = "This token names no field; write for example {{ object.name }}."
    elif path in ROOTS:
        message = f"This token names no field of “{path}”; write for example {{{{ {path}.name }}}}."
    elif not path.startswith(tuple(f"{root}." for root in ROOTS)):
        message = (
            "A token starts with “object.” (the contact) or “company.” (the sender), "
            "followed by a field."
        )
    else:
        message = (
            "Only field names joined by dots can stand in a token, such as object.parent_id.name; "
            "a default follows after |||."
        )
    return TokenError(position, _excerpt(source), message)


def _not_closed(text, start, end):
    message = "This token is not closed; add }} behind it."
    return TokenError(start, _excerpt(text[start : min(end, start + _EXCERPT + 1)]), message)


def _stray_closing(position):
    message = "These braces close a token that was never opened; add {{ or remove them."
    return TokenError(position, CLOSING, message)


def _excerpt(source):
    return source if len(source) <= _EXCERPT else f"{source[:_EXCERPT]}…"
