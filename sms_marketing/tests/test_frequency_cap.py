from datetime import timedelta
from itertools import product

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError

from ..engine import audience, schedule, testing
from .common import SmsMarketingCase

DAY = 24 * 3600


@tagged("post_install", "-at_install")
class TestFrequencyCap(SmsMarketingCase):
    """At most so many marketing texts to one number in so many days: B2."""

    def setUp(self):
        super().setUp()
        self.other_type = self.env["sms.marketing.subscription.type"].create({"name": "Events"})
        self.ann, self.bob = self.contacts(2)
        self.subscribe(self.ann.mobile_e164, self.bob.mobile_e164, type=self.other_type)

    def cap(self, texts, days, owner=None):
        """A cap of the company, or of a subscription type."""
        owner = owner or self.company
        prefix = "" if owner._name == "sms.marketing.subscription.type" else "sms_marketing_"
        owner.write({f"{prefix}cap_texts": texts, f"{prefix}cap_days": days})

    def sent(self, contacts, **vals):
        """Send a new message to these and a bystander; {contact: (state, reason)} of these.

        A message that nobody would get is not sent at all.
        """
        recipients = self.send(self.message(contacts | self.bystander(), **vals))
        return {
            one.partner_id: (one.state, one.reason)
            for one in recipients
            if one.partner_id in contacts
        }

    def bystander(self):
        """A contact whom no cap holds back."""
        bystander = self.contact(subscribed=True)
        self.subscribe(bystander.mobile_e164, type=self.other_type)
        return bystander

    def text_in_state(self, contact, state, kind="campaign", company=None):
        """A row as it is left by sending, just now."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_recipient (kind, message_id, company_id, number, state,
                   sent_at, due_at, queued_at, attempt)
            SELECT %(kind)s, CASE WHEN %(kind)s = 'campaign' THEN %(message)s END, %(company)s,
                   %(number)s, %(state)s,
                   CASE WHEN %(state)s IN ('sent', 'delivered', 'undelivered') THEN moment END,
                   moment, moment, 1
              FROM (SELECT now() AT TIME ZONE 'UTC') AS just_now(moment)
            """,
            {
                "kind": kind,
                "message": self.message().id,
                "company": (company or self.company).id,
                "number": contact.mobile_e164,
                "state": state,
            },
        )

    def counts(self, contacts, **vals):
        return audience.count_by_reason(self.message(contacts, **vals))

    def test_without_a_cap_everybody_gets_every_text(self):
        for _text in range(4):
            self.assertEqual(self.sent(self.ann), {self.ann: ("sent", False)})

    def test_the_text_after_the_last_allowed_one_is_left_out_and_shown_beforehand(self):
        self.cap(2, 7)
        self.sent(self.ann)
        self.assertEqual(self.counts(self.ann + self.bob), {None: 2})
        self.sent(self.ann)
        self.assertEqual(self.counts(self.ann + self.bob), {None: 1, "frequency_cap": 1})
        self.assertEqual(
            self.sent(self.ann + self.bob),
            {self.ann: ("skipped", "frequency_cap"), self.bob: ("sent", False)},
        )

    def test_page_names_the_reason(self):
        self.cap(1, 7)
        self.sent(self.ann)
        [left_out] = self.message(self.ann).get_audience_counts()["left_out"]
        self.assertEqual((left_out["reason"], left_out["count"]), ("frequency_cap", 1))
        self.assertIn("frequency cap", left_out["label"])

    def test_texts_before_the_days_do_not_count(self):
        self.cap(1, 7)
        self.sent(self.ann)
        self.let_time_pass(7 * DAY - 60)
        self.assertEqual(self.counts(self.ann), {"frequency_cap": 1})
        self.let_time_pass(120)
        self.assertEqual(self.counts(self.ann), {None: 1})
        self.assertEqual(self.sent(self.ann), {self.ann: ("sent", False)})

    def test_a_message_for_later_is_counted_as_of_then(self):
        self.cap(1, 7)
        self.sent(self.ann)
        for days, reason in ((6, "frequency_cap"), (8, None)):
            later = fields.Datetime.now() + timedelta(days=days)
            self.assertEqual(self.counts(self.ann, scheduled_at=later), {reason: 1}, days)

    def test_reached_between_scheduling_and_hand_over_stops_the_text(self):
        self.cap(1, 7)
        first, second = self.message(self.ann + self.bob), self.message(self.ann)
        for message in (first, second):
            message.action_send()
        self.run_lane(batch_size=1)
        self.assertEqual(set(first.recipient_ids.mapped("state")), {"sent"})
        self.assertEqual(
            [(one.state, one.reason, one.sent_at) for one in second.recipient_ids],
            [("skipped", "frequency_cap", False)],
        )
        self.assertEqual(second.state, "sent", "nobody is left to wait for")

    def test_cap_set_while_the_message_runs_holds_for_the_rest(self):
        self.sent(self.ann)
        message = self.message(self.ann + self.bob)
        message.action_send()
        with self.own_transactions() as registry, registry.cursor() as cr:
            schedule._start_next(self.env(cr=cr))
        self.assertEqual(set(message.recipient_ids.mapped("state")), {"queued"})
        self.cap(1, 7)
        self.run_lane()
        self.assertEqual(
            {one.partner_id: (one.state, one.reason) for one in message.recipient_ids},
            {self.ann: ("skipped", "frequency_cap"), self.bob: ("sent", False)},
        )

    def test_what_counts(self):
        """A table: only campaign texts that went out or are on their way, in this company."""
        self.cap(1, 7)
        other = self.make_company("Another")["company"]
        counted = {"sending", "sent", "delivered", "undelivered", "unknown"}
        states = dict(self.env["sms.marketing.recipient"]._fields["state"].selection)
        for state, kind, company in product(
            states, ("campaign", "answer", "test"), (self.company, other)
        ):
            contact = self.contact(subscribed=True)
            self.text_in_state(contact, state, kind, company)
            expected = (
                "frequency_cap"
                if state in counted and kind == "campaign" and company == self.company
                else None
            )
            self.assertEqual(self.counts(contact), {expected: 1}, (state, kind, company.name))

    def test_types_cap_counts_its_own_texts_and_the_companys_all(self):
        """Each row: the caps of company and type, the texts got of (type, other type), whether
        one more of the type may go."""
        for company_cap, type_cap, of_type, of_other, may_go in (
            (0, 2, 1, 3, True),
            (0, 2, 2, 0, False),
            (3, 2, 1, 1, True),
            (3, 2, 1, 2, False),
            (3, 2, 2, 0, False),
            (1, 9, 0, 1, False),
        ):
            with self.subTest(company=company_cap, type=type_cap, got=(of_type, of_other)):
                self.cap(0, 7)
                self.cap(0, 7, self.type)
                contact = self.contact(subscribed=True)
                self.subscribe(contact.mobile_e164, type=self.other_type)
                for subscription_type, texts in (
                    (self.type, of_type),
                    (self.other_type, of_other),
                ):
                    for _text in range(texts):
                        self.sent(contact, subscription_type_id=subscription_type.id)
                self.cap(company_cap, 7)
                self.cap(type_cap, 7, self.type)
                expected = ("sent", False) if may_go else ("skipped", "frequency_cap")
                self.assertEqual(self.counts(contact), {expected[1] or None: 1})
                self.assertEqual(self.sent(contact), {contact: expected})

    def test_each_cap_has_its_own_days(self):
        self.cap(3, 30)
        self.cap(1, 2, self.type)
        self.sent(self.ann)
        self.assertEqual(self.counts(self.ann), {"frequency_cap": 1})
        self.let_time_pass(3 * DAY)
        self.assertEqual(self.sent(self.ann), {self.ann: ("sent", False)})
        self.sent(self.ann, subscription_type_id=self.other_type.id)
        self.let_time_pass(3 * DAY)
        self.assertEqual(self.counts(self.ann), {"frequency_cap": 1}, "three in thirty days")

    def test_who_has_had_enough_on_the_mobile_is_not_texted_on_the_phone(self):
        self.cap(1, 7)
        self.ann.phone = self.number()
        self.subscribe(self.ann.phone_e164)
        self.sent(self.ann)
        self.assertEqual(self.sent(self.ann), {self.ann: ("skipped", "frequency_cap")})

    def test_household_with_one_number_is_capped_together(self):
        self.cap(1, 7)
        partner = self.contact(self.ann.mobile)
        self.sent(self.ann)
        self.assertEqual(self.counts(self.ann + partner), {"frequency_cap": 2})

    def test_answers_and_tests_are_sent_all_the_same(self):
        self.cap(1, 7)
        self.sent(self.ann)
        colleague = self.env["sms.marketing.test.number"].create(
            {"label": "Ann", "number": self.ann.mobile_e164}
        )
        self.env.cr.execute(
            "UPDATE sms_marketing_test_number SET verified_at = now(), verified_by_id = %s"
            " WHERE id = %s",
            [self.env.ref("base.user_admin").id, colleague.id],
        )
        colleague.invalidate_recordset()
        ids = testing.queue(
            self.message(self.ann), colleague, self.env["res.partner"], self.env.user
        )
        self.run_lane()
        self.assertEqual(self.env["sms.marketing.recipient"].browse(ids).state, "sent")

    def test_review_warns_of_how_many_and_why(self):
        self.cap(1, 7)
        self.cap(3, 30, self.type)
        self.sent(self.ann)
        message = self.message(self.ann + self.bob)
        findings = message._review_findings(message._review_facts("send"))
        [finding] = [one for one in findings if one.code == "frequency_cap"]
        self.assertEqual(finding.level, "warning", "who is not capped still gets it")
        self.assertIn("1 of the contacts", finding.text)
        self.assertIn(
            "at most 1 texts in 7 days and at most 3 texts of “Test offers”", finding.text
        )
        self.assertFalse(
            [
                one
                for one in self.message(self.bob)._review_findings(
                    self.message(self.bob)._review_facts("send")
                )
                if one.code == "frequency_cap"
            ]
        )

    def test_impossible_caps_are_refused(self):
        for texts, days in ((-1, 7), (1, 0), (1, -3), (1, 367)):
            for owner in (self.company, self.type):
                with (
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(IntegrityError),
                    self.env.cr.savepoint(),
                ):
                    self.cap(texts, days, owner)
                    self.env.flush_all()
