"""Approval by a second person: who asks, who decides, and what an approval is worth."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..models.sms_marketing_message_approval import ACTIVITY
from .common import SmsMarketingCase

MANAGER = "sms_marketing.group_manager"


class ApprovalCase:
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_marketing_approval = True
        cls.writer = cls.user("approval_writer", name="Wanda Writer")
        cls.manager = cls.user("approval_manager", MANAGER, name="Mona Manager")
        cls.other_manager = cls.user("approval_other_manager", MANAGER, name="Max Manager")

    def draft(self, user=None, **vals):
        """A draft that the user has written."""
        user = user or self.writer
        message = self.message(self.contacts(2), user_id=user.id)
        message.with_user(user).write({"body": "Hello to all of you", **vals})
        return message.with_user(user)

    def act(self, message, user, method, *values, intent="send"):
        message = message.with_user(user)
        version = message.get_review(intent)["version"]
        return getattr(message, method)(intent, version, *values)

    def ask(self, message, **options):
        return self.act(message, message.env.user, "ask_approval", **options)

    def approved(self, user=None, **vals):
        message = self.draft(user, **vals)
        intent = "schedule" if message.scheduled_at else "send"
        self.ask(message, intent=intent)
        self.act(message, self.manager, "approve_reviewed", intent=intent)
        return message

    def may(self, message, user, intent="send"):
        approval = message.with_user(user).get_review(intent)["approval"]
        return {name for name, value in approval.items() if value is True}


@tagged("post_install", "-at_install")
class TestApproval(ApprovalCase, SmsMarketingCase):
    # ------------------------------------------------------------
    # The way from asking to sending
    # ------------------------------------------------------------

    def test_nothing_goes_out_without(self):
        message = self.draft(scheduled_at=fields.Datetime.now() + timedelta(days=1))
        for user in (self.writer, self.manager, self.env.ref("base.user_admin")):
            for action in ("action_send", "action_schedule"):
                with self.assertRaises(UserError) as caught:
                    getattr(message.with_user(user), action)()
                self.assertIn("approves it first", str(caught.exception))
        self.assertEqual(message.state, "draft")
        self.company.sms_marketing_approval = False
        message.action_schedule()
        self.assertEqual(message.state, "scheduled")

    def test_asked_approved_sent(self):
        message = self.draft()
        self.assertEqual(self.may(message, self.writer), {"can_ask"})
        self.assertFalse(message.get_review("send")["can_send"])
        self.ask(message)
        self.assertEqual(message.approval_state, "asked")
        self.assertIn("Wanda Writer has asked", message.approval_text)
        activities = message.activity_search([ACTIVITY])
        self.assertIn(self.manager, activities.user_id)
        self.assertIn(self.other_manager, activities.user_id)
        self.assertNotIn(self.writer, activities.user_id)
        self.assertEqual(self.may(message, self.writer), set())
        with self.assertRaises(UserError):
            message.action_send()
        self.assertEqual(self.may(message, self.manager), {"can_approve", "can_reject"})
        self.act(message, self.manager, "approve_reviewed")
        self.assertEqual(message.approval_state, "approved")
        self.assertFalse(message.activity_search([ACTIVITY]))
        self.assertIn("Mona Manager has approved", message.approval_text)
        self.assertIn(self.writer.partner_id, message.message_ids[0].notified_partner_ids)
        review = message.get_review("send")
        self.assertFalse(review["approval"])
        self.assertTrue(review["can_send"])
        message.send_reviewed("send", review["version"])
        self.run_lane()
        self.assertEqual((message.state, self.states(message)), ("sent", {"sent": 2}))

    def test_approved_and_scheduled(self):
        message = self.approved(scheduled_at=fields.Datetime.now() + timedelta(hours=1))
        with self.assertRaises(UserError) as caught:
            message.action_send()
        self.assertIn("another moment", str(caught.exception))
        message.action_schedule()
        self.let_time_pass(7200)
        self.run_lane()
        self.assertEqual(message.state, "draft", "moved to another moment, behind our back")
        self.env.cr.execute(
            "UPDATE sms_marketing_message SET scheduled_at = scheduled_at + interval '2 hours'"
            " WHERE id = %s",
            message.ids,
        )
        message.invalidate_recordset()
        self.assertTrue(message.get_review("schedule")["can_send"])

    def test_starts_at_its_moment(self):
        message = self.approved(scheduled_at=fields.Datetime.now() + timedelta(hours=1))
        message.action_schedule()
        message.sudo().starts_at = fields.Datetime.now() - timedelta(minutes=1)
        self.run_lane()
        self.assertIn(message.state, ("sending", "sent"))

    def test_rejected_with_a_reason(self):
        message = self.draft()
        self.ask(message)
        for reason in ("", "  ", None, 7):
            with self.assertRaises(UserError):
                self.act(message, self.manager, "reject_reviewed", reason)
        self.act(message, self.manager, "reject_reviewed", "The price is wrong")
        self.assertEqual(message.approval_state, "rejected")
        self.assertFalse(message.activity_search([ACTIVITY]))
        log = message.message_ids[0]
        self.assertIn("The price is wrong", log.body)
        self.assertIn(self.writer.partner_id, log.notified_partner_ids)
        with self.assertRaises(UserError):
            message.action_send()
        message.body = "Hello, with the right price"
        self.assertFalse(message.approval_state)
        self.ask(message)
        self.assertEqual(message.approval_state, "asked")

    # ------------------------------------------------------------
    # Who decides
    # ------------------------------------------------------------

    def test_nobody_approves_the_own(self):
        asked_for = self.draft()
        self.ask(asked_for.with_user(self.manager))
        touched = self.draft()
        touched.with_user(self.manager).body = "I know better"
        touched.body = "Hello to all of you, once more"
        self.ask(touched)
        responsible = self.draft()
        responsible.sudo().user_id = self.manager
        self.ask(responsible.with_user(self.other_manager))
        own = self.draft(self.manager)
        self.ask(own)
        for message, user in (
            (asked_for, self.writer),
            (asked_for, self.manager),
            (touched, self.manager),
            (responsible, self.manager),
            (own, self.manager),
        ):
            self.assertFalse(self.may(message, user))
            for method, values in (("approve_reviewed", ()), ("reject_reviewed", ("No",))):
                with self.assertRaises(AccessError):
                    self.act(message, user, method, *values)
            self.assertEqual(message.sudo().approval_state, "asked")
        self.act(own, self.other_manager, "approve_reviewed")
        self.assertEqual(own.approval_state, "approved")

    def test_a_manager_of_another_company(self):
        company = self.make_company()["company"]
        foreign = self.user(
            "approval_foreign",
            MANAGER,
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        message = self.draft()
        self.ask(message)
        self.assertNotIn(foreign, message.sudo().activity_ids.user_id)
        with self.assertRaises(AccessError):
            message.with_user(foreign).get_review("send")
        with self.assertRaises(AccessError):
            message.with_user(foreign).approve_reviewed("send", {})

    def test_nobody_else_could_approve(self):
        message = self.draft()
        message.sudo().content_author_ids = self.env.ref(MANAGER).all_user_ids
        with self.assertRaises(UserError) as caught:
            self.ask(message)
        self.assertIn("no other manager", str(caught.exception))

    def test_the_fields_are_written_by_nobody(self):
        message = self.draft()
        for user in (self.writer, self.manager):
            for vals in (
                {"approval_state": "approved"},
                {"approval_content": message._approval_content("send")},
                {"approval_by_id": self.manager.id},
                {"approval_asked_by_id": False},
                {"approval_recipients": 2},
                {"content_author_ids": [Command.clear()]},
            ):
                with self.assertRaises(UserError):
                    message.with_user(user).write(vals)
                if False in vals.values() or "content_author_ids" in vals:
                    continue  # as in every new message
                with self.assertRaises(UserError):
                    message.with_user(user).create({"name": "Mine", **vals})
                with self.assertRaises(UserError):
                    message.with_user(user).copy(vals)
        sneaky = message.with_context(default_approval_state="approved", default_state="scheduled")
        created = sneaky.create({"name": "Mine"})
        self.assertEqual((created.approval_state, created.state), (False, "draft"))

    # ------------------------------------------------------------
    # What the badge says
    # ------------------------------------------------------------

    def test_badge_is_true_whatever_has_changed(self):
        named = self.message(self.contacts(1)).include_list_ids
        rule = self.env["sms.marketing.list"].create(
            {"name": "By rule", "kind": "rule", "domain": "[('email', '!=', False)]"}
        )
        for change in (
            lambda message: rule.write({"domain": "[('city', '!=', False)]"}),
            lambda message: self.company.write({"sms_marketing_opt_out_text": "STOP stops it"}),
        ):
            message = self.approved(include_list_ids=[Command.set((named | rule).ids)])
            self.assertEqual(message.approval_badge, "approved")
            change(message)
            self.env.invalidate_all()
            self.assertEqual(message.approval_badge, "void")
            self.assertIn("asked for again", message.approval_text)

    def test_badge_of_what_was_sent_stays(self):
        message = self.approved()
        message.action_send()
        self.run_lane()
        self.company.sms_marketing_opt_out_text = "STOP stops it"
        self.env.invalidate_all()
        self.assertEqual((message.state, message.approval_badge), ("sent", "approved"))

    def test_nobody_is_asked_any_more_once_switched_off(self):
        asked, approved = self.draft(), self.approved()
        self.ask(asked)
        self.assertTrue(asked.sudo().activity_search([ACTIVITY]))
        self.company.sms_marketing_approval = False
        self.assertFalse(asked.sudo().activity_search([ACTIVITY]))
        self.assertEqual((asked.approval_state, asked.approval_badge), (False, False))
        self.company.sms_marketing_approval = True
        self.assertEqual(approved.approval_badge, "approved")
        self.ask(asked)
        self.assertEqual(asked.approval_badge, "asked")

    def test_a_copy_is_not_approved(self):
        message = self.approved()
        copy = message.with_user(self.other_manager).copy()
        self.assertFalse(copy.approval_state)
        self.assertEqual(copy.content_author_ids, self.other_manager)

    # ------------------------------------------------------------
    # What makes it void
    # ------------------------------------------------------------

    def test_void_as_soon_as_anything_changes(self):
        later = fields.Datetime.now() + timedelta(days=2)
        other_type = self.env["sms.marketing.subscription.type"].create({"name": "Other offers"})
        other_sender = self.make_sender("+12025550177")
        for vals in (
            {"body": "Another text"},
            {"include_opt_out_text": False},
            {"include_partner_ids": [Command.link(self.contact(subscribed=True).id)]},
            {"exclude_partner_ids": [Command.link(self.contact().id)]},
            {"sender_id": other_sender.id},
            {"subscription_type_id": other_type.id},
            {"scheduled_at": later},
            {"send_in_contact_time_zone": True},
        ):
            with self.subTest(list(vals)):
                message = self.approved(scheduled_at=later - timedelta(days=1))
                message.write(vals)
                self.assertFalse(message.approval_state)
                self.assertIn("needs a new approval", message.message_ids[0].body)
                with self.assertRaises(UserError):
                    message.action_schedule()

    def test_not_void_by_a_new_name(self):
        message = self.approved()
        message.name = "A better name"
        message.body = message.body
        message.action_send()
        self.assertEqual(message.state, "scheduled")

    def test_void_by_the_opt_out_text_and_at_the_start(self):
        message = self.approved()
        message.action_send()
        self.company.sms_marketing_opt_out_text = "STOP ends it"
        self.run_lane()
        self.assertEqual(message.state, "draft")
        self.assertFalse(message.recipient_ids)
        self.assertIn("has changed since approval", message.message_ids[0].body)

    def test_the_setting_counts_when_it_starts(self):
        self.company.sms_marketing_approval = False
        message = self.draft()
        message.action_send()
        self.company.sms_marketing_approval = True
        self.run_lane()
        self.assertEqual(message.state, "draft")

    def test_more_recipients_than_were_approved_are_told(self):
        contact_list = self.env["sms.marketing.list"].create({"name": "Some"})
        message = self.approved(include_list_ids=[Command.link(contact_list.id)])
        contact_list.partner_ids = self.contacts(1)
        review = message.get_review("send")
        [finding] = [one for one in review["findings"] if one["code"] == "approved_for_others"]
        self.assertIn("approved for 2 contacts. Now 3", finding["text"])
        self.assertTrue(review["can_send"])

    def test_what_changed_under_the_managers_eyes_is_not_approved(self):
        message = self.draft()
        self.ask(message)
        version = message.with_user(self.manager).get_review("send")["version"]
        message.body = "Quite another text"
        answer = message.with_user(self.manager).approve_reviewed("send", version)
        self.assertIn("has changed the message", answer["changed"])
        self.assertFalse(message.approval_state)

    def test_errors_come_first(self):
        message = self.draft(body=False)
        self.assertFalse(self.may(message, self.writer))
        with self.assertRaises(UserError) as caught:
            self.ask(message)
        self.assertIn("text is empty", str(caught.exception))

    # ------------------------------------------------------------
    # To be found
    # ------------------------------------------------------------

    def test_filter(self):
        waiting, _other = self.draft(), self.draft()
        self.ask(waiting)
        view = self.env["sms.marketing.message"].get_view(view_type="search")
        self.assertIn('name="to_approve"', view["arch"])
        found = waiting.with_user(self.manager).search(
            [("state", "=", "draft"), ("approval_state", "=", "asked")]
        )
        self.assertEqual(found & (waiting | _other), waiting)
