"""The GSM-7 alphabet, plain equivalents, control characters."""

import smsutil
from hypothesis import given
from odoo.tests import BaseCase

from odoo.addons.sms_marketing.text.encoding import (
    GSM_BASIC,
    GSM_EXTENSION,
    PLAIN_EQUIVALENTS,
    is_gsm,
    non_gsm_characters,
    simplify,
    strip_control,
)

from .text_strategies import any_text, runs


class TestAlphabet(BaseCase):
    def test_tables_agree_with_smsutil(self):
        self.assertEqual(GSM_BASIC, smsutil.codecs.GSM_BASIC_CHARSET.replace("\x1b", ""))
        self.assertEqual(set(GSM_EXTENSION), set(smsutil.codecs.GSM_EXT_CHARSET))
        self.assertEqual(len(set(GSM_BASIC)), 127)

    def test_is_gsm(self):
        for text in ("", "Hello", "@£$¥èéùìòÇ", "a\nb\r", "[10 €] {x}|~^\\", "\f", "ΔΦΓΛΩΠΨΣΘΞ"):
            self.assertTrue(is_gsm(text), repr(text))
        for text in ("ç", "`", "\t", "\0", "\x1b", "’", "я", "😀", "Hello\ud800", "a\u00a0b", "Α"):
            self.assertFalse(is_gsm(text), repr(text))

    def test_non_gsm_characters(self):
        self.assertEqual(non_gsm_characters("I’m “here” 😀, I’m"), ["’", "“", "”", "😀"])
        self.assertEqual(non_gsm_characters("plain €"), [])
        self.assertEqual(non_gsm_characters(""), [])

    @given(any_text)
    def test_non_gsm_characters_decide_the_encoding(self, text):
        characters = non_gsm_characters(text)
        self.assertEqual(is_gsm(text), not characters)
        self.assertEqual(set(characters), set(text) - set(GSM_BASIC + GSM_EXTENSION))
        self.assertEqual(len(characters), len(set(characters)))


class TestSimplify(BaseCase):
    def test_table_leads_into_the_alphabet(self):
        for char, plain in PLAIN_EQUIVALENTS.items():
            self.assertFalse(is_gsm(char), repr(char))
            self.assertTrue(is_gsm(plain), repr(char))

    def test_typography(self):
        for text, plain in (
            ("It’s “now” – or never…", 'It\'s "now" - or never...'),
            ("20\u00a0%\u202foff", "20 % off"),
            ("a\tb", "a b"),
            ("one\u2028two", "one\ntwo"),
            ("zero\u200bwidth\ufeff", "zerowidth"),
            ("« oui »", '" oui "'),
            ("Acme™ ©️ 2026", "AcmeTM (c) 2026"),
            ("ﬁne oﬀer", "fine offer"),
            ("5 × 3 ≥ 14", "5 x 3 >= 14"),
            ("`code`", "'code'"),
        ):
            self.assertEqual(simplify(text), plain)

    def test_accents_written_apart(self):
        self.assertEqual(simplify("cafe\u0301 A\u030a"), "café Å")
        # GSM-7 has no small c with cedilla: nothing to gain.
        self.assertEqual(simplify("c\u0327a"), "c\u0327a")

    def test_spelling_and_emoji_stay(self):
        for text in ("ça va, garçon", "zażółć", "Привет", "👨‍👩‍👧 ☀️", "می‌خواهم", "plain €"):
            self.assertEqual(simplify(text), text)

    @given(any_text | runs)
    def test_never_adds_what_gsm_lacks_and_rests(self, text):
        plain = simplify(text)
        self.assertLessEqual(set(non_gsm_characters(plain)), set(non_gsm_characters(text)))
        self.assertEqual(simplify(plain), plain)
        if is_gsm(text):
            self.assertEqual(plain, text)


class TestStripControl(BaseCase):
    def test_line_ends_are_kept_as_newlines(self):
        self.assertEqual(strip_control("a\r\nb\rc\nd\x85e\u2028f\u2029g"), "a\nb\nc\nd\ne\nf\ng")

    def test_controls_and_lone_surrogates_go(self):
        self.assertEqual(strip_control("a\0b\x1bc\x7fd\x9fe\ud800f\x0cg"), "abcdefg")
        self.assertEqual(strip_control("first\tlast"), "first last")

    def test_other_characters_stay(self):
        for text in ("", "plain", "é€😀\n", "👩‍👧", "\u200f"):
            self.assertEqual(strip_control(text), text)

    @given(any_text)
    def test_result_can_be_sent(self, text):
        clean = strip_control(text)
        clean.encode("utf-8")
        self.assertEqual([c for c in clean if ord(c) < 32 or 127 <= ord(c) < 160 if c != "\n"], [])
        self.assertEqual(strip_control(clean), clean)
