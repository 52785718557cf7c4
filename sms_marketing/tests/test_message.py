from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SmsMarketingCase

STATES = ("draft", "scheduled", "sending", "paused", "sent", "cancelled")

#: button -> {state from which it may be pressed: state that follows}
TRANSITIONS = {
    "action_send": {"draft": "scheduled", "scheduled": "scheduled"},
    "action_schedule": {"draft": "scheduled"},
    "action_unschedule": {"scheduled": "draft"},
    "action_pause": {"sending": "paused"},
    "action_resume": {"paused": "sending"},
    "action_cancel": {
        "scheduled": "cancelled",
        "sending": "cancelled",
        "paused": "cancelled",
    },
}


class MessageCase(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.user("owner_sms")
        cls.manager = cls.user("manager_sms", "sms_marketing.group_manager")

    def in_state(self, state, **vals):
        """A message that was brought into the state as users would."""
        if state in ("sending", "paused"):
            # Nobody answers: the texts wait for their next attempt.
            vals["sender_id"] = self._unreachable_sender().id
        later = fields.Datetime.now() + timedelta(days=1)
        message = self.message(
            self.contacts(2), user_id=self.owner.id, **{"scheduled_at": later, **vals}
        )
        if state in ("scheduled", "cancelled"):
            message.action_schedule()
        if state == "cancelled":
            message.action_cancel()
        if state in ("sending", "paused", "sent"):
            message.action_send()
            self.run_lane()
        if state == "paused":
            message.action_pause()
        self.assertEqual(message.state, state)
        return message

    def _unreachable_sender(self):
        return self.make_sender(gateway=self.make_kannel_gateway())


@tagged("post_install", "-at_install")
class TestStates(MessageCase):
    def test_every_transition(self):
        for state in STATES:
            for button, allowed in TRANSITIONS.items():
                with self.subTest(state=state, button=button):
                    message = self.in_state(state).with_user(self.owner)
                    if state in allowed:
                        getattr(message, button)()
                    else:
                        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
                            getattr(message, button)()
                        self.assertIn("Test message", str(caught.exception))
                    self.assertEqual(message.state, allowed.get(state, state))

    def test_manager_moves_the_messages_of_others(self):
        message = self.in_state("scheduled").with_user(self.manager)
        message.action_unschedule()
        self.assertEqual(message.state, "draft")

    def test_text_and_recipients_are_frozen_after_the_draft(self):
        contact = self.contact()
        contact_list = self.env["sms.marketing.list"].create({"name": "L"})
        changes = {
            "body": "Something else",
            "include_opt_out_text": False,
            "subscription_type_id": self.type.copy().id,
            "sender_id": self.make_sender("+12025550144").id,
            "include_list_ids": [Command.link(contact_list.id)],
            "include_partner_ids": [Command.link(contact.id)],
            "exclude_list_ids": [Command.link(contact_list.id)],
            "exclude_partner_ids": [Command.link(contact.id)],
            "company_id": self.make_company()["company"].id,
        }
        for state in set(STATES) - {"draft"}:
            message = self.in_state(state)
            for name, value in changes.items():
                with self.subTest(state=state, field=name):
                    with self.assertRaises(UserError) as caught:
                        message.write({name: value})
                    self.assertIn("no draft any more", str(caught.exception))
            message.name = "A better name for it"
        draft = self.in_state("draft")
        for name, value in changes.items():
            if name != "company_id":
                draft.write({name: value})

    def test_state_is_moved_by_buttons_only(self):
        message = self.in_state("sent").with_user(self.owner)
        for vals in ({"state": "draft"}, {"started_at": False}, {"finished_at": False}):
            with self.assertRaises(UserError):
                message.write(vals)
        with self.assertRaises(UserError):
            message.create({"name": "Sent long ago", "state": "sent"})
        outcome = message.load([".id", "state"], [[str(message.id), "draft"]])
        self.assertFalse(outcome["ids"])
        self.assertEqual(message.state, "sent")

    def test_delete(self):
        for state in STATES:
            message = self.in_state(state).with_user(self.owner)
            if state in ("sending", "paused"):
                with self.assertRaises(UserError) as caught:
                    message.unlink()
                self.assertIn("Cancel it", str(caught.exception))
            else:
                recipients = message.recipient_ids
                message.unlink()
                self.assertFalse(message.exists())
                self.assertFalse(recipients.exists())

    def test_deleted_message_leaves_consent_as_it_is(self):
        message = self.in_state("sent")
        numbers = message.recipient_ids.mapped("number")
        message.unlink()
        self.assertEqual(
            self.env["sms.marketing.subscription"].search_count([("number", "in", numbers)]), 2
        )

    def test_archive(self):
        for state in STATES:
            message = self.in_state(state).with_user(self.owner)
            if state in ("scheduled", "sending", "paused"):
                with self.assertRaises(UserError):
                    message.action_archive()
                self.assertTrue(message.active)
            else:
                message.action_archive()
                self.assertFalse(message.active)
                self.assertEqual(message.state, state)

    def test_copy_is_a_fresh_draft(self):
        original = self.in_state("sent")
        original.tag_ids = self.env["sms.marketing.tag"].create({"name": "Spring"})
        copy = original.copy()
        self.assertEqual((copy.name, copy.state), ("Test message (copy)", "draft"))
        for name in ("body", "sender_id", "subscription_type_id", "include_partner_ids", "tag_ids"):
            self.assertEqual(copy[name], original[name], name)
        self.assertFalse(copy.recipient_ids)
        self.assertFalse(copy.link_ids)
        for name in ("scheduled_at", "started_at", "finished_at"):
            self.assertFalse(copy[name], name)
        self.assertEqual(original.copy({"name": "Second wave"}).name, "Second wave")
        self.assertEqual(len(self.send(copy)), 2)

    def test_cancel_keeps_what_has_gone_out(self):
        message = self.in_state("sending")
        gone = message.recipient_ids[0]
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'delivered' WHERE id = %s", [gone.id]
        )
        message.invalidate_recordset()
        message.with_user(self.owner).action_cancel()
        self.run_lane()
        self.assertEqual(gone.state, "delivered")
        self.assertEqual((message.recipient_ids - gone).state, "cancelled")
        self.assertTrue(message.finished_at)

    def test_paused_message_sends_nothing(self):
        message = self.in_state("paused")
        self.let_time_pass(60)
        before = message.recipient_ids.mapped("attempt")
        self.run_lane()
        self.assertEqual(message.recipient_ids.mapped("attempt"), before)
        message.action_resume()
        self.run_lane()
        self.assertEqual(message.recipient_ids.mapped("attempt"), [n + 1 for n in before])

    def test_schedule_needs_a_moment_to_come(self):
        message = self.message(self.contacts(1))
        with self.assertRaises(UserError) as caught:
            message.action_schedule()
        self.assertIn("Choose when", str(caught.exception))
        message.scheduled_at = fields.Datetime.now() - timedelta(minutes=5)
        with self.assertRaises(UserError) as caught:
            message.action_schedule()
        self.assertIn("in the past", str(caught.exception))
        message.scheduled_at = fields.Datetime.now() + timedelta(minutes=5)
        message.action_schedule()
        self.run_lane()
        self.assertEqual(message.state, "scheduled")
        self.let_time_pass(400)
        self.run_lane()
        self.assertEqual(message.state, "sent")

    def test_message_that_cannot_start_holds_nobody_up(self):
        stuck, good = self.message(self.contacts(1)), self.message(self.contacts(1))
        (stuck + good).action_send()
        self.env.flush_all()
        # A recipient of an earlier start is in the way: its number would get the message twice.
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_recipient (kind, message_id, company_id, number, state)
            VALUES ('campaign', %s, %s, %s, 'cancelled')
            """,
            [stuck.id, self.company.id, stuck.include_partner_ids.mobile_e164],
        )
        with (
            self.assertLogs("odoo.addons.sms_marketing.engine.schedule", "ERROR"),
            mute_logger("odoo.sql_db"),
        ):
            self.run_lane()
        self.assertEqual(good.state, "sent")
        self.assertEqual(stuck.state, "draft")
        self.assertIn("could not start", stuck.message_ids[0].body)

    def test_unscheduled_message_does_not_go_out(self):
        message = self.in_state("scheduled")
        message.action_unschedule()
        self.let_time_pass(3 * 86400)
        self.run_lane()
        self.assertEqual(message.state, "draft")
        self.assertFalse(message.recipient_ids)

    def test_progress(self):
        message = self.in_state("draft")
        self.assertEqual(message.get_progress(), {"state": "draft", "total": 0, "done": 0})
        message.include_partner_ids += self.contact(False)
        self.send(message)
        progress = message.with_user(self.owner).get_progress()
        self.assertEqual(progress, {"state": "sent", "total": 2, "done": 2})
        waiting = self.in_state("sending").get_progress()
        self.assertEqual(waiting, {"state": "sending", "total": 2, "done": 0})
        with self.assertRaises(AccessError):
            message.with_user(self.user("stranger_sms")).get_progress()


@tagged("post_install", "-at_install")
class TestReadiness(MessageCase):
    def problems(self, **vals):
        message = self.message(self.contacts(1))
        if vals.get("body"):
            self.store_body(message, vals.pop("body"))
        message.write(vals)
        with self.assertRaises(UserError) as caught:
            message.action_send()
        self.assertEqual(message.state, "draft")
        self.assertIn("Test message", str(caught.exception))
        return str(caught.exception)

    def test_each_problem_says_how_to_mend_it(self):
        for vals, words in (
            ({"body": False}, "text is empty"),
            ({"body": " \n "}, "text is empty"),
            ({"body": "Hi {{ object.password }}"}, "object.password"),
            ({"body": "Hi {{ object.name"}, "{{"),
            ({"body": "Hi {{ object.user_id.password ||| x }}"}, "object.user_id.password"),
            ({"body": "Hi {{ 1+1 }}"}, "1+1"),
            ({"body": "Hi {{ object.env.cr }}"}, "object.env.cr"),
            ({"body": "https://shop.example{{ object.ref }}/x"}, "https://shop.example"),
            ({"body": "https://{{ object.ref }}.example/x"}, "https://"),
            ({"sender_id": False}, "sender"),
            ({"subscription_type_id": False}, "subscription type"),
            ({"include_partner_ids": [Command.clear()]}, "lists or contacts"),
            (
                {"body": " ".join(f"https://example.com/{n}" for n in range(40))},
                "different links",
            ),
        ):
            with self.subTest(vals):
                self.assertIn(words, self.problems(**vals))

    def test_all_problems_are_told_at_once(self):
        text = self.problems(body="", sender_id=False, include_partner_ids=[Command.clear()])
        self.assertEqual(text.count("\n• "), 3)

    def test_several_messages_at_once(self):
        ready, not_ready = self.message(self.contacts(1)), self.message(self.contacts(1), body="")
        with self.assertRaises(UserError), self.env.cr.savepoint():
            (ready + not_ready).action_send()
        self.assertEqual((ready + not_ready).mapped("state"), ["draft", "draft"])


@tagged("post_install", "-at_install")
class TestPreview(MessageCase):
    def test_defaults_stand_in_for_values(self):
        message = self.message(body="Hi {{ object.first_name ||| there }}, {{ object.city }}!")
        message.company_id.sms_marketing_opt_out_text = "Reply STOP to opt out"
        self.assertEqual(message.preview_text, "Hi there, !\nReply STOP to opt out")
        self.assertEqual(message.preview_encoding, "GSM-7")
        self.assertEqual(message.preview_characters, len("Hi there, !\nReply STOP to opt out"))
        self.assertEqual(message.preview_segments, 1)
        self.assertFalse(message.body_problem)
        message.include_opt_out_text = False
        self.assertEqual(message.preview_text, "Hi there, !")

    def test_length_follows_the_text(self):
        message = self.message(include_opt_out_text=False, body="a" * 160)
        self.assertEqual(message.preview_segments, 1)
        message.body = "a" * 161
        self.assertEqual(message.preview_segments, 2)
        message.body = "🙂" + "a" * 68
        self.assertEqual((message.preview_encoding, message.preview_segments), ("UCS-2", 1))
        message.body += "a"
        self.assertEqual(message.preview_segments, 2)

    def test_preview_is_as_long_as_what_goes_out(self):
        message = self.message(
            self.contacts(1), body="Look: https://example.com/a/very/long/path?with=query#and"
        )
        expected = message.preview_text
        recipient = self.send(message)
        self.assertEqual(len(recipient.text), len(expected))
        self.assertEqual(recipient.segments, message.preview_segments)

    def test_broken_text_can_still_be_looked_at(self):
        for body in ("Hi {{ object.name", "{{ }}", "{{ object.nope }}", "}} {{ {{ x }}"):
            message = self.message()
            self.store_body(message, body)
            message.web_read({"preview_text": {}, "preview_segments": {}, "body_problem": {}})
            self.assertTrue(message.body_problem, body)
        empty = self.message(body=False, include_opt_out_text=False)
        self.assertEqual((empty.preview_text or "", empty.preview_segments), ("", 0))

    def test_defaults_of_a_new_message(self):
        message = self.env["sms.marketing.message"].with_user(self.owner).create({"name": "New"})
        self.assertEqual(message.state, "draft")
        self.assertEqual(message.user_id, self.owner)
        self.assertEqual(message.company_id, self.company)
        self.assertTrue(message.sender_id)
        self.assertTrue(message.subscription_type_id)
        self.assertTrue(message.include_opt_out_text)
