"""What the editor's JavaScript must give, as said by the Python twins.

Writes `static/tests/template_vectors.json` and `static/tests/estimate_vectors.json`. A test checks
that they are up to date; to write them again, run this file with the set-up's Python:

    .dev/venv/bin/python sms_marketing/tests/make_vectors.py

Indexes are in UTF-16 code units, as JavaScript counts them.
"""

import json
import random
from dataclasses import asdict
from pathlib import Path

import odoo.addons

ADDON = Path(__file__).resolve().parents[1]
if __name__ == "__main__":  # by hand: Odoo has not read its configuration
    odoo.addons.__path__.append(str(ADDON.parent))

from odoo.addons.sms_marketing.text import encoding, links, tokens  # noqa: E402
from odoo.addons.sms_marketing.text.estimate import estimate  # noqa: E402
from odoo.addons.sms_marketing.text.template import (  # noqa: E402
    PREFERENCE_PAGE,
    LinkPart,
    compile_template,
)

FOLDER = ADDON / "static" / "tests"
SEED = 190_000

NAME, REF, COMPANY = "{{ object.name }}", "{{ object.ref ||| none }}", "{{ company.name ||| us }}"
URL = "https://shop.example.com/spring?offer=1"
FAMILY, THUMB, FLAG = "👨‍👩‍👧‍👦", "👍🏽", "🇳🇱"
WALES = "🏴\U000e0067\U000e0062\U000e0077\U000e006c\U000e0073\U000e007f"

