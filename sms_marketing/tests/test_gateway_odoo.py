"""Odoo's own SMS providers: what their words mean, and what their reports reach.

Over HTTP, with IAP, `sms_twilio` and a third party's add-on: `tests/test_odoo_providers.py`.
"""

from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.fields import Datetime
from odoo.tests import tagged

from odoo.addons.sms.tools.sms_api import SmsApi

from ..gateways.odoo_sms import Result, outcome_of
from ..gateways.reasons import Reason
from ..gateways.values import Accepted, Refused, Retry, Unknown
from .common import SmsMarketingCase

#: A provider's result -> what it means. `sms_twilio` says server_error after a time-out too.
MEANINGS = [
    (Result("success", success=True, reference="1"), Accepted("1")),
    (Result("insufficient_credit"), Retry(None, Reason.INSUFFICIENT_CREDIT, "insufficient_credit")),
    (Result("unregistered"), Retry(None, Reason.CREDENTIALS, "unregistered")),
    (Result("wrong_number_format"), Refused(Reason.INVALID_NUMBER, "wrong_number_format")),
    (Result("incompatible_content"), Refused(Reason.CONTENT_REJECTED, "incompatible_content")),
    (Result("stopped", failure_type="sms_optout"), Refused(Reason.OPTED_OUT, "stopped")),
    (Result("poor", failure_type="sms_credit"), Retry(None, Reason.INSUFFICIENT_CREDIT, "poor")),
    (Result("server_error", failure_type="sms_server"), Unknown("server_error")),
    (Result("hoo", detail="said an owl"), Unknown("hoo: said an owl")),
    (None, Unknown("The provider said nothing about this text")),
]


@tagged("post_install", "-at_install")
class TestOdooGateway(SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.own = self.make_gateway(name="Odoo's", provider="odoo")
        self.own_sender = self.make_sender(gateway=self.own)

    def send_through(self, answer, count=2):
        """Send a campaign of so many texts; the recipients."""

        def send_batch(api, messages, delivery_reports_url=False):
            self.assertIn("/sms/status", delivery_reports_url)
            self.assertEqual(api.env.company, self.own.company_id)
            return answer([one for message in messages for one in message["numbers"]])

        with patch.object(SmsApi, "_send_sms_batch", send_batch):
            return self.send(self.message(self.contacts(count), sender_id=self.own_sender.id))

    def trackers(self, recipients):
        return self.env["sms.tracker"].search(
            [("sms_marketing_reference", "in", recipients.sudo().mapped("token"))]
        )

    def test_words_of_providers(self):
        for result, meaning in MEANINGS:
            self.assertEqual(outcome_of(result), meaning)

    def test_whole_batch_in_one_request(self):
        calls = []

        def answer(numbers):
            calls.append(len(numbers))
            return [{"uuid": one["uuid"], "state": "success"} for one in numbers]

        recipients = self.send_through(answer, count=3)
        self.assertEqual(calls, [3])
        self.assertEqual(set(recipients.mapped("state")), {"sent"})
        trackers = self.trackers(recipients)
        self.assertEqual(
            set(recipients.mapped("provider_reference")), set(trackers.mapped("sms_uuid"))
        )

    def test_rows_of_odoo_s_tell_nothing_and_are_not_sent(self):
        recipients = self.send_through(lambda numbers: [])
        self.assertEqual(set(recipients.mapped("state")), {"unknown"})
        rows = self.env["sms.sms"].search(
            [("uuid", "in", self.trackers(recipients).mapped("sms_uuid"))]
        )
        self.assertEqual(len(rows), 2)
        self.assertFalse(any(rows.mapped("number")) or any(rows.mapped("body")))
        rows.action_set_outgoing()
        self.assertEqual(set(rows.mapped("state")), {"process"})
        rows.action_set_error("sms_server")
        rows.resend_failed()
        self.assertFalse(rows.filtered(lambda row: row.state == "outgoing"))

    def test_reports_to_trackers_and_to_rows(self):
        recipients = self.send_through(
            lambda numbers: [{"uuid": one["uuid"], "state": "success"} for one in numbers], count=4
        ).sorted("id")
        trackers = {one.sms_marketing_reference: one for one in self.trackers(recipients)}
        first, second, third, fourth = (trackers[one.sudo().token] for one in recipients)
        first._action_update_from_sms_state("sent")
        first._action_update_from_sms_state("pending")
        second._action_update_from_provider_error("invalid_destination")
        third_row = self.env["sms.sms"].search([("uuid", "=", third.sms_uuid)])
        third_row.write({"state": "sent"})
        fourth._action_update_from_sms_state("error", failure_type="sms_expired")
        recipients.invalidate_recordset()
        self.assertEqual(
            recipients.mapped(lambda one: (one.state, one.reason)),
            [
                ("delivered", False),
                ("undelivered", "unreachable"),
                ("delivered", False),
                ("undelivered", "expired"),
            ],
        )
        # A phone that is off is no reason to give its number up.
        self.assertFalse(
            self.env["phone.blacklist"].search([("number", "=", recipients[1].number)])
        )

    def test_texts_of_odoo_s_other_apps_are_none_of_ours(self):
        row = self.env["sms.sms"].create({"number": "+32470000099", "body": "Hello"})
        self.env["sms.tracker"].create({"sms_uuid": row.uuid})
        row.action_set_error("sms_server")
        row.action_set_outgoing()
        self.assertEqual(row.state, "outgoing")

    def test_old_rows_go(self):
        recipients = self.send_through(lambda numbers: [])
        trackers = self.trackers(recipients)
        uuids = trackers.mapped("sms_uuid")
        self.env["sms.tracker"]._gc_sms_marketing()
        self.assertTrue(trackers.exists())
        with patch.object(Datetime, "now", lambda: self.env.cr.now() + timedelta(days=31)):
            self.env["sms.tracker"]._gc_sms_marketing()
        self.assertFalse(trackers.exists())
        self.assertFalse(self.env["sms.sms"].search([("uuid", "in", uuids)]))

    def test_set_up(self):
        self.assertIn("preference page", self.own.setup_help)
        told = self.own.action_test_connection()["params"]["message"]
        self.assertIn("SmsApi", told)
        user = self.user("marketer_of_odoo_s", "sms_marketing.group_user")
        with self.assertRaises(AccessError):
            self.env["sms.tracker"].with_user(user).search([])
