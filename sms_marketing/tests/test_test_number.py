"""Saved numbers for test messages, and the codes that verify them."""

import re
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import UniqueViolation

from ..engine import verification
from .common import SmsMarketingCase

WRONG = "000000"


class VerificationMixin:
    """Ways to save numbers and to read the code that was sent to one."""

    def save_number(self, number=None, label="Anna", user=None):
        return (
            self.env["sms.marketing.test.number"]
            .with_user(user or self.env.user)
            .create({"label": label, "number": number or self.number()})
        )

    @property
    def verifier(self):
        """An employee of the company; the tests' own user, OdooBot, is nobody."""
        return self.env.ref("base.user_admin")

    def verified_number(self, number=None, label="Anna", user=None):
        saved = self.save_number(number, label, user)
        self.set_verified(saved)
        return saved

    def set_verified(self, saved, by=None, **moment):
        """As the right code leaves it.

        :param moment: hours, days, … ago
        """
        saved.sudo().write(
            {
                "verified_at": fields.Datetime.now() - timedelta(**moment),
                "verified_by_id": (by or self.verifier).id,
            }
        )
        self.env.flush_all()

    def code_texts(self, saved):
        return (
            self.env["sms.marketing.recipient"]
            .sudo()
            .search([("kind", "=", "verification"), ("number", "=", saved.number)])
        )

    def send_code(self, saved, message):
        """Ask for a code; returns the one that the text says."""
        with self.own_transactions():
            saved.action_send_code(message.id)
        code = re.search(r": ([0-9]{6}) is", self.code_texts(saved)[0].body)[1]
        self.assertNotEqual(code, WRONG, "one run in a million: run it again")
        return code

    def enter(self, saved, code):
        with self.own_transactions():
            return saved.with_user(self.verifier).action_verify(code)

    def assert_refused(self, saved, code):
        with self.assertRaisesRegex(UserError, "^This code is wrong or no longer good"):
            self.enter(saved, code)
        self.assertFalse(saved.verified_at)


