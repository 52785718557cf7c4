"""Finding links in texts, and adding parameters to them."""

from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from odoo.tests import BaseCase

from odoo.addons.sms_marketing.text.links import (
    LINK_UNITS,
    FoundLink,
    absolute,
    add_parameters,
    fill,
    find,
)

from .text_strategies import any_text, valid_text

pieces = st.lists(
    st.sampled_from(
        [
            "http://",
            "https://",
            "www.",
            "a.com",
            "{{",
            "}}",
            "{{ object.x }}",
            " ",
            ")",
            "(",
            ".",
            ",",
            "é",
            "😀",
            "?",
            "&",
            "#",
            "=",
            "\0",
            "\ud800",
        ]
    )
).map("".join)


def urls(text):
    return [link.url for link in find(text)]


class TestFind(BaseCase):
    def test_position(self):
        self.assertEqual(find("See https://a.com/x, now"), [FoundLink(4, 19, "https://a.com/x")])

    def test_links(self):
        for text, expected in (
            ("", []),
            ("no link, a.com, mailto:a@b.com, ftp://a.com", []),
            ("HTTP://A.COM", ["HTTP://A.COM"]),
            ("https://a.com:8080/p_(x)?q=1&r[]=2#f", ["https://a.com:8080/p_(x)?q=1&r[]=2#f"]),
            ("www.a.com/x", ["www.a.com/x"]),
            ("https://a.com/p_(x) (https://a.com/p_(x))", ["https://a.com/p_(x)"] * 2),
            ("http://a.com http://b.com", ["http://a.com", "http://b.com"]),
            ("http://a.com\nhttp://b.com", ["http://a.com", "http://b.com"]),
            ("https://user@a.com/,x;y'z", ["https://user@a.com/,x;y'z"]),
            ("https://münchen.example/straße?ü=ß", ["https://münchen.example/straße?ü=ß"]),
            ("https://пример.example/путь", ["https://пример.example/путь"]),
            ("http://[2001:db8::1]/x", ["http://[2001:db8::1]/x"]),
            ("http:// https:// www. www.. https://? http://.", []),
            ("me@www.a.com awww.b.com", []),
        ):
            with self.subTest(text):
                self.assertEqual(urls(text), expected)

    def test_what_surrounds_a_link_is_not_part_of_it(self):
        for before, after in (
            ("", "."),
            ("", "!"),
            ("", "?"),
            ("", "..."),
            ("", "…"),
            ("", ";"),
            ("(", ")"),
            ("[", "]"),
            ("(see ", ")."),
            ('"', '"'),
            ("'", "'"),
            ("“", "”"),
            ("«", "»"),
            ("<", ">"),
            ("*", "*"),
            ("看", "，谢谢"),
            ("", "。"),
            ("", "🎉"),
            ("", " 🎉"),
            ("👉", "👈"),
            ("", "\u200b"),
            ("", "\0x"),
            ("", "\u2028x"),
        ):
            with self.subTest(before + after):
                self.assertEqual(urls(f"{before}https://a.com/x{after}"), ["https://a.com/x"])

    def test_tokens_inside(self):
        for url in (
            "https://a.com/{{ object.ref }}",
            "https://a.com/{{ object.ref ||| no one, yet }}/b?x={{object.name|||a)}}",
            "https://{{ company.website }}",
            "www.a.com/{{ object.ref }}",
        ):
            self.assertEqual(urls(f"x {url}. y"), [url])

    def test_link_in_a_default_is_not_a_link_of_the_text(self):
        self.assertEqual(
            urls("{{ object.website ||| https://a.com }} http://b.com"), ["http://b.com"]
        )

    def test_long_input(self):
        # Quadratic work on these would take minutes.
        for text, count in (
            ("https://a.com/" + ")" * 100_000, 1),
            ("http://a{{ " * 10_000, 10_000),
            ("https://a.com/" + "x" * 100_000, 1),
            ("{{ " * 50_000, 0),
            ("www.a{" * 20_000, 0),
        ):
            self.assertEqual(len(find(text)), count, text[:20])

    @given(pieces | any_text)
    def test_links_lie_in_the_text_and_apart(self, text):
        position = 0
        for link in find(text):
            self.assertGreaterEqual(link.start, position)
            self.assertEqual(text[link.start : link.end], link.url)
            self.assertRegex(link.url, r"(?i)\A(https?://|www\.).")
            # Found alone as found in the text.
            self.assertEqual(urls(link.url), [link.url])
            position = link.end

    def test_absolute(self):
        self.assertEqual(absolute("www.a.com"), "http://www.a.com")
        self.assertEqual(absolute("https://a.com"), "https://a.com")

    def test_link_units(self):
        self.assertEqual(LINK_UNITS, 36)


