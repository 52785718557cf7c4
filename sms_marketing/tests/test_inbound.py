from odoo.tests import tagged

from ..engine import inbound
from ..engine.throttle import LIMITS
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingCase

STOP_WORDS = (
    "STOP", "stop", " Stop. ", "STOP!", "stopall", "Unsubscribe", "CANCEL", "end", "Quit",
    "REVOKE", "OPTOUT", "OPT-OUT", "opt out", "Opt-Out.", "ＳＴＯＰ",
)  # fmt: skip


@tagged("post_install", "-at_install")
class TestInbound(SmsMarketingCase):
    """Texts from contacts: STOP counts at once, and gets one answer."""

    def receive(self, number, body, reference="", sender=SENDER):
        record = inbound.receive(self.env, self.gateway, Inbound(number, sender, body, reference))
        self.env.invalidate_all()
        return record

    def state(self, number, subscription_type=None):
        return (
            self.env["sms.marketing.subscription"]
            .search(
                [("number", "=", number), ("type_id", "=", (subscription_type or self.type).id)]
            )
            .state
        )

    def answers(self, number):
        return self.env["sms.marketing.recipient"].search(
            [("number", "=", number), ("kind", "=", "answer")], order="id"
        )

    def test_answers_to_one_number_are_bounded_but_not_what_it_asks_for(self):
        partner = self.contact(subscribed=True)
        number = partner.mobile_e164
        most = LIMITS["answer_number"].most
        for _time in range(most + 5):
            self.receive(number, "HELP")
        self.assertEqual(len(self.answers(number)), most)
        self.receive(number, "STOP")
        self.assertEqual(self.state(number), "unsubscribed")
        self.assertEqual(len(self.answers(number)), most)
        other = self.contact(subscribed=True).mobile_e164
        self.receive(other, "HELP")
        self.assertEqual(len(self.answers(other)), 1, "others get theirs")

    def test_answers_to_a_block_of_numbers_are_bounded(self):
        most = LIMITS["answer_range"].most
        numbers = [f"+13037700{last:03d}" for last in range(most + 5)]
        for number in numbers:
            self.receive(number, "HELP")
        self.assertEqual(sum(len(self.answers(number)) for number in numbers), most)

    def test_no_answer_to_numbers_that_cost_or_are_no_phone(self):
        for number in ("+19002345678", "+881612345678", "+447012345678", "12345", "SHOP", SENDER):
            record = self.receive(number, "HELP")
            self.assertEqual(record.action, "help")
            self.assertFalse(self.answers(record.number), number)
            self.subscribe(record.number)
            self.receive(number, "STOP")
            self.assertEqual(self.state(record.number), "unsubscribed", "a STOP always counts")
            self.assertFalse(self.answers(record.number), number)

    def test_every_word_for_stop(self):
        for word in STOP_WORDS:
            with self.subTest(word):
                partner = self.contact(subscribed=True)
                self.receive(partner.mobile_e164, word)
                self.assertEqual(self.state(partner.mobile_e164), "unsubscribed")

    def test_what_is_no_keyword_changes_nothing(self):
        for words in ("stop by my house at five", "weekend", "", "?", "👍", "cannot cancel this"):
            with self.subTest(words):
                partner = self.contact(subscribed=True)
                record = self.receive(partner.mobile_e164, words)
                self.assertFalse(record.action)
                self.assertEqual(self.state(partner.mobile_e164), "subscribed")
                self.assertFalse(self.answers(partner.mobile_e164))

    def test_stop_is_logged_with_the_words_and_answered_once(self):
        partner = self.contact(subscribed=True)
        number = partner.mobile_e164
        self.receive(number, "Stop!")
        line = self.env["sms.marketing.consent"].search(
            [("number", "=", number), ("type_id", "=", self.type.id)], limit=1
        )
        self.assertEqual(
            (line.state, line.previous_state, line.method, line.wording),
            ("unsubscribed", "subscribed", "keyword", "Stop!"),
        )
        self.receive(number, "STOP")
        self.assertEqual(len(self.answers(number)), 1, "a second STOP gets no second answer")
        self.run_lane()
        answer = self.answers(number)
        self.assertEqual(answer.state, "sent", "the answer goes out though the number has left")
        self.assertIn(self.company.name, answer.text)

    def test_stop_ends_all_types_of_the_company_and_of_no_other(self):
        other = self.make_company()
        events = self.env["sms.marketing.subscription.type"].create({"name": "Events"})
        partner = self.contact(subscribed=True)
        number = partner.mobile_e164
        self.subscribe(number, type=events)
        self.subscribe(number, type=other["type"])
        self.receive(number, "STOP")
        self.assertEqual(self.state(number), "unsubscribed")
        self.assertEqual(self.state(number, events), "unsubscribed")
        self.assertEqual(self.state(number, other["type"]), "subscribed")

    def test_stop_from_a_number_that_nobody_knows(self):
        """It counts too: an import tomorrow must not text it on older evidence."""
        number = self.number()
        self.receive(number, "STOP")
        self.assertEqual(self.state(number), "unsubscribed")

    def test_start_brings_back_what_was_there_and_nothing_new(self):
        events = self.env["sms.marketing.subscription.type"].create({"name": "Events"})
        partner = self.contact(subscribed=True)
        number = partner.mobile_e164
        self.receive(number, "STOP")
        self.receive(number, "Start")
        self.assertEqual(self.state(number), "subscribed")
        self.assertEqual(self.state(number, events), "unsubscribed")
        self.assertEqual(len(self.answers(number)), 2)

    def test_start_from_a_stranger_subscribes_to_nothing(self):
        number = self.number()
        self.receive(number, "START")
        self.assertFalse(self.state(number))
        self.assertFalse(self.answers(number))

    def test_help_names_company_and_way_out(self):
        partner = self.contact(subscribed=True)
        self.receive(partner.mobile_e164, "help?")
        text = self.answers(partner.mobile_e164).text
        self.assertIn(self.company.name, text)
        self.assertIn("STOP", text)
        self.assertEqual(self.state(partner.mobile_e164), "subscribed")

    def test_what_the_provider_has_answered_gets_no_second_answer(self):
        """Its words may be none of ours; after a STOP it lets nothing of this sender through."""
        events = self.env["sms.marketing.subscription.type"].create({"name": "Events"})
        partner = self.contact(subscribed=True)
        number = partner.mobile_e164
        self.subscribe(number, type=events)

        def provider_acted(body, kind):
            text = Inbound(number, SENDER, body, answered_as=kind)
            record = inbound.receive(self.env, self.gateway, text)
            self.env.invalidate_all()
            self.assertEqual(record.action, kind)

        provider_acted("Baja", "stop")
        self.assertEqual((self.state(number), self.state(number, events)), ("unsubscribed",) * 2)
        provider_acted("Alta", "start")
        self.assertEqual((self.state(number), self.state(number, events)), ("subscribed",) * 2)
        provider_acted("Ayuda", "help")
        self.assertFalse(self.answers(number))
        self.receive(number, "STOP")
        self.assertEqual(len(self.answers(number)), 1)

    def test_own_words_of_the_company_in_the_contacts_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.sms_marketing_stop_answer = "You are out."
        self.company.with_context(lang="fr_FR").sms_marketing_stop_answer = "C'est fini."
        partner = self.contact(subscribed=True, lang="fr_FR")
        self.receive(partner.mobile_e164, "STOP")
        self.assertEqual(self.answers(partner.mobile_e164).text, "C'est fini.")

    def test_own_keyword_counts_for_its_company_only(self):
        other = self.make_company()
        self.env["sms.marketing.keyword"].create(
            {"name": "Basta", "action": "stop", "company_id": other["company"].id}
        )
        partner = self.contact(subscribed=True)
        self.assertFalse(self.receive(partner.mobile_e164, "basta").action)
        record = inbound.receive(
            self.env, other["gateway"], Inbound(partner.mobile_e164, SENDER, "basta")
        )
        self.assertEqual(record.action, "stop")

    def test_same_text_delivered_twice_counts_once(self):
        partner = self.contact(subscribed=True)
        self.assertTrue(self.receive(partner.mobile_e164, "HELP", reference="abc"))
        self.assertFalse(self.receive(partner.mobile_e164, "HELP", reference="abc"))
        again = Inbound(partner.mobile_e164, SENDER, "HELP", "abc")
        self.assertEqual(inbound.find_again(self.env, self.gateway, again).body, "HELP")
        self.assertEqual(len(self.answers(partner.mobile_e164)), 1)

    def test_reply_is_tied_to_contact_and_message(self):
        partner = self.contact(subscribed=True)
        message = self.message(partner)
        self.send(message)
        record = self.receive(partner.mobile_e164, "Are you open on Sunday?")
        self.assertEqual((record.partner_id, record.message_id), (partner, message))
        self.roll_up()
        self.assertEqual((message.reply_count, message.opted_out_count), (1, 0))

    def test_number_without_plus_is_understood(self):
        partner = self.contact(subscribed=True)
        self.receive(partner.mobile_e164.removeprefix("+1"), "STOP")
        self.assertEqual(self.state(partner.mobile_e164), "unsubscribed")

    def test_stop_between_audience_and_hand_over(self):
        partner = self.contact(subscribed=True)
        message = self.message(partner | self.contacts(1))
        message.action_send()
        self.receive(partner.mobile_e164, "STOP")
        self.run_lane()
        recipient = message.recipient_ids.filtered(lambda one: one.partner_id == partner)
        self.assertEqual((recipient.state, recipient.reason), ("skipped", "unsubscribed"))