@tagged("post_install", "-at_install")
class TestNumber(VerificationMixin, SmsMarketingCase):
    def test_number_is_stored_in_international_form(self):
        self.assertEqual(self.save_number(" +1 (202) 555-0177 ").number, "+12025550177")
        saved = self.save_number("+31 6 12345678")
        self.assertEqual(saved.number, "+31612345678")
        self.assertEqual(saved.display_name, "Anna (+31612345678)")

    def test_bad_numbers_say_what_is_wrong(self):
        for number, problem in {
            "": "is empty",
            "2025550177": "has no country; write it with \\+",
            "+999 555 0177": "calling code that no country has",
            "+1 202 555": "too few digits",
            "+1 202 555 0177 0177 0177": "too many digits",
            "the red phone": "no country|not one phone number",
            "<script>alert(1)</script>": "no country|not one phone number",
        }.items():
            with self.subTest(number), self.assertRaisesRegex(ValidationError, problem):
                self.env["sms.marketing.test.number"].add(number, "Anna", self.message().id)

    def test_labels(self):
        html = "<img src=x onerror=alert(1)> & “Ben”"
        self.assertEqual(self.save_number(label=html).label, html)
        for label in ("   ", "two\nlines", "bell\x07", "x" * 65):
            with self.subTest(label), self.assertRaises(ValidationError):
                self.save_number(label=label)

    def test_number_is_saved_once_in_a_company(self):
        saved = self.save_number("+12025550177")
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.save_number("+1 202 555 0177", label="Twice")
        with self.assertRaises(UserError):
            saved.copy()

    def test_adding_a_saved_number_finds_it(self):
        message, numbers = self.message(), self.env["sms.marketing.test.number"]
        line = numbers.add("+12025550177", "Anna", message.id)
        self.assertEqual(
            line,
            {
                "id": line["id"],
                "label": "Anna",
                "number": "+12025550177",
                "is_verified": False,
                "refusal": "Not verified",
                "is_mine": True,
            },
        )
        self.assertEqual(numbers.add("+1 202-555-0177", "Other", message.id), line)
        # Who may not change it is told whom to ask, as long as it is of no use to him.
        user = self.user("ben_number")
        own = self.message(user_id=user.id)
        with self.assertRaisesRegex(UserError, "saved this number as “Anna”"):
            numbers.with_user(user).add("+12025550177", "Mine", own.id)
        self.set_verified(numbers.browse(line["id"]))
        found = numbers.with_user(user).add("+12025550177", "Mine", own.id)
        self.assertEqual(found, {**line, "is_verified": True, "refusal": False, "is_mine": False})

    def test_nobody_writes_what_only_a_code_may_change(self):
        administrator = self.user("admin_number", "sms_marketing.group_administrator")
        saved = self.save_number(user=administrator)
        for vals in (
            {"verified_at": "2026-01-01"},
            {"verified_by_id": administrator.id},
            {"code_hash": "x"},
            {"code_expires_at": "2100-01-01"},
            {"code_tries": -100},
        ):
            with self.subTest(vals):
                with self.assertRaises(UserError):
                    saved.write(vals)
                with self.assertRaises(UserError):
                    saved.create({"label": "Ben", "number": "+12025550178", **vals})
        for name in ("code_hash", "code_expires_at", "code_tries"):
            with self.assertRaises(AccessError):
                saved.read([name])
            self.assertNotIn(name, saved.fields_get())

    def test_another_number_is_not_verified(self):
        saved = self.verified_number("+12025550177")
        saved.write({"label": "Anna, new phone", "number": "+1 202 555 0177"})
        self.assertTrue(saved.verified_at)
        saved.number = "+12025550178"
        self.assertFalse(saved.verified_at or saved.verified_by_id or saved.is_verified)

    def test_a_code_does_not_serve_another_number(self):
        saved, message = self.save_number(), self.message()
        code = self.send_code(saved, message)
        saved.number = self.number()
        self.assert_refused(saved, code)


