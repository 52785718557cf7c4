"""The grammar of personalization tokens."""

from hypothesis import given
from hypothesis import strategies as st
from odoo.tests import BaseCase

from odoo.addons.sms_marketing.text.tokens import Token, TokenError, check, split

from .text_strategies import any_text

names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
paths = st.builds(
    lambda root, fields: ".".join([root, *fields]),
    st.sampled_from(["object", "company"]),
    st.lists(names, min_size=1, max_size=3),
)
broken = st.lists(
    st.sampled_from(
        ["{", "}", "{{", "}}", "|||", "|", "object", ".", "name", " ", "\0", "{{ object.x }}"]
    )
).map("".join)


class TestSplit(BaseCase):
    def test_text_and_tokens(self):
        self.assertEqual(
            split("Hi {{ object.name ||| friend }}, from {{company.name}}!"),
            [
                "Hi ",
                Token("object.name", "friend", "{{ object.name ||| friend }}"),
                ", from ",
                Token("company.name", "", "{{company.name}}"),
                "!",
            ],
        )

    def test_without_tokens(self):
        self.assertEqual(split(""), [])
        self.assertEqual(split("plain { text } with | braces"), ["plain { text } with | braces"])

    def test_defaults(self):
        for source, default in (
            ("{{ object.name }}", ""),
            ("{{ object.name ||| }}", ""),
            ("{{ object.name|||x}}", "x"),
            ("{{ object.name |||  two words  }}", "two words"),
            ("{{ object.name ||| a ||| b }}", "a ||| b"),
            ("{{ object.name ||| a | b {c} }}", "a | b {c}"),
            ("{{ object.name ||| 😀\nyou }}", "😀\nyou"),
        ):
            with self.subTest(source):
                self.assertEqual(split(source), [Token("object.name", default, source)])

    def test_dotted_path(self):
        [token] = split("{{ object.parent_id.user_id.name }}")
        self.assertEqual(token.root, "object")
        self.assertEqual(token.field_path, "parent_id.user_id.name")

    def test_third_closing_brace_is_text(self):
        self.assertEqual(len(split("{{ object.name }}}")), 2)
        self.assertEqual(split("{{ object.name }}}")[1], "}")

    def test_raises_the_first_error(self):
        with self.assertRaises(TokenError) as caught:
            split("Hi {{ object.name }} {{ 1+1 }} {{ }}")
        self.assertEqual(caught.exception.position, 21)
        self.assertEqual(caught.exception.source, "{{ 1+1 }}")
        self.assertIn("{{ 1+1 }}", str(caught.exception))

    @given(st.lists(st.tuples(st.text(st.characters(exclude_characters="{}")), paths, names)))
    def test_what_is_written_is_found(self, items):
        text = "".join(f"{plain}{{{{ {path} ||| {default} }}}}" for plain, path, default in items)
        found = [part for part in split(text) if isinstance(part, Token)]
        self.assertEqual(
            [(token.path, token.default) for token in found],
            [(path, default) for _plain, path, default in items],
        )
        self.assertEqual(check(text), [])


class TestCheck(BaseCase):
    def test_errors(self):
        for text, position, source in (
            ("a {{ object.name", 2, "{{ object.name"),
            ("{{ object.name }", 0, "{{ object.name }"),
            ("a }} b", 2, "}}"),
            ("{{}}", 0, "{{}}"),
            ("{{ ||| x }}", 0, "{{ ||| x }}"),
            ("{{ object }}", 0, "{{ object }}"),
            ("{{ name }}", 0, "{{ name }}"),
            ("{{ user.name }}", 0, "{{ user.name }}"),
            ("{{ objects.name }}", 0, "{{ objects.name }}"),
            ("{{ object.name.upper() }}", 0, "{{ object.name.upper() }}"),
            ("{{ object['name'] }}", 0, "{{ object['name'] }}"),
            ("{{ object._cr }}", 0, "{{ object._cr }}"),
            ("{{ object.__class__ }}", 0, "{{ object.__class__ }}"),
            ("{{ object.name.__class__ }}", 0, "{{ object.name.__class__ }}"),
            ("{{ object..name }}", 0, "{{ object..name }}"),
            ("{{ object.name. }}", 0, "{{ object.name. }}"),
            ("{{ object.na me }}", 0, "{{ object.na me }}"),
            ("{{ object.naïve }}", 0, "{{ object.naïve }}"),
            ("{{ object.name | x }}", 0, "{{ object.name | x }}"),
            ("{{ object.name\0 }}", 0, "{{ object.name\0 }}"),
            ("{{{ object.name }}", 0, "{{{ object.name }}"),
        ):
            with self.subTest(text):
                self.assertEqual(
                    [(error.position, error.source) for error in check(text)],
                    [(position, source)],
                )

    def test_nested(self):
        errors = check("{{ object.name ||| {{ object.ref }} }}")
        self.assertEqual([error.position for error in errors], [0, 36])

    def test_all_errors_are_collected(self):
        errors = check("{{ x }} {{ object.name }} }} {{ 1 }} {{ object.a")
        self.assertEqual([error.position for error in errors], [0, 26, 29, 37])

    def test_long_sources_are_cut(self):
        [error] = check("{{ " + "x" * 100_000)
        self.assertLess(len(error.source), 80)

    def test_many_braces(self):
        # Quadratic work on these would take minutes.
        self.assertEqual(len(check("{{" * 50_000)), 50_000)
        self.assertEqual(len(check("}}" * 50_000)), 50_000)

    @given(broken | any_text)
    def test_either_errors_or_a_split_that_loses_nothing(self, text):
        errors = check(text)
        if errors:
            with self.assertRaises(TokenError) as caught:
                split(text)
            self.assertEqual(caught.exception.position, errors[0].position)
            for error in errors:
                self.assertTrue(text.startswith(error.source.rstrip("…"), error.position))
            return
        parts = split(text)
        joined = "".join(part if isinstance(part, str) else part.source for part in parts)
        self.assertEqual(joined, text)
        for part in parts:
            if isinstance(part, Token):
                self.assertRegex(part.path, r"\A(object|company)(\.[A-Za-z]\w*)+\Z")
