"""What keeps the public pages from texting strangers and from running up costs (over HTTP)."""

from hashlib import sha256
from itertools import count
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..engine import sign_up_limits
from ..engine.throttle import LIMITS, Limit
from .common import SENDER, SmsMarketingHttpCase
from .sign_up_pages import SignUpMixin

NUMBER = "+12025550187"
CANADIAN = "+16132360000"


class LimitsCase(SignUpMixin, SmsMarketingHttpCase):
    def setUp(self):
        super().setUp()
        self._ranges = count(201)

    def number_of_new_range(self):
        """A number in a block of a thousand that no other is in."""
        return f"+1303{next(self._ranges)}0100"

    def limit(self, subject, most):
        """Let a limit be so small for this test."""
        self.startPatcher(patch.dict(LIMITS, {subject: Limit(most, LIMITS[subject].seconds)}))

    def soft_limit(self, subject, most, seconds=600):
        self.startPatcher(patch.dict(sign_up_limits.SOFT_LIMITS, {subject: Limit(most, seconds)}))

    def codes(self):
        return (
            self.env["sms.marketing.recipient"].sudo().search_count([("kind", "=", "verification")])
        )


@tagged("post_install", "-at_install")
class TestWhoGetsCodes(LimitsCase):
    def refused(self, number, problem, **typed):
        response, page = self.ask(number, **typed)
        self.assertEqual(response.status_code, 422, number)
        self.assertRegex(self.problems(page)["number"], problem)
        self.assertFalse(self.texts_to(number))

    def test_numbers_that_cost_or_reach_no_phone(self):
        for number in (
            "+19002345678",  # premium
            "+18002345678",  # toll free
            "+15002345678",  # personal
            SENDER,  # our own
        ):
            self.refused(number, "Enter the number of a mobile phone")
        for number in ("+881612345678", "+870301234567", "+979123456789", "+80012345678"):
            self.refused(number, "Enter the number of a mobile phone")
        self.form.country_ids = self.env.ref("base.uk") + self.usa
        self.sender.country_ids = False
        self.refused("+442070313000", "Enter the number of a mobile phone")  # a landline
        self.refused("+447012345678", "Enter the number of a mobile phone")  # personal, premium
        response, _page = self.ask("+447400123456")
        self.assertEqual(response.status_code, 200)

    def test_senders_of_other_companies(self):
        other = self.make_company()
        other["sender"].value = "+12025550199"
        other["sender"].active = False
        self.refused("+12025550199", "Enter the number of a mobile phone")

    def test_countries_that_share_a_calling_code(self):
        """+1 is twenty-five countries, and +7 two."""
        self.sender.country_ids = self.usa + self.env.ref("base.ca")
        self.form.country_ids = self.usa
        self.refused(CANADIAN, "do not text numbers of this country.*United States")
        self.refused("+18762101234", "do not text numbers of this country")  # Jamaica
        self.form.country_ids = self.usa + self.env.ref("base.ca")
        response, _page = self.ask(CANADIAN)
        self.assertEqual(response.status_code, 200)
        self.sender.country_ids = False
        self.form.country_ids = self.env.ref("base.kz")
        self.refused("+79123456789", "Kazakhstan")
        response, _page = self.ask("+77710009998")
        self.assertEqual(response.status_code, 200)

    def test_default_countries(self):
        self.sender.country_ids = self.env.ref("base.ca")
        self.assertEqual(self.form._countries(), self.env.ref("base.ca"))
        self.sender.country_ids = False
        self.assertEqual(self.form._countries(), self.usa)
        self.refused(CANADIAN, "do not text numbers of this country")
        self.company.country_id = False
        self.refused(NUMBER, "cannot send texts at the moment")

    def test_country_of_the_form_that_the_sender_may_not_text(self):
        self.sender.country_ids = self.usa
        self.form.country_ids = self.env.ref("base.nl")
        self.refused("+31612345678", "do not text numbers of this country")

    def test_one_code_a_day_for_who_has_left_and_nobody_is_told(self):
        self.unsubscribe("+12025550181")
        self.env["phone.blacklist"].create({"number": "+12025550182"})
        seen = {}
        for last in ("81", "82", "83"):
            number = f"+120255501{last}"
            pages = []
            for _time in range(4):
                response, page = self.ask(number)
                text = self.text_of(page).replace(last, "##")
                pages.append((response.status_code, len(response.history), text))
            seen[last] = pages
        self.assertEqual(seen["81"], seen["83"])
        self.assertEqual(seen["82"], seen["83"])
        self.assertEqual([status for status, _hops, _text in seen["83"]], [200, 200, 200, 429])
        sent = [len(self.texts_to(f"+120255501{last}")) for last in ("81", "82", "83")]
        self.assertEqual(sent, [1, 1, 3])

    def test_the_one_code_of_who_has_left_stays_good(self):
        self.unsubscribe(NUMBER)
        _response, page = self.ask(NUMBER)
        _response, page = self.fill_in(page, "again")
        self.assertIn("A new code is on its way", self.text_of(page))
        _response, page = self.fill_in(page, code=self.code_to(NUMBER))
        self.assertEqual(self.state_of(NUMBER), "subscribed")


