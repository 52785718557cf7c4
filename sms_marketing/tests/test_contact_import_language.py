import csv
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools.translate import code_translations

from ..engine import contact_file, contact_import
from .common import SmsMarketingCase
from .contact_rows import GOOD, read, to_csv


class Bracketed(dict):
    """Translations into a language that puts every sentence into brackets."""

    def get(self, source, default=None):
        return f"[{source}]"


@tagged("post_install", "-at_install")
class TestContactImportLanguage(SmsMarketingCase):
    """What is wrong with a file is said in the user's language."""

    def setUp(self):
        super().setUp()
        self.env["res.lang"]._activate_lang("fr_FR")
        self.startPatcher(
            patch.object(code_translations, "get_python_translations", lambda *_args: Bracketed())
        )
        self.french = self.env(context={**self.env.context, "lang": "fr_FR"})

    def assert_translated(self, problems):
        self.assertTrue(problems)
        for problem in problems:
            self.assertRegex(problem, r"^\[.*\]$")

    def test_files_that_cannot_be_read(self):
        for content in (
            b"first,last\nAnn,Bee\n",
            b"name,name\nAnn,Bee\n",
            "name\nBj\u00f6rn\n".encode("latin-1"),
            b"name\nAnn\x00Bee\n",
        ):
            with self.assertRaises(contact_file.UnreadableFile) as caught:
                read(self.french, content)
            self.assert_translated([str(caught.exception)])
        self.addCleanup(csv.field_size_limit, csv.field_size_limit(131_072))
        for content in (to_csv({**GOOD, "evidence": "a" * 200_000}), b"name," + b"a" * 200_000):
            with self.assertRaises(contact_file.UnreadableFile) as caught:
                read(self.french, content)
            self.assert_translated([str(caught.exception)])

    def test_rows_that_are_left_out(self):
        wrong = (
            {"name": ""},
            {"city": "a" * 3000},
            {"ref": "SMS-1"},
            {"marketing": "perhaps"},
            {"timezone": "Mars"},
            {"consent": "agreed"},
            {"consent_for": "fax"},
            {"consent_date": "soon"},
            {"consent_date": "2999-01-01"},
            {"legal_basis": "gut feeling"},
            {"evidence": ""},
        )
        empty = dict.fromkeys(contact_file.COLUMNS, "")
        rows = [{**empty, **GOOD, "ref": f"SMS-{n}", **one} for n, one in enumerate(wrong, 2)]
        content = read(self.french, to_csv({**empty, **GOOD}, *rows) + b"a" + b",b" * 20)
        self.assertEqual(len(content.errors), len(wrong) + 1)
        self.assert_translated([problem for _line, _column, problem in content.errors])

    def test_rows_that_are_taken_with_a_reservation(self):
        gone, known = self.number(), self.number()
        self.unsubscribe(gone)
        self.subscribe(known)
        empty = dict.fromkeys(contact_file.COLUMNS, "")
        numbers = ("call me", "12", "1" * 20, "+999123456789", "+13035550101;ext=5", "+15555555555")
        rows = [
            {**empty, **GOOD, "ref": f"SMS-{n}", "mobile": number}
            for n, number in enumerate((*numbers, gone, known))
        ]
        rows[0] |= {"country": "XX", "lang": "tlh_KX"}
        content = read(self.french, to_csv(*rows))
        self.assertFalse(content.errors)
        for ask in (False, True):
            result = contact_import.load(self.french, content.rows, self.type, ask=ask)
            self.assertGreater(len(result.warnings), 2 * len(numbers))
            self.assert_translated([problem for _line, _column, problem in result.warnings])
