"""The public sign-up page (B4), over HTTP and without JavaScript."""

from odoo.tests import tagged

from ..engine import inbound
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingHttpCase
from .sign_up_pages import SignUpMixin


@tagged("post_install", "-at_install")
class TestSignUpPage(SignUpMixin, SmsMarketingHttpCase):
    def test_page_is_complete_without_javascript(self):
        response, page = self.visit(self.path)
        self.assertEqual(response.status_code, 200)
        self.assertFalse(page.xpath("//script | //*[@onclick]"))
        self.assertFalse(page.xpath("//input[@checked]"), "nothing is ticked for anybody")
        for field in page.xpath("//input[@type!='hidden']"):
            self.assertTrue(page.xpath(f"//label[@for='{field.get('id')}']"), field.get("name"))
        text = self.text_of(page)
        for shown in ("Get our texts", "every week.", "I agree to offers.", "Once a month", "STOP"):
            self.assertIn(shown, text)
        self.assertEqual(page.xpath("//title")[0].text_content().strip(), "Get our texts")

    def test_signing_up_all_the_way(self):
        response, page = self.ask("(202) 555-0177", name="  Zoë  O'Neill ")
        self.assertEqual(response.history[0].status_code, 303)
        self.assertIn("+1 ••• 177", self.text_of(page))
        number = "+12025550177"
        self.assertFalse(self.state_of(number), "nothing before the code")
        self.assertFalse(self.env["res.partner"].search([("mobile_e164", "=", number)]))
        code = self.code_to(number)
        _response, page = self.fill_in(page, code=f" {code[:3]} {code[3:]}")
        self.assertIn("See you at the fair!", self.text_of(page))
        self.assertEqual(self.state_of(number), "subscribed")
        self.assertFalse(self.state_of(number, self.events), "only what was ticked")
        [line] = self.log_of(number)
        self.assertEqual(
            (line.method, line.legal_basis, line.address), ("form", "web_consent", "127.0.0.1")
        )
        self.assertEqual(
            line.wording,
            f"I agree to offers.\n{self.form.with_context(lang='en_US')._small_print()}",
        )
        self.assertIn("Spring fair", line.explanation)
        self.assertIn("en_US", line.explanation)
        partner = self.env["res.partner"].search([("mobile_e164", "=", number)])
        self.assertEqual((partner.name, partner.lang), ("Zoë O'Neill", "en_US"))
        self.assertEqual((partner.country_id, partner.company_id), (self.usa, self.company))
        self.assertTrue(partner.sms_marketing)
        self.assertEqual((self.form.asked_count, self.form.confirmed_count), (1, 1))
        # And a campaign reaches the new contact.
        self.assertEqual(self.send(self.message(partner)).state, "sent")

    def test_wording_is_kept_in_the_language_that_was_read(self):
        choice = self.form.choice_ids[1]
        choice.with_context(lang="nl_NL").wording = "Ja, stuur mij evenementen."
        self.events.with_context(lang="nl_NL").description = "Elke maand"
        self.form.with_context(lang="nl_NL").write({"title": "Ontvang onze sms'jes"})
        self.form.with_context(lang="fr_FR").write({"title": "Recevez nos SMS"})
        for accepted, lang, title in (
            ("nl-BE, en;q=0.5", "nl-NL", "Ontvang onze sms'jes"),
            ("de, fr-CA;q=0.9, en;q=0.5", "fr-FR", "Recevez nos SMS"),
            ("xx, *", "en-US", "Get our texts"),
            ("", "en-US", "Get our texts"),
            (";;;q=é".encode("latin-1"), "en-US", "Get our texts"),
        ):
            _response, page = self.visit(self.path, headers={"Accept-Language": accepted})
            self.assertEqual(page.get("lang"), lang)
            self.assertIn(title, self.text_of(page))
        _response, page = self.visit(f"{self.path}?lang=nl_NL")
        self.assertEqual(page.get("lang"), "nl-NL")
        number = "+12025550178"
        _response, page = self.fill_in(page, number=number, type=[str(self.events.id)])
        self.assertEqual(page.get("lang"), "nl-NL")
        _response, page = self.fill_in(page, code=self.code_to(number))
        [line] = self.log_of(number)
        self.assertTrue(line.wording.startswith("Ja, stuur mij evenementen.\nElke maand\n"))
        self.assertIn("nl_NL", line.explanation)
        partner = self.env["res.partner"].search([("mobile_e164", "=", number)])
        self.assertEqual(partner.lang, "nl_NL")

    def test_page_and_its_errors_are_in_the_visitors_language(self):
        self.env["ir.module.module"]._load_module_terms(["sms_marketing"], ["fr_FR"])
        _response, page = self.visit(f"{self.path}?lang=fr_FR")
        self.assertIn("Numéro de mobile", self.text_of(page))
        self.assertNotIn("Mobile number", self.text_of(page))
        _response, page = self.fill_in(page, number="12", type=[str(self.events.id)])
        self.assertIn("Rien n’a encore été envoyé", self.text_of(page))
        _response, page = self.visit(f"{self.path}?lang=en_US")
        self.assertIn("Mobile number", self.text_of(page))

    def test_contact_with_the_number_is_found_and_not_renamed(self):
        owner = self.contact("+12025550179", name="Ann", sms_marketing=False)
        self.sign_up("+12025550179", name="Mallory")
        self.assertEqual((owner.name, owner.sms_marketing), ("Ann", True))
        self.assertEqual(
            self.env["res.partner"].search([("mobile_e164", "=", "+12025550179")]), owner
        )

    def test_known_and_unknown_numbers_get_the_same_answers(self):
        known = self.contact("+12025550180", subscribed=True)
        self.unsubscribe("+12025550181")
        shapes = set()
        for last in ("80", "81", "82"):
            response, page = self.ask(f"+120255501{last}", self.type, self.events)
            text = self.text_of(page).replace(last, "##")
            shapes.add((response.status_code, text, len(self.texts_to(f"+120255501{last}"))))
        self.assertEqual(len(shapes), 1, shapes)
        self.assertTrue(known)

    def test_who_opted_out_comes_back(self):
        self.unsubscribe("+12025550181")
        self.sign_up("+12025550181")
        self.assertEqual(self.state_of("+12025550181"), "subscribed")

    def test_sign_up_settles_a_wish_to_stop_that_waits(self):
        partner = self.contact("+12025550181", subscribed=True)
        record = inbound.receive(
            self.env, self.gateway, Inbound("+12025550181", SENDER, "please stop texting me")
        )
        self.assertEqual(record.review_state, "to_review")
        self.ask("+12025550181")
        self.assertEqual(record.review_state, "to_review", "anybody can type a number")
        self.sign_up("+12025550181")
        self.assertEqual((record.review_state, record.decision), ("done", "own_page"))
        record.action_opt_out()
        self.assertEqual(self.state_of("+12025550181"), "subscribed", "decided already")
        self.assertEqual(self.send(self.message(partner)).state, "sent")

    def test_number_of_another_company_is_a_contact_of_its_own(self):
        other = self.make_company()["company"]
        foreign = self.contact("+12025550183", company_id=other.id, sms_marketing=False)
        self.sign_up("+12025550183", name="Ben")
        self.assertFalse(foreign.sms_marketing)
        own = self.env["res.partner"].search([("mobile_e164", "=", "+12025550183")]) - foreign
        self.assertEqual((own.name, own.company_id), ("Ben", self.company))

    def test_source_is_noted(self):
        self.visit(f"{self.path}?utm_source=poster&utm_medium=print%0a")
        self.sign_up("+12025550184")
        [line] = self.log_of("+12025550184")
        self.assertIn("utm_source=poster", line.explanation)
        self.assertIn("utm_medium=print", line.explanation)

    def test_every_mistake_is_said_at_its_field(self):
        for number, problem in {
            "": "Enter your mobile number",
            "the red phone": "no phone number",
            "+999 555 0177": "No country has this code",
            "202 555": "too few digits",
            "+1 202 555 0177 0177 0177": "too many digits",
            "+31 6 12345678": "We do not text numbers of this country.*United States",
            "202-555-0123 ext. 7": "extension",
            "<script>alert(1)</script>": "phone number|country",
        }.items():
            with self.subTest(number):
                response, page = self.ask(number)
                self.assertEqual(response.status_code, 422)
                self.assertEqual(set(self.problems(page)), {"number"})
                self.assertRegex(self.problems(page)["number"], problem)
                [field] = page.xpath("//input[@name='number']")
                self.assertEqual(field.get("value"), number)
                # What was typed and ticked is still there.
                self.assertTrue(page.xpath(f"//input[@value='{self.type.id}'][@checked]"))
                self.assertIn("Error:", page.xpath("//title")[0].text_content())
        _response, page = self.visit(self.path)
        _response, page = self.fill_in(page, number="+12025550185", type=[])
        self.assertEqual(set(self.problems(page)), {"type"})
        self.assertIn("Tick at least one", self.text_of(page))
        _response, page = self.ask("+12025550185", name="x" * 81)
        self.assertEqual(set(self.problems(page)), {"name"})
        self.assertFalse(self.env["sms.marketing.sign.up"].search([("form_id", "=", self.form.id)]))

    def test_robots_that_fill_in_everything(self):
        response, page = self.ask("+12025550185", website="https://spam.example")
        self.assertEqual(response.status_code, 422)
        self.assertFalse(self.texts_to("+12025550185"))
        self.assertIn("Leave this field empty.", self.text_of(page))

    def test_forged_posts_are_refused(self):
        for token in (None, "", "0" * 41):
            with self.assertLogs("odoo.http", "WARNING"):
                response, _page = self.ask("+12025550185", csrf_token=token)
            self.assertEqual(response.status_code, 400)
        self.assertFalse(self.texts_to("+12025550185"))

    def test_looking_texts_nobody(self):
        self.visit(f"{self.path}?number=%2B12025550185&type={self.type.id}&csrf_token=x")
        self.assertFalse(self.texts_to("+12025550185"))

    def test_nobody_agrees_to_what_was_not_on_the_page(self):
        _response, page = self.visit(self.path)
        self.form.choice_ids[0].wording = "I agree to ten texts a day."
        response, page = self.fill_in(page, number="+12025550185", type=[str(self.type.id)])
        self.assertEqual(response.status_code, 422)
        self.assertIn("has changed since you opened the page", self.text_of(page))
        self.assertFalse(page.xpath("//input[@checked]"))
        self.assertFalse(self.texts_to("+12025550185"))

    def test_types_that_are_not_offered_cannot_be_ticked(self):
        hidden = self.events.copy({"name": "Staff"})
        self.events.active = False
        _response, page = self.visit(self.path)
        self.assertNotIn("I agree to events.", self.text_of(page))
        values = [str(hidden.id), str(self.events.id), "0", "x", "9" * 6000]
        response, page = self.fill_in(page, number="+12025550185", type=values)
        self.assertEqual(response.status_code, 422)

    def test_names_and_wordings_are_no_html(self):
        evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
        self.form.write({"title": evil, "introduction": evil, "thanks": evil})
        self.form.choice_ids.wording = evil
        self.type.description = self.company.name = evil
        _response, page = self.ask("12", name=evil)
        self.assertFalse(page.xpath("//script | //img[@onerror]"))
        self.assertEqual(page.xpath("//input[@name='name']")[0].get("value"), evil)
        page = self.sign_up("+12025550186", name=evil)
        self.assertFalse(page.xpath("//script | //img[@onerror]"))
        self.assertIn("<script>", self.text_of(page))

    def test_pages_that_are_not_there(self):
        self.form.copy({"slug": "other-fair-of-the-tests", "active": False})
        for path in (
            "/sms/sign-up/other-fair-of-the-tests",
            "/sms/sign-up/fair-of-the-test",
            "/sms/sign-up/%00",
            f"/sms/sign-up/{'a' * 3000}",
            f"{self.path}/code/unknown",
            f"{self.path}/code/%00",
            f"{self.path}/code/{'x' * 32}",
            "/sms/sign-up/nothing/thanks",
        ):
            response, page = self.visit(path)
            self.assertEqual(response.status_code, 404, path)
            self.assertIn("Nothing here", self.text_of(page))

    def test_form_without_sender(self):
        self.env["sms.marketing.sender"].search([]).active = False
        _response, page = self.ask("+12025550185")
        self.assertIn("cannot send texts at the moment", self.problems(page)["number"])
