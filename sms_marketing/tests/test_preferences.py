"""The preference page behind a recipient's link (B15), over HTTP and without JavaScript."""

import re

from odoo.tests import tagged

from ..engine import erasure, inbound
from ..engine.preference_links import LAST_OLD_RECIPIENT
from ..engine.throttle import LIMITS
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingHttpCase
from .public_pages import PublicPageMixin


@tagged("post_install", "-at_install")
class TestPreferences(PublicPageMixin, SmsMarketingHttpCase):
    def setUp(self):
        super().setUp()
        self.events = self.env["sms.marketing.subscription.type"].create(
            {"name": "Events", "description": "Concerts near you, once a month"}
        )
        self.events.with_context(lang="nl_NL").write(
            {"name": "Evenementen", "description": "Concerten, elke maand"}
        )
        self.person = self.contacts(1, name="Ann")
        self.number_of_person = self.person.mobile_e164
        self.campaign = self.message(self.person, name="Spring sale")
        self.recipient = self.send(self.campaign)
        self.path = self.preference_path(self.recipient)

    def texts(self):
        """Codes texted to the person, the latest first."""
        return (
            self.env["sms.marketing.recipient"]
            .sudo()
            .search([("kind", "=", "verification"), ("number", "=", self.number_of_person)])
        )

    def save(self, page, *types, enter_code=True, **typed):
        """Tick exactly these types and save; where it is asked for, type the code."""
        before = self.texts()
        response, page = self.fill_in(page, "save", type=[str(one.id) for one in types], **typed)
        if enter_code and self.texts() != before:
            code = re.search(r"[0-9]{6}", self.texts()[0].body)[0]
            response, page = self.fill_in(page, code=code)
        return response, page

    def boxes(self, page):
        return {
            int(box.get("value")): box.get("checked") is not None
            for box in page.xpath("//input[@name='type']")
        }

    def test_shows_what_the_number_gets(self):
        response, page = self.visit(self.path)
        self.assertEqual(response.status_code, 200)
        boxes = self.boxes(page)
        self.assertEqual((boxes[self.type.id], boxes[self.events.id]), (True, False))
        text = self.text_of(page)
        self.assertIn(f"+1 ••• {self.number_of_person[-3:]}", text)
        self.assertIn("Concerts near you", text)
        for secret in (self.number_of_person, "Ann"):
            self.assertNotIn(secret, response.text)
        for box in page.xpath("//input[@name='type']"):
            self.assertTrue(page.xpath(f"//label[@for='{box.get('id')}']"))
            self.assertTrue(page.xpath(f"//*[@id='{box.get('aria-describedby')}']"))
        self.assertFalse(page.xpath("//script"), "no JavaScript")
        self.assertEqual(response.headers["X-Robots-Tag"], "noindex, nofollow")
        self.assertIn("frame-ancestors 'none'", response.headers["Content-Security-Policy"])

    def test_looking_changes_nothing(self):
        before = self.log_of(self.number_of_person)
        for suffix in ("", "?stop=1", f"?type={self.events.id}&save=1", "?done=stopped&stop=1"):
            self.visit(self.path + suffix, headers={"User-Agent": "Mozilla (compatible; Robot)"})
        self.url_open(self.path, method="HEAD")
        self.assertEqual(self.log_of(self.number_of_person), before)
        self.assertEqual(self.state_of(self.number_of_person), "subscribed")

    def test_choosing_is_logged_with_what_was_read(self):
        self.person.sms_marketing = False
        _response, page = self.visit(self.path)
        shown = page.xpath(f"//*[@id='wording_{self.events.id}']")[0].text_content()
        response, page = self.save(page, self.events, enter_code=False)
        self.assertEqual(response.history[0].status_code, 303)
        self.assertIn("code of six digits", self.text_of(page))
        off = self.log_of(self.number_of_person)[-1]
        self.assertEqual((off.type_id, off.state), (self.type, "unsubscribed"), "at once")
        self.assertEqual((off.method, off.legal_basis), ("link", "withdrawal"))
        self.assertNotIn("code", off.explanation)
        self.assertFalse(self.state_of(self.number_of_person, self.events), "not without the phone")
        self.assertFalse(self.person.sms_marketing)
        code = re.search(r"[0-9]{6}", self.texts().body)[0]
        _response, page = self.fill_in(page, code=code)
        self.assertIn("Your new choices are saved", self.text_of(page))
        self.assertEqual(self.boxes(page)[self.events.id], True)
        on = self.log_of(self.number_of_person)[-1]
        self.assertEqual((on.type_id, on.state), (self.events, "subscribed"))
        self.assertEqual((on.method, on.legal_basis), ("link", "web_consent"))
        self.assertEqual(on.wording, shown)
        self.assertIn(f"I agree to get texts from {self.company.name}: Events.", on.wording)
        self.assertEqual(on.address, "127.0.0.1")
        self.assertIn("Spring sale", on.explanation)
        self.assertIn("en_US", on.explanation)
        self.assertIn("a code texted to the number", on.explanation, "what really proved it")
        self.assertTrue(self.person.sms_marketing, "who agrees wants to be texted")

    def test_whoever_has_the_link_alone_subscribes_nobody(self):
        _response, page = self.visit(self.path)
        _response, page = self.save(page, self.type, self.events, enter_code=False)
        for code in ("000000", "", "\x00", "1" * 5000):
            response, page = self.fill_in(page, code=code)
            self.assertEqual(response.status_code, 422)
        self.assertFalse(self.state_of(self.number_of_person, self.events))
        self.assertEqual(self.state_of(self.number_of_person), "subscribed")

    def test_new_code(self):
        _response, page = self.visit(self.path)
        _response, page = self.save(page, self.type, self.events, enter_code=False)
        _response, page = self.fill_in(page, "again")
        self.assertIn("A new code is on its way", self.text_of(page))
        self.assertEqual(len(self.texts()), 2)
        code = re.search(r"[0-9]{6}", self.texts()[0].body)[0]
        self.fill_in(page, code=code)
        self.assertEqual(self.state_of(self.number_of_person, self.events), "subscribed")

    def test_code_page_of_another_person(self):
        _response, page = self.visit(self.path)
        response, page = self.save(page, self.type, self.events, enter_code=False)
        other = self.send(self.message(self.contacts(1)))
        stolen = response.url.partition("?")[0].replace(self.path, self.preference_path(other))
        response, page = self.visit(stolen)
        self.assertNotIn("/confirm/", response.url)
        self.assertIn(other.number[-3:], self.text_of(page))

    def test_who_has_opted_out_gets_one_code_a_day_and_the_same_page(self):
        _response, page = self.visit(self.path)
        _response, page = self.fill_in(page, "stop")
        pages = []
        for _time in range(3):
            _response, page = self.visit(self.path)
            response, page = self.save(page, self.events, enter_code=False)
            pages.append((response.status_code, self.text_of(page)))
        self.assertEqual(len(set(pages)), 1)
        self.assertEqual(pages[0][0], 200)
        self.assertEqual(len(self.texts()), 1)

    def test_saving_what_is_so_already_logs_nothing(self):
        before = self.log_of(self.number_of_person)
        _response, page = self.visit(self.path)
        _response, page = self.fill_in(page, "save")
        self.assertIn("Nothing to save", self.text_of(page))
        self.assertEqual(self.log_of(self.number_of_person), before)

    def test_stop_ends_every_type(self):
        archived = self.events.copy({"active": False, "name": "Old news"})
        self.subscribe(self.number_of_person, type=archived)
        other = self.make_company()
        self.subscribe(self.number_of_person, type=other["type"])
        _response, page = self.visit(self.path)
        # What is ticked does not matter to who presses Stop.
        _response, page = self.fill_in(page, "stop", type=[str(self.events.id)])
        self.assertIn("no more texts", self.text_of(page))
        for one in (self.type, self.events, archived):
            self.assertEqual(self.state_of(self.number_of_person, one), "unsubscribed")
        self.assertEqual(self.state_of(self.number_of_person, other["type"]), "subscribed")
        self.assertFalse(any(self.boxes(page).values()))
        # And back again, by an explicit tick.
        _response, page = self.save(page, self.type)
        self.assertEqual(self.state_of(self.number_of_person), "subscribed")

    def opted_out(self):
        self.roll_up()
        action = self.campaign.action_view_opted_out()
        opened = self.env[action["res_model"]].search(action["domain"])
        self.assertEqual(len(opened), self.campaign.opted_out_count)
        return self.campaign.opted_out_count

    def test_leaving_counts_in_the_figures_of_the_message(self):
        self.assertEqual(self.opted_out(), 0)
        _response, page = self.visit(self.path)
        _response, page = self.save(page, self.type, self.events)
        _response, page = self.save(page, self.type)
        self.assertEqual(self.opted_out(), 0, "another type's texts")
        _response, page = self.save(page, self.events)
        self.assertEqual(self.opted_out(), 1)
        _response, page = self.fill_in(page, "stop")
        stop = Inbound(self.number_of_person, self.sender.value, "STOP", None)
        inbound.receive(self.env, self.gateway, stop)
        self.assertEqual(self.opted_out(), 1, "a person once")
        erasure.erase(self.env, [self.number_of_person], self.company, from_contacts=True)
        self.roll_up()
        self.assertEqual(self.campaign.opted_out_count, 1)

    def test_stop_counts_in_the_figures_of_the_message(self):
        _response, page = self.visit(self.path)
        self.fill_in(page, "stop")
        self.assertEqual(self.opted_out(), 1)

    def test_pending_type_is_not_ticked_and_can_be_confirmed(self):
        self.subscribe(self.number_of_person, type=self.events, state="pending")
        _response, page = self.visit(self.path)
        self.assertFalse(self.boxes(page)[self.events.id])
        self.assertIn("not confirmed yet", self.text_of(page))
        # Not ticking it leaves it as it is.
        self.fill_in(page, "save")
        self.assertEqual(self.state_of(self.number_of_person, self.events), "pending")
        self.save(page, self.type, self.events)
        self.assertEqual(self.state_of(self.number_of_person, self.events), "subscribed")

    def wish(self):
        """A text of the number that waits for a person to read it."""
        record = inbound.receive(
            self.env,
            self.gateway,
            Inbound(self.number_of_person, SENDER, "please stop texting me"),
        )
        self.assertEqual(record.review_state, "to_review")
        return record

    def test_choosing_settles_what_waits_for_review(self):
        for chosen, state in (
            ([self.type, self.events], "subscribed"),
            ([self.type, self.events], "subscribed"),  # as it is already
            ([], "unsubscribed"),
        ):
            record = self.wish()
            _response, page = self.visit(self.path)
            self.assertEqual(record.review_state, "to_review", "looking is no choice")
            self.save(page, *chosen)
            self.assertEqual((record.review_state, record.decision), ("done", "own_page"))
            self.assertFalse(record.reviewed_by_id)
            record.action_opt_out()
            self.assertEqual(self.state_of(self.number_of_person), state, "decided already")

    def test_stopping_settles_what_waits_for_review(self):
        record = self.wish()
        _response, page = self.visit(self.path)
        self.fill_in(page, "stop")
        self.assertEqual((record.review_state, record.decision), ("done", "own_page"))

    def test_absurd_ids(self):
        _response, page = self.visit(self.path)
        for value in ("9" * 6000, "-1", "٣", f"0{self.events.id}"):
            response, _page = self.fill_in(page, "save", type=[value, str(self.type.id)])
            self.assertEqual(response.status_code, 200)
            self.assertFalse(self.state_of(self.number_of_person, self.events))

    def test_types_of_others_cannot_be_chosen(self):
        other = self.make_company()
        archived = self.events.copy({"active": False})
        _response, page = self.visit(self.path)
        values = [str(other["type"].id), str(archived.id), "0", "x", "99999999999999999999"]
        response, _page = self.fill_in(page, "save", type=[*values, str(self.type.id)])
        self.assertEqual(response.status_code, 200)
        self.assertFalse(self.state_of(self.number_of_person, other["type"]))
        self.assertFalse(self.state_of(self.number_of_person, archived))

    def test_nobody_agrees_to_what_was_not_on_the_page(self):
        _response, page = self.visit(self.path)
        self.events.description = "Twice a day"
        _response, page = self.fill_in(page, "save", type=[str(self.events.id)])
        self.assertIn("has changed since you opened it", self.text_of(page))
        self.assertFalse(self.state_of(self.number_of_person, self.events))
        self.assertEqual(self.state_of(self.number_of_person), "subscribed")
        _response, page = self.save(page, self.events)
        self.assertEqual(self.state_of(self.number_of_person, self.events), "subscribed")

    def test_forged_posts_are_refused(self):
        _response, page = self.visit(self.path)
        for token in (None, "", "0" * 41):
            with self.assertLogs("odoo.http", "WARNING"):
                response, _page = self.fill_in(page, "stop", csrf_token=token)
            self.assertEqual(response.status_code, 400)
        self.assertEqual(self.state_of(self.number_of_person), "subscribed")

    def test_language_of_the_contact_and_the_switch(self):
        self.person.lang = "nl_NL"
        _response, page = self.visit(self.path)
        self.assertEqual(page.get("lang"), "nl-NL")
        self.assertIn("Evenementen", self.text_of(page))
        self.save(page, self.events)
        [line] = self.log_of(self.number_of_person).filtered(lambda one: one.type_id == self.events)
        self.assertIn("Concerten, elke maand", line.wording)
        self.assertIn("nl_NL", line.explanation)
        [switch] = page.xpath("//footer//a[@lang='fr-FR']")
        self.assertEqual(switch.text_content().strip(), "Français")
        _response, page = self.visit(self.path + switch.get("href"))
        self.assertEqual(page.get("lang"), "fr-FR")
        _response, page = self.visit(self.path + "?lang=xx_XX")
        self.assertEqual(page.get("lang"), "nl-NL")

    def test_names_and_wordings_are_no_html(self):
        evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
        self.events.write({"name": evil, "description": evil})
        self.company.name = evil
        response, page = self.visit(self.path)
        self.assertFalse(page.xpath("//script | //img[@onerror]"))
        self.assertNotIn("<script>", response.text)
        self.assertIn("<script>alert(1)</script>", self.text_of(page))

    def test_guessing(self):
        most = LIMITS["preference_guess"].most
        tokens = ("x" * 20, "0", "%00" * 4, "ü" * 12, "a" * 3000, "x' OR 1=1--", "x" * 12)
        for number, token in zip(range(most), tokens * most, strict=False):
            response, page = self.visit(f"/sms/preferences/{token}{number % 2 or ''}")
            self.assertEqual(response.status_code, 404, token)
        self.assertEqual(response.headers["X-Robots-Tag"], "noindex, nofollow")
        response, page = self.visit(f"/sms/preferences/{'y' * 20}")
        self.assertEqual(response.status_code, 429)
        self.assertIn("Too many requests", self.text_of(page))
        # Whoever else is behind that address still gets the page, and its button works.
        response, page = self.visit(self.path)
        self.assertEqual(response.status_code, 200)
        response, page = self.fill_in(page, "stop")
        self.assertEqual(self.state_of(self.number_of_person), "unsubscribed")

    def test_link_of_a_deleted_message_says_how_to_stop(self):
        self.campaign.unlink()
        response, page = self.visit(self.path)
        self.assertEqual(response.status_code, 404)
        self.assertIn("reply STOP", self.text_of(page))
        self.assertNotIn(self.company.name, response.text)

    def test_link_of_an_erased_number(self):
        erasure.erase(self.env, [self.number_of_person], self.company, from_contacts=True)
        response, _page = self.visit(self.path)
        self.assertEqual(response.status_code, 404)

    def test_link_of_before_the_update_only_ends_texts(self):
        self.env["ir.config_parameter"].set_param(LAST_OLD_RECIPIENT, str(self.recipient.id))
        self.env["ir.config_parameter"].flush_model()
        token = self.recipient.sudo().token
        response, page = self.visit(f"/s/{token}P")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(self.boxes(page), {self.type.id: True}, "nothing to add")
        self.assertIn("link of an earlier text", self.text_of(page))
        self.fill_in(page, "save", type=[str(self.type.id), str(self.events.id)])
        self.assertFalse(self.state_of(self.number_of_person, self.events))
        self.assertFalse(self.texts())
        _response, page = self.fill_in(page, "save", type=[])
        self.assertEqual(self.state_of(self.number_of_person), "unsubscribed")
        self.subscribe(self.number_of_person)
        _response, page = self.visit(f"/sms/preferences/{token}")
        self.fill_in(page, "stop")
        self.assertEqual(self.state_of(self.number_of_person), "unsubscribed")
        self.assertEqual(self.log_of(self.number_of_person)[-1].method, "link")
        for path in ("", "/confirm/x"):
            later = self.send(self.message(self.contacts(1))).sudo().token
            response, _page = self.visit(f"/sms/preferences/{later}{path}")
            self.assertEqual(response.status_code, 404)
