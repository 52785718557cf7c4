from odoo.tests import Form, tagged

from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestOptOutText(SmsMarketingCase):
    """The text that tells how to opt out, by company and language (S7)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        cls.env["res.lang"]._activate_lang("de_DE")
        cls.company.partner_id.lang = "en_US"
        cls.company.sms_marketing_opt_out_text = "Reply STOP to opt out"

    def settings_form(self):
        """The form in which the settings let one translate."""
        administrator = self.user(
            "texts_admin", "sms_marketing.group_administrator,base.group_system"
        )
        action = (
            self.env["res.config.settings"]
            .with_user(administrator)
            .create({})
            .action_sms_marketing_texts()
        )
        company = self.env[action["res_model"]].with_user(administrator).browse(action["res_id"])
        return company, action["views"][0][0]

    def test_each_contact_gets_it_in_its_language(self):
        company, view = self.settings_form()
        self.assertEqual(company, self.company)
        for code, text in (("fr_FR", "Répondez STOP"), ("en_US", "Text STOP to opt out")):
            with Form(company.with_context(lang=code), view=view) as form:
                form.sms_marketing_opt_out_text = text
        contacts = self.contacts(4)
        for contact, code in zip(contacts, ("en_US", "fr_FR", "de_DE", False), strict=True):
            contact.lang = code
        sent = self.send(self.message(contacts, body="Hello"))
        self.assertEqual(
            {recipient.partner_id: recipient.text for recipient in sent},
            dict(
                zip(
                    contacts,
                    (
                        "Hello\nText STOP to opt out",
                        "Hello\nRépondez STOP",
                        "Hello\nText STOP to opt out",
                        "Hello\nText STOP to opt out",
                    ),
                    strict=True,
                )
            ),
        )

    def test_each_company_has_its_own(self):
        other = self.make_company()
        other["company"].sms_marketing_opt_out_text = "STOP ends it"
        contact = self.contact()
        self.subscribe(contact.mobile_e164, type=other["type"])
        message = self.message(
            contact,
            body="Hello",
            company_id=other["company"].id,
            sender_id=other["sender"].id,
            subscription_type_id=other["type"].id,
        )
        self.assertEqual(self.send(message).text, "Hello\nSTOP ends it")

    def test_without_it_only_the_body_goes_out(self):
        message = self.message(self.contact(subscribed=True), include_opt_out_text=False)
        self.assertEqual(self.send(message).text, message.body)

    def test_company_without_opt_out_text_adds_no_line(self):
        self.company.sms_marketing_opt_out_text = False
        message = self.message(self.contact(subscribed=True), body="Hello")
        self.assertEqual(self.send(message).text, "Hello")
