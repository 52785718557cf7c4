import re

from odoo.tests import tagged

from ..engine import answers
from ..text.keywords import normalise
from ..text.segments import analyse
from .common import SmsMarketingCase

LANGUAGES = ("nl_NL", "fr_FR", "de_DE", "es_ES")

#: What a sentence asks people to reply.
REPLY = re.compile(r"\b[A-ZÄÖÜÉ]{2,}\b")


@tagged("post_install", "-at_install")
class TestAnswerLanguages(SmsMarketingCase):
    """Our own sentences speak the contact's language, in as few segments as they can."""

    def setUp(self):
        super().setUp()
        self.company.name = "Bakery"
        self.company.partner_id.write({"phone": "+1 202 555 0100", "email": False})

    def sentences(self, lang):
        """{what it is: the text}"""
        company = self.company.sudo()
        number = self.number()
        found = {
            action: answers.write_answer(company, action, number, lang)
            for action in ("stop", "start", "help")
        }
        found["stop one"] = answers.write_answer(company, "stop", number, lang, types=self.type)
        found["join"] = answers.write_answer(company, "join", number, lang, types=self.type)
        found["request"] = answers.write_request(self.type, lang)
        return found

    def test_every_sentence_in_every_language(self):
        english = self.sentences("en_US")
        keywords = set(map(normalise, self.env["sms.marketing.keyword"].search([]).mapped("name")))
        for lang in LANGUAGES:
            self.env["res.lang"]._activate_lang(lang)
            for what, text in self.sentences(lang).items():
                with self.subTest(lang=lang, what=what):
                    self.assertNotEqual(text, english[what])
                    self.assertIn("Bakery", text)
                    self.assertNotIn("varies", text)
                    self.assertEqual(analyse(text).encoding, "GSM-7", text)
                    for reply in set(REPLY.findall(text)) - {"SMS"}:
                        self.assertIn(normalise(reply), keywords, text)
