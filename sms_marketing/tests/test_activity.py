from odoo.tests import tagged

from ..engine import inbound, links
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingCase


@tagged("post_install", "-at_install")
class TestActivity(SmsMarketingCase):
    """The contact's timeline: one entry for all that happened, newest first."""

    def timeline(self, partner, **domain):
        self.env.flush_all()
        return self.env["sms.marketing.activity"].search(
            [("partner_ids", "=", partner.id), *((k, "=", v) for k, v in domain.items())]
        )

    def test_all_that_happens_is_there_in_order(self):
        partner = self.contact(subscribed=True)
        message = self.message(partner, name="Spring", body="https://shop.example/")
        recipient = self.send(message)
        self.play_sandbox()
        self.let_time_pass(60)
        links.follow(self.env, recipient.sudo().token, "192.0.2.1", "Firefox")
        inbound.receive(self.env, self.gateway, Inbound(partner.mobile_e164, SENDER, "Nice!"))
        inbound.receive(self.env, self.gateway, Inbound(partner.mobile_e164, SENDER, "STOP"))
        self.run_lane()
        entries = self.timeline(partner)
        kinds = entries.mapped("kind")
        for kind in ("opted_in", "sent", "delivered", "clicked", "replied", "opted_out",
                     "answered"):  # fmt: skip
            self.assertIn(kind, kinds)
        self.assertEqual(entries.mapped("moment"), sorted(entries.mapped("moment"), reverse=True))
        self.assertEqual(len(set(entries.ids)), len(entries))
        sent = self.timeline(partner, kind="sent")
        self.assertEqual((sent.message_name, sent.message_id), ("Spring", message))
        self.assertEqual(
            sorted(filter(None, self.timeline(partner, kind="replied").mapped("note"))),
            ["Nice!", "STOP"],
        )
        self.assertEqual(partner.sms_activity_count, len(entries))

    def test_marketing_can_be_switched_off(self):
        partner = self.contact(subscribed=True)
        self.send(self.message(partner))
        inbound.receive(self.env, self.gateway, Inbound(partner.mobile_e164, SENDER, "Hello"))
        self.assertEqual(self.timeline(partner, is_marketing=True).mapped("kind"), ["sent"])
        self.assertNotIn("sent", self.timeline(partner, is_marketing=False).mapped("kind"))

    def test_not_delivered_says_why(self):
        partner = self.contact("+13034562093", subscribed=True)
        self.send(self.message(partner))
        self.play_sandbox()
        entry = self.timeline(partner, kind="undelivered")
        self.assertEqual(entry.reason, "unreachable")

    def test_who_was_left_out_has_no_entry(self):
        partner = self.contact()
        self.assertEqual(self.send_to(partner).state, "skipped")
        self.assertFalse(self.timeline(partner))

    def test_consent_shows_on_the_contact_that_has_the_number_now(self):
        number = self.number()
        self.subscribe(number)
        partner = self.contact(mobile=False)
        self.assertFalse(self.timeline(partner))
        partner.phone = number
        self.assertEqual(self.timeline(partner).mapped("kind"), ["opted_in"])

    def test_reads_one_contact_by_indexes(self):
        """The first page of a contact must not read other contacts' rows (P8)."""
        partners = self.contacts(300)
        self.send(self.message(partners))
        self.env.cr.execute("ANALYZE sms_marketing_recipient")
        self.env.cr.execute("ANALYZE sms_marketing_consent")
        self.env.cr.execute("ANALYZE res_partner")
        query = self.env["sms.marketing.activity"]._search(
            [("partner_ids", "=", partners[0].id)], order="moment desc", limit=40
        )
        select = query.select()
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        self.env.cr.execute("EXPLAIN " + self.env.cr.mogrify(select.code, select.params).decode())
        plan = "\n".join(line for [line] in self.env.cr.fetchall())
        self.assertNotIn("Seq Scan on sms_marketing_recipient", plan)
        self.assertNotIn("Seq Scan on sms_marketing_consent", plan)
