"""The link to the preference page in texts (B15): as long as a short link, and as cheap."""

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from ..engine import exact, links
from ..engine.texts import MessageTexts
from ..text.template import has_preference_link
from .common import SmsMarketingCase, SmsMarketingHttpCase

TOKEN = "{{ recipient.preference_link }}"


@tagged("post_install", "-at_install")
class TestPreferenceLink(SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.company.sms_marketing_opt_out_text = "Reply STOP to opt out"

    def link_of(self, recipient):
        base = recipient.message_id._short_link_base()
        return f"{base}{recipient.sudo().token}P"

    def test_each_recipient_gets_the_own_one(self):
        people = self.contacts(2)
        message = self.message(people, body=f"Choose: {TOKEN}", include_opt_out_text=False)
        sent = self.send(message)
        self.assertEqual(
            sent.mapped("text"), [f"Choose: {self.link_of(recipient)}" for recipient in sent]
        )
        self.assertEqual(len(set(sent.mapped("text"))), 2)

    def test_in_the_opt_out_text(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.company.sms_marketing_opt_out_text = f"Stop: {TOKEN}"
        self.company.with_context(
            lang="fr_FR"
        ).sms_marketing_opt_out_text = "Arrêt: {{recipient.preference_link}}"
        people = self.contacts(2)
        people[1].lang = "fr_FR"
        sent = self.send(self.message(people, body="Hello"))
        by_contact = {recipient.partner_id: recipient for recipient in sent}
        for person, words in zip(people, ("Stop: ", "Arrêt: "), strict=True):
            recipient = by_contact[person]
            self.assertEqual(recipient.text, f"Hello\n{words}{self.link_of(recipient)}")

    def test_text_is_still_one_for_all(self):
        message = self.message(body=f"Hi. {TOKEN}", include_opt_out_text=False)
        self.assertTrue(MessageTexts(message).is_shared)
        recipient = self.send(self.message(self.contacts(1), body=f"Hi. {TOKEN}"))
        self.assertFalse(recipient.body, "it is not stored on every recipient")
        self.assertFalse(recipient.message_id.link_ids, "and is no link that clicks count for")

    def test_length_is_exact(self):
        person = self.contacts(1)
        for length in (160, 161):
            link = len(f"{self.message()._short_link_base()}{'x' * links.TOKEN_LENGTH}P")
            body = "a" * (length - link) + TOKEN
            message = self.message(person, body=body, include_opt_out_text=False)
            [(_encoding, segments, _region, _sender)] = exact.count_exactly(message)
            self.assertEqual(segments, 1 + (length > 160))
            self.assertEqual(message._estimated_length(), segments if link >= 36 else 2)

    def test_link_in_a_link_is_refused(self):
        for body in (f"https://example.com/{TOKEN}", f"www.example.com?u={TOKEN}"):
            with self.assertRaisesRegex(ValidationError, "a link of its own"):
                self.message(body=body)

    def test_nothing_else_of_a_recipient_can_be_read(self):
        for path in ("recipient.token", "recipient.number", "recipient.preference_link.x"):
            with self.assertRaises(ValidationError, msg=path):
                self.message(body=f"{{{{ {path} }}}}")
        with self.assertRaises(UserError):
            self.env["sms.marketing.token.default"].create(
                {"path": "recipient.preference_link", "value": "x"}
            )

    def test_opt_out_text_has_no_other_token(self):
        for text in ("{{ object.name }} STOP", "STOP {{", "{{ recipient.token }}", "}} STOP"):
            with self.assertRaisesRegex(ValidationError, "one token only"):
                self.company.sms_marketing_opt_out_text = text

    def test_what_counts_as_a_way_to_stop(self):
        self.assertTrue(has_preference_link(f"See {TOKEN}"))
        self.assertTrue(has_preference_link("{{recipient.preference_link ||| x}}"))
        self.assertFalse(has_preference_link("{{ object.preference_link }} recipient"))

    def test_code_is_no_short_link(self):
        code = links.short_link("", "k7Qm2xVb9TzA", -1)
        self.assertEqual(links.preference_token(code), "k7Qm2xVb9TzA")
        self.assertIsNone(links.parse_code(code))
        for other in ("k7Qm2xVb9TzA", "k7Qm2xVb9TzAp", "k7Qm2xVb9TzPP", "P", "", "k7Qm2xVb9T%AP"):
            is_one = other == "k7Qm2xVb9TzPP"
            self.assertEqual(bool(links.preference_token(other)), is_one, other)


@tagged("post_install", "-at_install")
class TestPreferenceLinkLeads(SmsMarketingHttpCase):
    def test_to_the_page_and_counts_no_click(self):
        message = self.message(self.contacts(1), body=f"https://example.com {TOKEN}")
        recipient = self.send(message)
        token = recipient.sudo().token
        response = self.url_open(f"/s/{token}P", allow_redirects=False)
        self.assertEqual(response.status_code, 302)
        self.assertTrue(response.headers["Location"].endswith(f"/sms/preferences/{token}"))
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        self.assertEqual(self.url_open(f"/s/{token}P").status_code, 200)
        self.assertFalse(recipient.click_ids)
        # The message's own link still leads to its target.
        response = self.url_open(f"/s/{token}", allow_redirects=False)
        self.assertTrue(response.headers["Location"].startswith("https://example.com"))

    def test_of_nobody_leads_nowhere(self):
        self.assertEqual(self.url_open(f"/s/{'x' * 12}P").status_code, 404)

    def test_of_a_test_message_leads_to_the_page(self):
        message = self.message(self.contacts(1), body=f"Hi {TOKEN}")
        number = self.env["sms.marketing.test.number"].create(
            {"label": "Anna", "number": self.number()}
        )
        number.sudo().write(
            {
                "verified_at": self.env.cr.now(),
                "verified_by_id": self.env.ref("base.user_admin").id,
            }
        )
        with self.own_transactions():
            message.send_test(number.ids)
        text = self.env["sms.marketing.recipient"].sudo().search([("kind", "=", "test")], limit=1)
        self.assertIn(f"/s/{text.token}P", text.body)
        self.assertEqual(self.url_open(f"/s/{text.token}P").status_code, 200)
