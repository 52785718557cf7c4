"""What has gone out counts for the caps, whatever is deleted afterwards."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..engine import audience, erasure, privacy
from .common import SmsMarketingCase

DAY = 24 * 3600


@tagged("post_install", "-at_install")
class TestDeletedTexts(SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.company.write({"sms_marketing_cap_texts": 1, "sms_marketing_cap_days": 7})
        self.ann, self.bob = self.contacts(2)

    def sent_and_deleted(self, contacts, **vals):
        message = self.message(contacts, **vals)
        self.assertEqual(set(self.send(message).mapped("state")), {"sent"})
        message.unlink()
        self.assertFalse(self.texts(contacts), "its recipients went with it")

    def texts(self, contacts):
        return self.env["sms.marketing.recipient"].search(
            [("number", "in", contacts.mapped("mobile_e164"))]
        )

    def kept(self):
        return self.env["sms.marketing.deleted.text"].search([])

    def counts(self, contacts, **vals):
        return audience.count_by_reason(self.message(contacts, **vals))

    def test_deleting_the_message_does_not_lift_the_company_s_cap(self):
        self.sent_and_deleted(self.ann)
        self.assertEqual(self.counts(self.ann + self.bob), {"frequency_cap": 1, None: 1})
        recipients = self.send(self.message(self.ann + self.bob))
        self.assertEqual(
            {one.partner_id: (one.state, one.reason) for one in recipients},
            {self.ann: ("skipped", "frequency_cap"), self.bob: ("sent", False)},
        )

    def test_the_claim_counts_them_too(self):
        """The message is prepared before the other one is sent and deleted."""
        waiting = self.message(self.ann + self.bob)
        self.write_audience(waiting)
        waiting.sudo().write({"state": "sending"})
        other = self.message(self.ann)
        self.write_audience(other)
        other.sudo().write({"state": "sending"})
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'sent', sent_at = now() AT TIME ZONE 'UTC'"
            " WHERE message_id = %s",
            [other.id],
        )
        self.env.invalidate_all()
        other.sudo().state = "sent"
        other.unlink()
        self.run_lane()
        self.assertEqual(
            {one.partner_id: (one.state, one.reason) for one in waiting.recipient_ids},
            {self.ann: ("skipped", "frequency_cap"), self.bob: ("sent", False)},
        )

    def test_cap_of_a_type_counts_texts_of_that_type_only(self):
        self.company.sms_marketing_cap_texts = 0
        self.type.write({"cap_texts": 1, "cap_days": 7})
        other = self.env["sms.marketing.subscription.type"].create(
            {"name": "Events", "cap_texts": 1, "cap_days": 7}
        )
        self.subscribe(self.ann.mobile_e164, type=other)
        self.sent_and_deleted(self.ann)
        self.assertEqual(self.counts(self.ann), {"frequency_cap": 1})
        self.assertEqual(self.counts(self.ann, subscription_type_id=other.id), {None: 1})

    def test_both_kinds_add_up(self):
        self.company.sms_marketing_cap_texts = 2
        self.sent_and_deleted(self.ann)
        self.assertEqual(self.counts(self.ann), {None: 1})
        self.send(self.message(self.ann))
        self.assertEqual(self.counts(self.ann), {"frequency_cap": 1})

    def test_days_pass(self):
        self.sent_and_deleted(self.ann)
        self.env.cr.execute(
            "UPDATE sms_marketing_deleted_text SET went_out_at = went_out_at - interval '7 days'"
        )
        self.assertEqual(self.counts(self.ann), {None: 1})

    def test_what_reached_nobody_is_not_kept(self):
        message = self.message(self.ann + self.bob)
        self.send(message)
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'failed' WHERE number = %s",
            [self.ann.mobile_e164],
        )
        message.unlink()
        self.assertEqual(self.kept().mapped("number"), [self.bob.mobile_e164])
        self.message(self.ann).unlink()
        self.assertEqual(self.counts(self.ann), {None: 1})

    def test_deleting_the_contact_or_its_type_changes_nothing(self):
        self.sent_and_deleted(self.ann)
        number = self.ann.mobile_e164
        self.ann.unlink()
        again = self.contact(mobile=number)
        self.assertEqual(self.counts(again), {"frequency_cap": 1})
        other = self.env["sms.marketing.subscription.type"].create({"name": "Events"})
        self.env.cr.execute("UPDATE sms_marketing_deleted_text SET type_id = %s", [other.id])
        other.unlink()
        self.assertEqual(self.counts(again), {"frequency_cap": 1})

    def test_other_companies_do_not_share_them(self):
        self.sent_and_deleted(self.ann)
        other = self.make_company()
        other["company"].write({"sms_marketing_cap_texts": 1})
        self.subscribe(self.ann.mobile_e164, type=other["type"])
        message = self.env["sms.marketing.message"].create(
            {
                "name": "Theirs",
                "body": "Hello",
                "company_id": other["company"].id,
                "sender_id": other["sender"].id,
                "subscription_type_id": other["type"].id,
                "include_partner_ids": self.ann.ids,
            }
        )
        self.assertEqual(audience.count_by_reason(message), {None: 1})

    def test_message_is_not_deleted_while_its_last_texts_are_handed_over(self):
        """Their outcome and what they use could not be written down any more."""
        message = self.message(self.ann)
        [recipient] = self.send(message)
        message.sudo().state = "cancelled"
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'sending' WHERE id = %s", [recipient.id]
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "being handed over"):
            message.unlink()
        self.env.cr.execute(
            "UPDATE sms_marketing_recipient SET state = 'sent' WHERE id = %s", [recipient.id]
        )
        self.env.invalidate_all()
        message.unlink()
        self.assertEqual(self.counts(self.ann), {"frequency_cap": 1})

    def test_nobody_changes_or_deletes_them(self):
        self.sent_and_deleted(self.ann)
        kept = self.kept()
        for change in (
            kept.unlink,
            lambda: kept.write({"number": self.bob.mobile_e164}),
            lambda: kept.create({"number": "+12025550188", "company_id": self.company.id}),
        ):
            with self.assertRaises(UserError):
                change()
        administrator = self.user("admin_deleted", "sms_marketing.group_administrator")
        with self.assertRaises(AccessError):
            kept.with_user(administrator).unlink()

    def test_they_are_forgotten_when_no_cap_can_count_them(self):
        self.sent_and_deleted(self.ann + self.bob)
        self.env.cr.execute(
            "UPDATE sms_marketing_deleted_text SET went_out_at = went_out_at - interval '367 days'"
            " WHERE number = %s",
            [self.ann.mobile_e164],
        )
        self.env["sms.marketing.deleted.text"]._gc_uncounted()
        self.env.invalidate_all()
        self.assertEqual(self.kept().mapped("number"), [self.bob.mobile_e164])

    def test_erasure_takes_them_and_export_shows_them(self):
        self.sent_and_deleted(self.ann + self.bob)
        shown = dict(privacy.held_on(self.env, [self.ann.mobile_e164], self.env["res.partner"]))
        found = self.env["sms.marketing.deleted.text"].search(
            [("id", "in", shown["sms.marketing.deleted.text"])]
        )
        self.assertEqual(found.mapped("number"), [self.ann.mobile_e164])
        erasure.erase(self.env, [self.ann.mobile_e164], self.company, from_contacts=True)
        self.assertEqual(self.kept().mapped("number"), [self.bob.mobile_e164])
