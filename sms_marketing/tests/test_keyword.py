from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..engine import inbound
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingCase

#: What people of each language text to leave, and everyday words that must not make them leave.
STOP_WORDS = {
    "nl": ("Afmelden", "uitschrijven!", "stoppen"),
    "fr": ("ARRET", "Arrêt", "arrêter", "Désabonner", "désinscription"),
    "de": ("Stopp", "abmelden.", "Abbestellen"),
    "es": ("Baja", "dar de baja", "PARAR"),
}
EVERYDAY = (
    "ok", "merci", "danke", "gracias", "bedankt", "fin", "para", "no", "nein", "non", "nee", "weg",
    "genug", "Ende August", "oui merci", "klaar", "fini", "ya", "halt", "aus", "arriba", "bajo",
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestKeyword(SmsMarketingCase):
    """Keywords by language, action, subscription type and answer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.events = cls.env["sms.marketing.subscription.type"].create(
            {"name": "Event news", "frequency": "2 texts a month"}
        )

    def receive(self, number, body):
        record = inbound.receive(self.env, self.gateway, Inbound(number, SENDER, body))
        self.env.invalidate_all()
        return record

    def keyword(self, name, action, **vals):
        return self.env["sms.marketing.keyword"].create({"name": name, "action": action, **vals})

    def states(self, number):
        return {
            row.type_id: row.state
            for row in self.env["sms.marketing.subscription"].search([("number", "=", number)])
        }

    def answers(self, number):
        rows = self.env["sms.marketing.recipient"].search(
            [("number", "=", number), ("kind", "=", "answer")], order="id"
        )
        return rows.mapped("body")

    def test_words_of_other_languages(self):
        for lang, words in STOP_WORDS.items():
            for word in words:
                with self.subTest(lang, word=word):
                    number = self.contact(subscribed=True).mobile_e164
                    self.assertEqual(self.receive(number, word).action, "stop")
                    self.assertEqual(self.states(number)[self.type], "unsubscribed")

    def test_everyday_words_do_nothing(self):
        number = self.contact(subscribed=True).mobile_e164
        for word in (*EVERYDAY, "ja", "Sí", "oui"):
            with self.subTest(word):
                self.assertFalse(self.receive(number, word).action)
        self.assertEqual(self.states(number), {self.type: "subscribed"})
        self.assertFalse(self.answers(number))

    def test_stranger_is_answered_in_the_language_of_the_word(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.sms_marketing_stop_answer = "You are out."
        self.company.with_context(lang="fr_FR").sms_marketing_stop_answer = "C'est fini."
        stranger, contact = self.number(), self.contact(lang="en_US").mobile_e164
        self.receive(stranger, "Arrêt")
        self.assertEqual(self.answers(stranger), ["C'est fini."])
        self.receive(contact, "Arrêt")
        self.assertEqual(self.answers(contact), ["You are out."], "the contact's own goes first")

    def test_one_word_with_two_meanings(self):
        self.keyword("Doei", "help")
        self.keyword("doei!", "stop", lang_id=self.env.ref("base.lang_nl").id)
        self.env["res.lang"]._activate_lang("nl_BE")
        self.assertEqual(
            self.receive(self.contact(lang="nl_BE").mobile_e164, "DOEI").action, "stop"
        )
        self.assertEqual(
            self.receive(self.contact(lang="en_US").mobile_e164, "DOEI").action, "help"
        )

    @mute_logger("odoo.sql_db")
    def test_same_word_twice_is_refused(self):
        self.keyword("doei", "stop")
        with self.assertRaises(IntegrityError), self.env.cr.savepoint():
            self.keyword("d-o-e-i", "help")

    def test_own_answer_of_a_keyword(self):
        self.env["res.lang"]._activate_lang("nl_NL")
        keyword = self.keyword("Basta", "stop", answer="Bye.")
        keyword.with_context(lang="nl_NL").answer = "Doei."
        for lang, answer in (("en_US", "Bye."), ("nl_NL", "Doei.")):
            number = self.contact(subscribed=True, lang=lang).mobile_e164
            self.receive(number, "basta")
            self.assertEqual(self.answers(number), [answer])

    def test_stop_for_one_type(self):
        self.keyword("STOP EVENTS", "stop", type_id=self.events.id)
        self.company.sms_marketing_stop_answer = "All texts have ended."
        number = self.contact(subscribed=True).mobile_e164
        self.subscribe(number, type=self.events)
        self.receive(number, "stop events")
        self.assertEqual(
            self.states(number), {self.type: "subscribed", self.events: "unsubscribed"}
        )
        [answer] = self.answers(number)
        self.assertIn("Event news", answer)
        self.assertNotIn("All texts", answer)
        self.receive(number, "stop events")
        self.assertEqual(len(self.answers(number)), 1, "a second one gets no answer")
        self.receive(number, "STOP")
        self.assertEqual(set(self.states(number).values()), {"unsubscribed"})
        self.assertEqual(len(self.answers(number)), 2)

    def test_keyword_of_a_type_is_of_its_company(self):
        other = self.make_company()
        keyword = self.keyword("STOP THEIRS", "stop", type_id=other["type"].id)
        self.assertEqual(keyword.company_id, other["company"])
        self.assertFalse(self.receive(self.number(), "stop theirs").action)
        with self.assertRaises(UserError):
            keyword.company_id = self.company

    def test_join_of_a_stranger(self):
        self.keyword(
            "JOIN", "join", type_id=self.events.id, wording="Text JOIN for event news. Terms: …"
        )
        number = self.number()
        record = self.receive(number, "Join!")
        self.assertEqual(self.states(number), {self.events: "subscribed"})
        line = self.env["sms.marketing.consent"].search([("number", "=", number)])
        self.assertEqual((line.method, line.legal_basis), ("keyword", "text_consent"))
        self.assertEqual(line.wording, "Join!")
        self.assertIn("Text JOIN for event news.", line.explanation)
        [answer] = self.answers(number)
        for part in (self.company.name, "Event news", "2 texts a month", "STOP", "HELP"):
            self.assertIn(part, answer)
        # And it gets what it signed up for: it is a contact with its marketing status on.
        self.assertEqual(record.partner_id.mobile_e164, number)
        message = self.message(record.partner_id, subscription_type_id=self.events.id)
        self.assertEqual(self.send(message).state, "sent")

    def test_join_after_an_opt_out_is_the_numbers_own_wish(self):
        self.keyword("JOIN", "join", type_id=self.events.id)
        partner = self.contact(subscribed=True, sms_marketing=False)
        number = partner.mobile_e164
        self.receive(number, "STOP")
        self.receive(number, "JOIN")
        self.assertEqual(self.states(number)[self.events], "subscribed")
        self.assertEqual(self.states(number)[self.type], "unsubscribed", "nothing else is brought")
        self.assertTrue(partner.sms_marketing)
        line = self.env["sms.marketing.consent"].search([("number", "=", number)], limit=1)
        self.assertEqual((line.previous_state, line.state), ("unsubscribed", "subscribed"))

    def test_sign_up_needs_a_type_and_help_has_none(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.env.cr.savepoint(),
        ):
            self.keyword("JOIN", "join")
        with self.assertRaises(ValidationError):
            self.keyword("WHAT", "help", type_id=self.events.id)

    def test_help_names_what_the_number_has(self):
        self.company.write({"phone": "+1 202-555-0100", "email": "shop@example.com"})
        number = self.contact().mobile_e164
        self.subscribe(number, type=self.events)
        self.receive(number, "help")
        [answer] = self.answers(number)
        for part in (
            self.company.name, "Event news", "2 texts a month", "+1 202-555-0100",
            "shop@example.com", "STOP",
        ):  # fmt: skip
            self.assertIn(part, answer)
        self.assertNotIn(self.type.name, answer, "it does not get these")

    def test_help_for_a_stranger_names_the_programme_of_the_company(self):
        self.env["sms.marketing.subscription.type"].search([]).active = False
        self.events.active = True
        number = self.number()
        self.receive(number, "INFO")
        self.assertIn("Event news (2 texts a month)", self.answers(number)[0])

    def test_help_says_how_often_also_where_nobody_wrote_it_down(self):
        self.env["sms.marketing.subscription.type"].search([]).active = False
        self.type.active = True
        number = self.number()
        self.receive(number, "HELP")
        self.assertIn("Test offers (message frequency varies)", self.answers(number)[0])

    def test_help_always_names_a_contact(self):
        self.env["ir.config_parameter"].set_param("web.base.url", "https://odoo.example.com")
        for vals, contact in (
            ({"phone": "+1 202-555-0100", "email": False}, "+1 202-555-0100"),
            ({"phone": False, "email": "shop@example.com"}, "shop@example.com"),
            ({"phone": False, "email": False}, "https://bakery.example.com"),
            ({"website": False}, "https://odoo.example.com"),
        ):
            self.company.write({"website": "https://bakery.example.com", **vals})
            number = self.number()
            self.receive(number, "HELP")
            self.assertIn(f"Help: {contact}. Message", self.answers(number)[0])

    def test_long_text_is_no_keyword(self):
        self.assertFalse(self.receive(self.number(), "stop" + "." * 100_000).action)
