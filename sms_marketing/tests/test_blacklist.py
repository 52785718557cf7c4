from odoo.exceptions import UserError
from odoo.tests import tagged

from ..engine import consent, double_opt_in, inbound
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingCase


class BlacklistCase(SmsMarketingCase):
    def receive(self, number, body, gateway=None):
        inbound.receive(self.env, gateway or self.gateway, Inbound(number, SENDER, body))
        self.env.invalidate_all()

    def entry(self, number):
        return (
            self.env["phone.blacklist"]
            .with_context(active_test=False)
            .search([("number", "=", number)])
        )


@tagged("post_install", "-at_install")
class TestBlacklist(BlacklistCase):
    """Odoo's phone blacklist is honoured, filled on STOP by choice, and never a consent."""

    def test_not_filled_unless_wanted(self):
        number = self.contact(subscribed=True).mobile_e164
        self.receive(number, "STOP")
        self.assertFalse(self.entry(number))

    def test_stop_fills_it_and_start_takes_it_back(self):
        self.company.sms_marketing_fill_blacklist = True
        partner = self.contact(subscribed=True)
        number = partner.mobile_e164
        self.receive(number, "STOP")
        self.assertTrue(self.entry(number).active)
        self.run_lane()
        answer = self.env["sms.marketing.recipient"].search(
            [("number", "=", number), ("kind", "=", "answer")]
        )
        self.assertEqual(answer.state, "sent", "the confirmation goes out all the same")
        self.receive(number, "START")
        self.assertFalse(self.entry(number).active)
        self.assertEqual(self.send(self.message(partner)).state, "sent")
        self.receive(number, "STOP")
        self.assertTrue(self.entry(number).active, "and again")

    def test_who_texted_stop_is_left_out_as_opted_out(self):
        self.company.sms_marketing_fill_blacklist = True
        partner = self.contact(subscribed=True)
        self.receive(partner.mobile_e164, "STOP")
        self.assertEqual(self.send_to(partner).reason, "unsubscribed")

    def test_stop_of_a_short_code_counts_all_the_same(self):
        self.company.sms_marketing_fill_blacklist = True
        self.receive("12345", "STOP")
        self.assertEqual(
            self.env["sms.marketing.subscription"]
            .search([("number", "=", "12345")], limit=1)
            .state,
            "unsubscribed",
        )

    def test_stop_of_one_type_does_not_fill_it(self):
        self.company.sms_marketing_fill_blacklist = True
        self.env["sms.marketing.keyword"].create(
            {"name": "STOP OFFERS", "action": "stop", "type_id": self.type.id}
        )
        number = self.contact(subscribed=True).mobile_e164
        self.receive(number, "stop offers")
        self.assertFalse(self.entry(number))

    def test_what_staff_put_there_stays(self):
        self.company.sms_marketing_fill_blacklist = True
        partner = self.contact(subscribed=True)
        number = partner.mobile_e164
        self.env["phone.blacklist"].add(number)
        self.receive(number, "STOP")
        self.receive(number, "START")
        self.assertTrue(self.entry(number).active)
        self.assertEqual(self.send_to(partner).reason, "blacklisted")

    def test_staff_confirms_what_a_stop_put_there(self):
        self.company.sms_marketing_fill_blacklist = True
        number = self.contact(subscribed=True).mobile_e164
        self.receive(number, "STOP")
        self.env["phone.blacklist"].add(number)
        self.receive(number, "START")
        self.assertTrue(self.entry(number).active)

    def test_two_companies(self):
        other = self.make_company()
        (self.company + other["company"]).sms_marketing_fill_blacklist = True
        number = self.number()
        self.subscribe(number)
        self.subscribe(number, type=other["type"])
        self.receive(number, "STOP")
        self.receive(number, "STOP", other["gateway"])
        self.receive(number, "START")
        self.assertTrue(self.entry(number).active, "the other company's STOP stands")
        self.receive(number, "START", other["gateway"])
        self.assertFalse(self.entry(number).active)

    def test_new_evidence_takes_it_back_too(self):
        self.company.sms_marketing_fill_blacklist = True
        partner = self.contact(subscribed=True)
        self.receive(partner.mobile_e164, "STOP")
        self.subscribe(partner.mobile_e164)
        self.assertEqual(self.send(self.message(partner)).state, "sent")

    def test_taking_a_number_off_is_no_consent(self):
        self.company.sms_marketing_fill_blacklist = True
        partner = self.contact(subscribed=True)
        self.receive(partner.mobile_e164, "STOP")
        stranger = self.contact()
        numbers = [("number", "in", (partner + stranger).mapped("mobile_e164"))]
        lines = self.env["sms.marketing.consent"].search_count(numbers)
        self.env["phone.blacklist"].remove(partner.mobile_e164)
        self.assertFalse(self.entry(partner.mobile_e164).active)
        self.assertEqual(self.send_to(partner).reason, "unsubscribed")
        self.env["phone.blacklist"].add(stranger.mobile_e164)
        self.env["phone.blacklist"].remove(stranger.mobile_e164)
        self.assertEqual(self.send_to(stranger).reason, "no_consent")
        self.assertEqual(self.env["sms.marketing.consent"].search_count(numbers), lines)


