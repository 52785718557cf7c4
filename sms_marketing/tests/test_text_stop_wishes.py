"""Replies that read like a wish to stop, though they are no keyword."""

import time

from hypothesis import given
from hypothesis import strategies as st
from odoo.tests import BaseCase

from odoo.addons.sms_marketing.text.stop_wishes import (
    STRONG_PHRASES,
    STRONG_WORDS,
    find_stop_wish,
)

from .text_strategies import any_text

#: Nobody would bet on the opposite: these keep campaigns back until a person has looked.
STRONG = {
    "en": (
        "please stop texting me", "Stop texting me!!!", "STOP IT", "stop please", "no more",
        "No more texts", "no more messages please", "take me off", "Take me off your list",
        "remove me from this list", "wrong number", "You have the wrong number, I'm not Anna",
        "STPO", "Sotp", "stip", "stopp it", "Stoooop", "st op", "UNSUSCRIBE", "unsubcribe me",
        "cancle", "Unsubscribe me please", "opt me out", "don’t text me again",
        "DONT TEXT ME", "do not contact me", "leave me alone", "not interested, thanks",
        "fuck off", "lose my number", "I never signed up for this", "how do I get off this list",
        "cancel my subscription", "stop sending me these", "quit texting me", "STOP STOP STOP",
        "I no longer want these messages", "delete my number", "enough", "remove",
        "I withdraw my consent", "can you stop", "this is spam", "go away", "Stop now!",
        "I don't want these", "I don't want any more of your texts",
    ),
    "nl": (
        "uit", "Uit aub", "stop ermee", "Hou op", "geen berichten meer", "geen sms meer aub",
        "ik wil geen reclame", "meld me af", "Schrijf mij uit", "verkeerd nummer",
        "haal me van de lijst",
        "laat me met rust", "wil dit niet meer", "ik wil dit niet", "afgemeld?", "opzeggen",
        "geen interesse", "niet meer sturen", "afmeldne", "verwijder mijn nummer",
    ),
    "fr": (
        "arrêtez", "Arrêtez de m'envoyer des messages", "ARRETE", "stop svp", "plus de messages",
        "plus de pub merci", "ne m’envoyez plus rien", "je ne veux plus recevoir vos sms",
        "désabonnez-moi", "retirez-moi de votre liste", "mauvais numéro",
        "vous vous trompez de numéro",
        "laissez-moi tranquille", "pas intéressée", "me désinscrire", "ça suffit", "aret",
        "supprimez mon numéro",
    ),
    "de": (
        "aufhören", "Hört auf!", "bitte keine SMS mehr", "keine Werbung", "melden Sie mich ab",
        "Abmeldne", "falsche Nummer", "kein Interesse", "löschen Sie meine Nummer",
        "nehmen Sie mich aus dem Verteiler", "lasst mich in Ruhe",
        "ich widerrufe meine Einwilligung",
        "bitte nicht mehr schreiben", "Schluss jetzt", "kündigen", "bitte abmelden danke",
    ),
    "es": (
        "no más", "No más mensajes", "no quiero recibir mensajes", "dejen de escribirme",
        "quítenme de la lista", "número equivocado", "no me interesa", "basta", "denme de baja",
        "no me manden más", "por favor stop", "borren mi número", "ya basta", "cancelar",
        "no me envíen más SMS",
    ),
}  # fmt: skip

#: Worth a look, but they hold nothing back.
WEAK = (
    "don't stop!", "I'll stop by the shop", "When does the bus stop here?", "who is this?",
    "no thanks", "Nee bedankt", "non merci", "nein danke", "how did you get my number",
    "please cancel my order 12", "Can I stop at the store at five?", "no more than two please",
    "Too many texts lately", "niet stoppen!", "non-stop fun", "Ich kündige morgen an",
    "no", "nee", "Great offer, no more stock?", "qui êtes-vous ?", "wie is dit?",
)  # fmt: skip

