from unittest.mock import patch

from odoo.tests import tagged

from odoo.addons.sms.tools.sms_api import SmsApi

from ...engine import consent
from .common import BrowserCase


@tagged("post_install", "-at_install")
class TestOptOutTour(BrowserCase):
    def test_who_has_opted_out_is_named(self):
        self.user(
            "sales_manager",
            "sms_marketing.group_manager,sales_team.group_sale_salesman_all_leads",
            name="Sal Sales",
        )
        olga = self.contact(subscribed=True, name="Olga Out")
        consent.unsubscribe_everywhere(
            self.env, [olga.mobile_e164], self.company, method="keyword", wording="STOP"
        )
        sent = []

        def send_batch(_api, messages, delivery_reports_url=False):
            numbers = [number for message in messages for number in message["numbers"]]
            sent.extend(number["number"] for number in numbers)
            return [{"uuid": one["uuid"], "state": "success", "credit": 1} for one in numbers]

        with patch.object(SmsApi, "_send_sms_batch", send_batch):
            self.start_tour(
                f"/odoo/res.partner/{olga.id}", "sms_marketing_one_to_one", login="sales_manager"
            )
        self.env.invalidate_all()
        self.assertEqual(sent, [olga.mobile_e164])
        lines = self.env["sms.marketing.consent"].search([("number", "=", olga.mobile_e164)])
        self.assertIn("Her parcel waits at the counter", lines[0].explanation)
        self.assertEqual(
            set(olga.sms_subscription_ids.mapped("state")), {"unsubscribed"}, "still opted out"
        )

    def test_keywords_that_nobody_can_change(self):
        self.user("keyword_admin", "sms_marketing.group_administrator", name="Ada Admin")
        one = self.env["sms.marketing.keyword"].create(
            {"name": "BOOTS", "action": "join", "type_id": self.type.id}
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_keyword SET name = 'Cancel', normalised = 'CANCEL' WHERE id = %s",
            [one.id],
        )
        self.start_tour(
            "/odoo/action-sms_marketing.action_sms_marketing_keyword",
            "sms_marketing_keywords",
            login="keyword_admin",
        )
        own = self.env["sms.marketing.keyword"].search(
            [("name", "=", "UNSUBSCRIBE"), ("company_id", "=", self.company.id)]
        )
        self.assertEqual(own.answer, "Goodbye!")
