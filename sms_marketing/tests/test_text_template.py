"""Bodies, compiled once and rendered for each recipient."""

from hypothesis import given
from hypothesis import strategies as st
from odoo.tests import BaseCase

from odoo.addons.sms_marketing.text.template import LinkPart, compile_template
from odoo.addons.sms_marketing.text.tokens import Token, TokenError, check

from .text_strategies import any_text

bodies = st.lists(
    st.sampled_from(
        [
            "Hi ",
            "{{ object.name }}",
            "{{ object.ref ||| none }}",
            "https://a.com/",
            "www.b.com",
            " ",
            "\r\n",
            ".",
            "é",
            "😀",
            "{",
            "}",
            "\0",
            "{{",
            "}}",
        ]
    )
).map("".join)


def render(body, values=None, link="https://s.co/1"):
    values = values or {}
    return compile_template(body).render(
        lambda token: values.get(token.path, ""), lambda index: f"{link}{index}"
    )


class TestCompile(BaseCase):
    def test_parts(self):
        name = Token("object.name", "friend", "{{ object.name ||| friend }}")
        ref = Token("object.ref", "", "{{ object.ref }}")
        template = compile_template(
            "Hi {{ object.name ||| friend }}: https://a.com/{{ object.ref }}. Or www.b.com!"
        )
        self.assertEqual(
            template.parts,
            (
                "Hi ",
                name,
                ": ",
                LinkPart(0, "https://a.com/{{ object.ref }}"),
                ". Or ",
                LinkPart(1, "www.b.com"),
                "!",
            ),
        )
        self.assertEqual(template.tokens, (name, ref))
        self.assertEqual(template.links, ("https://a.com/{{ object.ref }}", "www.b.com"))
        self.assertTrue(template.is_personal)

    def test_one_target_one_index(self):
        template = compile_template("https://a.com https://b.com https://a.com")
        self.assertEqual(template.links, ("https://a.com", "https://b.com"))
        indexes = [part.index for part in template.parts if isinstance(part, LinkPart)]
        self.assertEqual(indexes, [0, 1, 0])

    def test_token_only_in_a_link_is_not_personal(self):
        template = compile_template("See https://a.com/{{ object.ref }}")
        self.assertFalse(template.is_personal)
        self.assertEqual(len(template.tokens), 1)

    def test_broken_token(self):
        with self.assertRaises(TokenError) as caught:
            compile_template("See https://a.com {{ object.name")
        self.assertEqual(caught.exception.position, 18)
        with self.assertRaises(TokenError):
            compile_template("See https://a.com/{{ 1+1 }}")

    @given(bodies | any_text)
    def test_compiles_whatever_has_no_error(self, body):
        if check(body):
            self.assertRaises(TokenError, compile_template, body)
            return
        template = compile_template(body)
        position = 0
        for token in template.tokens:
            position = body.index(token.source, position) + len(token.source)
        self.assertNotIn("{{ object", body[position:])
        written = "".join(
            part if isinstance(part, str) else getattr(part, "source", None) or part.target
            for part in template.parts
        )
        # Nothing but control characters and the kind of line end may differ from the body.
        self.assertEqual(
            [char for char in written if char.isprintable() and char != " "],
            [char for char in body if char.isprintable() and char != " "],
        )


class TestRender(BaseCase):
    def test_values_defaults_and_links(self):
        body = "Hi {{ object.name ||| friend }}, see https://a.com/x. {{ company.name }}"
        self.assertEqual(
            render(body, {"object.name": "Ann", "company.name": "Acme"}),
            "Hi Ann, see https://s.co/10. Acme",
        )
        self.assertEqual(render(body), "Hi friend, see https://s.co/10. ")
        self.assertEqual(render(body, {"object.name": " \t\0"}), "Hi friend, see https://s.co/10. ")

    def test_constant(self):
        self.assertEqual(render(""), "")
        self.assertEqual(render("Hello"), "Hello")

    def test_line_ends_and_controls(self):
        self.assertEqual(render("a\r\nb\0c\rd"), "a\nbc\nd")
        self.assertEqual(
            render("{{ object.name }}", {"object.name": " A\0nn\r\nLee\x1b "}), "Ann\nLee"
        )

    def test_values_are_not_looked_at_again(self):
        for value in ("{{ object.email }}", "}}", "https://evil.example", "%s {0} \\1"):
            self.assertEqual(
                render("Hi {{ object.name }}!", {"object.name": value}), f"Hi {value}!"
            )

    def test_values_is_not_asked_for_tokens_in_links(self):
        asked = []
        compile_template("{{ object.name }} https://a.com/{{ object.ref }}").render(
            lambda token: asked.append(token.path) or "x", str
        )
        self.assertEqual(asked, ["object.name"])

    def test_100_000_characters(self):
        self.assertEqual(len(render("a" * 100_000)), 100_000)
        self.assertEqual(render("{{ object.name }}" * 5_000, {"object.name": "ab"}), "ab" * 5_000)

    @given(st.text(st.characters(codec="utf-8", exclude_characters="{}")), any_text)
    def test_any_value_can_be_sent(self, before, value):
        text = render(before + "{{ object.name ||| you }}", {"object.name": value})
        text.encode("utf-8")
        self.assertNotIn("\0", text)
        self.assertNotIn("\r", text)
