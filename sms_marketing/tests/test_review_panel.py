"""The panel before sending: what it shows, and that what was reviewed is sent (S26, S27)."""

from datetime import timedelta
from unittest.mock import patch

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..engine import audience
from ..text.keywords import mentions
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestReviewPanel(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.owner = cls.user("review_owner")

    def draft(self, contacts=None, **vals):
        contacts = self.contacts(2) if contacts is None else contacts
        message = self.message(contacts, user_id=self.owner.id, **vals)
        return message.with_user(self.owner)

    def warnings(self, message):
        return {
            finding["code"]: finding
            for finding in message.get_review("send")["findings"]
            if finding["level"] == "warning"
        }

    # ------------------------------------------------------------
    # What it shows
    # ------------------------------------------------------------

    def test_recipients_and_segments(self):
        message = self.draft(
            self.contacts(3) | self.contact() | self.contact(False), body="a" * 300
        )
        review = message.get_review("send")
        self.assertTrue(review["can_send"])
        self.assertEqual(review["recipients"], 3)
        self.assertEqual(
            {line["reason"]: line["count"] for line in review["left_out"]},
            {"no_consent": 1, "no_number": 1},
        )
        self.assertEqual((review["segments_per_text"], review["segments"]), (3, 9))
        self.assertFalse(message.recipient_ids, "a review writes nothing")

    def test_errors_block(self):
        message = self.draft(body=False)
        review = message.get_review("send")
        self.assertFalse(review["can_send"])
        self.assertEqual([one["code"] for one in review["findings"]][0], "empty_text")
        with self.assertRaises(UserError):
            message.send_reviewed("send", review["version"])
        self.assertEqual(message.state, "draft")

    def test_message_of_somebody_else(self):
        stranger = self.user("review_stranger")
        message = self.draft().with_user(stranger)
        version = message.sudo().get_review("send")["version"]
        with self.assertRaises(AccessError):
            message.get_review("send")
        with self.assertRaises(AccessError):
            message.send_reviewed("send", version)

    # ------------------------------------------------------------
    # What was reviewed is what is sent
    # ------------------------------------------------------------

    def test_sends_what_was_reviewed(self):
        message = self.draft()
        answer = message.send_reviewed("send", message.get_review("send")["version"])
        self.assertIn("2 contacts", answer["done"])
        self.assertEqual(message.state, "scheduled")
        self.run_lane()
        self.assertEqual(message.state, "sent")

    def test_schedules_what_was_reviewed(self):
        later = fields.Datetime.now() + timedelta(days=1)
        message = self.draft(scheduled_at=later)
        review = message.get_review("schedule")
        self.assertTrue(review["moment"])
        message.send_reviewed("schedule", review["version"])
        self.assertEqual((message.state, message.scheduled_at), ("scheduled", later))
        message.action_unschedule()
        self.assertEqual(message.state, "draft")

    def test_the_moment_reads_as_on_the_form(self):
        """By the clock that it is scheduled by, and which one; not bare, by another clock."""
        self.company.sms_marketing_tz = "Europe/Amsterdam"
        self.owner.tz = "America/New_York"
        message = self.draft(scheduled_at="2050-06-06 10:00:00")
        for by_contact, expected in (
            (False, ["12:00", "Europe/Amsterdam", "6:00", "America/New_York"]),
            (True, ["12:00", "each contact's clock", "Europe/Amsterdam"]),
        ):
            message.send_in_contact_time_zone = by_contact
            message = message.with_context(tz=self.owner.tz)
            review = message.get_review("schedule")
            self.assertEqual(review["moment"], message.scheduled_text)
            done = message.send_reviewed("schedule", review["version"])["done"]
            for words in expected:
                self.assertIn(words, review["moment"])
                self.assertIn(words, done)
            message.action_unschedule()

    def test_whatever_changes_is_reviewed_again(self):
        contact_list = self.env["sms.marketing.list"].create(
            {"name": "L", "kind": "rule", "domain": "[('id', '=', 0)]"}
        )
        message = self.draft(include_list_ids=[Command.link(contact_list.id)])
        other = self.user("review_other", name="Olga Other")
        by_other = message.with_user(other).sudo()
        own = "^Olga Other has changed the message"
        around = "^A list, a sender, a default or the opt-out text .* has changed"
        company_default = {"company_id": self.company.id, "path": "object.city", "value": "town"}
        for change, said in (
            (lambda: by_other.write({"body": "Something else"}), own),
            (lambda: by_other.write({"include_opt_out_text": False}), own),
            (lambda: by_other.write({"scheduled_at": "2035-01-01 10:00:00"}), own),
            (
                lambda: by_other.write({"include_partner_ids": [Command.link(self.contact().id)]}),
                own,
            ),
            (lambda: contact_list.write({"domain": "[('id', '=', -1)]"}), around),
            (
                lambda: by_other.write(
                    {"include_opt_out_text": True, "sender_id": self.make_sender("+12025550177").id}
                ),
                own,
            ),
            (lambda: self.company.write({"sms_marketing_opt_out_text": "STOP ends it"}), around),
            (lambda: message.sender_id.sudo().write({"value": "+12025550178"}), around),
            (
                lambda: self.env["sms.marketing.token.default"].create(company_default),
                around,
            ),
            (lambda: message.write({"body": "My own words"}), "^You have changed the message"),
        ):
            version = message.get_review("send")["version"]
            change()
            # Dispatch and the like write as OdooBot; that is nobody's doing.
            message.with_user(SUPERUSER_ID).write({"name": "Renamed by OdooBot"})
            answer = message.send_reviewed("send", version)
            self.assertRegex(answer["changed"], said)
            self.assertNotIn("done", answer)
            self.assertEqual(message.state, "draft")
        answer = message.send_reviewed("send", answer["review"]["version"])
        self.assertIn("done", answer)

    def test_who_comes_second_reads_what_happened(self):
        """Two people, or two clicks of one: nobody reads that OdooBot did it."""
        other = self.user("review_other", name="Olga Other")
        for intent, moves, said in (
            ("send", (), ("You have already sent", "Olga Other has just sent")),
            ("schedule", (), ("You have already scheduled", "Olga Other has just scheduled")),
            ("send", ("lane",), ("You have already sent", "Olga Other has just sent")),
            ("send", ("action_cancel",), ("You have already cancelled", "Olga Other has cancel")),
            (
                "send",
                ("action_unschedule",),
                ("You have already moved", "Olga Other has moved"),
            ),
        ):
            for mover, sentence in zip((self.owner, other), said, strict=True):
                with self.subTest(sentence):
                    message = self.draft(scheduled_at=fields.Datetime.now() + timedelta(days=1))
                    version = message.get_review(intent)["version"]
                    by_mover = message.with_user(mover).sudo()
                    by_mover.send_reviewed(intent, version)
                    for move in moves:
                        if move == "lane":
                            self.run_lane()
                        else:
                            getattr(by_mover, move)()
                    if moves == ("action_unschedule",):
                        # It was read while it was scheduled.
                        version["state"] = "scheduled"
                    answer = message.send_reviewed(intent, version)
                    self.assertRegex(answer["changed"], f"^{sentence}")
                    self.assertNotIn("done", answer)

    def test_moves_that_come_second_say_who_was_first(self):
        other = self.user("review_other", name="Olga Other")
        message = self.draft()
        message.action_send()
        message.with_user(other).sudo().action_cancel()
        with self.assertRaisesRegex(UserError, "cancelled: .* Olga Other has cancelled"):
            message.action_cancel()

    def test_a_message_that_could_not_start_tells_who_sent_it(self):
        other = self.user("review_other", name="Olga Other")
        contacts = self.contacts(1)
        message = self.draft(contacts)
        message.with_user(other).sudo().action_send()
        self.unsubscribe(*contacts.mapped("mobile_e164"))
        self.run_lane()
        self.assertEqual(message.state, "draft")
        log = message.message_ids[0]
        self.assertIn("could not start", log.body)
        self.assertEqual(log.notified_partner_ids, (self.owner | other).partner_id)
        self.assertFalse(message.sudo().moved_by_id)

    def test_values_of_other_types(self):
        message = self.draft()
        version = message.get_review("send")["version"]
        for intent in (None, 7, [], {}, "start", "x" * 10**6):
            for method in ("get_review", "send_reviewed", "ask_approval", "approve_reviewed"):
                with self.subTest(method, intent=str(intent)[:9]), self.assertRaises(UserError):
                    values = () if method == "get_review" else (version,)
                    getattr(message, method)(intent, *values)
        manager = self.user("review_types", "sms_marketing.group_manager")
        for other in (None, 7, "content", [version]):
            for method, asked in (
                ("send_reviewed", message),
                ("ask_approval", message),
                # Who may not decide is refused before anything else is looked at.
                ("approve_reviewed", message.with_user(manager)),
            ):
                with (
                    self.subTest(method, version=type(other).__name__),
                    self.assertRaisesRegex(UserError, "not valid"),
                ):
                    getattr(asked, method)("send", other)
        for change in ({"content": None}, {"recipients": "2"}, {"state": []}, {"content": []}):
            answer = message.send_reviewed("send", {**version, **change})
            self.assertTrue(answer["changed"])
        for reason in ({}, [], 7, "x" * 1000):
            with self.subTest(reason), self.assertRaisesRegex(UserError, "not valid"):
                message.action_view_audience(reason)
        for zone in ({}, [1], 7):
            with self.subTest(zone), self.assertRaisesRegex(UserError, "not valid"):
                message.action_view_time_zone(zone)
        for partner, paths in ((None, []), ("1", []), (1, "object.name"), (1, [7]), (2**31, [])):
            with self.subTest(partner=partner, paths=paths), self.assertRaises(UserError):
                message.get_preview_values(partner, paths)
        for unsaved in ({"sender_id": "1"}, {"company_id": [1]}):
            with self.subTest(unsaved), self.assertRaises(UserError):
                message.get_editor_data(**unsaved)

    def test_buttons_refuse_messages_of_others(self):
        stranger = self.user("review_stranger")
        message = self.draft(scheduled_at=fields.Datetime.now() + timedelta(days=1))
        of_other = message.with_user(stranger)
        for method, *values in (
            ("action_ask_cancel",),
            ("action_open_editor",),
            ("action_open_send_test",),
            ("action_review_send",),
            ("action_review_schedule",),
            ("action_review_approval",),
            ("action_view_considered",),
            ("action_view_sent",),
            ("action_view_not_sent",),
            ("action_view_unknown",),
            ("action_view_delivered",),
            ("action_view_undelivered",),
            ("action_view_clicked",),
            ("action_view_replies",),
            ("action_view_opted_out",),
            ("action_view_audience",),
            ("action_view_time_zone", False),
            ("action_include_opt_out_text",),
            ("action_plain_equivalents",),
            ("action_drop_archived_senders",),
            ("get_audience",),
            ("get_audience_counts",),
            ("get_time_zone_overview",),
            ("get_progress",),
            ("get_allowance",),
            ("get_editor_data",),
            ("get_token_choices",),
            ("get_test_panel",),
            ("exact_step",),
        ):
            with self.subTest(method), self.assertRaises(AccessError):
                getattr(of_other, method)(*values)

    def test_other_recipients_are_told(self):
        contacts = self.contacts(3)
        message = self.draft(contacts)
        version = message.get_review("send")["version"]
        self.unsubscribe(contacts[0].mobile_e164)
        answer = message.send_reviewed("send", version)
        self.assertIn("from 3 to 2", answer["changed"])
        self.assertEqual(answer["review"]["recipients"], 2)
        self.assertEqual(message.state, "draft")

    def test_name_may_change_meanwhile(self):
        message = self.draft()
        version = message.get_review("send")["version"]
        message.name = "A better name"
        self.assertIn("done", message.send_reviewed("send", version))

    def test_recipients_are_counted_once_to_send(self):
        message = self.draft()
        for intent in ("send", "schedule"):
            if message.state == "scheduled":
                message.action_unschedule()
            message.scheduled_at = fields.Datetime.now() + timedelta(days=1)
            version = message.get_review(intent)["version"]
            with patch.object(
                audience, "count_by_reason", side_effect=audience.count_by_reason
            ) as counted:
                message.send_reviewed(intent, version)
            self.assertEqual((counted.call_count, message.state), (1, "scheduled"))

    def test_moment_of_what_is_scheduled_stays(self):
        message = self.draft(scheduled_at=fields.Datetime.now() + timedelta(days=1))
        message.action_schedule()
        for vals in (
            {"scheduled_at": fields.Datetime.now()},
            {"send_in_contact_time_zone": True},
            {"passed_moment": "leave_out"},
            {"starts_at": fields.Datetime.now()},
        ):
            with self.assertRaises(UserError):
                message.write(vals)
        message.action_send()
        self.assertLessEqual(message.scheduled_at, fields.Datetime.now())

    def test_states_are_no_defaults(self):
        sneaky = self.env["sms.marketing.message"].with_user(self.owner)
        created = sneaky.with_context(default_state="scheduled").create({"name": "Mine"})
        self.assertEqual(created.state, "draft")
        with self.assertRaises(UserError):
            sneaky.create({"name": "Mine", "starts_at": "2020-01-01 00:00:00"})

    def test_time_zones_are_shown_where_they_matter(self):
        message = self.draft(
            self.contacts(1, tz="Asia/Tokyo") | self.contacts(1),
            scheduled_at=fields.Datetime.now() + timedelta(days=2),
        )
        self.assertFalse(message.get_review("schedule")["by_time_zone"])
        message.send_in_contact_time_zone = True
        self.assertTrue(message.get_review("schedule")["by_time_zone"])
        self.assertFalse(message.get_review("send")["by_time_zone"], "one moment for all")
        hour = fields.Datetime.now().hour
        self.set_quiet_hours((hour + 6) % 20, (hour + 6) % 20 + 1)
        self.assertTrue(message.get_review("send")["by_time_zone"], "quiet hours defer some")
        overview = message.get_time_zone_overview(send_now=True)
        self.assertEqual(overview["recipients"], 2)
        self.assertTrue(overview["deferred"])

    # ------------------------------------------------------------
    # Warnings
    # ------------------------------------------------------------

    def test_no_way_to_opt_out(self):
        for body, include, expected in (
            ("Hello", True, False),
            ("Hello", False, True),
            ("Hello. Reply STOP to opt out", False, False),
            ("Hello. Text “stop” to 12345", False, False),
            ("Hello. Your choice: {{ recipient.preference_link }}", False, False),
            ("Sale until the end of the week", False, True),
        ):
            message = self.draft(body=body, include_opt_out_text=include)
            self.assertEqual("no_opt_out_text" in self.warnings(message), expected, body)
        method = self.warnings(message)["no_opt_out_text"]["mend"]["method"]
        getattr(message, method)()
        self.assertNotIn("no_opt_out_text", self.warnings(message))

    def test_words_that_a_text_tells_its_reader(self):
        for text, expected in (
            ("Reply STOP", True),
            ("Reply 'stop'.", True),
            ("stop by", False),
            ("NONSTOP", False),
            ("", False),
        ):
            self.assertEqual(mentions(text, ["Stop", "END"]), expected, text)

    def test_characters_that_cost(self):
        message = self.draft(body="It’s " + "a" * 100, include_opt_out_text=False)
        warning = self.warnings(message)["costly_characters"]
        self.assertIn("’", warning["text"])
        self.assertIn("2 segments instead of 1. That is 2 segments more", warning["text"])
        getattr(message, warning["mend"]["method"])()
        self.assertEqual(message.body, "It's " + "a" * 100)
        self.assertNotIn("costly_characters", self.warnings(message))
        message.body = "Hi 🙂 " + "a" * 100
        self.assertEqual(self.warnings(message)["costly_characters"]["mend"]["page"], "content")
        message.body = "Hi 🙂 ‘short’"
        self.assertNotIn("costly_characters", self.warnings(message), "it costs nothing")

    def test_short_links_that_phones_cannot_follow(self):
        parameters = self.env["ir.config_parameter"].sudo()
        message = self.draft(body="https://shop.example/")
        for base, code in (
            ("http://localhost:8069", "links_unreachable"),
            ("http://sms.example", "links_not_secure"),
            ("https://sms.example", None),
        ):
            parameters.set_param("web.base.url", base)
            found = set(self.warnings(message)) & {"links_unreachable", "links_not_secure"}
            self.assertEqual(found, {code} if code else set())
        parameters.set_param("web.base.url", "http://sms.example")
        mend = self.warnings(message)["links_not_secure"]["mend"]
        self.assertEqual(mend["page"], "content", "a marketer takes the links out")
        as_system = message.with_user(self.env.ref("base.user_admin"))
        action = self.warnings(as_system)["links_not_secure"]["mend"]["action"]
        opened = self.env[action["res_model"]].sudo().browse(action["res_id"])
        self.assertEqual(opened.key, "web.base.url")

    def test_left_out_by_country(self):
        message = self.draft(self.contacts(1) | self.contact("+33612345678", subscribed=True))
        self.assertIn("1 contacts", self.warnings(message)["left_out_by_country"]["text"])

    def test_sent_already(self):
        first = self.draft(name="First wave")
        self.send(first)
        again = self.draft()
        finding = self.warnings(again)["same_text"]
        self.assertIn("First wave", finding["text"])
        self.assertEqual(finding["mend"]["action"]["res_id"], first.id)
        again.body = "Quite another text"
        self.assertNotIn("same_text", self.warnings(again))
        stranger = self.user("review_other")
        other = self.message(self.contacts(1), user_id=stranger.id).with_user(stranger)
        finding = self.warnings(other)["same_text"]
        self.assertNotIn("First wave", finding["text"])
        self.assertEqual(finding["mend"]["page"], "content", "a message of others is not opened")

    def test_holes_in_the_text(self):
        contacts = self.contacts(3)
        contacts[0].city = "Denver"
        message = self.draft(contacts, body="Sale in {{ object.city }}!")
        self.assertIn("empty for 2 recipients", self.warnings(message)["empty_token"]["text"])
        message.body = "Sale in {{ object.city ||| town }}!"
        self.assertNotIn("empty_token", self.warnings(message))

    # ------------------------------------------------------------
    # Under way
    # ------------------------------------------------------------

    def test_says_what_has_gone_out(self):
        message = self.draft(self.contacts(5))
        message.action_send()
        self.run_lane(seconds=0, batch_size=2)
        self.assertIn("2 of 5", message.action_ask_cancel()["params"]["body"])
        self.assertIn("2 of 5", message.action_pause()["params"]["message"])
        self.assertIn("2 of 5", message.action_resume()["params"]["message"])
        self.assertIn("2 of 5", message.action_cancel()["params"]["message"])
        waiting = self.draft()
        waiting.action_send()
        self.assertIn("Nothing has gone out", waiting.action_unschedule()["params"]["message"])
