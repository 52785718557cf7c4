"""Whom an approval is for: how many may be added, who they are, and who put them there."""

import importlib.util
from datetime import timedelta
from pathlib import Path

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..engine import approved_audience, erasure
from ..models.sms_marketing_message_approval import ACTIVITY
from .common import SmsMarketingCase
from .test_approval import MANAGER, ApprovalCase


class AudienceCase(ApprovalCase, SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.contact_list = self.env["sms.marketing.list"].create({"name": "Customers"})

    def approved_for(self, amount, **vals):
        """A message that was approved for so many contacts of the list."""
        self.contact_list.partner_ids = self.contacts(amount)
        message = self.approved(
            include_partner_ids=[Command.clear()],
            include_list_ids=[Command.set(self.contact_list.ids)],
            **vals,
        )
        self.assertEqual(message.sudo().approval_recipients, amount)
        return message

    def add(self, amount):
        self.contact_list.add_partners([("id", "in", self.contacts(amount).ids)])

    def findings(self, message, intent="send"):
        found = message.get_review(intent)
        return {one["code"]: one["text"] for one in found["findings"]} | (
            {"approval": found["approval"]["text"]} if found["approval"] else {}
        )

    def assert_void(self, message, said=r"approved for .* added; up to"):
        self.assertRegex(self.findings(message)["approval"], said)
        with self.assertRaisesRegex(UserError, said):
            message.action_send()
        self.assertEqual(message.state, "draft")


@tagged("post_install", "-at_install")
class TestApprovedAudience(AudienceCase):
    def test_one_recipient_approved_and_the_list_filled(self):
        message = self.approved_for(1)
        self.add(52)
        self.assert_void(message, "approved for 1 contacts. Since then 52 others.*up to 10")
        # It is asked for again, and approved for those of now.
        self.ask(message)
        self.act(message, self.manager, "approve_reviewed")
        message.action_send()
        self.run_lane()
        self.assertEqual(self.states(message), {"sent": 53})

    def test_a_few_may_be_added(self):
        message = self.approved_for(1)
        self.add(10)
        self.assertIn("10 of them added since", self.findings(message)["approved_for_others"])
        self.add(1)
        self.assert_void(message)

    def test_a_share_may_be_added(self):
        self.company.sms_marketing_approval_growth = 50
        message = self.approved_for(30)
        self.add(15)
        self.assertTrue(message.get_review("send")["can_send"])
        self.add(1)
        self.assert_void(message, "Since then 16 others were added; up to 15")

    def test_none_may_be_added_where_the_company_wants_that(self):
        self.company.sms_marketing_approval_growth = 0
        message = self.approved_for(30)
        self.assertTrue(message.get_review("send")["can_send"])
        self.add(1)
        self.assert_void(message, "1 others were added; up to 0")

    def test_as_many_others_are_others(self):
        """Swapped members: the count is what it was."""
        message = self.approved_for(20)
        self.contact_list.partner_ids = self.contacts(20)
        self.assert_void(message, "approved for 20 contacts. Since then 20 others")

    def test_other_numbers_of_the_same_contacts_are_others(self):
        message = self.approved_for(20)
        for partner in self.contact_list.partner_ids:
            partner.mobile = self.number()
        self.subscribe(*self.contact_list.partner_ids.mapped("mobile_e164"))
        self.assert_void(message, "Since then 20 others")

    def test_who_was_excluded_counts_as_added(self):
        excluded = self.env["sms.marketing.list"].create({"name": "Not these"})
        self.contact_list.partner_ids = others = self.contacts(30)
        excluded.partner_ids = others[:20]
        message = self.approved(
            include_partner_ids=[Command.clear()],
            include_list_ids=[Command.set(self.contact_list.ids)],
            exclude_list_ids=[Command.set(excluded.ids)],
        )
        excluded.remove_partners([("id", "in", others.ids)])
        self.assert_void(message, "approved for 10 contacts. Since then 20 others")

    def test_fewer_are_told_and_sent(self):
        message = self.approved_for(20)
        self.contact_list.remove_partners([("id", "in", self.contact_list.partner_ids[:15].ids)])
        self.assertIn("Now 5 would receive it", self.findings(message)["approved_for_others"])
        message.action_send()
        self.run_lane()
        self.assertEqual(self.states(message), {"sent": 5})

    def test_scheduled_message_whose_list_grows_does_not_start(self):
        message = self.approved_for(1, scheduled_at=fields.Datetime.now() + timedelta(hours=1))
        message.action_schedule()
        self.add(30)
        message.sudo().starts_at = fields.Datetime.now() - timedelta(minutes=1)
        self.env.flush_all()
        self.run_lane()
        self.assertEqual(message.state, "draft")
        self.assertFalse(message.recipient_ids)
        self.assertFalse(message.approval_state)
        log = message.message_ids[0]
        self.assertIn("Since then 30 others were added", log.body)
        self.assertIn(self.writer.partner_id, log.notified_partner_ids)

    def test_added_and_skipped_numbers_count_once(self):
        """Who is in the audience twice, or may not be texted, is not added."""
        message = self.approved_for(5)
        twins = self.contact_list.partner_ids.copy()
        unsubscribed = self.env["res.partner"].union(*(self.contact() for _ in range(20)))
        self.contact_list.add_partners([("id", "in", (twins | unsubscribed).ids)])
        self.assertTrue(message.get_review("send")["can_send"])
        self.assertNotIn("approved_for_others", self.findings(message))

    def test_approval_from_before_numbers_were_kept(self):
        message = self.approved_for(3)
        approved_audience.forget(self.env, message.ids)
        self.assertTrue(message.get_review("send")["can_send"])
        self.add(11)
        self.assert_void(message, "Since then 11 others")

    def test_nothing_is_kept_longer_than_it_is_needed(self):
        kept = self.env["sms.marketing.approved.audience"]
        for end in (
            lambda message: (message.action_send(), self.run_lane()),
            lambda message: message.write({"body": "Another text"}),
            lambda message: message.sudo().unlink(),
        ):
            message = self.approved_for(2)
            self.assertEqual(kept.search([]).message_id, message)
            end(message)
            self.env.invalidate_all()
            self.assertFalse(kept.search([]))

    def test_an_erased_number_is_not_known_any_more(self):
        message = self.approved_for(3)
        erased = self.contact_list.partner_ids[0].mobile_e164
        erasure.erase(self.env, [erased], self.company, from_contacts=False)
        self.env.cr.execute(
            "SELECT cardinality(keys) FROM sms_marketing_approved_audience WHERE message_id = %s",
            message.ids,
        )
        self.assertEqual(self.env.cr.fetchone(), (2,))

    def test_users_do_not_write_it(self):
        message = self.approved_for(2)
        kept = self.env["sms.marketing.approved.audience"].search([])
        with self.assertRaises(UserError):
            kept.write({"message_id": message.id})
        with self.assertRaises(AccessError):
            kept.with_user(self.manager).read(["message_id"])

    def test_update_keeps_approvals_in_force(self):
        path = Path(__file__).parents[1] / "migrations/19.0.1.1.0/post-approval.py"
        spec = importlib.util.spec_from_file_location("post_approval", path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        valid, void = self.approved_for(2), self.approved()
        for message in valid | void:
            before = script._content_before(message.sudo(), with_moment=False)
            message.sudo().approval_content = f"send:{before}"
        void.sudo().approval_content = "send:0"
        self.env.flush_all()
        script.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual((valid.approval_badge, void.approval_badge), ("approved", "void"))


@tagged("post_install", "-at_install")
class TestListChangers(AudienceCase):
    """Who decides who is on a message's lists is one of its makers."""

    def asked(self, **vals):
        self.contact_list.partner_ids = self.contacts(3)
        message = self.draft(include_list_ids=[Command.set(self.contact_list.ids)], **vals)
        self.ask(message)
        self.assertEqual(self.may(message, self.manager), {"can_approve", "can_reject"})
        return message

    def assert_maker(self, message, user):
        self.env.flush_all()
        approval = message.with_user(user).get_review("send")["approval"]
        self.assertFalse(approval["can_approve"] or approval["can_reject"])
        self.assertIn("You changed list “", approval["text"])
        for method, values in (("approve_reviewed", ()), ("reject_reviewed", ("No",))):
            with self.assertRaisesRegex(AccessError, "You changed list “.* another manager"):
                self.act(message, user, method, *values)
        self.act(message, self.other_manager, "approve_reviewed")
        self.assertEqual(message.sudo().approval_by_id, self.other_manager)

    def check(self, change):
        message = self.asked()
        change(self.contact_list.with_user(self.manager))
        self.assert_maker(message, self.manager)

    def test_adding_by_a_filter(self):
        self.check(lambda one: one.add_partners([("id", "=", self.contacts(1).id)]))

    def test_removing_by_a_filter(self):
        self.check(lambda one: one.remove_partners([("id", "=", one.partner_ids[0].id)]))

    def test_writing_members(self):
        self.check(lambda one: one.write({"partner_ids": [Command.link(self.contacts(1).id)]}))

    def test_on_the_contact_s_page(self):
        self.manager.group_ids |= self.env.ref("base.group_partner_manager")
        partner = self.contacts(1)
        self.check(
            lambda one: partner.with_user(self.manager).write(
                {"sms_list_ids": [Command.link(one.id)]}
            )
        )

    def test_with_a_new_contact(self):
        self.manager.group_ids |= self.env.ref("base.group_partner_manager")
        self.check(
            lambda one: (
                self.env["res.partner"]
                .with_user(self.manager)
                .with_context(default_sms_list_ids=[Command.link(one.id)])
                .create({"name": "New"})
            )
        )

    def test_by_the_wizard(self):
        self.check(
            lambda one: (
                one.env["sms.marketing.list.members"]
                .create(
                    {
                        "list_id": one.id,
                        "by_filter": True,
                        "domain": f"[('id', '=', {self.contacts(1).id})]",
                    }
                )
                .action_apply()
            )
        )

    def test_by_a_rule(self):
        message = self.asked()
        rule = self.env["sms.marketing.list"].create(
            {"name": "By rule", "kind": "rule", "domain": "[('email', '!=', False)]"}
        )
        message.write({"include_list_ids": [Command.link(rule.id)]})
        self.ask(message)
        rule.with_user(self.manager).domain = "[('city', '!=', False)]"
        message.with_user(self.writer).get_review("send")
        self.ask(message)
        self.assert_maker(message, self.manager)

    def test_a_list_that_the_manager_made(self):
        own = (
            self.env["sms.marketing.list"]
            .with_user(self.manager)
            .create({"name": "Mine", "partner_ids": [Command.set(self.contacts(2).ids)]})
        )
        message = self.draft(include_list_ids=[Command.set(own.ids)])
        self.ask(message)
        activities = message.sudo().activity_search([ACTIVITY])
        self.assertNotIn(self.manager, activities.user_id)
        self.assert_maker(message, self.manager)

    def test_a_list_that_is_left_out(self):
        message = self.asked()
        excluded = self.env["sms.marketing.list"].create({"name": "Not these"})
        excluded.partner_ids = self.contacts(2)
        message.write({"exclude_list_ids": [Command.link(excluded.id)]})
        self.ask(message)
        excluded.with_user(self.manager).partner_ids = [Command.clear()]
        self.assert_maker(message, self.manager)

    def test_what_changes_no_member_or_is_long_ago_does_not_count(self):
        message = self.asked()
        as_manager = self.contact_list.with_user(self.manager)
        as_manager.name = "Better name"
        as_manager.add_partners([("id", "in", self.contact_list.partner_ids.ids)])
        self.assertIn("can_approve", self.may(message, self.manager))
        as_manager.add_partners([("id", "=", self.contacts(1).id)])
        self.assertNotIn("can_approve", self.may(message, self.manager))
        self.env.cr.execute(
            "UPDATE sms_marketing_list_change SET changed_at = changed_at - interval '31 days'"
        )
        self.env.invalidate_all()
        self.assertIn("can_approve", self.may(message, self.manager))

    def test_the_approver_changes_a_list_afterwards(self):
        message = self.approved_for(3)
        self.contact_list.with_user(self.manager).add_partners([("id", "=", self.contacts(1).id)])
        self.assert_void(message, "Mona Manager approved the message and has changed list")
        self.assertEqual(self.may(message, self.other_manager), {"can_approve"})
        self.act(message, self.other_manager, "approve_reviewed")
        message.action_send()
        self.assertEqual(message.state, "scheduled")

    def test_automations_change_lists_as_nobody(self):
        message = self.asked()
        self.contact_list.with_user(SUPERUSER_ID).add_partners([("id", "=", self.contacts(1).id)])
        self.assertFalse(self.env["sms.marketing.list.change"].search([]))
        self.assertIn("can_approve", self.may(message, self.manager))

    def test_who_asked_and_is_a_manager_now(self):
        message = self.asked()
        self.writer.group_ids |= self.env.ref(MANAGER)
        with self.assertRaises(AccessError):
            self.act(message, self.writer, "approve_reviewed")

    def test_who_comes_second_reads_who_was_first(self):
        message = self.asked()
        for user, said in (
            (self.writer, "You have already asked"),
            (self.other_manager, "Wanda Writer has already asked"),
        ):
            with self.assertRaisesRegex(UserError, said):
                self.act(message, user, "ask_approval")
        self.act(message, self.manager, "approve_reviewed")
        for user, said in (
            (self.manager, "You have already approved"),
            (self.other_manager, "Mona Manager has already approved"),
        ):
            with self.assertRaisesRegex(UserError, said):
                self.act(message, user, "approve_reviewed")