@tagged("post_install", "-at_install")
class TestAccessToNumbers(VerificationMixin, SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.anna, self.ben = self.user("anna_number"), self.user("ben_number")
        self.manager = self.user("manager_number", "sms_marketing.group_manager")
        self.of_ben = self.save_number(label="Ben", user=self.ben)

    def test_users_see_all_and_change_their_own(self):
        as_anna = self.of_ben.with_user(self.anna)
        self.assertEqual(as_anna.label, "Ben")
        message = self.message(user_id=self.anna.id)
        for attempt in (
            lambda: as_anna.write({"label": "Mine"}),
            lambda: as_anna.write({"user_id": self.anna.id}),
            as_anna.unlink,
            lambda: as_anna.action_send_code(message.id),
            lambda: as_anna.action_verify(WRONG),
            lambda: as_anna.create(
                {"label": "For Ben", "number": self.number(), "user_id": self.ben.id}
            ),
        ):
            with self.assertRaises(AccessError):
                attempt()
        own = self.of_ben.with_user(self.ben)
        own.label = "Ben, work"
        own.unlink()
        self.assertFalse(self.of_ben.exists())

    def test_managers_change_all(self):
        as_manager = self.of_ben.with_user(self.manager)
        as_manager.label = "Ben, work"
        as_manager.unlink()
        self.assertFalse(self.of_ben.exists())

    def test_other_roles_have_no_access(self):
        for group in ("base.group_user", "sales_team.group_sale_salesman", "base.group_portal"):
            user = self.user(f"{group}_number", group)
            with self.subTest(group), self.assertRaises(AccessError):
                self.env["sms.marketing.test.number"].with_user(user).search([])

    def test_numbers_of_another_company_are_out_of_reach(self):
        other = self.make_company()["company"]
        foreign = self.env["sms.marketing.test.number"].create(
            {"label": "Far", "number": self.number(), "company_id": other.id}
        )
        for user in (self.anna, self.manager):
            numbers = self.env["sms.marketing.test.number"].with_user(user)
            self.assertNotIn(foreign, numbers.search([]))
            with self.assertRaises(AccessError):
                foreign.with_user(user).read(["number"])

    def test_code_needs_a_message_that_one_may_read(self):
        own = self.save_number(user=self.anna)
        foreign = self.message(user_id=self.ben.id)
        with self.assertRaises(AccessError):
            own.action_send_code(foreign.id)
        self.assertFalse(self.code_texts(own))


@tagged("post_install", "-at_install")
class TestVerification(VerificationMixin, SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.draft = self.message()
        self.saved = self.save_number()

    def test_right_code_verifies(self):
        code = self.send_code(self.saved, self.draft)
        self.assertFalse(self.saved.verified_at)
        self.assertTrue(self.enter(self.saved, f" {code[:3]} {code[3:]} ")["is_verified"])
        self.assertTrue(self.saved.verified_at)
        self.assertEqual(self.saved.verified_by_id, self.verifier)
        with self.assertRaisesRegex(UserError, "verified already"):
            self.saved.action_send_code(self.draft.id)
        with self.assertRaises(UserError):  # a code is good once
            self.enter(self.saved, code)

    def test_code_is_stored_nowhere_but_in_its_text(self):
        code = self.send_code(self.saved, self.draft)
        self.env.cr.execute(
            "SELECT to_jsonb(t)::text FROM sms_marketing_test_number t WHERE id = %s",
            [self.saved.id],
        )
        [stored] = self.env.cr.fetchone()
        self.assertIn("code_hash", stored)
        self.assertNotIn(f'"{code}"', stored)
        text = self.code_texts(self.saved)
        self.run_lane()
        self.assertEqual(text.state, "sent")
        self.assertFalse(text.body, "the code has left for its number")
        self.assertFalse(text.text)
        # Keyed: the same code of the same number has another hash with another secret.
        before = verification._hash(self.env, 1, "+12025550177", code)
        self.env["ir.config_parameter"].set_param("database.secret", "another secret")
        self.assertNotEqual(verification._hash(self.env, 1, "+12025550177", code), before)

    def test_colleagues_cannot_read_codes(self):
        self.send_code(self.saved, self.draft)
        for group in ("group_user", "group_manager", "group_administrator"):
            user = self.user(f"{group}_code", f"sms_marketing.{group}")
            texts = self.env["sms.marketing.recipient"].with_user(user)
            self.assertFalse(texts.search([("kind", "=", "verification")]))
            with self.assertRaises(AccessError):
                self.code_texts(self.saved).with_user(user).sudo(False).read(["body"])

    def test_code_expires(self):
        code = self.send_code(self.saved, self.draft)
        self._age_code("9 minutes 50 seconds")
        self.assert_refused(self.saved, WRONG)
        self._age_code("20 seconds")
        self.assert_refused(self.saved, code)
        self.env["sms.marketing.test.number"]._gc_codes()
        self.assertFalse(self.saved.sudo().code_hash)

    def test_code_is_good_until_it_expires(self):
        code = self.send_code(self.saved, self.draft)
        self._age_code("9 minutes 50 seconds")
        self.assertTrue(self.enter(self.saved, code)["is_verified"])

    def test_five_wrong_tries_kill_a_code(self):
        code = self.send_code(self.saved, self.draft)
        for _try in range(5):
            self.assert_refused(self.saved, WRONG)
        self.assert_refused(self.saved, code)
        # A new one starts anew; the old one stays dead.
        new = self.send_code(self.saved, self.draft)
        if code != new:
            self.assert_refused(self.saved, code)
        self.assertTrue(self.enter(self.saved, new)["is_verified"])

    def test_fifth_try_may_be_right(self):
        code = self.send_code(self.saved, self.draft)
        for _try in range(4):
            self.assert_refused(self.saved, WRONG)
        self.assertTrue(self.enter(self.saved, code)["is_verified"])

    def test_strange_codes_are_wrong_codes(self):
        self.assert_refused(self.saved, WRONG)  # none was asked for
        self.send_code(self.saved, self.draft)
        for code in ("", None, False, "’; DROP TABLE", ["1"], {"code": 1}, "1" * 10**6, 10**5000):
            self.assert_refused(self.saved, code)

    def test_three_codes_an_hour_for_a_number(self):
        for _code in range(3):
            self.send_code(self.saved, self.draft)
        self._assert_no_more(self.saved)
        # Neither another user nor saving it anew opens the way.
        number = self.saved.number
        self.saved.unlink()
        anew = self.save_number(number, user=self.user("manager", "sms_marketing.group_manager"))
        self._assert_no_more(anew)
        self._age_uses()
        self.send_code(anew, self.draft)

    def test_ten_codes_an_hour_for_a_user(self):
        for _number in range(10):
            self.send_code(self.save_number(), self.draft)
        self._assert_no_more(self.saved)
        # Another user is not held up.
        user = self.user("ben_codes")
        own = self.message(user_id=user.id)
        self.send_code(self.save_number(user=user).with_user(user), own.with_user(user))
        self._age_uses()
        self.send_code(self.saved, self.draft)

    def test_refused_code_leaves_the_last_one_good(self):
        codes = [self.send_code(self.saved, self.draft) for _code in range(3)]
        self._assert_no_more(self.saved)
        self.assertTrue(self.enter(self.saved, codes[-1])["is_verified"])

    def test_codes_are_spread_over_all_digits(self):
        with patch.object(verification.secrets, "randbelow", return_value=7) as randbelow:
            self.assertEqual(self.send_code(self.saved, self.draft), "000007")
        randbelow.assert_called_once_with(1_000_000)

    def test_code_goes_out_by_the_message_s_sender(self):
        self.send_code(self.saved, self.draft)
        text = self.code_texts(self.saved)
        self.assertEqual(text.sender_id, self.sender)
        self.assertTrue(text.body.startswith(f"{self.company.name}: "))
        self.assertFalse(text.message_id or text.test_message_id or text.partner_id)

    def test_sender_must_be_able_to_reach_the_number(self):
        abroad = self.save_number("+31612345678", label="Anna in Utrecht")
        with self.assertRaisesRegex(UserError, r"may not send.*Anna in Utrecht"):
            abroad.action_send_code(self.draft.id)
        self.draft.sender_id = False
        with self.assertRaisesRegex(UserError, "Choose a sender"):
            self.saved.action_send_code(self.draft.id)

    def test_message_of_another_company_does_not_send_codes(self):
        other = self.make_company()
        foreign = self.env["sms.marketing.message"].create(
            {
                "name": "Foreign",
                "company_id": other["company"].id,
                "sender_id": other["sender"].id,
                "subscription_type_id": other["type"].id,
            }
        )
        with self.assertRaises(AccessError):
            self.saved.action_send_code(foreign.id)

    def _assert_no_more(self, saved):
        amount = len(self.code_texts(saved))
        with (
            self.assertRaisesRegex(UserError, r"up to \d+ codes .*try again at"),
            self.own_transactions(),
        ):
            saved.action_send_code(self.draft.id)
        self.assertEqual(len(self.code_texts(saved)), amount)

    def _age_code(self, interval):
        self.env.cr.execute(
            "UPDATE sms_marketing_test_number SET code_expires_at = code_expires_at - %s::interval",
            [interval],
        )
        self.env.invalidate_all()

    def _age_uses(self, interval="61 minutes"):
        self.env.cr.execute(
            "UPDATE sms_marketing_throttle SET used_at = used_at - %s::interval", [interval]
        )
