from contextlib import contextmanager
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from odoo.addons.sms.tools.sms_api import SmsApi

from ..engine import consent, inbound
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingCase


class OneToOneCase(SmsMarketingCase):
    """A sales person, somebody who has texted STOP, and a provider that notes what it is given."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sales = cls.user("sales_one_to_one", "sales_team.group_sale_salesman_all_leads")
        cls.ann = cls.contact(subscribed=True, name="Ann")
        cls.ben = cls.contact(subscribed=True, name="Ben")
        cls.stop(cls.ann)

    @classmethod
    def stop(cls, partner, company=None):
        consent.unsubscribe_everywhere(
            cls.env,
            [partner.mobile_e164],
            company or cls.company,
            method="keyword",
            wording="STOP",
        )

    @contextmanager
    def provider(self):
        """The numbers that Odoo's provider is given."""
        sent = []

        def send_batch(_api, messages, delivery_reports_url=False):
            numbers = [number for message in messages for number in message["numbers"]]
            sent.extend(number["number"] for number in numbers)
            return [{"uuid": one["uuid"], "state": "success", "credit": 1} for one in numbers]

        with (
            patch.object(SmsApi, "_send_sms_batch", send_batch),
            mute_logger("odoo.addons.sms.models.sms_sms"),
        ):
            yield sent

    def composer(self, partners, user=None, **vals):
        vals = {"body": "Your parcel is here.", **vals}
        composers = self.env["sms.composer"].with_user(user or self.sales)
        if len(partners) == 1:
            return composers.create(
                {
                    "res_model": "res.partner",
                    "res_id": partners.id,
                    "composition_mode": "comment",
                    **vals,
                }
            )
        return composers.create(
            {
                "res_model": "res.partner",
                "res_ids": repr(partners.ids),
                "composition_mode": "mass",
                "mass_force_send": True,
                **vals,
            }
        )

    def process_queue(self):
        """Odoo's scheduled action, which commits after each batch."""
        with patch.object(type(self.env["ir.cron"]), "_commit_progress"):
            self.env["sms.sms"]._process_queue()

    def rows(self, partner):
        return self.env["sms.sms"].search([("number", "=", partner.mobile_e164)])

    def log_lines(self, partner):
        return self.env["sms.marketing.consent"].search(
            [("number", "=", partner.mobile_e164), ("method", "=", "one_to_one")]
        )


