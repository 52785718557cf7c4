"""The estimate of a text's length, and the vectors that the editor's JavaScript is tested with."""

from hypothesis import given
from hypothesis import strategies as st
from odoo.tests import BaseCase

from odoo.addons.sms_marketing.text import links, tokens
from odoo.addons.sms_marketing.text.encoding import is_gsm, simplify, strip_control
from odoo.addons.sms_marketing.text.estimate import Cause, CauseKind, estimate
from odoo.addons.sms_marketing.text.segments import GSM_7, UCS_2, analyse
from odoo.addons.sms_marketing.text.template import compile_template

from . import make_vectors
from .text_strategies import any_text, runs, valid_text

bodies = st.lists(st.sampled_from(make_vectors.PIECES)).map("".join) | any_text | runs
values = valid_text.map(lambda text: strip_control(text).strip()).filter(bool)
opt_outs = st.sampled_from(make_vectors.OPT_OUTS)


def causes(body, *kinds, **options):
    found = estimate(body, **options).causes
    return [(cause.kind.value, cause.text, cause.plain) for cause in found if cause.kind in kinds]


class TestVectors(BaseCase):
    def test_files_are_what_python_gives(self):
        for name, content in make_vectors.vectors().items():
            committed = (make_vectors.FOLDER / name).read_text(encoding="ascii")
            self.assertEqual(
                committed.splitlines(),
                content.splitlines(),
                f"{name} is out of date: run sms_marketing/tests/make_vectors.py",
            )


class TestLength(BaseCase):
    def test_empty(self):
        result = estimate("")
        self.assertEqual((result.characters, result.units, result.segments), (0, 0, 0))
        self.assertEqual((result.encoding, result.left, result.causes), (GSM_7, 160, ()))

    def test_left(self):
        for body, segments, left in (
            ("a", 1, 159),
            ("a" * 160, 1, 0),
            ("a" * 161, 2, 145),
            ("a" * 306, 2, 0),
            ("a" * 152 + "€" * 5, 2, 143),
            ("я", 1, 69),
            ("я" * 71, 2, 63),
            ("я" * 66 + "😀" * 3, 2, 61),
        ):
            with self.subTest(body):
                result = estimate(body)
                self.assertEqual((result.segments, result.left), (segments, left))

    def test_a_link_counts_36(self):
        self.assertEqual(estimate("https://a.com").units, 36)
        self.assertEqual(estimate("https://a.com/" + "x" * 500).units, 36)
        self.assertEqual(estimate("https://a.com", link_url=lambda _index: "x" * 36).units, 36)
        self.assertEqual(estimate("https://a.com", link_url=lambda _index: "x" * 50).units, 50)
        self.assertEqual(estimate("www.a.com https://b.com").units, 73)

    def test_each_link_is_as_long_as_its_own_short_link(self):
        body = "https://a.com https://b.com https://a.com"
        self.assertEqual(estimate(body, link_url=lambda index: "x" * (40 + index)).units, 123)

    def test_a_link_does_not_change_the_encoding(self):
        for short_link in ("https://s.co/x", "https://ş.co/x"):
            body = "See https://пример.example/путь"
            result = estimate(body, link_url=lambda _index, link=short_link: link)
            self.assertEqual((result.encoding, result.units), (GSM_7, 40))

    def test_a_token_counts_as_its_default(self):
        defaults = {"object.name": "customer"}
        for body, units in (
            ("{{ object.name ||| friend }}", 6),
            ("{{ object.name }}", 8),
            ("{{ object.name ||| }}", 8),
            ("{{ object.ref }}", 15),
            ("{{ object.name ||| [a] }}", 5),
        ):
            with self.subTest(body):
                self.assertEqual(estimate(body, token_defaults=defaults).units, units)

    def test_a_blank_account_wide_default_is_none(self):
        for default in ("", " \t\0", None):
            result = estimate("{{ object.name }}", token_defaults={"object.name": default})
            self.assertEqual(result.units, 15)

    def test_a_default_can_change_the_encoding(self):
        self.assertEqual(estimate("{{ object.name ||| друг }}").encoding, UCS_2)
        defaults = {"object.name": "друг"}
        self.assertEqual(estimate("{{ object.name }}", token_defaults=defaults).encoding, UCS_2)

    def test_opt_out_text_counts_on_a_line_of_its_own(self):
        self.assertEqual(estimate("Hello", "Reply STOP").units, 16)
        self.assertEqual(estimate("", "Reply STOP").units, 10)

    def test_a_broken_token_counts_as_written(self):
        result = estimate("Hi {{ object.name, how are you?")
        self.assertEqual((result.characters, result.units), (31, 33))

    def test_characters_are_counted_not_units(self):
        self.assertEqual(estimate("a€😀").characters, 3)

    @given(bodies, values, opt_outs)
    def test_is_what_is_sent_when_nothing_is_to_be_guessed(self, body, value, opt_out):
        if tokens.check(body):
            return
        template = compile_template(body)
        defaults = {token.path: value for token in template.tokens}

        def link_url(index):
            return f"https://s.example.com/{'x' * 40}{index}"

        sent = template.render(lambda token: token.default or value, link_url)
        sent = f"{sent}\n{opt_out}" if sent and opt_out else sent or opt_out
        expected = analyse(sent)
        result = estimate(body, opt_out, defaults, link_url)
        self.assertEqual(
            (result.characters, result.encoding, result.units, result.segments),
            (len(sent), expected.encoding, expected.units, expected.segments),
        )