@tagged("post_install", "-at_install")
class TestHardLimits(LimitsCase):
    def test_three_codes_an_hour_for_a_number(self):
        for _code in range(LIMITS["code_number"].most):
            response, _page = self.ask(NUMBER)
            self.assertEqual(response.status_code, 200)
        other = self.form.copy({"slug": "other-fair-of-the-tests"})
        for form in (self.form, other):
            response, page = self.ask(NUMBER, path=f"/sms/sign-up/{form.slug}")
            self.assertEqual(response.status_code, 429)
            self.assertIn("Too many requests", self.text_of(page))
        self.assertEqual(len(self.texts_to(NUMBER)), 3)
        response, _page = self.ask("+12025550188")
        self.assertEqual(response.status_code, 200, "others are not held up")

    def test_asking_again_counts_too(self):
        _response, page = self.ask(NUMBER)
        statuses = [self.fill_in(page, "again")[0].status_code for _time in range(3)]
        self.assertEqual(statuses, [200, 200, 429])
        self.assertEqual(len(self.texts_to(NUMBER)), 3)

    def administrators(self):
        return self.env["sms.marketing.gateway"]._administrators_of(self.company)

    def alarms(self):
        return self.env["mail.activity"].search(
            [
                (
                    "activity_type_id",
                    "=",
                    self.env.ref("sms_marketing.mail_activity_sign_up_limit").id,
                )
            ]
        )

    def test_a_block_of_numbers_is_bounded_and_administrators_hear_of_it_once(self):
        self.user("limits_admin", "sms_marketing.group_administrator")
        self.limit("sign_up_range", 3)
        self.soft_limit("sign_up_address", 100)
        statuses = [self.ask(f"+13033010{last:03d}")[0].status_code for last in range(100, 106)]
        self.assertEqual(statuses, [200] * 3 + [429] * 3)
        self.assertEqual(self.ask(NUMBER)[0].status_code, 200, "others are not held up")
        alarms = self.alarms()
        self.assertEqual(alarms.user_id, self.administrators())
        self.assertEqual(len(alarms), len(self.administrators()), "once, not for each refusal")
        self.assertEqual((alarms[0].res_model, alarms[0].res_id), (self.form._name, self.form.id))
        self.assertIn("+13033010", alarms[0].note)
        self.assertIn("+13033010", self.form.message_ids[0].body)

    def test_one_country_abroad_takes_a_quarter_of_the_day(self):
        self.company.sms_marketing_codes_a_day = 8
        self.sender.country_ids = False
        self.form.country_ids = self.usa + self.env.ref("base.nl") + self.env.ref("base.be")
        dutch = [self.ask(f"+3161234{at}000")[0].status_code for at in range(1, 5)]
        self.assertEqual(dutch, [200, 200, 429, 429])
        self.assertEqual(self.ask("+32470123456")[0].status_code, 200)
        home = [self.ask(self.number_of_new_range())[0].status_code for _time in range(4)]
        self.assertEqual(home, [200] * 4)
        self.assertIn("one country (NL)", " ".join(self.alarms().mapped("note")))

    def test_the_day_of_a_form_and_of_a_company(self):
        self.company.sms_marketing_codes_a_day = 3
        self.form.codes_a_day = 2
        other = self.form.copy({"slug": "other-fair-of-the-tests", "codes_a_day": 0})
        self.assertEqual(
            [self.ask(self.number_of_new_range())[0].status_code for _time in range(3)],
            [200, 200, 429],
        )
        path = f"/sms/sign-up/{other.slug}"
        self.assertEqual(
            [self.ask(self.number_of_new_range(), path=path)[0].status_code for _time in range(2)],
            [200, 429],
        )
        self.assertEqual(self.codes(), 3)
        notes = " ".join(self.alarms().mapped("note"))
        self.assertIn("Spring fair", notes)
        self.assertIn("All sign-up codes", notes)

    def test_an_hour_takes_a_third_of_the_day(self):
        self.company.sms_marketing_codes_a_day = 8
        self.startPatcher(patch.object(sign_up_limits, "LEAST_IN_HOUR", 1))
        asked = [self.ask(self.number_of_new_range())[0].status_code for _time in range(3)]
        self.assertEqual(asked, [200, 200, 429])
        self.assertIn("within an hour", " ".join(self.alarms().mapped("note")))
        self.env.cr.execute(
            "UPDATE sms_marketing_throttle SET used_at = used_at - interval '1 hour'"
        )
        self.assertEqual(self.ask(self.number_of_new_range())[0].status_code, 200)

    def test_settings_that_make_no_sense(self):
        for record, values in (
            (self.company, {"sms_marketing_codes_a_day": 0}),
            (self.form, {"codes_a_day": -1}),
        ):
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
                record.write(values)
                self.env.flush_all()