#: The first and last of each range of characters that end a link, and their neighbours.
LINK_EDGES = (
    "\x1f!~\x7f\x9f\xa0\xa1ª«¬º»¼\u200a\u200b\u200c\u2017\u2018\u201f\u2020\u2027\u2028\u202f\u2030"
    "\u2038\u2039\u203a\u203b\u205f\u2060\u2061\u218f\u2190\u2bff\u2c00\u3000\u3003\u3004\u3007\u3008"
    "\u3011\u3012\u3013\u3014\u301b\u301c\ufe0e\ufe0f\ufe10\ufefe\ufeff\uff00\uff01\uff02\uff07\uff08"
    "\uff09\uff0a\uff0b\uff0c\uff0d\uff19\uff1a\uff1b\uff1c\uff1e\uff1f\uff20\U0001efff\U0001f000"
    "\U0001faff\U0001fb00"
)
#: Bodies chosen with care: each is about one thing that twins could do differently.
BODIES = {
    "empty": "",
    "plain": "Hello",
    "a token": f"Hi {NAME}!",
    "a token with default": "Hi {{ object.name ||| friend }}, from {{company.name}}",
    "empty default": "{{ object.name ||| }}|{{ object.name|||}}",
    "separator in a default": "{{ object.name ||| a ||| b }}",
    "braces in a default": "{{ object.name ||| a | b {c} }}",
    "emoji and newline in a default": "{{ object.name ||| 😀\nyou }}",
    "white space around path and default": "{{\u00a0\tobject.name\n||| \u2003two  words\u3000}}",
    "separators of information are white space": "{{\x1c object.name ||| \x1fx\x85 }}",
    "byte order mark is no white space": "{{ object.name ||| \ufeffx }} {{\ufeffobject.name }}",
    "dotted path": "{{ object.parent_id.user_id.name }}",
    "third closing brace": "{{ object.name }}}",
    "third opening brace": "{{{ object.name }}",
    "four braces": "{{{{ object.name }}}}",
    "single braces": "a { b } c",
    "not closed": "a {{ object.name",
    "half closed": "{{ object.name }",
    "stray closing": "😀 a }} b",
    "nothing in it": "{{}} {{ ||| x }}",
    "root only": "{{ object }} {{ company ||| x }}",
    "other roots": "{{ name }} {{ user.name }} {{ objects.name }} {{ Object.name }}",
    "not a path": "{{ object.name.upper() }} {{ object['name'] }} {{ object.name | x }}",
    "private": "{{ object._cr }} {{ object.__class__ }} {{ object.name.__class__ }}",
    "dots": "{{ object..name }} {{ object.name. }} {{ object. }} {{ .name }}",
    "not ASCII": "{{ object.naïve }} {{ object.имя }} {{ object.x１ }}",
    "control characters in a path": "{{ object.name\0 }} {{ object.\nname }}",
    "nested": "{{ object.name ||| {{ object.ref }} }}",
    "several errors": "😀{{ x }} {{ object.name }} }} {{ 1 }} {{ object.a",
    "long source": "{{ " + "x" * 100,
    "long source of emoji": "{{ " + "😀" * 100 + " }} and {{" + "😀" * 58,
    "source of sixty emoji": "{{" + "😀" * 56 + "}} {{" + "😀" * 57 + "}} {{" + "😀" * 59,
    "preference link": "Choose: {{ recipient.preference_link }}. {{recipient.preference_link}}",
    "preference link with a default": "a{{ recipient.preference_link ||| [x] “y” }}b",
    "preference link at and in a link": "http://a.com/{{ recipient.preference_link }} "
    "http://b.com {{\u2003recipient.preference_link}}",
    "other fields of the recipient": "{{ recipient }} {{ recipient.token }} {{ recipient.number }}",
    "a link": f"See {URL}.",
    "links of all kinds": "HTTP://A.COM www.b.com/x https://user@c.com/,x;y'z http://[2001:db8::1]/x",
    "no links": "a.com mailto:a@b.com ftp://a.com http:// https:// www. www.. https://? http://.",
    "bare link inside a word": "me@www.a.com awww.b.com éwww.c.com ²www.e.com _www.f.com",
    "bare link after a mark": "(www.a.com) «www.b.com» e\u0301www.c.com α\u0345www.d.com 😀www.e.f",
    "dots of a bare link": "www.a www.a. www..a www.a.b.",
    "no host": "http://.a.com http://=b.com http://&c http://@d http://:80 http:///e http://#f?g",
    "edges of what ends a link": " ".join(f"http://a{char}b" for char in LINK_EDGES),
    "long s": "httpſ://a.com HTTPſ://b.com http://c.com/ſ",
    "brackets": "https://a.com/p_(x) (https://a.com/p_(x)) [http://b.com/q[]=1] http://c.com/))",
    "punctuation": "https://a.com... https://b.com?! “https://c.com” *https://d.com* http://e.com…",
    "punctuation of other scripts": "看https://a.com/x，谢谢 https://b.com/路。 https://c.com/й",
    "emoji at links": "👉https://a.com/x👈 http://b.com🎉 http://c.com/☀️ http://d.com/→",
    "invisible characters at links": "http://a.com\u200bx http://b.com\u2028y http://c.com\ufeffz",
    "control characters at links": "http://a.com\0x http://b.com\x85y http://c.com\x1cz",
    "international addresses": "https://münchen.example/straße?ü=ß https://пример.example/путь",
    "tokens in links": "https://a.com/{{ object.ref }}?x={{object.x|||a)}}. www.b.c/{{object.x}}!",
    "token as host": "https://{{ company.website }}, http://{{ broken",
    "default with spaces in a link": "https://a.com/{{ object.ref ||| no one, yet }}/b",
    "link in a default": "{{ object.website ||| https://a.com }} http://b.com",
    "one target twice": "https://a.com https://b.com https://a.com",
    "broken token in a link": "😀 See https://a.com/{{ 1+1 }} now",
    "link before a broken token": "See https://a.com/{{ object.x now",
    "line ends": "a\r\nb\rc\nd\x85e\u2028f\u2029g\n\r\r\n",
    "control characters": "a\0b\x1bc\x7fd\x9fe\x0cf\tg\x0bh",
    "lone surrogates": "a\ud800b \udc00 x\ude00\ud83d",
    "surrogates with something between": "\ud83d\0\ude00 \ud83d{{ object.name }}\ude00",
    "typography": "It’s “now” – or never… 20\u00a0%\u202foff « oui » `code` • 5 × 3 ≥ 14",
    "symbols": "Acme™ ©️ ®\ufe0e № 5 → x ⁄ ∶ ﬁne oﬀer ﬄ Ω ∆ K Å",
    "accents written apart": "cafe\u0301 A\u030a c\u0327a n\u0303o u\u0308\u0301 o\u0308",
    "spelling stays": "ça va, garçon zażółć Привет می‌خواهم",
    "invisible characters": "zero\u200bwidth\ufeff soft\u00adhyphen word\u2060joiner \u200fright",
    "extension characters": "[10 €] {x}|~^\\ €€",
    "extension characters and emoji": "[10 €] 😀",
    "emoji": f"{FAMILY} {THUMB}{FLAG}{FLAG} {WALES} 1️⃣ #⃣ ☀️☀︎ ❤️‍🔥 👩🏾‍🚀😀😀",
    "parts of emoji": "\u200d \ufe0f \U0001f3fd 🇳 🇳🇱🇧 \u20e3 👨\u200d x",
    "many scripts": "Ωß漢字 ê 𠮷野家 สวัสดี नमस्ते 안녕 שלום",
    "every basic character": encoding.GSM_BASIC.replace("\r", ""),
    "every equivalent": "a".join(encoding.PLAIN_EQUIVALENTS),
    "offer": f"Hi {NAME}, 20% off — today: €15 instead of €19 🎉 {URL} Reply STOP",
}  # fmt: skip