#: Ordinary replies: nobody's time is taken for them.
NONE = (
    "ok", "Thanks!", "yes please", "Are you open on Sunday?", "See you at 5", "love it", "👍", "",
    "How much is it?", "Is it still in stock?", "my order has not arrived", "I will be there",
    "can I bring my dog", "Shop", "top!", "step", "quite", "the end of the month works",
    "Bedankt!", "Wanneer is de uitverkoop?", "Is het al uitverkocht?", "Kan ik morgen komen?",
    "Merci beaucoup", "Combien ça coûte ?", "je suis déjà abonnée", "À demain", "plus tard",
    "Danke schön", "Wann habt ihr auf?", "Ende August passt", "Ich melde mich morgen",
    "Gracias", "¿A qué hora abren?", "para mañana", "quiero más información", "bajo", "12", "?!",
    "what is the address", "Starting when?", "info about parking please", "great, more of this",
    "nouveau magasin ?", "j'arrive", "sport", "no pares!", "kommt ihr auch nach Graz", "más tarde",
)  # fmt: skip


class TestStopWish(BaseCase):
    def test_strong(self):
        for language, texts in STRONG.items():
            for text in texts:
                with self.subTest(text, language=language):
                    found = find_stop_wish(text)
                    self.assertTrue(found, "missed")
                    self.assertEqual(found.strength, "strong")

    def test_weak(self):
        for text in WEAK:
            with self.subTest(text):
                found = find_stop_wish(text)
                self.assertTrue(found, "missed")
                self.assertEqual(found.strength, "weak")

    def test_ordinary_replies(self):
        for text in NONE:
            with self.subTest(text):
                self.assertIsNone(find_stop_wish(text))

    def test_phrase_tells_why(self):
        self.assertEqual(find_stop_wish("Oh dear, take me OFF this list").phrase, "take me off")
        self.assertEqual(find_stop_wish("STPO").phrase, "stop")

    def test_typo_of_an_own_keyword(self):
        self.assertIsNone(find_stop_wish("tschuss"))
        self.assertEqual(find_stop_wish("tschuss", ["TSCHUESS"]).phrase, "tschuess")

    def test_harmless_words_do_not_hide_a_wish(self):
        text = "I was at the bus stop and you texted me again. Stop texting me"
        self.assertEqual(find_stop_wish(text).strength, "strong")

    def test_long_texts_take_no_time(self):
        began = time.perf_counter()
        for text in ("stop " * 50_000, "a" * 1_000_000, "dont want " * 20_000, "\u0301" * 500_000):
            find_stop_wish(text)
        self.assertLess(time.perf_counter() - began, 2)

    @given(any_text)
    def test_any_text_is_judged(self, text):
        found = find_stop_wish(text)
        if found:
            self.assertIn(found.strength, ("strong", "weak"))
            self.assertTrue(found.phrase.strip())

    @given(
        st.sampled_from([text for texts in STRONG.values() for text in texts]),
        st.sampled_from(["", "Hi, ", "Hello!! ", "¡Hola! ", "Bonjour, "]),
        st.sampled_from(["", ".", " !!!", " 🙏", " thanks", ", merci", " danke", "\n\n"]),
        st.sampled_from([str, str.upper, str.lower, str.title]),
    )
    def test_courtesy_case_and_punctuation_make_no_difference(self, text, before, after, case):
        found = find_stop_wish(case(before + text + after))
        self.assertTrue(found)
        self.assertEqual(found.strength, "strong")

    @given(st.data())
    def test_one_slip_in_stop_is_seen(self, data):
        """Two letters swapped, one doubled, or one in the middle hit wrong (k for o, and so on)."""
        word = data.draw(
            st.sampled_from(["stop", "unsubscribe", "abmelden", "afmelden", "arreter"])
        )
        place = data.draw(st.integers(0, len(word) - 2))
        kind = data.draw(st.sampled_from(["swap", "double"]))
        if kind == "swap":
            typed = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        else:
            typed = word[: place + 1] + word[place:]
        found = find_stop_wish(typed)
        self.assertTrue(found, typed)

    @given(
        st.sampled_from(
            [word.rstrip("…") for words in STRONG_WORDS.values() for word in words.split()]
        ),
        st.lists(
            st.sampled_from(
                ["my", "friend", "order", "tomorrow", "blue", "vous", "heute", "mañana"]
            )
        ),
    )
    def test_strong_words_are_seen_among_others(self, word, others):
        text = " ".join([*others, word, *others])
        self.assertEqual(find_stop_wish(text).strength, "strong")

    def test_every_language_has_phrases(self):
        self.assertEqual(set(STRONG_PHRASES), {"en", "nl", "fr", "de", "es"})