@tagged("post_install", "-at_install")
class TestSoftLimits(LimitsCase):
    """Many at once are slowed down: nobody is shut out."""

    def setUp(self):
        super().setUp()
        self.soft_limit("sign_up_address", 2)
        for _visitor in range(2):
            self.ask(self.number_of_new_range())

    def held_up(self, number=NUMBER, **typed):
        """Ask for a code and get the page with the puzzle."""
        response, page = self.ask(number, **typed)
        self.assertEqual(response.status_code, 429)
        self.assertIn("One moment, please", self.text_of(page))
        self.assertFalse(self.texts_to(number))
        return response, page

    def solve(self, page):
        """What the page's script does."""
        [form] = page.xpath("//form[@id='proof']")
        [token] = form.xpath(".//input[@name='proof']/@value")
        bits = int(form.get("data-bits"))
        return next(
            str(answer)
            for answer in count()
            if int.from_bytes(sha256(f"{token}:{answer}".encode()).digest()[:4], "big")
            >> (32 - bits)
            == 0
        )

    def test_a_browser_solves_it_and_goes_on(self):
        response, page = self.held_up(name="Ann")
        self.assertEqual(response.headers["Retry-After"], str(sign_up_limits.WAIT))
        self.assertIn("script-src 'self'", response.headers["Content-Security-Policy"])
        [script] = page.xpath("//script/@src")
        self.assertEqual(self.url_open(script).status_code, 200)
        response, page = self.fill_in(page, answer=self.solve(page))
        self.assertIn("code of six digits", self.text_of(page))
        self.assertFalse(page.xpath("//script"))
        self.fill_in(page, code=self.code_to(NUMBER))
        self.assertEqual(self.state_of(NUMBER), "subscribed")
        partner = self.env["res.partner"].search([("mobile_e164", "=", NUMBER)])
        self.assertEqual(partner.name, "Ann", "nothing that was typed is lost")

    def test_without_javascript_one_waits(self):
        _response, page = self.held_up()
        response, again = self.fill_in(page)
        self.assertEqual(response.status_code, 429, "too early")
        now = sign_up_limits.time.time()
        with patch.object(sign_up_limits.time, "time", lambda: now + sign_up_limits.WAIT + 1):
            response, page = self.fill_in(again)
        self.assertIn("code of six digits", self.text_of(page))
        self.assertEqual(len(self.texts_to(NUMBER)), 1)

    def test_who_waits_often_waits_longer(self):
        self.limit("sign_up_waited", 11)
        waits = []
        now = sign_up_limits.time.time()
        with patch.object(sign_up_limits.time, "time", lambda: now):
            pages = [self.held_up(self.number_of_new_range()) for _visitor in range(13)]
        with patch.object(sign_up_limits.time, "time", lambda: now + 700):
            for _response, page in pages:
                response, _page = self.fill_in(page)
                waits.append((response.status_code, response.headers.get("Retry-After")))
        self.assertEqual(waits[:11], [(200, None)] * 11)
        self.assertEqual(waits[11:], [(429, "40")] * 2, "many pages opened at once do not help")

    def test_an_answer_is_good_once_and_for_its_own_page(self):
        _response, page = self.held_up()
        [token] = page.xpath("//input[@name='proof']/@value")
        answer = self.solve(page)
        self.fill_in(page, answer=answer)
        self.assertEqual(len(self.texts_to(NUMBER)), 1)
        for proof in (
            token,
            token[:-1],
            token.replace(".", ""),
            "",
            "....",
            f"0.0.0.{'x' * 12}.{'0' * 32}",
            "\x00",
            "9" * 5000,
            "é.1.1.1.é",
        ):
            response, _page = self.fill_in(page, proof=proof, answer=answer)
            self.assertEqual(response.status_code, 429, proof)
        self.assertEqual(len(self.texts_to(NUMBER)), 1)

    def test_wrong_and_late_answers(self):
        # So many bits that none of these is right by chance.
        with patch.multiple(sign_up_limits, LEAST_BITS=200, MOST_BITS=200):
            for answer in ("0", "-1", "x" * 5000, "\x00", ""):
                _response, page = self.held_up()
                response, _page = self.fill_in(page, answer=answer)
                self.assertEqual(response.status_code, 429)
        _response, page = self.held_up(self.number_of_new_range())
        answer = self.solve(page)
        later = sign_up_limits.time.time() + 1801
        with patch.object(sign_up_limits.time, "time", lambda: later):
            response, _page = self.fill_in(page, answer=answer)
        self.assertEqual(response.status_code, 429)

    def test_more_load_is_more_work_up_to_a_bound(self):
        demand = sign_up_limits.Demand(self.company, self.form, NUMBER, "192.0.2.1")
        bits = []
        for used in (1, 2, 4, 8, 64, 10**6):
            with patch.object(sign_up_limits.throttle, "used", lambda *_use, used=used: used):
                found = sign_up_limits.challenge(self.env, demand)
                bits.append(found and found.bits)
        least, most = sign_up_limits.LEAST_BITS, sign_up_limits.MOST_BITS
        self.assertEqual(bits, [None, least, least + 1, least + 2, most, most])

    def test_people_at_an_event_get_through(self):
        """More than the page once let through from one address."""
        _response, form = self.visit(self.path)
        for _visitor in range(35):
            number = self.number_of_new_range()
            _response, page = self.fill_in(form, number=number, type=[str(self.type.id)])
            _response, page = self.fill_in(page, answer=self.solve(page))
            self.assertIn("code of six digits", self.text_of(page))
        self.assertEqual(self.codes(), 37)

    def test_new_code_and_preference_page_are_held_up_too(self):
        _response, page = self.held_up()
        _response, page = self.fill_in(page, answer=self.solve(page))
        _response, page = self.fill_in(page, "again")
        self.assertIn("One moment, please", self.text_of(page))
        _response, page = self.fill_in(page, answer=self.solve(page))
        self.assertIn("A new code is on its way", self.text_of(page))
        person = self.contacts(1)
        path = self.preference_path(self.send(self.message(person)))
        _response, page = self.visit(path)
        self.soft_limit("sign_up_company", 1)
        _response, page = self.fill_in(page, "save", type=[str(self.events.id)])
        self.assertIn("One moment, please", self.text_of(page))
        self.assertEqual(self.state_of(person.mobile_e164), "unsubscribed", "leaving never waits")
        _response, page = self.fill_in(page, answer=self.solve(page))
        self.assertIn("code of six digits", self.text_of(page))
