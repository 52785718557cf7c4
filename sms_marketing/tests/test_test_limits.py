"""Tests are texts: who may receive one, and how many there can be."""

import importlib.util
from datetime import timedelta
from pathlib import Path

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..engine import consent, erasure, throttle
from ..engine.throttle import LIMITS
from .common import SmsMarketingCase
from .test_test_number import VerificationMixin

CLEAR = "This request is not valid"


class LimitsCase(VerificationMixin, SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.ben = self.user("ben_verifier")
        self.saved = self.save_number(label="Anna's phone")
        self.set_verified(self.saved, by=self.ben, days=2)
        self.draft = self.message()

    def send_test(self, *numbers, message=None, user=None):
        message = message or self.draft
        if user:
            message = message.with_user(user)
        numbers = numbers or [self.saved]
        with self.own_transactions():
            outcomes = message.send_test([number.id for number in numbers])
        return self.env["sms.marketing.recipient"].browse(one["id"] for one in outcomes)

    def assert_refused(self, problem, *numbers, **others):
        before = self.env["sms.marketing.recipient"].search_count([("kind", "=", "test")])
        with self.assertRaisesRegex(UserError, problem):
            self.send_test(*numbers, **others)
        after = self.env["sms.marketing.recipient"].search_count([("kind", "=", "test")])
        self.assertEqual(after, before)

    def let_uses_age(self, interval):
        self.env.cr.execute(
            "UPDATE sms_marketing_throttle SET used_at = used_at - %s::interval", [interval]
        )

    def line(self):
        [line] = [
            one for one in self.draft.get_test_panel()["numbers"] if one["id"] == self.saved.id
        ]
        return line


@tagged("post_install", "-at_install")
class TestWhoReceivesTests(LimitsCase):
    """A colleague's number, as long as the colleague who verified it works here."""

    def check_both_gates(self, change, reason, problem):
        """A test that waits is not sent, another one is refused, and the panel says why."""
        waiting = self.send_test()
        change()
        self.env.flush_all()
        self.env.invalidate_all()
        self.assert_refused(problem)
        self.assertRegex(self.line()["refusal"], problem)
        self.assertFalse(self.line()["is_verified"])
        self.run_lane()
        self.assertEqual((waiting.state, waiting.reason), ("skipped", reason))

    def test_verified_number(self):
        test = self.send_test()
        self.run_lane()
        self.assertEqual(test.state, "sent")
        self.assertEqual((self.line()["is_verified"], self.line()["refusal"]), (True, False))

    def test_verifier_is_archived(self):
        self.check_both_gates(
            lambda: setattr(self.ben, "active", False),
            "not_verified",
            "Verified by ben_verifier.*no longer works here",
        )
        # The same person back is the same proof.
        self.ben.active = True
        self.send_test()

    def test_verifier_leaves_the_company(self):
        other = self.make_company()["company"]
        self.check_both_gates(
            lambda: self.ben.write({"company_ids": [Command.set(other.ids)], "company_id": other}),
            "not_verified",
            "no longer works here",
        )

    def test_verifier_is_no_employee_any_more(self):
        portal = self.env.ref("base.group_portal")
        self.check_both_gates(
            lambda: self.ben.write({"group_ids": [Command.set(portal.ids)]}),
            "not_verified",
            "no longer works here",
        )

    def test_nobody_known_verified_it(self):
        self.check_both_gates(
            lambda: self.saved.sudo().write({"verified_by_id": False}),
            "not_verified",
            "Not verified",
        )

    def test_who_stopped_everything_verifies_again(self):
        number = self.saved.number
        self.subscribe(number)
        self.check_both_gates(
            lambda: consent.unsubscribe_everywhere(
                self.env, [number], self.company, method="keyword", wording="STOP"
            ),
            "unsubscribed",
            "Opted out; verify it again",
        )
        code = self.send_code(self.saved, self.draft)
        self.let_opt_outs_age()
        self.enter(self.saved, code)
        self.assertTrue(self.saved.is_verified)
        test = self.send_test()
        self.run_lane()
        self.assertEqual(test.state, "sent")

    def test_a_stop_before_the_verification_does_not_count(self):
        consent.unsubscribe_everywhere(
            self.env, [self.saved.number], self.company, method="keyword", wording="STOP"
        )
        self.assertFalse(self.saved.is_verified)
        self.set_verified(self.saved, days=-1)
        self.assertTrue(self.saved.is_verified)

    def test_who_left_one_type_of_two_gets_tests(self):
        other = self.env["sms.marketing.subscription.type"].create({"name": "Events"})
        self.subscribe(self.saved.number)
        self.subscribe(self.saved.number, type=other)
        self.unsubscribe(self.saved.number)
        self.send_test()
        self.unsubscribe(self.saved.number, type=other)
        self.assert_refused("Opted out")

    def test_stop_to_another_company_is_that_company_s(self):
        other = self.make_company()
        consent.unsubscribe_everywhere(
            self.env, [self.saved.number], other["company"], method="keyword", wording="STOP"
        )
        self.send_test()

    def test_blacklist_of_staff_or_carriers(self):
        self.check_both_gates(
            lambda: self.env["phone.blacklist"].sudo().add(self.saved.number),
            "blacklisted",
            "On the phone blacklist",
        )
        self.set_verified(self.saved)
        self.assert_refused("On the phone blacklist")
        with self.assertRaisesRegex(UserError, "phone blacklist"):
            self.send_code(self.saved, self.draft)
        self.assertFalse(self.code_texts(self.saved))

    def test_blacklist_that_only_a_stop_filled(self):
        self.company.sms_marketing_fill_blacklist = True
        consent.unsubscribe_everywhere(
            self.env, [self.saved.number], self.company, method="keyword", wording="STOP"
        )
        self.assert_refused("Opted out")
        self.let_opt_outs_age()
        self.set_verified(self.saved)
        self.send_test()

    def let_opt_outs_age(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_subscription SET opted_out_at = opted_out_at - interval '1 hour'"
        )

    def test_only_a_user_of_the_company_verifies(self):
        """OdooBot, who runs automations, is archived and nobody's colleague."""
        unverified = self.save_number()
        code = self.send_code(unverified, self.draft)
        with self.assertRaisesRegex(AccessError, "Only users of"), self.own_transactions():
            unverified.sudo().action_verify(code)
        self.assertFalse(unverified.verified_at)

    def test_new_owner_or_label_changes_nothing(self):
        self.saved.write({"user_id": self.ben.id, "label": "Ben's"})
        self.assertTrue(self.saved.is_verified)

    def test_number_moved_to_another_company_is_verified_there(self):
        self.saved.company_id = self.make_company()["company"]
        self.assertFalse(self.saved.verified_at or self.saved.verified_by_id)

    def test_the_same_number_in_two_companies_is_verified_twice(self):
        other = self.make_company()
        twin = self.env["sms.marketing.test.number"].create(
            {"label": "Twin", "number": self.saved.number, "company_id": other["company"].id}
        )
        self.assertTrue(self.saved.is_verified)
        self.assertFalse(twin.is_verified)

    def test_only_messages_that_are_still_to_be_sent(self):
        for vals in (
            {"state": "sent"},
            {"state": "cancelled"},
            {"state": "sending"},
            {"active": False},
        ):
            message = self.message()
            message.sudo().write(vals)
            self.assert_refused("Only drafts and scheduled messages", message=message)
            self.assertTrue(message.get_test_panel()["problems"])

    def test_update_from_before_verifiers_were_kept(self):
        path = Path(__file__).parents[1] / "migrations/19.0.1.1.0/post-test_numbers.py"
        spec = importlib.util.spec_from_file_location("post_test_numbers", path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        forged = self.save_number(label="Forged")
        by_code = self.save_number(label="By code")
        self.send_code(by_code, self.draft.with_user(self.verifier))
        self.env.cr.execute(
            """
            UPDATE sms_marketing_recipient SET user_id = %s, state = 'delivered'
             WHERE kind = 'verification' AND number = %s
            """,
            [self.ben.id, by_code.number],
        )
        (forged + by_code).sudo().write({"verified_at": fields.Datetime.now() + timedelta(1)})
        self.env.flush_all()
        script.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual((by_code.verified_by_id, by_code.is_verified), (self.ben, True))
        self.assertFalse(forged.verified_at or forged.is_verified)
        self.assertEqual(self.saved.verified_by_id, self.ben)


@tagged("post_install", "-at_install")
class TestNumberOfTests(LimitsCase):
    """So many tests, whatever is deleted meanwhile."""

    def fill(self, subject, key, leave=0):
        """Uses of a limit, one second ago."""
        self.env.cr.execute("DELETE FROM sms_marketing_throttle")
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_throttle (subject, key, used_at)
            SELECT %s, %s, clock_timestamp() AT TIME ZONE 'UTC' - interval '1 second'
              FROM generate_series(1, %s)
            """,
            [subject, throttle._hash(self.env, key), LIMITS[subject].most - leave],
        )

    def test_a_number_a_minute(self):
        for _test in range(LIMITS["test_number"].most):
            self.send_test()
        self.assert_refused(rf"\{self.saved.number} can receive up to 5 tests a minute.*again at")
        self.let_uses_age("61 seconds")
        self.send_test()

    def test_each_limit_refuses_and_lets_go(self):
        for subject, key, said in (
            ("test_number_day", self.saved.number, r"can receive up to 20 tests in 24 hours"),
            ("test_user", self.env.uid, "You can send up to 20 tests a minute"),
            ("test_user_day", self.env.uid, "You can send up to 50 tests in 24 hours"),
            ("test_company_day", self.company.id, "Your company can send up to 200 tests"),
        ):
            with self.subTest(subject):
                self.fill(subject, key, leave=1)
                self.send_test()
                self.assert_refused(f"{said}.* You can try again at ")
                self.let_uses_age(f"{LIMITS[subject].seconds} seconds")
                self.send_test()

    def test_the_error_says_when(self):
        self.fill("test_number_day", self.saved.number)
        self.env.cr.execute("UPDATE sms_marketing_throttle SET used_at = '2031-05-06 07:08:10'")
        self.env.user.tz = "Europe/Amsterdam"
        self.assert_refused("try again at 5/7/31, 9:09\\sAM")

    def test_neither_message_nor_number_deleted_makes_room(self):
        self.fill("test_number_day", self.saved.number, leave=1)
        self.send_test()
        number = self.saved.number
        self.draft.unlink()
        self.saved.unlink()
        self.saved, self.draft = self.verified_number(number), self.message()
        self.assert_refused("20 tests in 24 hours")

    def test_erasure_makes_no_room(self):
        number = self.saved.number
        self.fill("test_number_day", number, leave=1)
        self.send_test()
        self.run_lane()
        erasure.erase(self.env, [number], self.company, from_contacts=True)
        self.saved = self.verified_number(number)
        self.assert_refused("20 tests in 24 hours")

    def test_another_user_or_company_makes_no_room_for_a_number(self):
        self.fill("test_number_day", self.saved.number)
        own = self.message(user_id=self.ben.id)
        self.assert_refused("20 tests in 24 hours", message=own, user=self.ben)

    def test_all_of_the_chosen_or_none(self):
        other = self.verified_number(label="Ben")
        self.fill("test_number_day", other.number)
        self.assert_refused("20 tests in 24 hours", self.saved, other)
        # The one that had room was not counted.
        for _test in range(LIMITS["test_number"].most):
            self.send_test()

    def test_one_request_has_a_bound(self):
        with self.assertRaisesRegex(UserError, "Choose 20 at most"):
            self.draft.send_test(list(range(1, 22)))

    def test_values_of_other_types(self):
        for ids in (None, 5, "12", {"id": 1}, ["1"], [[1]], [True], [-1], [2**40], [1.5]):
            with self.subTest(ids), self.assertRaisesRegex(UserError, CLEAR):
                self.draft.send_test(ids)
        for partner in ("1", [1], {}, 2**40, -1, True, 1.5):
            with self.subTest(partner), self.assertRaisesRegex(UserError, CLEAR):
                self.draft.send_test(self.saved.ids, partner)
        with self.assertRaisesRegex(UserError, "was deleted"):
            self.draft.send_test(self.saved.ids, 2**31 - 1)
        for ids in (5, "12", {"id": 1}, ["1"]):
            with self.subTest(ids), self.assertRaisesRegex(UserError, CLEAR):
                self.draft.get_test_outcomes(ids)
        numbers = self.env["sms.marketing.test.number"]
        for message in (None, "1", [1], {}, 2**40):
            with self.subTest(message), self.assertRaises(UserError):
                numbers.add("+12025550177", "Anna", message)
            with self.subTest(message), self.assertRaises(UserError):
                self.save_number().action_send_code(message)


@tagged("post_install", "-at_install")
class TestNumberOfCodes(LimitsCase):
    """A code is a text as well, and goes to numbers that have proved nothing yet."""

    def refused_code(self, saved, problem):
        amount = len(self.code_texts(saved))
        with self.assertRaisesRegex(UserError, problem), self.own_transactions():
            saved.action_send_code(self.draft.id)
        self.assertEqual(len(self.code_texts(saved)), amount)

    def test_one_a_day_to_a_number_that_has_opted_out(self):
        consent.unsubscribe_everywhere(
            self.env, [self.saved.number], self.company, method="keyword", wording="STOP"
        )
        self.send_code(self.saved, self.draft)
        self.refused_code(self.saved, "has opted out.* only one code in 24 hours")
        self.let_uses_age("23 hours")
        self.refused_code(self.saved, "only one code")
        self.let_uses_age("61 minutes")
        self.send_code(self.saved, self.draft)

    def test_neighbours_share_a_limit(self):
        administrators = [
            self.user(f"admin_range_{at}", "sms_marketing.group_administrator") for at in range(3)
        ]
        most = LIMITS["code_range_day"].most
        for at in range(most):
            saved = self.save_number(f"+13034560{100 + at}", label=str(at))
            self.send_code(saved.with_user(administrators[at % 3]), self.draft)
        # None of the users has spent a limit.
        self.refused_code(
            self.save_number("+13034560199"), r"begin with \+13034560 can receive up to"
        )
        self.send_code(self.save_number("+13034561199"), self.draft)

    def test_a_day_of_a_user(self):
        for _hour in range(2):
            for _code in range(10):
                self.send_code(self.save_number(), self.draft)
            self.let_uses_age("61 minutes")
        self.refused_code(self.save_number(), "You can request up to 20 codes in 24 hours")

    def test_sign_up_codes_count_too(self):
        saved = self.save_number()
        for _code in range(3):
            throttle.take(self.env, ("code_number", saved.number))
        self.refused_code(saved, "up to 3 codes an hour")

    def test_only_mobile_numbers(self):
        for number in ("+442079460123", "+449098790879", "+870773111632", "+390612345678"):
            with self.subTest(number), self.assertRaisesRegex(ValidationError, "not a mobile"):
                self.save_number(number)
        old = self.save_number()
        self.env.cr.execute(
            "UPDATE sms_marketing_test_number SET number = '+442079460123' WHERE id = %s", [old.id]
        )
        old.invalidate_recordset()
        self.refused_code(old, "not a mobile number")

    def test_erasure_and_deletion_make_no_room(self):
        number = self.number()
        for _code in range(3):
            saved = self.save_number(number)
            self.send_code(saved, self.draft)
            self.run_lane()
            erasure.erase(self.env, [number], self.company, from_contacts=True)
        self.refused_code(self.save_number(number), "up to 3 codes an hour")
