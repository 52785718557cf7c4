"""The public sign-up page (B4), over HTTP and without JavaScript."""

import re

from odoo.fields import Command
from odoo.tests import tagged

from ..engine.throttle import LIMITS
from .common import SmsMarketingHttpCase
from .public_pages import PublicPageMixin

WRONG = "000000"


class SignUpMixin(PublicPageMixin):
    def setUp(self):
        super().setUp()
        self.events = self.env["sms.marketing.subscription.type"].create(
            {"name": "Events", "description": "Once a month"}
        )
        self.form = self.env["sms.marketing.sign.up.form"].create(
            {
                "name": "Spring fair",
                "slug": "fair-of-the-tests",
                "title": "Get our texts",
                "introduction": "Fresh offers,\nevery week.",
                "thanks": "See you at the fair!",
                "choice_ids": [
                    Command.create({"type_id": self.type.id, "wording": "I agree to offers."}),
                    Command.create({"type_id": self.events.id, "wording": "I agree to events."}),
                ],
            }
        )
        self.path = "/sms/sign-up/fair-of-the-tests"

    def texts_to(self, number):
        return (
            self.env["sms.marketing.recipient"]
            .sudo()
            .search([("kind", "=", "verification"), ("number", "=", number)])
        )

    def code_to(self, number):
        code = re.search(r"[0-9]{6}", self.texts_to(number)[0].body)[0]
        self.assertNotEqual(code, WRONG, "one run in a million: run it again")
        return code

    def ask(self, number, *types, path=None, headers=None, **typed):
        """Fill the form in; returns (response, page)."""
        _response, page = self.visit(path or self.path)
        ids = [str(one.id) for one in types or (self.type,)]
        return self.fill_in(page, number=number, type=ids, headers=headers, **typed)

    def sign_up(self, number, *types, **typed):
        """All the way; returns the last page."""
        _response, page = self.ask(number, *types, **typed)
        _response, page = self.fill_in(page, code=self.code_to(number))
        return page

    def problems(self, page):
        """Texts of the marked fields' problems, by the field's name."""
        found = {}
        for field in page.xpath("//*[@aria-invalid='true']"):
            [error] = page.xpath(
                f"//*[@id='{'types' if field.get('name') == 'type' else field.get('name')}_error']"
            )
            found[field.get("name")] = error.text_content()
        return found


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
        values = [str(hidden.id), str(self.events.id), "0", "x"]
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