VALUES = (
    {},
    {"object.name": "Ann", "object.ref": "R/1", "company.name": "Acme"},
    {"object.name": " \t\0\x1c", "company.name": "\ufeff"},
    {"object.name": "{{ object.email }} https://evil.example $& $1\r\nLee\x1b "},
)
DEFAULTS = (
    {},
    {"object.name": "customer"},
    {"object.name": "client “très” cher 😀", "object.ref": " \t ", "company.name": "Ac\0me"},
    {"object.name": "[€]"},
)
OPT_OUTS = ("", "Reply STOP to opt out", "Répondez « STOP » pour vous désabonner", "[STOP]")
LINK_BASES = (
    "",
    "https://s.co/",
    "https://sms.a-rather-long-company-name.example.com/s/",
    "https://ş.co/",
)

#: What random bodies are put together from: rare things made common.
PIECES = (
    "Hi ", "offer", NAME, REF, COMPANY, "{{ object.ref ||| “x” }}", "{{", "}}", "{", "}", "|||",
    "{{ 1+1 }}", URL, "https://a.com/", "www.b.com", "http://", ".", ",", ")", "(", "?", " ", "\n",
    "\r\n", "\t", "\0", "\x1c", "€", "[", "é", "e\u0301", "ç", "я", "’", "“", "…", "\u00a0", "→",
    "😀", FAMILY, THUMB, FLAG, "☀️", "©️", "1️⃣", "\u200d", "\ufe0f", "\ud800", "a" * 30, "b" * 60,
    "я" * 20, "€" * 30,
)  # fmt: skip


def vectors():
    """The content of the two files, by name."""
    return {
        "template_vectors.json": _file(
            {"tables": _tables()}, [_template_vector(*case) for case in _template_cases()]
        ),
        "estimate_vectors.json": _file({}, [_estimate_vector(*case) for case in _estimate_cases()]),
    }


def _template_cases():
    for number, (name, body) in enumerate(BODIES.items()):
        yield name, body, VALUES[1 + number % (len(VALUES) - 1)]
    for number, body in enumerate(_random_bodies(150, 12)):
        yield f"random {number}", body, VALUES[number % len(VALUES)]