class TestAddParameters(BaseCase):
    def test_parameters(self):
        for url, expected in (
            ("https://a.com", "https://a.com?s=hs"),
            ("https://a.com/", "https://a.com/?s=hs"),
            ("https://a.com/?", "https://a.com/?s=hs"),
            ("https://a.com/p?b=2&a=1", "https://a.com/p?b=2&a=1&s=hs"),
            ("https://a.com/p?s=old&a=1&s=older", "https://a.com/p?a=1&s=hs"),
            ("https://a.com/p?%73=old", "https://a.com/p?s=hs"),
            ("https://a.com/p?s", "https://a.com/p?s=hs"),
            ("https://a.com/p?S=1", "https://a.com/p?S=1&s=hs"),
            ("https://a.com/p#f?s=1", "https://a.com/p?s=hs#f?s=1"),
            ("https://a.com/p?q=a?b#f#g", "https://a.com/p?q=a?b&s=hs#f#g"),
            ("https://a.com/p?a&&b=", "https://a.com/p?a&&b=&s=hs"),
            ("https://a.com/%C3%A9?q=%20+%2B", "https://a.com/%C3%A9?q=%20+%2B&s=hs"),
            ("https://münchen.example/ß?ü=ä", "https://münchen.example/ß?ü=ä&s=hs"),
            (
                "https://a.com/{{ object.x ||| a?s=1#b }}?c=1",
                "https://a.com/{{ object.x ||| a?s=1#b }}?c=1&s=hs",
            ),
            (
                "https://a.com/?q={{ object.x ||| 1&s=2 }}",
                "https://a.com/?q={{ object.x ||| 1&s=2 }}&s=hs",
            ),
        ):
            with self.subTest(url):
                self.assertEqual(add_parameters(url, {"s": "hs"}), expected)

    def test_values_are_encoded(self):
        self.assertEqual(
            add_parameters("https://a.com", {"n a": "x&y=z #é/\ud800"}),
            "https://a.com?n%20a=x%26y%3Dz%20%23%C3%A9%2F%3F",
        )

    def test_nothing_to_add(self):
        url = "https://a.com/p?a=1&b#f"
        self.assertEqual(add_parameters(url, {}), url)

    @given(
        st.lists(st.tuples(valid_text, valid_text)),
        st.dictionaries(valid_text.filter(bool), valid_text, max_size=4),
    )
    def test_round_trip(self, present, added):
        url = add_parameters("https://a.com/p#f", {})
        for name, value in present:
            # Each on its own, so that names may come twice.
            encoded = add_parameters("", {name: value})[1:]
            url = url.replace("#", ("&" if "?" in url else "?") + encoded + "#")
        result = urlsplit(add_parameters(url, added))
        kept = [(name, value) for name, value in present if name not in added]
        self.assertEqual(
            parse_qsl(result.query, keep_blank_values=True, errors="strict"),
            kept + list(added.items()),
        )
        self.assertEqual((result.netloc, result.path, result.fragment), ("a.com", "/p", "f"))

    @given(pieces | any_text)
    def test_twice_is_once(self, url):
        parameters = {"utm_source": "hs_sms", "utm_campaign": "Été & co"}
        once = add_parameters(url, parameters)
        self.assertEqual(add_parameters(once, parameters), once)


class TestFill(BaseCase):
    def test_values_cannot_leave_their_place(self):
        target = "https://a.com/{{ object.name }}?r={{ object.ref ||| x }}#f"
        values = {
            "{{ object.name }}": "../b?c#d",
            "{{ object.ref ||| x }}": "1&s=2\r\n {{ object.email }}",
        }
        self.assertEqual(
            fill(target, values),
            "https://a.com/..%2Fb%3Fc%23d?r=1%26s%3D2%0A%20%7B%7B%20object.email%20%7D%7D#f",
        )

    @given(any_text)
    def test_any_value(self, value):
        url = fill("https://a.com/?a={{ object.name }}&b=1", {"{{ object.name }}": value})
        names = [name for name, _value in parse_qsl(urlsplit(url).query, keep_blank_values=True)]
        self.assertEqual(names, ["a", "b"])