@tagged("post_install", "-at_install")
class TestCodes(SignUpMixin, SmsMarketingHttpCase):
    NUMBER = "+12025550187"

    def setUp(self):
        super().setUp()
        _response, self.code_page = self.ask(self.NUMBER)
        self.code = self.code_to(self.NUMBER)

    def enter(self, code, page=None):
        return self.fill_in(self.code_page if page is None else page, code=code)

    def test_wrong_codes(self):
        for code in (WRONG, "", "’; DROP TABLE", "1" * 12):
            response, page = self.enter(code)
            self.assertEqual(response.status_code, 422)
            self.assertIn("wrong, or no longer good", self.problems(page)["code"])
        self.assertFalse(self.state_of(self.NUMBER))
        self.enter(self.code)
        self.assertEqual(self.state_of(self.NUMBER), "subscribed", "the fifth try may be right")

    def test_five_wrong_tries_kill_a_code(self):
        for _try in range(5):
            self.enter(WRONG)
        response, _page = self.enter(self.code)
        self.assertEqual(response.status_code, 422)
        self.assertFalse(self.state_of(self.NUMBER))

    def test_code_expires(self):
        self.env.cr.execute(
            "UPDATE sms_marketing_sign_up SET code_expires_at ="
            " code_expires_at - interval '10 minutes'"
        )
        response, _page = self.enter(self.code)
        self.assertEqual(response.status_code, 422)
        self.assertFalse(self.state_of(self.NUMBER))

    def test_code_is_good_once_and_a_second_press_thanks_again(self):
        self.enter(self.code)
        response, page = self.enter(self.code)
        self.assertEqual(response.status_code, 200)
        self.assertIn("Thank you", self.text_of(page))
        self.assertEqual(len(self.log_of(self.NUMBER)), 1)

    def test_new_code_replaces_the_last(self):
        _response, page = self.fill_in(self.code_page, "again")
        self.assertIn("A new code is on its way", self.text_of(page))
        self.assertEqual(len(self.texts_to(self.NUMBER)), 2)
        new = self.code_to(self.NUMBER)
        if new != self.code:
            self.assertEqual(self.enter(self.code)[0].status_code, 422)
        self.enter(new)
        self.assertEqual(self.state_of(self.NUMBER), "subscribed")

    def test_code_of_another_sign_up_does_not_serve(self):
        _response, other_page = self.ask("+12025550188")
        if (other := self.code_to("+12025550188")) != self.code:
            self.assertEqual(self.enter(other)[0].status_code, 422)
            self.assertEqual(self.enter(self.code, other_page)[0].status_code, 422)

    def test_code_is_stored_nowhere_but_in_its_text(self):
        self.env.cr.execute("SELECT to_jsonb(s)::text FROM sms_marketing_sign_up s")
        stored = " ".join(row for (row,) in self.env.cr.fetchall())
        self.assertIn("code_hash", stored)
        self.assertNotIn(f'"{self.code}"', stored)
        text = self.texts_to(self.NUMBER)
        self.run_lane()
        self.assertEqual(text.state, "sent")
        self.assertFalse(text.body, "the code has left for its number")

    def test_type_that_was_archived_meanwhile(self):
        self.type.active = False
        self.enter(self.code)
        self.assertEqual(self.state_of(self.NUMBER), "subscribed", "what was agreed to is kept")

    def test_form_that_was_deleted_meanwhile(self):
        self.form.unlink()
        response, _page = self.enter(self.code)
        self.assertEqual(response.status_code, 404)
        self.assertFalse(self.state_of(self.NUMBER))

    def test_what_is_known_of_people_is_forgotten(self):
        sign_up = self.env["sms.marketing.sign.up"].sudo().search([("form_id", "=", self.form.id)])
        sign_up._gc_personal_data()
        self.env.invalidate_all()
        self.assertTrue(sign_up.number)
        self.env.cr.execute(
            "UPDATE sms_marketing_sign_up SET requested_at = requested_at - interval '25 hours'"
        )
        sign_up._gc_personal_data()
        self.env.invalidate_all()
        self.assertFalse(sign_up.number or sign_up.token or sign_up.choices or sign_up.code_hash)
        self.assertEqual(self.enter(self.code)[0].status_code, 404)
        self.assertEqual(self.form.asked_count, 1)

    def test_confirmed_sign_up_keeps_no_number(self):
        self.enter(self.code)
        self.env.cr.execute("SELECT to_jsonb(s)::text FROM sms_marketing_sign_up s")
        self.assertNotIn(self.NUMBER, str(self.env.cr.fetchall()))


@tagged("post_install", "-at_install")
class TestSignUpLimits(SignUpMixin, SmsMarketingHttpCase):
    def test_three_codes_an_hour_for_a_number(self):
        for _code in range(LIMITS["sign_up_number"].most):
            response, _page = self.ask("+12025550187")
            self.assertEqual(response.status_code, 200)
        other = self.form.copy({"slug": "other-fair-of-the-tests"})
        for form in (self.form, other):
            response, page = self.ask("+12025550187", path=f"/sms/sign-up/{form.slug}")
            self.assertEqual(response.status_code, 429)
            self.assertIn("Too many requests", self.text_of(page))
        self.assertEqual(len(self.texts_to("+12025550187")), 3)
        response, _page = self.ask("+12025550188")
        self.assertEqual(response.status_code, 200, "others are not held up")

    def test_many_sign_ups_from_one_address(self):
        _response, page = self.visit(self.path)
        most = LIMITS["sign_up_address"].most
        statuses = [
            self.fill_in(page, number=self.number(), type=[str(self.type.id)])[0].status_code
            for _sign_up in range(most + 20)
        ]
        self.assertEqual(statuses, [200] * most + [429] * 20)
        sign_ups = self.env["sms.marketing.sign.up"].search([("form_id", "=", self.form.id)])
        self.assertEqual(len(sign_ups), most)

    def test_asking_again_counts_too(self):
        _response, page = self.ask("+12025550187")
        statuses = [self.fill_in(page, "again")[0].status_code for _time in range(3)]
        self.assertEqual(statuses, [200, 200, 429])
        self.assertEqual(len(self.texts_to("+12025550187")), 3)