@tagged("post_install", "-at_install")
class TestComposer(OneToOneCase):
    """The button beside a number says who has opted out, and asks why."""

    def test_form_names_who_has_opted_out_and_asks_for_a_reason(self):
        composers = self.env["sms.composer"].with_user(self.sales)
        context = {"default_res_model": "res.partner", "default_composition_mode": "comment"}
        with Form(composers.with_context(**context, default_res_id=self.ann.id)) as form:
            self.assertIn("Ann: " + self.ann.mobile_e164, form.sms_marketing_opted_out)
            self.assertIn("opted out on", form.sms_marketing_opted_out)
            self.assertTrue(form._get_modifier("sms_marketing_reason", "required"))
            form.body = "Hello"
            form.sms_marketing_reason = "Her order"
        with Form(composers.with_context(**context, default_res_id=self.ben.id)) as form:
            self.assertFalse(form.sms_marketing_opted_out_count)
            self.assertTrue(form._get_modifier("sms_marketing_reason", "invisible"))
            form.body = "Hello"

    def test_how_a_number_opted_out_is_for_those_who_may_see_its_consent(self):
        hidden = self.contact(subscribed=True, name="Hidden", ref="hidden")
        self.stop(hidden)
        wish = self.contact(subscribed=True, name="Wish", ref="hidden")
        inbound.receive(
            self.env, self.gateway, Inbound(wish.mobile_e164, SENDER, "Please stop texting me")
        )
        self.env["ir.rule"].create(
            {
                "name": "Contacts that are hidden",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "domain_force": "[('ref', '!=', 'hidden')]",
            }
        )
        no_role = self.user("internal_one_to_one", "base.group_user")
        of_ours = self.user("user_one_to_one", "sms_marketing.group_user")
        manager = self.user("manager_one_to_one", "sms_marketing.group_manager")

        def warning(user, *contacts):
            numbers = ",".join(contact.mobile_e164 for contact in contacts)
            composers = self.env["sms.composer"].with_user(user)
            composer = composers.create(
                {"composition_mode": "numbers", "numbers": numbers, "body": "Hello"}
            )
            self.assertEqual(composer.sms_marketing_opted_out_count, len(contacts))
            return composer.sms_marketing_opted_out

        for user in (no_role, self.sales, of_ours):
            shown = warning(user, hidden, wish)
            self.assertEqual(
                sorted(shown.splitlines()),
                sorted(f"{one.mobile_e164} has asked not to be texted." for one in (hidden, wish)),
            )
        self.assertIn("“STOP”", warning(manager, hidden))
        self.assertIn("waiting for review", warning(manager, wish))
        # Of a contact that all of them see: by role.
        self.assertNotIn("opted out on", warning(no_role, self.ann))
        self.assertIn("opted out on", warning(self.sales, self.ann))
        self.assertNotIn("STOP", warning(self.sales, self.ann))
        self.assertIn("“STOP”", warning(of_ours, self.ann))

    def test_without_a_reason_nothing_is_sent(self):
        for reason in (False, "", "  "):
            composer = self.composer(self.ann, sms_marketing_reason=reason)
            with (
                self.provider() as sent,
                self.assertRaisesRegex(UserError, "Ann: .* opted out on .*\n.*“Reason”"),
            ):
                composer.action_send_sms()
            self.assertFalse(sent)
        self.assertFalse(self.rows(self.ann))

    def test_reason_is_logged_on_the_contact_and_with_the_consent(self):
        composer = self.composer(self.ann, sms_marketing_reason="Asked <b>where</b> her order is")
        with self.provider() as sent:
            composer.action_send_sms()
        self.assertEqual(sent, [self.ann.mobile_e164])
        line = self.log_lines(self.ann)
        self.assertEqual((line.user_id, line.state), (self.sales, "unsubscribed"))
        self.assertIn("Asked <b>where</b> her order is", line.explanation)
        note = self.ann.message_ids.filtered(lambda one: "Reason:" in one.body)
        self.assertEqual(note.author_id, self.sales.partner_id)
        self.assertIn("&lt;b&gt;where&lt;/b&gt;", note.body)
        subscription = self.env["sms.marketing.subscription"].search(
            [("number", "=", self.ann.mobile_e164), ("type_id", "=", self.type.id)]
        )
        self.assertEqual(subscription.state, "unsubscribed", "it is no consent")
        entry = self.env["sms.marketing.activity"].search(
            [("number", "=", self.ann.mobile_e164), ("kind", "=", "texted_anyway")]
        )
        self.assertIn("her order", entry.note)

    def test_who_has_not_opted_out_is_texted_as_ever(self):
        composer = self.composer(self.ben, sms_marketing_reason="whatever")
        with self.provider() as sent:
            composer.action_send_sms()
        self.assertEqual(sent, [self.ben.mobile_e164])
        self.assertFalse(self.log_lines(self.ben))

    def test_number_that_is_typed(self):
        for vals in (
            {"composition_mode": "numbers", "numbers": f"+13035559999,{self.ann.mobile_e164}"},
            {
                "composition_mode": "comment",
                "res_model": "res.partner",
                "res_id": self.ben.id,
                "recipient_single_number_itf": self.ann.mobile_e164,
            },
        ):
            composer = (
                self.env["sms.composer"].with_user(self.sales).create({"body": "Hello", **vals})
            )
            self.assertIn(self.ann.mobile_e164, composer.sms_marketing_opted_out)
            with self.provider() as sent, self.assertRaisesRegex(UserError, "fill in “Reason”"):
                composer.action_send_sms()
            self.assertFalse(sent)

    def test_many_leave_them_out(self):
        composer = self.composer(self.ann | self.ben, sms_marketing_reason="whatever")
        self.assertEqual(composer.sms_marketing_opted_out_count, 1)
        with self.provider() as sent:
            composer.action_send_sms()
        self.assertEqual(sent, [self.ben.mobile_e164])
        row = self.rows(self.ann)
        self.assertEqual((row.state, row.failure_type), ("canceled", "sms_optout"))

    def test_comment_on_many_asks_for_a_reason(self):
        vals = {"composition_mode": "comment"}
        with self.provider() as sent, self.assertRaisesRegex(UserError, "Ann"):
            self.composer(self.ann | self.ben, **vals).action_send_sms()
        self.assertFalse(sent)
        with self.provider() as sent:
            self.composer(
                self.ann | self.ben, sms_marketing_reason="Recall of a product", **vals
            ).action_send_sms()
        self.assertEqual(set(sent), {self.ann.mobile_e164, self.ben.mobile_e164})
        self.assertTrue(self.log_lines(self.ann))
        self.assertFalse(self.log_lines(self.ben))

    def test_company_that_refuses(self):
        self.company.sms_marketing_one_to_one = "refuse"
        composer = self.composer(self.ann, sms_marketing_reason="Asked for it")
        self.assertTrue(composer.sms_marketing_is_refused)
        with self.provider() as sent, self.assertRaisesRegex(UserError, "does not text"):
            composer.action_send_sms()
        self.assertFalse(sent)

    def test_who_counts_as_opted_out(self):
        other = self.env["sms.marketing.subscription.type"].create({"name": "Other"})
        kept_one = self.contact(subscribed=True)
        self.subscribe(kept_one.mobile_e164, type=other)
        self.unsubscribe(kept_one.mobile_e164)
        left_all = self.contact(subscribed=True)
        self.unsubscribe(left_all.mobile_e164)
        wish = self.contact(subscribed=True)
        inbound.receive(
            self.env, self.gateway, Inbound(wish.mobile_e164, SENDER, "Please stop texting me")
        )
        back = self.contact(subscribed=True)
        self.stop(back)
        self.subscribe(back.mobile_e164, method="keyword")
        elsewhere = self.contact()
        self.stop(elsewhere, self.make_company()["company"])
        for partner, is_out in (
            (kept_one, False),
            (left_all, True),
            (wish, True),
            (back, False),
            (elsewhere, False),
        ):
            self.assertEqual(bool(self.composer(partner).sms_marketing_opted_out_count), is_out)
        self.assertIn("waiting for review", self.composer(wish).sms_marketing_opted_out)


