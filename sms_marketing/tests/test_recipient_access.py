"""Recipients show what their reader may read of the contact, and nothing else."""

import json

from odoo import http
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .common import SmsMarketingCase, SmsMarketingHttpCase

ROLES = (
    "sms_marketing.group_user",
    "sms_marketing.group_manager",
    "sms_marketing.group_administrator",
)

HIDDEN_TEXT = "This text is hidden"


@tagged("post_install", "-at_install")
class TestRecipientAccess(SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.readers = [
            self.user(
                f"reader_{role.rpartition('_')[2]}",
                f"{role},base.group_allow_export",
                name=role,
            )
            for role in ROLES
        ]
        self.shown = self.contact(subscribed=True, name="Shown", function="Cook")
        self.hidden = self.contact(subscribed=True, name="Hidden", function="Spy")
        self.hide(self.hidden)

    def hide(self, record):
        """A record rule of the customer's own: nobody but the superuser reads this record."""
        return self.env["ir.rule"].create(
            {
                "name": "Hide it",
                "model_id": self.env["ir.model"]._get_id(record._name),
                "domain_force": str([("id", "!=", record.id)]),
            }
        )

    def sent(self, partners, **vals):
        message = self.message(
            partners, access_user_ids=[Command.set([user.id for user in self.readers])], **vals
        )
        self.send(message)
        return message

    def test_recipient_whose_contact_one_may_not_read_does_not_show(self):
        message = self.sent(self.shown | self.hidden, body="Dear {{ object.function }}")
        self.assertEqual(message.recipient_ids.partner_id, self.shown | self.hidden)
        row = message.recipient_ids.filtered(lambda one: one.partner_id == self.hidden)
        for user in self.readers:
            with self.subTest(user.name):
                recipients = self.env["sms.marketing.recipient"].with_user(user)
                self.env.invalidate_all()
                of_message = [("message_id", "=", message.id)]
                found = recipients.search(of_message, order="number, partner_id")
                self.assertEqual(found.mapped("partner_id.name"), ["Shown"])
                self.assertEqual(found.mapped("text"), ["Dear Cook\nReply STOP to opt out"])
                self.assertEqual(message.with_user(user).recipient_ids, found)
                self.assertEqual(
                    found.export_data(["partner_id/name", "number", "text"])["datas"],
                    [["Shown", self.shown.mobile, "Dear Cook\nReply STOP to opt out"]],
                )
                for group in ("number", "partner_id"):
                    groups = recipients.formatted_read_group(of_message, [group], ["__count"])
                    self.assertEqual([one["__count"] for one in groups], [1], group)
                guess = self.hidden.mobile[:-2]
                for domain in (
                    [("number", "=like", f"{guess}%"), ("number", "!=", self.shown.mobile)],
                    [("partner_id", "=", self.hidden.id)],
                    [("partner_id.function", "=", "Spy")],
                ):
                    self.assertFalse(recipients.search(of_message + domain), domain)
                self.assertFalse(recipients.name_search(self.hidden.mobile))
                with self.assertRaises(AccessError):
                    row.with_user(user).read(["number"])
                with self.assertRaises(AccessError):
                    row.with_user(user).export_data(["number"])
                # Figures count everybody.
                self.assertEqual(message.with_user(user).get_progress()["total"], 2)

    def test_stored_text_is_neither_read_nor_searched_by_users(self):
        message = self.sent(self.shown, body="Dear {{ object.function }}")
        self.assertIn("Cook", message.recipient_ids.body)
        for user in self.readers:
            recipients = message.recipient_ids.with_user(user)
            for reach in (
                lambda recipients=recipients: recipients.read(["body"]),
                lambda recipients=recipients: recipients.search([("body", "ilike", "Cook")]),
                lambda recipients=recipients: recipients.search([], order="body"),
                lambda recipients=recipients: recipients.formatted_read_group([], ["body"]),
                lambda recipients=recipients: recipients.export_data(["body"]),
                lambda recipients=recipients: recipients.click_ids.search(
                    [("recipient_id.body", "ilike", "Cook")]
                ),
            ):
                with self.assertRaises(AccessError):
                    reach()
            with self.assertRaises(ValueError):
                recipients.search([("text", "ilike", "Cook")])

    def test_text_about_a_company_or_owner_that_one_may_not_read_is_hidden(self):
        mother = self.contact(name="Mother Corp", is_company=True)
        owner = self.user("owner_hidden", "base.group_user", name="Olga Owner")
        self.shown.write({"parent_id": mother.id, "user_id": owner.id})
        plain = self.sent(self.shown, body="Dear {{ object.function }}")
        of_parent = self.sent(self.shown, body="From {{ object.parent_id.name }}")
        of_owner = self.sent(self.shown, body="Yours, {{ object.user_id.name }}")
        for message in (plain, of_parent, of_owner):
            for user in self.readers:
                text = message.recipient_ids.with_user(user).text
                self.assertNotIn(HIDDEN_TEXT, text)
        rules = self.hide(mother) | self.hide(owner)
        self.env.invalidate_all()
        for user in self.readers:
            with self.subTest(user.name):
                self.assertIn("Cook", plain.recipient_ids.with_user(user).text)
                for message in (of_parent, of_owner):
                    text = message.recipient_ids.with_user(user).text
                    self.assertIn(HIDDEN_TEXT, text)
                    for secret in ("Mother", "Olga"):
                        self.assertNotIn(secret, text)
                preview = plain.with_user(user).get_preview_values(
                    self.shown.id, ["object.parent_id.name", "object.user_id.name"]
                )
                self.assertEqual(preview["values"], {})
                self.assertEqual(len(preview["hidden"]), 2)
        rules.unlink()
        self.env.invalidate_all()
        self.assertIn("Mother", of_parent.recipient_ids.with_user(self.readers[0]).text)

    def test_contact_of_another_company_is_a_number_of_contacts_and_no_more(self):
        other = self.make_company()["company"]
        foreign = self.contact(subscribed=True, name="Foreign")
        fixed = self.env["sms.marketing.list"].create(
            {"name": "Mixed", "partner_ids": [Command.set(foreign.ids)]}
        )
        by_hand = self.message(self.shown | foreign)
        by_list = self.message(self.shown, include_list_ids=fixed.ids)
        # Chosen before it moved.
        foreign.company_id = other
        for message in (by_hand, by_list):
            message.access_user_ids = self.env["res.users"].union(*self.readers)
            self.send(message)
            [row] = message.recipient_ids.filtered(lambda one: one.reason == "other_company")
            self.assertEqual(row.partner_id, foreign)
            self.assertFalse(row.number or row.number_field or row.body or row.token)
            for user in self.readers:
                self.env.invalidate_all()
                self.assertEqual(message.with_user(user).recipient_ids.partner_id, self.shown)
        both = self.user("reader_both", company_ids=[Command.set((self.company | other).ids)])
        message.access_user_ids = both
        seen = row.with_user(both).with_context(allowed_company_ids=(self.company | other).ids)
        self.assertEqual(seen.partner_id.name, "Foreign")

    def test_excluded_contact_of_another_company_has_no_number_either(self):
        other = self.make_company()["company"]
        foreign = self.contact(subscribed=True)
        message = self.message(self.shown | foreign, exclude_partner_ids=[Command.set(foreign.ids)])
        foreign.company_id = other
        self.send(message)
        [row] = message.recipient_ids - message.recipient_ids.filtered("number")
        self.assertEqual((row.partner_id, row.reason), (foreign, "other_company"))

    def test_recipient_without_a_contact_still_shows(self):
        message = self.sent(self.shown)
        self.shown.unlink()
        for user in self.readers:
            self.assertTrue(message.recipient_ids.with_user(user).number)

    def test_clicks_of_contacts_that_one_may_not_read_do_not_show(self):
        message = self.sent(self.shown | self.hidden, body="Look: https://example.com")
        for recipient in message.recipient_ids:
            self.env.cr.execute(
                "INSERT INTO sms_marketing_click"
                " (recipient_id, message_id, company_id, link_id, clicked_at)"
                " VALUES (%s, %s, %s, %s, now())",
                [recipient.id, message.id, self.company.id, message.link_ids.id],
            )
        self.env.invalidate_all()
        for user in self.readers:
            clicks = self.env["sms.marketing.click"].with_user(user)
            found = clicks.search([("message_id", "=", message.id)])
            self.assertEqual(found.recipient_id.partner_id, self.shown)
            self.assertEqual(
                message.recipient_ids.with_user(user)
                .search([("message_id", "=", message.id), ("click_ids", "!=", False)])
                .partner_id,
                self.shown,
            )

    def test_replies_of_contacts_that_one_may_not_read_do_not_show(self):
        message = self.sent(self.shown | self.hidden)
        for partner, state in (
            (self.shown, None),
            (self.hidden, None),
            (self.hidden, "to_review"),
        ):
            self.env.cr.execute(
                "INSERT INTO sms_marketing_inbound (gateway_id, company_id, number, partner_id,"
                " body, message_id, received_at, review_state)"
                " VALUES (%s, %s, %s, %s, %s, %s, now(), %s)",
                [
                    self.gateway.id,
                    self.company.id,
                    partner.mobile,
                    partner.id,
                    f"Words of {partner.name}",
                    message.id,
                    state,
                ],
            )
        self.env.invalidate_all()
        for user in self.readers:
            with self.subTest(user.name):
                replies = self.env["sms.marketing.inbound"].with_user(user)
                found = replies.search([("message_id", "=", message.id)], order="id")
                # Somebody must decide on what may be a wish to stop.
                is_manager = user.has_group("sms_marketing.group_manager")
                expected = ["Words of Shown"] + ["Words of Hidden"] * is_manager
                self.assertEqual(found.mapped("body"), expected)
                self.assertEqual(found.mapped("review_state"), [False] + ["to_review"] * is_manager)


@tagged("post_install", "-at_install")
class TestRecipientAccessHttp(SmsMarketingHttpCase):
    """What a browser gets of the recipients of a message, one of whom is of another company."""

    def test_browser_gets_nothing_of_a_contact_of_another_company(self):
        user = self.user(
            "http_recipients",
            "sms_marketing.group_manager,base.group_allow_export",
            password="http_recipients",
        )
        shown = self.contact(subscribed=True, name="Shown")
        foreign = self.contact(subscribed=True, name="Foreign")
        message = self.message(shown | foreign, body="Dear {{ object.name }}", user_id=user.id)
        foreign.company_id = self.make_company()["company"]
        self.write_audience(message)
        self.env.cr.execute(  # as in databases from before
            "UPDATE sms_marketing_recipient SET number = %s, body = 'Dear Foreign'"
            " WHERE partner_id = %s",
            [foreign.mobile, foreign.id],
        )
        self.env.invalidate_all()
        self.authenticate("http_recipients", "http_recipients")
        model, of_message = "sms.marketing.recipient", [("message_id", "=", message.id)]
        [row] = message.recipient_ids.filtered(lambda one: one.partner_id == foreign)
        spec = {"number": {}, "text": {}, "partner_id": {"fields": {"display_name": {}}}}
        for method, args in {
            "web_search_read": [of_message, spec],
            "search_read": [of_message, ["number", "text", "partner_id", "display_name"]],
            "formatted_read_group": [of_message, ["partner_id", "number"], ["__count"]],
            "web_read_group": [of_message, ["partner_id"]],
            "name_search": ["Foreign"],
            "web_read": [[row.id], spec],
            "read": [[row.id], ["number", "text", "partner_id", "display_name"]],
            "export_data": [[row.id], ["number", "text", "partner_id/name"]],
        }.items():
            with self.subTest(method):
                params = {"model": model, "method": method, "args": args, "kwargs": {}}
                url = f"/web/dataset/call_kw/{model}/{method}"
                answer = self.url_open(url, json={"params": params}).text
                for secret in ("Foreign", foreign.mobile):
                    self.assertNotIn(secret, answer)
        wanted = {
            "model": model,
            "fields": [
                {"name": name, "label": name} for name in ("number", "text", "partner_id/name")
            ],
            "ids": False,
            "domain": of_message,
            "groupby": [],
            "import_compat": False,
        }
        exported = self.url_open(
            "/web/export/csv",
            data={"data": json.dumps(wanted), "csrf_token": http.Request.csrf_token(self)},
        ).text
        self.assertIn("Shown", exported)
        self.assertNotIn("Foreign", exported)
        self.assertNotIn(foreign.mobile, exported)
