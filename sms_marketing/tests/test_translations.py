import re
from pathlib import Path

import polib
from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import TranslationModuleReader

from ..text.segments import analyse

ADDON = Path(__file__).parent.parent
LANGUAGES = ("de", "es", "fr", "nl")

#: Files whose sentences are read on public pages or on phones.
PUBLIC_FILES = (
    "controllers/",
    "engine/answers.py",
    "engine/preferences.py",
    "engine/sign_up.py",
    "engine/verification.py",
    "models/res_company.py",
    "models/sms_marketing_sign_up_choice.py",
    "models/sms_marketing_sign_up_form.py",
)
#: How the sentences in those files begin that only staff reads.
STAFF = (
    "Preference page, read in ",
    "Sign-up form “",
    "The opt-out text can have ",
    "“%s” cannot be an address",
    "“%s” is no web address",
)
#: Words that are the same as in English: Odoo leaves them empty.
SAME = {
    "de": {"Code"},
    "es": {"Error:"},
    "fr": {"Code", "minutes."},
    "nl": {"Code"},
}
#: What a translation must keep: placeholders and tags.
KEPT = re.compile(r"%(?:\(\w+\))?[a-z]|</?\w+")


@tagged("post_install", "-at_install")
class TestTranslations(TransactionCase):
    """What the public reads is translated into every language that the add-on comes with."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        pages = (
            cls.env["ir.ui.view"]
            .search([("type", "=", "qweb"), ("key", "=like", "sms_marketing.%")])
            .mapped("key")
        )
        cls.terms, cls.staff = set(), set()
        for _module, kind, where, name, term, *_rest in TranslationModuleReader(
            cls.env.cr, ["sms_marketing"]
        ):
            file = where.partition("/sms_marketing/")[2] if kind == "code" else ""
            if file.startswith(PUBLIC_FILES):
                (cls.staff if term.startswith(STAFF) else cls.terms).add(term)
            elif kind == "model_terms" and name in pages:
                cls.terms.add(term)
        # Numbers are the same in every language.
        cls.terms = {term for term in cls.terms if re.search("[A-Za-z]", term)}
        cls.files = {}
        for lang in LANGUAGES:
            entries = polib.pofile(str(ADDON / "i18n" / f"{lang}.po"))
            cls.files[lang] = {entry.msgid: entry.msgstr or entry.msgid for entry in entries}

    def test_every_public_term_is_translated(self):
        for term in (
            "Your text messages",  # a page
            "Language",  # an attribute in the frame of all pages
            "Enter your mobile number.",  # a problem on a page
            "Reply STOP to opt out",  # the end of a text
        ):
            self.assertIn(term, self.terms)
        for lang, translations in self.files.items():
            with self.subTest(lang=lang):
                missing = {term for term in self.terms if translations.get(term, term) == term}
                self.assertFalse(missing - SAME[lang])

    def test_nothing_else_is_in_the_files(self):
        for lang, translations in self.files.items():
            with self.subTest(lang=lang):
                self.assertFalse(translations.keys() - self.terms)

    def test_exceptions_are_still_needed(self):
        for beginning in STAFF:
            self.assertTrue([one for one in self.staff if one.startswith(beginning)], beginning)
        self.assertFalse(set().union(*SAME.values()) - self.terms)

    def test_placeholders_are_kept(self):
        for lang, translations in self.files.items():
            for term, translation in translations.items():
                with self.subTest(lang=lang, term=term):
                    self.assertEqual(
                        sorted(KEPT.findall(translation)), sorted(KEPT.findall(term)), translation
                    )

    def test_codes_take_one_segment(self):
        values = {"company": "Bakery", "code": "123456", "minutes": 10}
        codes = {term for term in self.terms if "%(code)s" in term}
        self.assertEqual(len(codes), 2, "one for a sign-up, one for a test number")
        for lang, translations in self.files.items():
            for term in codes:
                with self.subTest(lang=lang, term=term):
                    counted = analyse(translations[term] % values)
                    self.assertEqual((counted.encoding, counted.segments), ("GSM-7", 1))

    def test_default_opt_out_text_needs_no_costly_character(self):
        for lang, translations in self.files.items():
            with self.subTest(lang=lang):
                text = translations["Reply STOP to opt out"]
                self.assertEqual(analyse(text).encoding, "GSM-7", text)
                self.assertIn("STOP", text)