@tagged("post_install", "-at_install")
class TestBlacklistAndDoubleOptIn(BlacklistCase):
    """Who stopped and then signs up by a text of its own is asked to confirm like anybody else."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.sms_marketing_fill_blacklist = True
        cls.type.double_opt_in = True
        cls.env["sms.marketing.keyword"].create(
            {"name": "JOIN", "action": "join", "type_id": cls.type.id}
        )

    def state(self, number, subscription_type=None):
        key = [("number", "=", number), ("type_id", "=", (subscription_type or self.type).id)]
        return self.env["sms.marketing.subscription"].search(key).state

    def request(self, number):
        return self.env["sms.marketing.recipient"].search(
            [("number", "=", number), ("kind", "=", "opt_in")]
        )

    def ask_by_staff(self, partner, subscription_type):
        self.env["sms.marketing.consent.change"].create(
            {
                "partner_id": partner.id,
                "type_id": subscription_type.id,
                "legal_basis": "verbal_consent",
                "explanation": "At the counter",
            }
        ).action_apply()

    def test_from_stop_to_the_next_campaign(self):
        partner = self.contact(subscribed=True)
        number = partner.mobile_e164
        self.receive(number, "STOP")
        self.receive(number, "JOIN")
        self.assertEqual(self.state(number), "pending")
        self.run_lane()
        self.assertEqual(self.request(number).state, "sent")
        self.assertTrue(self.entry(number).active, "not before it has confirmed")
        self.receive(number, "YES")
        self.assertEqual(self.state(number), "subscribed")
        self.assertFalse(self.entry(number).active)
        self.run_lane()
        answers = self.env["sms.marketing.recipient"].search(
            [("number", "=", number), ("kind", "=", "answer")], order="id"
        )
        self.assertEqual(answers.mapped("state"), ["sent", "sent"])
        self.assertIn("signed up", answers[-1].text)
        self.assertEqual(self.send(self.message(partner)).state, "sent")

    def test_entry_of_others_keeps_the_request_back(self):
        other = self.make_company()
        other["company"].sms_marketing_fill_blacklist = True
        for why, put in {
            "staff": lambda number: self.env["phone.blacklist"].add(number),
            "other company": lambda number: self.receive(number, "STOP", other["gateway"]),
        }.items():
            with self.subTest(why):
                number = self.contact(subscribed=True).mobile_e164
                self.receive(number, "STOP")
                put(number)
                self.receive(number, "JOIN")
                self.run_lane()
                request = self.request(number)
                self.assertEqual((request.state, request.reason), ("skipped", "blacklisted"))

    def test_staff_does_not_ask_who_stopped_about_a_later_type(self):
        partner = self.contact(subscribed=True)
        number = partner.mobile_e164
        self.receive(number, "STOP")
        events = self.type.copy({"name": "Events"})
        with self.assertRaisesRegex(UserError, "opted out"):
            self.ask_by_staff(partner, events)
        self.assertFalse(
            double_opt_in.request(
                self.env, [consent.ConsentChange(number, events.id, "subscribed", "import")]
            )
        )
        self.assertFalse(self.request(number))
        self.assertFalse(self.state(number, events))
