"""Test messages: what a recipient would get, to colleagues, and counted nowhere."""

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..engine import links, testing
from ..text.template import compile_template
from .common import SmsMarketingCase
from .test_test_number import VerificationMixin


@tagged("post_install", "-at_install")
class TestSendTest(VerificationMixin, SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.saved = self.verified_number(label="Anna's phone")
        self.partner = self.contact(name="Zoë Okafor")
        self.draft = self.message(
            body="Hello {{ object.first_name ||| you }}: https://example.com/{{ object.ref ||| x }}"
        )

    def _tests(self, message=None):
        return self.env["sms.marketing.recipient"].search(
            [("test_message_id", "=", (message or self.draft).id)]
        )

    def _send(self, *numbers, partner=None, message=None):
        message = message or self.draft
        ids = [number.id for number in numbers] or self.saved.ids
        with self.own_transactions():
            outcomes = message.send_test(ids, partner and partner.id)
        return self.env["sms.marketing.recipient"].browse(outcome["id"] for outcome in outcomes)

    def _seen(self, test):
        [outcome] = self.draft.get_test_outcomes(test.ids)
        return outcome

    # ------------------------------------------------------------
    # What is sent
    # ------------------------------------------------------------

    def test_test_is_what_the_contact_would_get(self):
        """The same contact gets the campaign: but for the link's own code, the texts are one."""
        self.subscribe(self.partner.mobile_e164)
        self.draft.include_partner_ids = [Command.set(self.partner.ids)]
        test = self._send(partner=self.partner)
        self.run_lane()
        self.assertEqual(self.draft.state, "draft")
        [recipient] = self.send(self.draft)
        token = {one: one.sudo().token for one in (test, recipient)}
        self.assertEqual(
            test.body.replace(token[test], ""), recipient.text.replace(token[recipient], "")
        )
        self.assertIn("Hello Zoë: http", test.body)
        self.assertTrue(test.body.endswith(self.company.sms_marketing_opt_out_text))
        self.assertEqual((test.segments, test.sender_id), (recipient.segments, self.sender))
        self.assertEqual((test.kind, test.state, test.user_id), ("test", "sent", self.env.user))

    def test_without_contact_defaults_stand_in(self):
        self.assertIn("Hello you: http", self._send().body)

    def test_values_are_in_the_contact_s_language(self):
        self.env["res.lang"]._activate_lang("nl_NL")
        self.company.with_context(lang="nl_NL").sms_marketing_opt_out_text = "Stuur STOP"
        self.partner.lang = "nl_NL"
        self.assertTrue(self._send(partner=self.partner).body.endswith("\nStuur STOP"))

    def test_several_numbers_get_links_of_their_own(self):
        other = self.verified_number(label="Ben")
        tests = self._send(self.saved, other)
        self.assertEqual(set(tests.mapped("number")), {self.saved.number, other.number})
        tokens = tests.sudo().mapped("token")
        self.assertEqual(len(set(tokens)), 2)
        for test in tests:
            self.assertIn(f"/s/{test.sudo().token}", test.body)

    def test_text_stays_what_it_was_when_it_was_sent(self):
        test = self._send()
        self.draft.body = "Something else"
        self.run_lane()
        self.assertIn("Hello you", test.body)

    def test_empty_text_and_broken_tokens_are_refused(self):
        for body, problem in {"": "text is empty", "   ": "text is empty"}.items():
            self.draft.body = body
            with self.assertRaisesRegex(UserError, problem):
                self._send()
        # A field that was readable when the text was saved, and is not any more.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_message SET body = %s WHERE id = %s",
            ["{{ object.password }}", self.draft.id],
        )
        self.draft.invalidate_recordset()
        with self.assertRaisesRegex(UserError, "not a field that texts may read"):
            self._send()
        self.assertFalse(self._tests())

    # ------------------------------------------------------------
    # Who gets it
    # ------------------------------------------------------------

    def test_consent_is_not_needed(self):
        self.assertFalse(
            self.env["sms.marketing.subscription"].search([("number", "=", self.saved.number)])
        )
        test = self._send()
        self.run_lane()
        self.assertEqual(test.state, "sent")

    def test_unverified_numbers_get_nothing(self):
        unverified = self.save_number(label="Not yet")
        with self.assertRaisesRegex(
            UserError, r"cannot receive tests:\n• Not yet .*: Not verified"
        ):
            self._send(self.saved, unverified)
        self.assertFalse(self._tests())

    def test_verification_is_checked_again_when_the_text_leaves(self):
        for change in (
            lambda: self.saved.write({"number": self.number()}),
            lambda: self.saved.unlink(),
        ):
            test = self._send()
            change()
            self.run_lane()
            self.assertEqual((test.state, test.reason), ("skipped", "not_verified"))
            self.saved = self.verified_number()

    def test_some_number_is_needed(self):
        with self.assertRaisesRegex(UserError, "at least one number"):
            self.draft.send_test([])

    def test_numbers_of_another_company_get_nothing(self):
        other = self.make_company()["company"]
        self.saved.company_id = other
        self.set_verified(self.saved)
        with self.assertRaises(AccessError):
            self._send()

    def test_sender_must_be_able_to_reach_the_number(self):
        abroad = self.verified_number("+31612345678", label="Utrecht")
        with self.assertRaisesRegex(UserError, "may not send.*Utrecht"):
            self._send(abroad)
        self.gateway.active = False
        with self.assertRaisesRegex(UserError, "archived"):
            self._send()

    def test_user_tests_own_messages_to_colleagues_numbers(self):
        anna, ben = self.user("anna_test"), self.user("ben_test")
        as_anna = self.draft.with_user(anna)
        for attempt in (
            lambda: as_anna.send_test(self.saved.ids),
            as_anna.get_test_panel,
            as_anna.get_test_outcomes,
        ):
            with self.assertRaises(AccessError):
                attempt()
        self.draft.user_id = anna
        with self.own_transactions():
            [outcome] = as_anna.send_test(self.saved.ids)
        self.assertEqual(outcome["label"], "Anna's phone")
        self.assertEqual([one["id"] for one in as_anna.get_test_outcomes()], [outcome["id"]])
        # Whose test it was sees what became of it, a colleague with the same message does not.
        self.draft.user_id = ben
        self.assertEqual(self.draft.with_user(ben).get_test_outcomes([outcome["id"]]), [])

    def test_contact_must_be_readable(self):
        user = self.user("anna_test")
        self.draft.user_id = user
        other = self.make_company()["company"]
        self.partner.company_id = other
        with self.assertRaises(AccessError):
            self.draft.with_user(user).send_test(self.saved.ids, self.partner.id)
        # Nor does a readable contact give away what belongs to it.
        parent = self.contact(name="Secret Corp", company_id=other.id)
        self.partner.write({"company_id": False})
        self.env.cr.execute(
            "UPDATE res_partner SET parent_id = %s WHERE id = %s", [parent.id, self.partner.id]
        )
        self.partner.invalidate_recordset()
        self.draft.body = "Hello {{ object.parent_id.name }}"
        with self.assertRaisesRegex(AccessError, "object.parent_id.name"):
            self.draft.with_user(user).send_test(self.saved.ids, self.partner.id)

    # ------------------------------------------------------------
    # Links
    # ------------------------------------------------------------

    def _follow(self, test, index=0):
        code = links.short_link("", test.sudo().token, index)
        return links.follow(self.env, code, "192.0.2.1", "Firefox")

    def test_links_of_a_draft_lead_to_their_targets(self):
        self.partner.ref = "zoë 7"
        test = self._send(partner=self.partner)
        self.assertRegex(
            self._follow(test),
            rf"^https://example\.com/zo%C3%AB%207\?utm_.*utm_content={self.draft.id}$",
        )
        self.assertIsNone(self._follow(test, 1))
        self.assertFalse(self.draft.link_ids, "links are written when the message starts")

    def test_links_lead_where_the_tested_text_said(self):
        test = self._send()
        self.draft.body = "Now https://example.org/new and https://example.net/"
        newer = self._send()
        self.assertTrue(self._follow(test).startswith("https://example.com/x?"))
        self.assertTrue(self._follow(newer).startswith("https://example.org/new?"))
        self.assertTrue(self._follow(newer, 1).startswith("https://example.net/?"))
        self.draft.include_partner_ids = [Command.set(self.contacts(1).ids)]
        self.send(self.draft)
        self.assertTrue(self._follow(test).startswith("https://example.com/x?"))

    def test_clicks_do_not_count(self):
        test = self._send()
        self._follow(test)
        self.assertFalse(test.click_ids)
        self.assertFalse(
            self.env["sms.marketing.click"].search([("message_id", "=", self.draft.id)])
        )

    def test_links_of_other_texts_without_message_lead_nowhere(self):
        unverified = self.save_number()
        self.send_code(unverified, self.draft)
        self.assertIsNone(self._follow(self.code_texts(unverified)))

    # ------------------------------------------------------------
    # Counted nowhere
    # ------------------------------------------------------------

    def test_tests_are_in_no_figure_and_no_timeline(self):
        recipients = self.contacts(2)
        self.draft.include_partner_ids = [Command.set(recipients.ids)]
        clicker = self.verified_number("+13035550188", label="Clicks")
        stopper = self.verified_number("+13035550199", label="Replies")
        tests = self._send(self.saved, clicker, stopper, partner=recipients[0])
        self.run_lane()
        self.play_sandbox()
        self.assertEqual(set(tests.mapped("state")), {"delivered"})
        self.roll_up()
        self.assertEqual(self.draft.considered_count, 0)
        self.assertEqual(self.draft.reply_count, 0)
        self.assertFalse(self.draft.recipient_ids)
        self.assertFalse(
            self.env["sms.marketing.activity"].search([("recipient_id", "in", tests.ids)])
        )

        self.send(self.draft)
        self.play_sandbox()
        self.roll_up()
        for figure in ("considered_count", "sent_count", "delivered_count"):
            self.assertEqual(self.draft[figure], 2, figure)
        self.assertEqual(self.draft.get_progress(), {"state": "sent", "total": 2, "done": 2})
        about = self.env["sms.marketing.activity"].search([("partner_ids", "=", recipients[0].id)])
        self.assertEqual(about.filtered("recipient_id").recipient_id.message_id, self.draft)
        self.assertFalse(about.recipient_id & tests)

    def test_waiting_test_does_not_keep_a_message_open(self):
        self.draft.include_partner_ids = [Command.set(self.contacts(1).ids)]
        self.draft.action_send()
        test = self._send()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET due_at = due_at + interval '1 hour' WHERE id = %s",
            [test.id],
        )
        self.run_lane()
        self.assertEqual((self.draft.state, test.state), ("sent", "queued"))

    def test_colleague_may_be_recipient_too(self):
        colleague = self.contact(self.saved.number, subscribed=True)
        self.draft.include_partner_ids = [Command.set(colleague.ids)]
        self._send()
        self._send()
        self.run_lane()
        self.assertEqual(self.send(self.draft).state, "sent")

    def test_message_with_tests_can_be_deleted(self):
        test = self._send()
        self.draft.unlink()
        self.assertFalse(test.exists())

    # ------------------------------------------------------------
    # What became of it
    # ------------------------------------------------------------

    def test_outcomes(self):
        test = self._send()
        self.assertEqual(
            self._seen(test),
            {
                "id": test.id,
                "label": "Anna's phone",
                "number": self.saved.number,
                "state": "queued",
                "state_label": "Waiting",
                "reason": "",
                "is_settled": False,
            },
        )
        self.run_lane()
        outcome = self._seen(test)
        self.assertEqual((outcome["state_label"], outcome["is_settled"]), ("Sent", False))
        self.play_sandbox()
        outcome = self._seen(test)
        self.assertEqual((outcome["state_label"], outcome["is_settled"]), ("Delivered", True))

    def test_outcomes_say_why_not(self):
        for number, state, reason in (
            ("+13035550190", "failed", "does not exist"),
            ("+13035550193", "undelivered", "could not be reached"),
        ):
            with self.subTest(number):
                test = self._send(self.verified_number(number))
                self.run_lane()
                self.play_sandbox()
                outcome = self._seen(test)
                self.assertEqual((outcome["state"], outcome["is_settled"]), (state, True))
                self.assertRegex(outcome["reason"].lower(), reason)

    def test_panel(self):
        self.verified_number(label="<b>Ben</b>")
        unverified = self.save_number(label="Cleo")
        panel = self.draft.get_test_panel()
        mine = {line["label"]: line for line in panel["numbers"]}
        self.assertEqual(panel["problems"], [])
        self.assertEqual(panel["outcomes"], [])
        self.assertTrue(mine["<b>Ben</b>"]["is_verified"])
        self.assertFalse(mine["Cleo"]["is_verified"])
        self.assertEqual(mine["Cleo"]["id"], unverified.id)
        test = self._send()
        self.assertEqual([one["id"] for one in self.draft.get_test_panel()["outcomes"]], test.ids)
        self.let_time_pass(3700)
        self.assertEqual(self.draft.get_test_panel()["outcomes"], [])
        self.draft.body = False
        self.assertEqual(self.draft.get_test_panel()["problems"], ["The text is empty. Write it."])

    def test_states_that_end_the_wait_are_states(self):
        states = dict(self.env["sms.marketing.recipient"]._fields["state"].selection)
        self.assertLessEqual(set(testing.SETTLED_STATES), set(states))
        self.assertEqual(len(compile_template(self.draft.body).links), 1)
