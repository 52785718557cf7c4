"""Each thing that the review finds comes with a button that mends it (S26)."""

import ast
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..gateways.errors import ConfigurationError
from .common import SmsMarketingCase

#: What has no button of its own, and why.
NO_MEND = {
    **dict.fromkeys(
        [f"approval_{one}" for one in ("needed", "asked", "rejected", "void", "other_moment")],
        "the panel has its own buttons for these: ask, approve, reject",
    ),
}

#: Codes that are put together, by the source of what puts them together.
PUT_TOGETHER = {
    "code": {"empty_text", "broken_token", "too_many_links", "token_in_host"},
    "f\"approval_{standing or 'needed'}\"": set(NO_MEND),
}

PAGES = {"content", "settings", "schedule"}


def codes_in_the_source():
    """Every code that a ``Finding`` in the models is made with."""
    found = set()
    for path in (Path(__file__).parents[1] / "models").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                code = node.args[1]
                is_plain = isinstance(code, ast.Constant)
                found |= {code.value} if is_plain else PUT_TOGETHER[ast.unparse(code)]
    return found


@tagged("post_install", "-at_install")
class TestReviewMends(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_marketing_tz = "UTC"
        cls.marketer = cls.user("mends_marketer")
        cls.administrator = cls.user(
            "mends_administrator", "sms_marketing.group_administrator,base.group_system"
        )
        cls.later = fields.Datetime.now() + timedelta(days=1)

    def draft(self, contacts=None, **vals):
        contacts = self.contacts(1) if contacts is None else contacts
        return self.message(contacts, **vals)

    # One method a code: ``make_<code>`` returns a message in which it is found.

    def make_empty_text(self):
        return self.draft(body=False)

    def make_broken_token(self):
        message = self.draft()
        self.store_body(message, "Hi {{ object.no_such_field }}")
        return message

    def make_too_many_links(self):
        links = " ".join(f"https://shop.example/{number}" for number in range(60))
        message = self.draft()
        self.store_body(message, links)
        return message

    def make_token_in_host(self):
        message = self.draft()
        self.store_body(message, "https://{{ object.name }}.example/x")
        return message

    def make_no_sender(self):
        return self.draft(sender_id=False)

    def make_sender_archived(self):
        return self.draft(sender_id=self.make_sender("+12025550199", active=False).id)

    def make_gateway_unusable(self):
        gateway = type(self.gateway)
        error = ConfigurationError("no password")
        self.patches.enter_context(patch.object(gateway, "_connect", side_effect=error))
        return self.draft()

    def make_gateway_down(self):
        self.gateway.down_since = fields.Datetime.now()
        return self.draft()

    def make_further_sender_archived(self):
        other = self.make_sender("+12025550198")
        message = self.draft(pool_ids=[Command.set(other.ids)])
        other.active = False
        return message

    def make_no_subscription_type(self):
        return self.draft(subscription_type_id=False)

    def make_broken_rule(self):
        broken = self.env["sms.marketing.list"].create({"name": "Broken", "kind": "rule"})
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_list SET domain = %s WHERE id = %s",
            ["[('no_such_field', '=', 1)]", broken.id],
        )
        broken.invalidate_recordset()
        return self.draft(include_list_ids=[Command.link(broken.id)])

    def make_no_moment(self):
        return self.draft()

    def make_moment_in_the_past(self):
        return self.draft(scheduled_at="2020-01-01 10:00:00")

    def make_no_audience(self):
        return self.message()

    def make_empty_audience(self):
        return self.draft(self.contact())

    def make_country_not_allowed(self):
        return self.draft(sender_id=self.make_sender("+33612345678").id)

    def make_left_out_by_country(self):
        return self.draft(self.contacts(1) | self.contact("+33612345678", subscribed=True))

    def make_allowance(self, segments=1):
        self.env["sms.marketing.allowance"].search([]).unlink()
        self.env["sms.marketing.allowance"].create(
            {"change_ids": [Command.create({"segments": segments, "purchased_on": "2020-01-01"})]}
        )
        return self.draft(self.contacts(2))

    def make_approved_for_others(self):
        message = self.make_approved(self.draft(self.contacts(2)))
        self.unsubscribe(message.include_partner_ids[0].mobile_e164)
        return message

    def make_approval_for_others(self):
        contact_list = self.env["sms.marketing.list"].create({"name": "Growing"})
        message = self.make_approved(
            self.draft(self.contacts(2), include_list_ids=[Command.link(contact_list.id)])
        )
        contact_list.partner_ids = self.contacts(11)
        return message

    def make_approval_by_maker(self):
        contact_list = self.env["sms.marketing.list"].create({"name": "Growing"})
        message = self.make_approved(
            self.draft(self.contacts(2), include_list_ids=[Command.link(contact_list.id)])
        )
        contact_list.with_user(message.approval_by_id).partner_ids = self.contacts(1)
        return message

    def make_approved(self, message):
        message.user_id = self.marketer
        self.company.sms_marketing_approval = True
        asking = message.with_user(self.marketer)
        asking.ask_approval("send", asking.get_review("send")["version"])
        manager = self.user("mends_manager", "sms_marketing.group_manager")
        deciding = message.with_user(manager)
        deciding.approve_reviewed("send", deciding.get_review("send")["version"])
        return message

    def make_frequency_cap(self):
        self.company.sms_marketing_cap_texts = 1
        self.company.sms_marketing_cap_days = 7
        contact = self.contacts(1)
        self.send(self.draft(contact))
        return self.draft(contact | self.contacts(1))

    def make_no_opt_out_text(self):
        return self.draft(include_opt_out_text=False)

    def make_costly_characters(self):
        return self.draft(body="It’s " + "a" * 150)

    def make_links_unreachable(self, base="http://localhost:8069"):
        self.env["ir.config_parameter"].sudo().set_param("web.base.url", base)
        return self.draft(body="https://shop.example/")

    def make_links_not_secure(self):
        return self.make_links_unreachable("http://sms.example")

    def make_same_text(self):
        self.send(self.draft(body="Once only"))
        return self.draft(body="Once only")

    def make_same_list(self):
        contact_list = self.env["sms.marketing.list"].create(
            {"name": "L", "partner_ids": [Command.set(self.contacts(1).ids)]}
        )
        vals = {"include_list_ids": [Command.link(contact_list.id)]}
        self.send(self.message(**vals, body="One"))
        return self.message(**vals, body="Two")

    def make_empty_token(self):
        return self.draft(body="Sale in {{ object.city }}!")

    def make_no_time_zone(self):
        contacts = self.contacts(1, tz=False) | self.contacts(1, tz="America/Denver")
        return self.draft(contacts, scheduled_at=self.later, send_in_contact_time_zone=True)

    def make_moment_passed(self):
        return self.draft(
            self.contacts(1, tz="Asia/Tokyo"),
            scheduled_at=fields.Datetime.now() + timedelta(minutes=5),
            send_in_contact_time_zone=True,
        )

    def make_quiet_hours(self):
        hour = self.later.hour
        self.set_quiet_hours((hour + 6) % 20, (hour + 6) % 20 + 1)
        return self.draft(self.contacts(1, tz="UTC"), scheduled_at=self.later)

    # ------------------------------------------------------------

    def findings(self, message, user, code):
        intent = "schedule" if message.scheduled_at or code == "no_moment" else "send"
        message = message.with_user(user)
        found = message._review_findings(message._review_facts(intent))
        return [finding for finding in found if finding.code == code]

    def test_every_finding_has_a_button_for_everybody(self):
        codes = codes_in_the_source()
        self.assertFalse(set(NO_MEND) - codes, "an exception for what is not found any more")
        for code in sorted(codes - set(NO_MEND)):
            for login in ("marketer", "administrator"):
                user = getattr(self, login)
                with (
                    self.subTest(code, user=login),
                    ExitStack() as self.patches,
                    self.env.cr.savepoint() as savepoint,
                ):
                    message = getattr(self, f"make_{code}")()
                    message.user_id = self.marketer
                    found = self.findings(message, user, code)
                    self.assertTrue(found, "it is found")
                    for finding in found:
                        self.check_mend(finding.mend, message.with_user(user))
                    savepoint.rollback()
                    self.env.registry.clear_all_caches()  # they do not know of it

    def test_what_administrators_mend_and_others_avoid(self):
        """The gateway is opened by who may change it; others choose another sender."""
        for code in ("gateway_unusable", "gateway_down"):
            with self.subTest(code), ExitStack() as self.patches:
                message = getattr(self, f"make_{code}")()
                message.user_id = self.marketer
                [finding] = self.findings(message, self.administrator, code)
                self.assertEqual(finding.mend["label"], "Open the gateway")
                self.assertEqual(finding.mend["action"]["res_id"], self.gateway.id)
                [finding] = self.findings(message, self.marketer, code)
                self.assertEqual(finding.mend["field"], "sender_id")
                self.gateway.down_since = False

    def test_gateway_down_warns_and_does_not_block(self):
        message = self.make_gateway_down()
        [finding] = self.findings(message, self.env.user, "gateway_down")
        self.assertEqual(finding.level, "warning")
        self.assertIn("“Sandbox” has taken no texts since", finding.text)
        self.assertIn("they wait", finding.text)
        self.gateway.fallback_gateway_id = self.make_gateway(name="Spare")
        [finding] = self.findings(message, self.env.user, "gateway_down")
        self.assertIn("they go by “Spare”", finding.text)
        message.action_send()
        self.assertEqual(message.state, "scheduled")

    def test_further_senders_are_looked_at_too(self):
        others = self.make_gateway(name="Others")
        other = self.make_sender("+12025550197", others)
        message = self.draft(pool_ids=[Command.set(other.ids)])
        self.assertFalse(self.findings(message, self.env.user, "sender_archived"))
        others.down_since = fields.Datetime.now()
        [finding] = self.findings(message, self.env.user, "gateway_down")
        self.assertIn("“Others”", finding.text)
        message.user_id = self.marketer
        [finding] = self.findings(message, self.marketer, "gateway_down")
        self.assertEqual(finding.mend["field"], "pool_ids")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_gateway SET active = FALSE WHERE id = %s", others.ids
        )
        self.env.invalidate_all()
        [finding] = self.findings(message, self.env.user, "sender_archived")
        self.assertEqual((finding.level, finding.mend["field"]), ("error", "pool_ids"))
        self.assertIn("+12025550197", finding.text)
        with self.assertRaisesRegex(UserError, "is archived"):
            message.action_send()
        other.active = False
        self.assertFalse(self.findings(message, self.env.user, "sender_archived"))
        [finding] = self.findings(message, self.env.user, "further_sender_archived")
        self.assertEqual(finding.level, "warning")
        self.assertIn("+12025550197", finding.text)
        getattr(message.with_user(self.marketer), finding.mend["method"])()
        self.assertFalse(self.findings(message, self.env.user, "further_sender_archived"))
        self.assertFalse(message.with_context(active_test=False).pool_ids)

    def test_contacts_that_a_warning_counts_are_a_click_away(self):
        for code in ("frequency_cap", "no_time_zone"):
            message = getattr(self, f"make_{code}")()
            [finding] = self.findings(message, self.administrator, code)
            self.assertIn("1 ", finding.text)
            action = finding.mend["action"]
            self.assertEqual(len(self.env[action["res_model"]].search(action["domain"])), 1)

    def test_warns_where_some_have_no_time_zone(self):
        message = self.make_no_time_zone()
        [finding] = self.findings(message, self.marketer, "no_time_zone")
        self.assertIn("1 recipients have no time zone", finding.text)
        message.include_partner_ids = message.include_partner_ids.filtered("tz")
        self.assertFalse(self.findings(message, self.env.user, "no_time_zone"))

    def test_allowance_is_mended_by_who_may_raise_it_else_by_sending_to_fewer(self):
        for segments, level, of_marketer in (
            (1, "error", ("page", "schedule")),
            (3, "warning", None),
        ):
            message = self.make_allowance(segments)
            message.user_id = self.marketer
            [finding] = self.findings(message, self.administrator, "allowance")
            opens = finding.mend["action"]["res_model"]
            self.assertEqual((finding.level, opens), (level, "sms.marketing.allowance"))
            [finding] = self.findings(message, self.marketer, "allowance")
            if of_marketer:
                self.assertEqual(finding.mend[of_marketer[0]], of_marketer[1])
            else:
                self.assertEqual(finding.mend["action"]["res_model"], "sms.marketing.allowance")

    def check_mend(self, mend, message):
        """There is a label, and one thing that this user can do with it."""
        self.assertTrue(mend and mend["label"])
        if "page" in mend:
            self.assertIn(mend["page"], PAGES)
            self.assertIn(mend["field"], message._fields)
        elif "method" in mend:
            self.assertTrue(callable(getattr(message, mend["method"])))
        else:
            action = mend["action"]
            records = message.env[action["res_model"]]
            if "res_id" in action:
                records.browse(action["res_id"]).check_access("read")
            else:
                self.assertTrue(records.search(action["domain"]))
