from odoo.tests import tagged

from ..engine import audience
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestMergeContacts(SmsMarketingCase):
    """Odoo's merging of contacts loses no consent, creates none, and keeps what was sent."""

    def setUp(self):
        super().setUp()
        self.kept = self.contact(subscribed=True)
        self.gone = self.contact(subscribed=True)

    def merge(self):
        self.env["base.partner.merge.automatic.wizard"]._merge(
            (self.kept + self.gone).ids, self.kept, extra_checks=False
        )
        self.env.invalidate_all()
        self.assertFalse(self.gone.exists())

    def test_what_was_sent_and_the_timeline_follow(self):
        recipients = self.send(self.message(self.kept + self.gone))
        self.merge()
        self.assertEqual(recipients.partner_id, self.kept)
        self.assertEqual(len(recipients), 2)
        timeline = self.env["sms.marketing.activity"].search([("partner_ids", "=", self.kept.id)])
        self.assertEqual(timeline.filtered(lambda one: one.kind == "sent").recipient_id, recipients)

    def test_places_on_lists_and_in_drafts_follow(self):
        make = self.env["sms.marketing.list"].create
        only_gone = make({"name": "Gone", "partner_ids": self.gone.ids})
        both = make({"name": "Both", "partner_ids": (self.kept + self.gone).ids})
        draft = self.message(self.gone)
        self.merge()
        self.assertEqual(only_gone.partner_ids, self.kept)
        self.assertEqual(both.partner_ids, self.kept)
        self.assertEqual(draft.include_partner_ids, self.kept)

    def test_who_was_left_out_stays_left_out(self):
        draft = self.message(self.kept, exclude_partner_ids=self.gone.ids)
        self.merge()
        self.assertEqual(audience.count_by_reason(draft), {"excluded": 1})

    def test_consent_stays_with_the_numbers(self):
        log = self.env["sms.marketing.consent"]
        lines = log.search_count([])
        self.unsubscribe(self.kept.mobile_e164)
        number_of_gone = self.gone.mobile_e164
        self.merge()
        self.assertEqual(log.search_count([]), lines + 1)
        states = dict(
            self.env["sms.marketing.subscription"]._read_group(
                [("number", "in", [self.kept.mobile_e164, number_of_gone])], ["number", "state"]
            )
        )
        self.assertEqual(
            states, {self.kept.mobile_e164: "unsubscribed", number_of_gone: "subscribed"}
        )
        self.assertEqual(audience.count_by_reason(self.message(self.kept)), {"unsubscribed": 1})
