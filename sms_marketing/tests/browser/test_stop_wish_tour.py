from odoo.tests import tagged

from ...engine import inbound
from ...gateways.values import Inbound
from ..common import SENDER
from .common import BrowserCase


@tagged("post_install", "-at_install")
class TestStopWishTour(BrowserCase):
    def test_replies_decided_in_the_browser(self):
        manager = self.user("reviewer", "sms_marketing.group_manager", name="Rae Reviewer")
        self.company.sms_marketing_reviewer_id = manager
        self.env.cr.execute("UPDATE sms_marketing_inbound SET review_state = 'done'")
        leaving, staying = self.contacts(2)
        for partner, words in (
            (staying, "I'll stop by the shop"),
            (leaving, "Just leave me alone"),
        ):
            inbound.receive(self.env, self.gateway, Inbound(partner.mobile_e164, SENDER, words))
        self.start_tour(
            "/odoo/action-sms_marketing.action_sms_marketing_inbound_review",
            "sms_marketing_stop_wish",
            login="reviewer",
        )
        self.env.invalidate_all()
        state = {
            partner: partner.sms_subscription_ids.filtered(lambda one: one.type_id == self.type)
            for partner in (leaving, staying)
        }
        self.assertEqual(state[leaving].state, "unsubscribed")
        self.assertEqual(state[staying].state, "subscribed")
        line = self.env["sms.marketing.consent"].search(
            [("number", "=", leaving.mobile_e164)], limit=1
        )
        self.assertEqual(line.user_id, manager)
