"""What the review finds, and that its errors block on the server too (S26)."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..engine.review import ERROR, WARNING, Finding, errors_first, is_another_audience
from ..gateways.errors import ConfigurationError
from ..models.sms_marketing_message_review import REVIEW_CHECKS
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestReview(SmsMarketingCase):
    def codes(self, message, intent="send", level=ERROR):
        findings = message._review_findings(message._review_facts(intent))
        return {finding.code for finding in findings if finding.level == level}

    def test_nothing_is_wrong_with_a_plain_message(self):
        self.assertEqual(self.codes(self.message(self.contacts(1))), set())

    def test_every_check_is_there(self):
        for name in REVIEW_CHECKS:
            self.assertTrue(callable(getattr(self.env["sms.marketing.message"], name)), name)

    def test_each_error_and_the_button_that_mends_it(self):
        broken_list = self.env["sms.marketing.list"].create({"name": "Broken", "kind": "rule"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_list SET domain = %s WHERE id = %s",
            ["[('no_such_field', '=', 1)]", broken_list.id],
        )
        broken_list.invalidate_recordset()
        archived = self.make_sender("+12025550199", active=False)
        french = self.make_sender("+33612345678")
        for code, vals, mend in (
            ("empty_text", {"body": False}, ("page", "content")),
            ("no_sender", {"sender_id": False}, ("page", "settings")),
            ("sender_archived", {"sender_id": archived.id}, ("page", "settings")),
            ("no_subscription_type", {"subscription_type_id": False}, ("page", "settings")),
            ("no_audience", {"include_partner_ids": [Command.clear()]}, ("page", "schedule")),
            ("empty_audience", {"include_partner_ids": [Command.set(self.contact().ids)]}, None),
            ("country_not_allowed", {"sender_id": french.id}, ("page", "settings")),
            ("broken_rule", {"include_list_ids": [Command.link(broken_list.id)]}, ("action",)),
        ):
            with self.subTest(code):
                message = self.message(self.contacts(1), **vals)
                facts = message._review_facts("send")
                [finding] = message._review_findings(facts, only_errors=True)
                self.assertEqual(finding.code, code)
                if mend:
                    self.assertTrue(finding.mend["label"])
                    self.assertEqual(finding.mend[mend[0]], *mend[1:] or [finding.mend["action"]])
                with self.assertRaises(UserError) as caught:
                    message.action_send()
                self.assertIn(finding.text, str(caught.exception))
                self.assertEqual(message.state, "draft")
        self.assertEqual(finding.mend["action"]["res_id"], broken_list.id)
        self.assertIn("Broken", finding.text)

    def test_gateway_that_cannot_be_used(self):
        message = self.message(self.contacts(1))
        with patch.object(
            type(self.gateway), "_connect", side_effect=ConfigurationError("no password")
        ):
            self.assertEqual(self.codes(message), {"gateway_unusable"})
            with self.assertRaises(UserError) as caught:
                message.action_send()
        self.assertIn("no password", str(caught.exception))

    def test_moment(self):
        message = self.message(self.contacts(1))
        now = fields.Datetime.now()
        for moment, expected in (
            (False, {"no_moment"}),
            (now - timedelta(minutes=5), {"moment_in_the_past"}),
            (now + timedelta(minutes=5), set()),
        ):
            message.scheduled_at = moment
            self.assertEqual(self.codes(message, "schedule"), expected)
            self.assertEqual(self.codes(message, "send"), set(), "sending now needs no moment")

    def test_a_sender_that_was_archived_meanwhile_keeps_it_from_starting(self):
        message = self.message(self.contacts(1))
        message.action_send()
        self.sender.active = False
        with self.assertLogs("odoo.addons.sms_marketing.engine.schedule", "WARNING"):
            self.run_lane()
        self.assertEqual(message.state, "draft")
        self.assertIn("archived", message.message_ids[0].body)

    def test_facts(self):
        message = self.message(self.contacts(3) | self.contact(), body="a" * 300)
        facts = message._review_facts("send")
        self.assertEqual(facts.counts, {None: 3, "no_consent": 1})
        self.assertEqual(facts.recipients, 3)
        self.assertEqual((facts.segments_per_text, facts.segments), (3, 9))
        message.action_send()
        self.assertEqual(message.estimated_segments, 9)

    def test_errors_come_first(self):
        warning, error = Finding(WARNING, "a", "A"), Finding(ERROR, "b", "B")
        self.assertEqual(errors_first([warning, error]), [error, warning])

    def test_another_audience(self):
        for before, now, expected in (
            (0, 0, False),
            (3, 4, True),
            (999, 998, True),
            (1000, 1001, False),
            (1000, 1002, True),
            (1_000_000, 1_000_900, False),
            (1_000_000, 998_000, True),
        ):
            self.assertEqual(is_another_audience(before, now), expected, (before, now))
