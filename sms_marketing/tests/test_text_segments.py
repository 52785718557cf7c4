"""Segments: against vectors, against another library, and by properties."""

import json
import re
from pathlib import Path

import smsutil
from hypothesis import example, given
from hypothesis import strategies as st
from odoo.tests import BaseCase

from odoo.addons.sms_marketing.text.encoding import GSM_BASIC, GSM_EXTENSION, is_gsm
from odoo.addons.sms_marketing.text.segments import GSM_7, UCS_2, Segmentation, analyse

from .text_strategies import any_text, gsm_text, runs, valid_text

VECTORS = Path(__file__).parents[1] / "static" / "tests" / "segments_vectors.json"
SURROGATES_APART = re.compile("[\ud800-\udbff][\udc00-\udfff]|.", re.DOTALL)
LIMITS = {GSM_7: (160, 153), UCS_2: (70, 67)}
mixed = st.one_of(runs, gsm_text, any_text, st.tuples(runs, any_text, runs).map("".join))


def pieces(text, result):
    edges = (0, *result.borders, len(text))
    return [text[start:end] for start, end in zip(edges, edges[1:], strict=False)]


def units(piece, encoding):
    if encoding == GSM_7:
        return sum(2 if char in GSM_EXTENSION else 1 for char in piece)
    return len(piece.encode("utf-16-le", "surrogatepass")) // 2


class TestSegmentVectors(BaseCase):
    def test_vectors(self):
        vectors = json.loads(VECTORS.read_text(encoding="utf-8"))
        self.assertGreaterEqual(len(vectors), 40)
        for vector in vectors:
            with self.subTest(vector["name"]):
                expected = Segmentation(
                    vector["encoding"],
                    vector["units"],
                    vector["segments"],
                    tuple(vector["borders"]),
                )
                self.assertEqual(analyse(vector["text"]), expected)

    def test_vectors_borders_in_utf16(self):
        # JavaScript counts indexes in UTF-16 code units: the second kind of border in the file.
        for vector in json.loads(VECTORS.read_text(encoding="utf-8")):
            with self.subTest(vector["name"]):
                in_utf16 = [units(vector["text"][:border], UCS_2) for border in vector["borders"]]
                self.assertEqual(in_utf16, vector["borders_utf16"])


class TestSegments(BaseCase):
    def test_empty(self):
        self.assertEqual(analyse(""), Segmentation(GSM_7, 0, 0, ()))

    def test_161_characters_are_153_and_8(self):
        text = "a" * 161
        result = analyse(text)
        self.assertEqual([len(piece) for piece in pieces(text, result)], [153, 8])

    def test_one_character_outside_the_alphabet_changes_the_encoding(self):
        self.assertEqual(analyse("a" * 100 + "’"), Segmentation(UCS_2, 101, 2, (67,)))

    def test_every_character_of_the_alphabet(self):
        for char in GSM_BASIC:
            self.assertEqual(analyse(char), Segmentation(GSM_7, 1, 1, ()), repr(char))
        for char in GSM_EXTENSION:
            self.assertEqual(analyse(char), Segmentation(GSM_7, 2, 1, ()), repr(char))

    def test_surrogates_held_apart_are_one_pair(self):
        # On the way they are the same bytes as the emoji, so they must not be split either.
        text = "я" * 66 + "\ud83d\ude00" + "я" * 10
        self.assertEqual(analyse(text), Segmentation(UCS_2, 78, 2, (66,)))

    def test_100_000_characters(self):
        self.assertEqual(analyse("a" * 100_000).segments, 654)
        self.assertEqual(analyse("€" * 100_000).segments, 1316)
        self.assertEqual(analyse("😀" * 100_000).segments, 3031)
        self.assertEqual(analyse("я" * 100_000).segments, 1493)

    @given(mixed)
    @example("\0")
    @example("\ud800")
    @example("a" * 152 + "€" * 152)
    def test_segments_are_filled_greedily_and_split_no_pair(self, text):
        result = analyse(text)
        single, multiple = LIMITS[result.encoding]
        self.assertEqual(result.encoding, GSM_7 if is_gsm(text) else UCS_2)
        self.assertEqual(result.units, units(text, result.encoding))
        if result.units <= single:
            self.assertEqual(result.segments, 1 if text else 0)
            self.assertEqual(result.borders, ())
            return
        self.assertEqual(result.segments, len(result.borders) + 1)
        parts = pieces(text, result)
        sizes = [units(part, result.encoding) for part in parts]
        # The sum holds only if no surrogate pair lies across a border.
        self.assertEqual(sum(sizes), result.units)
        self.assertLessEqual(max(sizes), multiple)
        for part, following in zip(parts, parts[1:], strict=False):
            # Greedy: the character that begins the next segment did not fit into this one.
            length = len(SURROGATES_APART.match(following)[0])
            self.assertGreater(units(part + following[:length], result.encoding), multiple)

    @given(st.one_of(runs, gsm_text, valid_text))
    def test_agrees_with_smsutil(self, text):
        # It differs on purpose in three things: the empty text (a segment of UCS-2 there), the
        # bare escape (a GSM-7 character there), and surrogates held apart (never a pair there).
        if not text or "\x1b" in text:
            return
        result = analyse(text)
        other = smsutil.split(text)
        self.assertEqual(result.encoding, {"gsm0338": GSM_7, "utf_16_be": UCS_2}[other.encoding])
        self.assertEqual(pieces(text, result), [part.content for part in other.parts])
        per_unit = 1 if result.encoding == GSM_7 else 2
        self.assertEqual(result.units * per_unit, other.total_bytes)
