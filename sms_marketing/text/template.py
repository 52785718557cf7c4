"""A message's body, compiled once and rendered for each recipient."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from . import links, tokens
from .encoding import strip_control
from .tokens import PREFERENCE_LINK, Token

#: In place of a link's index: the link to the recipient's own preference page.
PREFERENCE_PAGE = -1

# White space is spelled out, so that the browser's twin takes the same for it.
_PREFERENCE_TOKEN = re.compile(
    rf"\{{\{{[ \t\n\u00a0]*{re.escape(PREFERENCE_LINK)}[ \t\n\u00a0]*(?:\|\|\|[^{{}}]*)?\}}\}}"
)


@dataclass(frozen=True, slots=True)
class LinkPart:
    """The place of a link in a body.

    :param index: index of `target` in the template's `links`, or `PREFERENCE_PAGE`
    :param target: where the link leads, as written, tokens included; the token of a preference page
    """

    index: int
    target: str


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled body. Make one with `compile_template`.

    :param parts: the body in order: plain texts, tokens, links
    :param tokens: every token in order of appearance, those inside links included
    :param links: the target of each link, each target once, in order of appearance
    :param is_personal: whether the text differs by contact even without its links
    """

    parts: tuple[str | Token | LinkPart, ...]
    tokens: tuple[Token, ...]
    links: tuple[str, ...]
    is_personal: bool
    _token_places: tuple[tuple[int, Token], ...]
    _link_places: tuple[tuple[int, int], ...]

    def render(self, values: Callable[[Token], str], link_url: Callable[[int], str]) -> str:
        """The text for one recipient.

        What `values` gives is stripped of control characters and outer white space; where
        nothing is left the token's default is used. A value is not looked at again: braces and
        links in it stay plain text.

        :param values: gives the value of a token; called for the tokens outside of links only
        :param link_url: gives the short link for an index of `links`, or for `PREFERENCE_PAGE`
        """
        pieces = list(self.parts)
        for place, token in self._token_places:
            pieces[place] = strip_control(values(token) or "").strip() or token.default
        for place, index in self._link_places:
            pieces[place] = link_url(index)
        return "".join(pieces)


def compile_template(body: str) -> Template:
    """Split `body` into plain texts, tokens and links.

    Control characters are taken out and line ends made one newline, so the text is counted as it
    is sent. Two links to one target share an index.

    :raise TokenError: the first one, if any token is broken (see `tokens.check` for all)
    """
    # The whole body first: an error's position must count from the body's start.
    all_tokens = tuple(part for part in tokens.split(body) if isinstance(part, Token))
    parts, targets = [], {}
    position = 0
    for link in links.find(body):
        parts += _text_parts(body[position : link.start])
        parts.append(LinkPart(targets.setdefault(link.url, len(targets)), link.url))
        position = link.end
    parts += _text_parts(body[position:])
    token_places = tuple((i, part) for i, part in enumerate(parts) if isinstance(part, Token))
    link_places = tuple(
        (i, part.index) for i, part in enumerate(parts) if isinstance(part, LinkPart)
    )
    return Template(
        parts=tuple(parts),
        tokens=all_tokens,
        links=tuple(targets),
        is_personal=bool(token_places),
        _token_places=token_places,
        _link_places=link_places,
    )


def fill_preference_link(text: str, link: str) -> str:
    """`text` with `link` in place of each token of the preference page; nothing else is read."""
    return _PREFERENCE_TOKEN.sub(lambda _found: link, text) if "{{" in text else text


def has_preference_link(text: str) -> bool:
    """Whether a recipient of `text` gets the link to the own preference page."""
    return bool(_PREFERENCE_TOKEN.search(text))


def _text_parts(text):
    parts = map(_part, tokens.split(text))
    return [part for part in parts if part]


def _part(part):
    if isinstance(part, str):
        return strip_control(part)
    if part.path == PREFERENCE_LINK:
        return LinkPart(PREFERENCE_PAGE, part.source)
    return part
