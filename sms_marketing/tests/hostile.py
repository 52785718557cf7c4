"""What strangers may send to the parsers, and what these may do with it.

Shared by the property tests, the tests of growing input and the fuzzer (`python3 -m dev fuzz`).
"""

import csv
import io
import time
from contextlib import suppress
from types import SimpleNamespace

from ..engine import contact_file
from ..gateways.base import get_gateway_class
from ..gateways.errors import MalformedRequest, VerificationError
from ..gateways.reading import FORM
from ..gateways.values import Account, Inbound, Receipt, WebhookRequest
from ..text import keywords, links, literal, numbers, stop_wishes, template, tokens
from .provider_accounts import CALLBACK, SETTINGS

#: Pieces that are repeated to build input that a careless pattern takes long for.
UNITS = [
    *" \t\n(+-./01,;:&=%#?@[{\"'\\<>|_aA*~é\u0301\u00a0\u200b\u20e3🙂",
    "{{", "}}", "{{a", "{{ ", "{{object.a", "{{ object.name ||| ", "|||", "{ {", "}}{{",
    "http://", "https://www.", "www.", "www.a", "a.", "http://{{a", ")]", "((", "00(", "+1",
    "\u0301\u0323", "🙂\u200d", "\r\n", "&a=", "a&", "%41", '{"a":', '","', "stop ",
    "no ", "please ", "text:", " text:", "stat:", "err:", "NACK/0x0", "a/b", "..", "-a", "1e9",
]  # fmt: skip

JSON = "application/json"
#: first byte of a fuzzed call -> its method, content type and subject
SHAPES = [
    (method, content_type, subject)
    for method in ("GET", "POST")
    for content_type in (FORM, JSON, f"{JSON}; charset=utf-8", "", "text/plain")
    for subject in ("receipt", "inbound")
]


def account(provider):
    """A provider's class, with an account that asks for signatures."""
    return get_gateway_class(provider)(Account(SETTINGS[provider], CALLBACK, 1, 1))


def webhook_request(shape, query, body, headers=()):
    """A call as a stranger makes it."""
    method, content_type, _subject = SHAPES[shape % len(SHAPES)]
    url = f"{CALLBACK}/receipt?{query.decode('latin-1')}"
    headers = {"Content-Type": content_type, **dict(headers)}
    return WebhookRequest(method, url, query, headers, body)


def take_call(gateway, request):
    """Read a call in all ways; only the documented errors may be raised, and plain values come."""
    for take, kind in (
        (gateway.verify, type(None)),
        (gateway.parse_receipts, Receipt),
        (gateway.parse_inbound, Inbound),
    ):
        try:
            found = take(request)
        except (MalformedRequest, VerificationError):
            continue
        for one in found or ():
            assert isinstance(one, kind), one
            check_storable(one)


def check_storable(value):
    """PostgreSQL takes neither NUL nor half a surrogate pair, and columns have their lengths."""
    names = ("reference", "provider_reference", "code", "detail", "number", "sender", "body")
    for words in filter(None, (getattr(value, name, None) for name in names)):
        assert isinstance(words, str), words
        assert "\0" not in words
        words.encode()
    for name in ("number", "sender"):
        assert len(getattr(value, name, "")) <= numbers.LONGEST


def take_number(words):
    """Read a number; what is one can be read again."""
    for region in (None, "US", "BE", "xx"):
        try:
            e164 = numbers.parse_number(words, region)
        except numbers.InvalidNumber as error:
            assert len(str(error)) < 400
        else:
            assert numbers.parse_number(e164, None) == e164
    with suppress(numbers.InvalidNumber):
        numbers.calling_code(words)
    numbers.region_of(words)
    numbers.masked(words)


def take_body(words):
    """Read the text of a message: its tokens, its links, its template."""
    tokens.check(words)
    for link in links.find(words):
        assert words[link.start : link.end] == link.url
        links.add_parameters(link.url, {"utm_source": "sms"})
    try:
        compiled = template.compile_template(words)
    except tokens.TokenError:
        return
    compiled.render(lambda token: "x", lambda index: "https://s.example/x")


def take_reply(words):
    """Read what a phone sent."""
    keywords.normalise(words)
    keywords.mentions(words, ("STOP",))
    stop_wishes.find_stop_wish(words)


def take_domain(words):
    """Read a rule."""
    with suppress(ValueError):
        literal.read_list(words)


def take_file(content):
    """Read a file of contacts; its problems are sentences."""
    env = SimpleNamespace(_=_translate)
    try:
        found = contact_file.read(env, content, {"written_consent": ""})
    except contact_file.UnreadableFile as error:
        assert len(str(error)) < 2000
        return
    out = csv.writer(io.StringIO())
    out.writerows(found.errors)
    for row in found.rows:
        assert row.values["name"]


def _translate(sentence, *positional, **named):
    return sentence % (named or positional) if named or positional else sentence


def growth(work, small, large):
    """How many times as long `work` takes on the large input as on the small one.

    By the processor time of this thread, and the least of several runs, so that a busy machine
    makes no difference; 0 where even the large one takes next to no time.
    """
    seconds = [_least_time(work, large)]
    if seconds[0] < 0.02:
        return 0.0
    return seconds[0] / max(_least_time(work, small), 1e-4)


def _least_time(work, value):
    found = []
    for _run in range(3):
        begin = time.thread_time()
        work(value)
        found.append(time.thread_time() - begin)
        if found[-1] < 0.02:
            break
    return min(found)
