from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..engine import consent, double_opt_in, inbound
from ..gateways.values import Inbound
from .common import SENDER
from .timing_case import HOUR, TimingCase


@tagged("post_install", "-at_install")
class TestHoursOfRequests(TimingCase):
    """Who has not asked for it at this moment is not woken up to confirm a sign-up."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.type.double_opt_in = True

    def ask(self, *numbers, method="import"):
        double_opt_in.sign_up(
            self.env,
            [
                consent.ConsentChange(
                    number, self.type.id, "subscribed", method, legal_basis="written_consent"
                )
                for number in numbers
            ],
        )
        self.env.invalidate_all()
        return self.requests(*numbers)

    def requests(self, *numbers):
        return self.env["sms.marketing.recipient"].search(
            [("number", "in", numbers), ("kind", "=", "opt_in")], order="id"
        )

    def open_now_in_denver(self):
        """It is day where the numbers are, in Denver, and night in Amsterdam."""
        wall = fields.Datetime.context_timestamp(
            self.company.with_context(tz="America/Denver"), fields.Datetime.now()
        )
        begin = min(max(wall.hour - 1, 0), 21)
        self.set_quiet_hours(begin, begin + 3)

    def until_due(self, row):
        self.let_time_pass((row.due_at - fields.Datetime.now()).total_seconds() + 1)

    def test_what_staff_or_a_file_asks_waits_for_the_morning(self):
        self.quiet_now()
        for method in ("staff", "import", "automation", "api"):
            with (
                self.subTest(method),
                self.capture_triggers("sms_marketing.ir_cron_dispatch") as captured,
            ):
                row = self.ask(self.number(), method=method)
                self.run_lane()
                self.env.invalidate_all()
                self.assertEqual((row.state, row.reason), ("queued", "quiet_hours"))
                self.assertGreater(row.due_at, fields.Datetime.now())
                self.assertEqual((row.send_at, row.open_until), (row.due_at, row.due_at + HOUR))
                self.assertEqual(captured.records.mapped("call_at"), [row.due_at])
        self.until_due(row)
        self.run_lane()
        self.assertEqual((row.state, row.reason), ("sent", False))
        inbound.receive(self.env, self.gateway, Inbound(row.number, SENDER, "YES"))
        self.assertEqual(
            self.env["sms.marketing.subscription"].search([("number", "=", row.number)]).state,
            "subscribed",
        )

    def test_bulk_wizard(self):
        self.quiet_now()
        partners = self.contact() + self.contact()
        self.env["sms.marketing.consent.change"].create(
            {
                "partner_ids": partners.ids,
                "type_id": self.type.id,
                "legal_basis": "verbal_consent",
                "explanation": "At the fair",
            }
        ).action_apply()
        self.run_lane()
        rows = self.requests(*partners.mapped("mobile_e164"))
        self.assertEqual(rows.mapped("reason"), ["quiet_hours"] * 2)

    def test_many_wait_for_one_trigger(self):
        self.quiet_now()
        with self.capture_triggers("sms_marketing.ir_cron_dispatch") as captured:
            rows = self.ask(*(self.number() for _one in range(4)))
        self.assertEqual(len(rows), 4)
        self.assertEqual(captured.records.mapped("call_at"), rows[0].mapped("due_at"))

    def test_own_act_is_answered_at_once(self):
        self.quiet_now()
        for method in ("keyword", "form"):
            row = self.ask(self.number(), method=method)
            self.run_lane()
            self.assertEqual(row.state, "sent", method)

    def test_by_day_it_goes_at_once(self):
        self.open_now_in_denver()
        row = self.ask(self.number())
        self.run_lane()
        self.assertEqual(row.state, "sent")

    def test_clock_of_the_contact_counts_too(self):
        self.open_now_in_denver()
        row = self.ask(self.contact(tz="Europe/Amsterdam").mobile_e164)
        self.run_lane()
        self.assertEqual((row.state, row.reason), ("queued", "quiet_hours"))

    def test_own_text_does_not_wait_for_what_staff_asked(self):
        self.quiet_now()
        row = self.ask(self.number(), method="staff")
        self.ask(row.number, method="keyword")
        self.run_lane()
        self.assertEqual(self.requests(row.number), row, "asked once")
        self.assertEqual(row.state, "sent")

    def test_opening_that_is_over_when_it_is_claimed(self):
        """The gateway was down in the evening; the request waits for the next opening."""
        self.set_quiet_hours(0, 24)
        row, other = self.ask(self.number(), self.number())
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET open_until = due_at - interval '1 hour'"
            " WHERE id = %s",
            row.ids,
        )
        self.env.invalidate_all()
        self.quiet_now()
        self.run_lane()
        self.assertEqual((row.state, row.reason, row.attempt), ("queued", "quiet_hours", 0))
        self.assertEqual(row.open_until - row.due_at, HOUR)
        self.assertEqual(other.state, "sent", "it holds no other answer up")
        self.until_due(row)
        self.run_lane()
        self.assertEqual(row.state, "sent")

    def test_asked_again_while_the_first_still_waits(self):
        self.quiet_now()
        row = self.ask(self.number())
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET queued_at = queued_at - interval '2 days',"
            " due_at = due_at + interval '1 day', send_at = send_at + interval '1 day'"
            " WHERE id = %s",
            row.ids,
        )
        self.assertEqual(self.ask(row.number), row, "a long weekend brings one request")

    def test_days_to_confirm_begin_when_it_goes_out(self):
        self.type.double_opt_in_days = 1
        self.quiet_now()
        row = self.ask(self.number())
        self.until_due(row)
        self.run_lane()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET queued_at = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(days=2), row.id],
        )
        requests = double_opt_in.open_requests(self.env, row.number, self.company)
        self.assertEqual(list(requests), [self.type])