@tagged("post_install", "-at_install")
class TestLastGate(OneToOneCase):
    """However a text comes to Odoo's queue, who has opted out gets it only for a logged reason."""

    def posted(self, partner, **context):
        return (
            partner.with_user(self.sales)
            .with_context(**context)
            .message_post(body="Hello", message_type="sms", partner_ids=partner.ids)
        )

    def template(self):
        return self.env["sms.template"].create(
            {
                "name": "Delivery",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "body": "Your parcel is here.",
            }
        )

    def run_server_action(self, partner, method="sms"):
        action = self.env["ir.actions.server"].create(
            {
                "name": "Text",
                "model_id": self.env["ir.model"]._get_id("res.partner"),
                "state": "sms",
                "sms_template_id": self.template().id,
                "sms_method": method,
            }
        )
        action.with_context(
            active_model="res.partner", active_id=partner[:1].id, active_ids=partner.ids
        ).run()
        self.process_queue()

    def test_text_past_the_composer(self):
        forged = (
            {},
            {"sms_marketing_origin": "typed"},
            {"sms_marketing_origin": {"reason": "typed", "is_automatic": True}},
            {"default_sms_marketing_reason": "typed"},
            {"default_sms_marketing_is_automatic": True},
            {"default_state": "outgoing"},
        )
        for policy in ("ask", "automatic", "refuse"):
            self.company.sms_marketing_one_to_one = policy
            for context in forged:
                with self.subTest(policy=policy, **context), self.provider() as sent:
                    message = self.posted(self.ann, **context)
                    self.process_queue()
                    self.assertFalse(sent)
                    notification = message.sudo().notification_ids.filtered(
                        lambda one: one.notification_type == "sms"
                    )
                    self.assertEqual(notification.failure_type, "sms_optout")
        self.assertEqual(set(self.rows(self.ann).mapped("state")), {"canceled"})
        self.assertFalse(self.log_lines(self.ann))

    def test_automatic_texts_by_setting(self):
        for policy, is_sent in (("ask", False), ("automatic", True), ("refuse", False)):
            self.company.sms_marketing_one_to_one = policy
            numbers = [self.ann.mobile_e164] if is_sent else []
            with self.subTest(policy), self.provider() as sent:
                self.ann._message_sms("Your parcel is here.", number_field="mobile")
                self.assertEqual(sent, numbers)
            for method in ("sms", "note", "comment"):
                with self.subTest(policy, method=method), self.provider() as sent:
                    self.run_server_action(self.ann, method)
                    self.assertEqual(sent, numbers)
        with self.provider() as sent:
            self.run_server_action(self.ben)
            self.assertEqual(sent, [self.ben.mobile_e164])

    def test_server_action_for_many_leaves_out_and_goes_on(self):
        with self.provider() as sent:
            self.run_server_action(self.ann | self.ben)
        self.assertEqual(sent, [self.ben.mobile_e164])

    def test_stop_while_the_text_waits(self):
        for send in (lambda row: row.send(), lambda _row: self.process_queue()):
            partner = self.contact(subscribed=True)
            message = partner.with_user(self.sales).message_post(
                body="Hello", message_type="sms", partner_ids=partner.ids, put_in_queue=True
            )
            row = self.rows(partner)
            self.assertEqual(row.state, "outgoing")
            self.stop(partner)
            with self.provider() as sent:
                send(row)
            self.assertFalse(sent)
            self.assertEqual((row.state, row.failure_type), ("canceled", "sms_optout"))
            notification = message.sudo().notification_ids.filtered(
                lambda one: one.notification_type == "sms"
            )
            self.assertEqual(notification.notification_status, "canceled")

    def test_retry_of_a_text_meets_the_gate_again(self):
        self.posted(self.ann)
        row = self.rows(self.ann)
        with self.provider() as sent:
            row.action_set_outgoing()
            row.send()
            row.write({"state": "error"})
            row.resend_failed()
        self.assertFalse(sent)

    def test_reason_holds_until_the_text_has_gone(self):
        composer = self.composer(self.ann, sms_marketing_reason="Recall")
        with self.provider(), patch.object(SmsApi, "_send_sms_batch", side_effect=OSError):
            composer.action_send_sms()
        row = self.rows(self.ann)
        self.assertEqual((row.state, row.sms_marketing_reason), ("error", "Recall"))
        with self.provider() as sent:
            row.resend_failed()
        self.assertEqual(sent, [self.ann.mobile_e164])

    def test_reason_cannot_be_written_later(self):
        self.posted(self.ann)
        row = self.rows(self.ann)
        row.write({"sms_marketing_reason": "Recall", "state": "outgoing"})
        self.assertFalse(row.sms_marketing_reason)
        with self.provider() as sent:
            row.send()
        self.assertFalse(sent)

    def test_add_on_that_asks_the_provider_itself(self):
        """As the test of an SMS mailing does: rows for its report, sent past ``sms.sms``."""
        people = self.ann | self.ben
        rows = self.env["sms.sms"].create([{"number": one.mobile_e164} for one in people])
        provider = self.company._get_sms_api_class()(self.env)
        with self.provider() as sent:
            results = provider._send_sms_batch(
                [
                    {
                        "content": "Hello",
                        "numbers": [{"number": row.number, "uuid": row.uuid} for row in rows],
                    }
                ]
            )
        self.assertEqual(sent, [self.ben.mobile_e164])
        self.assertEqual(
            {one["uuid"]: one["state"] for one in results},
            {rows[0].uuid: "sms_optout", rows[1].uuid: "success"},
        )

    def test_opt_outs_of_the_company_that_texts_count(self):
        other = self.make_company()["company"]
        theirs = self.contact(company_id=other.id)
        self.stop(theirs)
        ours = self.contact(company_id=self.company.id)
        self.stop(ours, other)
        with self.provider() as sent:
            for partner in theirs | ours:
                partner._message_sms("Hello", number_field="mobile")
        self.assertEqual(set(sent), {theirs.mobile_e164, ours.mobile_e164})


@tagged("post_install", "-at_install")
class TestNewCompany(SmsMarketingCase):
    def test_stop_fills_the_blacklist_of_a_new_company(self):
        company = self.env["res.company"].create({"name": "New"})
        self.assertTrue(company.sms_marketing_fill_blacklist)
        self.assertEqual(company.sms_marketing_one_to_one, "ask")
        self.assertFalse(company.sms_marketing_verbal_evidence)