def _estimate_cases():
    for number, (name, body) in enumerate(BODIES.items()):
        yield name, body, "", {}, ""
        yield (
            f"{name}, with all that is added",
            body,
            OPT_OUTS[1 + number % 3],
            DEFAULTS[1 + number // 2 % 3],
            LINK_BASES[number // 3 % 4],
        )
    for number, opt_out in enumerate(
        (
            "Stop: {{ recipient.preference_link }}",
            "{{recipient.preference_link}} [STOP]",
            "a{{ recipient.preference_link ||| x }}b {{\u2003recipient.preference_link }} {{ x }}",
        )
    ):
        for base in LINK_BASES:
            yield f"opt-out text {number} with preference link, {base}", "Hi", opt_out, {}, base
    for name, body in (
        ("one full segment", "a" * 160),
        ("one septet more than a segment", "a" * 161),
        ("escape pair over the border", "a" * 152 + "€" + "a" * 20),
        ("one full segment of UCS-2", "я" * 70),
        ("one unit more than a segment of UCS-2", "я" * 71),
        ("surrogate pair over the border", "я" * 66 + "😀" + "я" * 66),
        ("link over the border", "a" * 130 + " https://a.com"),
        ("token over the border", "a" * 140 + NAME + "a" * 6),
        ("1,600 characters", ("Hello [you], it’s " + NAME + " ") * 40),
    ):
        for opt_out in OPT_OUTS[:2]:
            yield f"{name}, opt-out text “{opt_out}”", body, opt_out, {}, ""
    for number, body in enumerate(_random_bodies(120, 14)):
        yield (
            f"random {number}",
            body,
            OPT_OUTS[number % 4],
            DEFAULTS[number // 4 % 4],
            LINK_BASES[number // 16 % 4],
        )


def _random_bodies(number, most):
    source = random.Random(SEED + number)
    for _each in range(number):
        body = "".join(source.choice(PIECES) for _piece in range(source.randrange(most)))
        # Surrogates that came together by chance are one character in the file.
        yield body.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _tables():
    return {
        "GSM_BASIC": encoding.GSM_BASIC,
        "GSM_EXTENSION": encoding.GSM_EXTENSION,
        "PLAIN_EQUIVALENTS": encoding.PLAIN_EQUIVALENTS,
    }


def _template_vector(name, body, values):
    vector = {
        "name": name,
        "body": body,
        "stripped": encoding.strip_control(body),
        "simplified": encoding.simplify(body),
        "non_gsm": encoding.non_gsm_characters(body),
        "found": [
            {"start": utf16(body, link.start), "end": utf16(body, link.end), "url": link.url}
            for link in links.find(body)
        ],
        "errors": [
            {
                "position": utf16(body, error.position),
                "source": error.source,
                "message": error.message,
            }
            for error in tokens.check(body)
        ],
    }
    if vector["errors"]:
        return vector
    template = compile_template(body)
    return {
        **vector,
        "parts": list(map(_part, template.parts)),
        "tokens": list(map(_part, template.tokens)),
        "links": list(template.links),
        "is_personal": template.is_personal,
        "values": values,
        "rendered": template.render(
            lambda token: values.get(token.path, ""), lambda index: f"https://s.co/{index}"
        ),
    }


def _part(part):
    if isinstance(part, LinkPart):
        return {"index": part.index, "target": part.target}
    return part if isinstance(part, str) else asdict(part)


def _estimate_vector(name, body, opt_out_text, token_defaults, link_base):
    def link_url(index):
        if index == PREFERENCE_PAGE:
            return f"{link_base}{'x' * 20}"
        return f"{link_base}{'x' * 12}{index or ''}"

    result = estimate(body, opt_out_text, token_defaults, link_url if link_base else None)
    expected = asdict(result)
    for cause in expected["causes"]:
        if cause["start"] is not None:
            cause["start"] = utf16(body, cause["start"])
            cause["end"] = utf16(body, cause["end"])
    return {
        "name": name,
        "body": body,
        "opt_out_text": opt_out_text,
        "token_defaults": token_defaults,
        "link_base": link_base,
        "expected": expected,
    }


def utf16(text, index):
    """The same place of a text, counted in UTF-16 code units."""
    return len(text[:index].encode("utf-16-le", "surrogatepass")) // 2


def _file(head, cases):
    """One line a vector, so that a change shows what changed."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    body = ",\n".join(f"    {json.dumps(case)}" for case in cases)
    return "\n".join(["{", *lines, '  "vectors": [', body, "  ]", "}", ""])


if __name__ == "__main__":
    for file_name, content in vectors().items():
        (FOLDER / file_name).write_text(content, encoding="ascii")
