"""Codes of the public sign-up page: good once, for a while, and not to be guessed."""

from odoo.tests import tagged

from .common import SmsMarketingHttpCase
from .sign_up_pages import WRONG, SignUpMixin


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
            self.assertIn("wrong or has expired", self.problems(page)["code"])
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
