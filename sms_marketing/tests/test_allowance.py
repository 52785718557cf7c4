from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time
from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from psycopg2 import IntegrityError
from psycopg2.errors import SerializationFailure

from ..engine import allowance as engine
from ..engine import schedule
from ..gateways.sandbox import SandboxGateway
from ..gateways.values import Accepted
from .common import SmsMarketingCase


class AllowanceCase(SmsMarketingCase):
    def setUp(self):
        super().setUp()
        # The database's own texts of this month would count too.
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET sent_at = NULL, settled_at = NULL"
            " WHERE company_id = %s",
            [self.company.id],
        )
        self.env.cr.execute("DELETE FROM sms_marketing_usage")
        self.company.sms_marketing_tz = "UTC"

    def allow(self, *segments, renewal_day=1, **vals):
        """An allowance of so many segments a month, bought long ago, each a month later."""
        return self.env["sms.marketing.allowance"].create(
            {
                "renewal_day": renewal_day,
                "change_ids": [
                    Command.create({"segments": one, "purchased_on": f"2020-{month:02d}-15"})
                    for month, one in enumerate(segments, 1)
                ],
                **vals,
            }
        )

    def figures(self, allowance):
        found = allowance.get_allowance()
        return {name: found[name] for name in ("allowance", "used", "reserved")}

    def later(self, **delta):
        return fields.Datetime.now() + timedelta(**delta)