class TestCauses(BaseCase):
    def test_places(self):
        body = "Hi {{ object.name }}, it’s 😀 https://a.com/x [ç]"
        self.assertEqual(
            estimate(body, "Répondez « STOP »").causes,
            (
                Cause(CauseKind.TOKEN, "{{ object.name }}", 3, 20),
                Cause(CauseKind.QUOTE, "’", 24, 25, "'"),
                Cause(CauseKind.EMOJI, "😀", 27, 28),
                Cause(CauseKind.LINK, "https://a.com/x", 29, 44),
                Cause(CauseKind.SPECIAL, "ç", 46, 47),
                Cause(CauseKind.OPT_OUT, "Répondez « STOP »", None, None),
                Cause(CauseKind.QUOTE, "«", None, None),
                Cause(CauseKind.QUOTE, "»", None, None),
            ),
        )

    def test_extension_characters_cost_more_in_gsm_only(self):
        self.assertEqual(causes("[€] x", CauseKind.SPECIAL), [("special", "[€]", None)])
        self.assertEqual(causes("[€] я", CauseKind.SPECIAL), [("special", "я", None)])

    def test_what_belongs_together_is_one(self):
        for emoji in ("👨‍👩‍👧‍👦", "👍🏽", "🇳🇱", make_vectors.WALES, "1️⃣", "☀️", "❤️‍🔥", "👩🏾‍🚀"):
            with self.subTest(emoji):
                found = causes(f"a{emoji}b", *CauseKind)
                self.assertEqual(found, [("emoji", emoji, None)])
        self.assertEqual(causes("Привет, мир", *CauseKind)[0], ("special", "Привет", None))
        self.assertEqual(len(causes("🇳🇱🇧🇪😀😀", *CauseKind)), 4)

    def test_equivalents(self):
        self.assertEqual(
            causes("“x” … © ©️ e\u0301 c\u0327 `", *CauseKind),
            [
                ("quote", "“", '"'),
                ("quote", "”", '"'),
                ("special", "…", "..."),
                ("special", "©", "(c)"),
                ("special", "©️", "(c)"),
                ("special", "e\u0301", "é"),
                ("special", "\u0327", None),
                ("quote", "`", "'"),
            ],
        )

    def test_characters_in_a_default(self):
        body = "Hi {{ object.name |||  my “friend” }}!"
        [token, opening, closing] = estimate(body).causes
        self.assertEqual(token.text, "{{ object.name |||  my “friend” }}")
        self.assertEqual(body[opening.start : opening.end], "“")
        self.assertEqual(body[closing.start : closing.end], "”")

    def test_characters_in_an_account_wide_default_are_mended_elsewhere(self):
        body = "Hi {{ object.name }}!"
        [token, quote] = estimate(body, token_defaults={"object.name": "“x"}).causes
        self.assertEqual((quote.kind, quote.text, quote.plain), (CauseKind.QUOTE, "“", None))
        self.assertEqual((quote.start, quote.end), (token.start, token.end))

    def test_characters_of_links_are_not_sent(self):
        self.assertEqual(
            causes("https://a.com/é–ż~[1]", *CauseKind), [("link", "https://a.com/é–ż~[1]", None)]
        )

    def test_control_characters_are_not_sent(self):
        self.assertEqual(estimate("a\0b\tc\x85d\ud800e").causes, ())

    @given(bodies, opt_outs)
    def test_causes_lie_in_the_body_in_order(self, body, opt_out):
        position = 0
        for cause in estimate(body, opt_out).causes:
            if cause.start is None:
                position = len(body)
                self.assertIn(cause.text, opt_out)
                self.assertIsNone(cause.plain)
                continue
            self.assertGreaterEqual(cause.start, position)
            self.assertEqual(body[cause.start : cause.end], cause.text)
            # What is in a default lies inside of its token.
            position = cause.start if cause.kind == CauseKind.TOKEN else cause.end

    @given(bodies)
    def test_all_that_forces_ucs_2_is_named(self, body):
        result = estimate(body)
        kinds = {CauseKind.EMOJI, CauseKind.SPECIAL, CauseKind.QUOTE}
        forcing = [
            cause for cause in result.causes if cause.kind in kinds and not is_gsm(cause.text)
        ]
        self.assertEqual(bool(forcing), result.encoding == UCS_2)

    @given(st.text(st.characters(exclude_characters="{}")) | runs)
    def test_replacing_every_equivalent_is_simplifying(self, body):
        if links.find(body) or tokens.check(body):
            return
        plain = body
        for cause in reversed(estimate(body).causes):
            if cause.plain is not None:
                plain = plain[: cause.start] + cause.plain + plain[cause.end :]
        self.assertEqual(strip_control(plain), simplify(strip_control(body)))


class TestLongInput(BaseCase):
    def test_100_000_characters(self):
        # Quadratic work on these would take minutes.
        for body, segments in (
            ("a" * 100_000, 654),
            ("€" * 100_000, 1316),
            ("😀" * 100_000, 3031),
            ("я’" * 50_000, 1493),
            ("{{ object.name }}" * 6_000, 589),
            ("https://a.com " * 7_000, 1693),
            ("{{" * 50_000, 1316),
            ("👨\u200d" * 50_000, 2273),
        ):
            self.assertEqual(estimate(body).segments, segments, body[:20])
