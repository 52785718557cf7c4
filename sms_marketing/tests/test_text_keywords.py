"""Keywords as people type them."""

from hypothesis import given
from odoo.tests import BaseCase

from odoo.addons.sms_marketing.text.keywords import LONGEST, normalise

from .text_strategies import any_text


class TestNormalise(BaseCase):
    def test_same_keyword(self):
        for key, texts in {
            "STOP": (
                "STOP",
                "stop",
                "stop.",
                " Stop! ",
                "S.T.O.P",
                "s t o p",
                "«stop»",
                "stop\n",
                "“Stop”",
                "ＳＴＯＰ",
                "ｓｔｏｐ！",
                "STOP🛑",
                "🛑 stop 🙏🏽",
                "stop ☹️",
                "s\u200bt\u200do\ufeffp",
                "STÖP",
                "sto\u0301p",
                "\u202estop\u202c",
                "𝐒𝐓𝐎𝐏",
                "ⓈⓉⓄⓅ",
                "stop\0",
                "stop\ud83d",
                "ſtop",
            ),
            "OPTOUT": (
                "OPT-OUT",
                "opt out",
                "OptOut",
                "opt‑out",
                "opt – out",
                "opt_out",
                "opt\u00a0out",
            ),
            "IPTAL": ("iptal", "İPTAL", "ıptal", "IPTAL", "i\u0307ptal"),
            "STRASSE": ("straße", "STRASSE", "STRAẞE"),
            "СТОП": ("стоп", "Стоп!"),
            "ΑΙ": ("ᾳ", "ΑΙ", "αι"),
            "ΤΕΛΟΣ": ("τέλος", "ΤΈΛΟΣ", "τελοσ"),
            "停止": ("停止", "停止。", " 停 止 "),
            "그만": ("그만", "그만!"),
            "توقف": ("توقف", "تَوَقُّف", "توقف؟"),
            "1": ("1", "1️⃣", "１", "①", "¹"),
        }.items():
            for text in texts:
                with self.subTest(ascii(text)):
                    self.assertEqual(normalise(text), normalise(key))
                    self.assertTrue(normalise(text))
        self.assertEqual(normalise("stop"), "STOP")
        self.assertEqual(normalise("opt-out"), "OPTOUT")
        self.assertEqual(normalise("停止。"), "停止")

    def test_different_keywords(self):
        for one, other in (
            ("stop", "start"),
            ("stop", "stop all"),
            ("stop", "stop 1"),
            ("stop", "стор"),
            # Only the vowel signs differ: they tell words apart and are no accents.
            ("दिन", "दीन"),
            ("ที่", "ทา"),
        ):
            self.assertNotEqual(normalise(one), normalise(other))

    def test_nothing_in_it(self):
        for text in ("", " ", "🛑", "...", "\0", "\u200b", "\ud800", "\u0301", "☀️", "👨‍👩‍👧"):
            self.assertEqual(normalise(text), "", repr(text))

    def test_only_the_first_thousand_characters_are_looked_at(self):
        """Decomposing more takes time that grows with the square of the accents."""
        self.assertEqual(normalise("é" * 100_000), "E" * LONGEST)
        self.assertEqual(normalise("stop" + "\u0301\u0323" * 50_000), "STOP")

    @given(any_text)
    def test_stable_and_blind_to_case_and_noise(self, text):
        key = normalise(text)
        self.assertEqual(normalise(key), key)
        self.assertEqual(normalise(f" {text}🛑!\u200b\n"), key)
        self.assertEqual(normalise(text.casefold()), key)
        self.assertEqual(normalise(text.upper()), key)