@tagged("post_install", "-at_install")
class TestAllowance(AllowanceCase):
    def test_use_is_what_was_handed_over_and_outlives_the_message(self):
        allowance = self.allow(100)
        message = self.message(self.contacts(3), body="A" * 200)  # 2 segments
        self.send(message)
        self.assertEqual(self.figures(allowance), {"allowance": 100, "used": 6, "reserved": 0})
        message.unlink()
        self.assertEqual(self.figures(allowance), {"allowance": 100, "used": 6, "reserved": 0})

    def test_provider_figure_counts(self):
        """What the provider says when it takes the text, not what we had counted."""
        allowance = self.allow(100)
        message = self.message(self.contacts(2))
        answers = [Accepted(segments=3), Accepted()]
        with patch.object(SandboxGateway, "send", lambda _self, texts: answers[: len(texts)]):
            self.send(message)
        self.assertEqual(self.figures(allowance)["used"], 4)

    def test_nothing_rolls_over(self):
        allowance = self.allow(100)
        message = self.message(self.contacts(2))
        self.send(message)
        self.assertEqual(self.figures(allowance)["used"], 2)
        self.let_time_pass(32 * 86400)
        self.assertEqual(self.figures(allowance), {"allowance": 100, "used": 0, "reserved": 0})

    def test_tests_and_answers_count_too(self):
        allowance = self.allow(100)
        contact = self.contacts(1)
        self.send(self.message(contact))
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_recipient (kind, company_id, state, sent_at, segments)
            VALUES ('test', %(company)s, 'sent', now() AT TIME ZONE 'UTC', 2),
                   ('verification', %(company)s, 'delivered', now() AT TIME ZONE 'UTC', 1)
            """,
            {"company": self.company.id},
        )
        self.assertEqual(self.figures(allowance)["used"], 4)

    def test_scheduled_messages_reserve_in_their_own_month(self):
        allowance = self.allow(100)
        contacts = self.contacts(2)
        with freeze_time("2031-03-10 12:00:00"):
            near = self.message(contacts, scheduled_at="2031-03-20 12:00:00")
            far = self.message(contacts, scheduled_at="2031-04-02 12:00:00")
            (near + far).action_schedule()
            self.assertEqual(self.figures(allowance)["reserved"], 2)
            april = allowance._standing(far.scheduled_at)
            self.assertEqual((april.used, april.reserved), (0, 2))
            near.action_unschedule()
            self.assertEqual(self.figures(allowance)["reserved"], 0)

    def test_what_waits_is_reserved_and_what_is_cancelled_is_free(self):
        allowance = self.allow(100)
        message = self.message(self.contacts(4))
        message.action_send()
        self.assertEqual(self.figures(allowance)["reserved"], 4)
        with self.own_transactions() as registry:
            schedule.start_due(registry)
        self.env.cr.execute(
            """
            UPDATE sms_marketing_recipient SET state = 'sent', segments = 1,
                   sent_at = now() AT TIME ZONE 'UTC'
             WHERE id = %s
            """,
            [message.recipient_ids[0].id],
        )
        self.env.invalidate_all()
        self.assertEqual(self.figures(allowance), {"allowance": 100, "used": 1, "reserved": 3})
        message.action_pause()
        self.assertEqual(self.figures(allowance)["reserved"], 3)
        message.action_cancel()
        self.assertEqual(self.figures(allowance), {"allowance": 100, "used": 1, "reserved": 0})

    def test_the_form_says_from_when_a_purchase_counts(self):
        with Form(self.env["sms.marketing.allowance"]) as form:
            form.renewal_day = 5
            for day in ("2026-01-10", "2026-08-15", "2026-09-05"):
                with form.change_ids.new() as line:
                    line.purchased_on = day
                    line.segments = 1000
        self.assertEqual(
            [str(line.in_force_on) for line in form.record.change_ids],
            ["2026-01-10", "2026-09-05", "2026-10-05"],
        )

    def test_months_used(self):
        allowance = self.allow(100, renewal_day=5)
        self.company.sms_marketing_tz = "Europe/Amsterdam"
        self.env.cr.execute(
            """
            INSERT INTO sms_marketing_recipient (kind, company_id, state, sent_at, segments)
            VALUES ('campaign', %(company)s, 'sent', '2026-08-04 21:59:59', 1),
                   ('campaign', %(company)s, 'sent', '2026-08-04 22:00:00', 2),
                   ('campaign', %(company)s, 'sent', '2026-09-04 21:59:59', 4),
                   ('campaign', %(company)s, 'sent', '2026-09-04 22:00:00', 8)
            """,
            {"company": self.company.id},
        )
        expected = {"2026-07-05": 1, "2026-08-05": 6, "2026-09-05": 8}
        for _attempt in ("as rows", "deleted"):
            months = self.env["sms.marketing.usage.month"].search(
                allowance.action_view_months()["domain"]
            )
            used = {str(month.start): month.segments for month in months if month.segments}
            self.assertEqual(used, expected)
            self.assertEqual(set(months.mapped("allowance")), {100})
            self.env.cr.execute(
                "DELETE FROM sms_marketing_recipient WHERE company_id = %s", [self.company.id]
            )
            self.env.invalidate_all()
        [[total]] = self.env["sms.marketing.usage.month"]._read_group(
            [("company_id", "=", self.company.id)], aggregates=["segments:sum"]
        )
        self.assertEqual(total, 15)

    @mute_logger("odoo.sql_db")
    def test_bad_figures_are_refused(self):
        allowance = self.allow(100)
        for attempt in (
            lambda: self.allow(100),
            lambda: setattr(allowance, "renewal_day", 0),
            lambda: setattr(allowance, "renewal_day", 32),
            lambda: setattr(allowance.change_ids, "segments", -1),
        ):
            with self.assertRaises(IntegrityError):
                attempt()
                self.env.flush_all()

    def test_reading_the_allowance(self):
        allowance = self.allow(100)
        user = self.user("allowance_user")
        self.assertEqual(allowance.with_user(user).get_allowance()["allowance"], 100)
        with self.assertRaises(AccessError):
            allowance.with_user(user).renewal_day = 2
        sales = self.user("allowance_sales", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            allowance.with_user(sales).get_allowance()


@tagged("post_install", "-at_install")
class TestAllowanceReview(AllowanceCase):
    def review(self, message, intent="send"):
        review = message.get_review(intent)
        found = [one for one in review["findings"] if one["code"] == "allowance"]
        return review, found

    def test_no_allowance_no_finding(self):
        message = self.message(self.contacts(1))
        for allowance in (None, self.allow()):
            review, found = self.review(message)
            self.assertFalse(found, allowance)
            self.assertFalse(review["allowance"])
            self.assertFalse(message.get_allowance())
        message.action_send()

    def test_a_message_that_passes_the_allowance_is_not_sent(self):
        self.allow(5)
        self.send(self.message(self.contacts(2)))
        message = self.message(self.contacts(2), body="A" * 200)
        review, [found] = self.review(message)
        self.assertEqual(found["level"], "error")
        self.assertIn("takes 4 segments, 1 more than are left", found["text"])
        renewal = fields.Date.today() + timedelta(days=32)
        renews_on = renewal.replace(day=1)
        self.assertIn(renews_on.strftime("%m/%d/%Y"), found["text"])
        self.assertEqual(found["mend"]["action"]["res_model"], "sms.marketing.allowance")
        self.assertFalse(review["can_send"])
        self.assertEqual(review["allowance"]["missing"], 1)
        with self.assertRaisesRegex(UserError, "1 more than are left"):
            message.action_send()
        self.assertEqual(message.state, "draft")
        message.body = "A"
        message.action_send()
        self.assertEqual(message.state, "scheduled")

    def test_users_are_told_whom_to_ask(self):
        self.allow(1)
        self.user("boss", "sms_marketing.group_administrator", name="Ada Boss")
        message = self.message(self.contacts(2))
        user = self.user("allowance_user")
        message.user_id = user
        _review, [found] = self.review(message.with_user(user))
        self.assertEqual(found["mend"]["page"], "schedule", "fewer recipients mend it too")
        self.assertRegex(found["text"], "ask an administrator to raise the allowance: .+")

    def test_warns_from_sixty_percent(self):
        self.allow(10)
        for contacts, warned in ((5, False), (6, True), (10, True)):
            _review, found = self.review(self.message(self.contacts(contacts)))
            self.assertEqual([one["level"] for one in found], ["warning"] if warned else [])
        self.assertIn("100 % of the month's allowance of 10", found[0]["text"])

    def test_own_reservation_does_not_stand_in_its_way(self):
        self.allow(3)
        message = self.message(self.contacts(3), scheduled_at=self.later(minutes=1))
        message.action_schedule()
        self.assertEqual(message.get_allowance()["message"], 3)
        self.assertFalse(message.get_allowance()["missing"])
        self.let_time_pass(120)
        self.run_lane()
        self.assertEqual(message.state, "sent")

    def test_reserved_segments_are_not_given_away(self):
        self.allow(3)
        self.message(self.contacts(2), scheduled_at=self.later(minutes=1)).action_schedule()
        with self.assertRaisesRegex(UserError, "2 reserved"):
            self.message(self.contacts(2)).action_send()

    def test_several_at_once_do_not_pass_together(self):
        self.allow(3)
        messages = self.message(self.contacts(2)) + self.message(self.contacts(2))
        with self.assertRaisesRegex(UserError, "1 more than are left"), self.env.cr.savepoint():
            messages.action_send()

    def test_a_scheduled_message_that_no_longer_fits_becomes_a_draft(self):
        allowance = self.allow(3)
        message = self.message(self.contacts(3), scheduled_at=self.later(minutes=1))
        message.action_schedule()
        allowance.change_ids.segments = 2
        self.let_time_pass(120)
        self.run_lane()
        self.assertEqual(message.state, "draft")
        self.assertFalse(message.recipient_ids)
        self.assertIn("1 more than are left", message.message_ids[0].body)

    def test_another_company_has_an_allowance_of_its_own(self):
        other = self.make_company()
        self.allow(0, company_id=other["company"].id)
        self.send(self.message(self.contacts(1)))
        theirs = self.message(
            self.contacts(1),
            company_id=other["company"].id,
            sender_id=other["sender"].id,
            subscription_type_id=other["type"].id,
        )
        self.subscribe(theirs.include_partner_ids.mobile_e164, type=other["type"])
        with self.assertRaisesRegex(UserError, "1 more than are left"):
            theirs.action_send()


@tagged("post_install", "-at_install")
class TestAllowanceRace(AllowanceCase):
    def test_reserving_writes_the_row(self):
        allowance = self.allow(10)
        message = self.message(self.contacts(1), scheduled_at=self.later(days=1))
        for reserve in (message.action_schedule, message.action_send):
            before = allowance.sudo().reservations
            reserve()
            self.env.invalidate_all()
            self.assertGreater(allowance.sudo().reservations, before)

    def test_two_at_once_do_not_both_reserve(self):
        """The second to write the row fails for Odoo to try it again with fresh figures."""
        with self.registry.cursor() as cr:  # seen by others, unlike what a test writes
            cr.execute(
                """
                INSERT INTO sms_marketing_allowance (company_id, renewal_day, reservations)
                VALUES (%s, 1, 0) ON CONFLICT DO NOTHING RETURNING id
                """,
                [self.company.id],
            )
            made = cr.fetchall()
        try:
            with self.registry.cursor() as first, self.registry.cursor() as second:
                for cr in (first, second):  # both have begun to look
                    cr.execute("SELECT count(*) FROM sms_marketing_allowance")
                engine.hold(self.env(cr=first), self.company.ids)
                first.commit()
                with self.assertRaises(SerializationFailure), mute_logger("odoo.sql_db"):
                    engine.hold(self.env(cr=second), self.company.ids)
                second.rollback()
        finally:
            with self.registry.cursor() as cr:
                for row in made:
                    cr.execute("DELETE FROM sms_marketing_allowance WHERE id = %s", row)
