from odoo.tests import tagged

from odoo.addons.base.tests.test_ir_cron import CronMixinCase

from .common import BrowserCase


@tagged("post_install", "-at_install")
class TestUnknownTour(CronMixinCase, BrowserCase):
    def test_outcomes_settled_in_the_browser(self):
        marketer = self.user("marketer", name="Mara Marketer")
        first, *others = self.contacts(3)
        first.name = "Una First"
        campaign = self.message([first, *others], user_id=marketer.id)
        self.send(campaign)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'unknown', sent_at = NULL,"
            " settled_at = now() AT TIME ZONE 'UTC' WHERE message_id = %s",
            [campaign.id],
        )
        self.env.invalidate_all()
        self.env.cr.execute(
            "INSERT INTO sms_marketing_statistic_mark (message_id) VALUES (%s)", [campaign.id]
        )
        self.roll_up()
        with self.capture_triggers("sms_marketing.ir_cron_roll_up") as figures:
            self.start_tour(
                f"/odoo/action-sms_marketing.action_sms_marketing_message/{campaign.id}",
                "sms_marketing_unknown",
                login="marketer",
            )
        self.assertTrue(figures.records, "nobody was told to count again")
        self.env.invalidate_all()
        of_first = campaign.recipient_ids.filtered(lambda one: one.partner_id == first)
        self.assertEqual(of_first.state, "sent")
        self.assertEqual(
            set((campaign.recipient_ids - of_first).mapped("state")), {"queued"}, "send again"
        )
        self.run_lane()
        self.assertEqual(set(campaign.recipient_ids.mapped("state")), {"sent"})
        self.assertEqual(of_first.attempt, 1, "who had it is not texted again")
