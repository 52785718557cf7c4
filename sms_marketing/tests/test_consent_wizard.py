from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..engine import erasure
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestConsentWizard(SmsMarketingCase):
    """Consent changed by hand, by a manager."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.user("manager_sms", "sms_marketing.group_manager")

    def wizard(self, partner, **vals):
        return (
            self.env["sms.marketing.consent.change"]
            .with_user(self.manager)
            .with_context(default_partner_id=partner.id)
            .create(
                {
                    "type_id": self.type.id,
                    "legal_basis": "verbal_consent",
                    "explanation": "Said so on the phone on 3 March",
                    **vals,
                }
            )
        )

    def last_line(self, number):
        domain = [("number", "=", number), ("type_id", "=", self.type.id)]
        return self.env["sms.marketing.consent"].search(domain, limit=1)

    def test_subscribe_and_unsubscribe(self):
        partner = self.contact()
        self.wizard(partner).action_apply()
        line = self.last_line(partner.mobile_e164)
        self.assertEqual((line.previous_state, line.state), (False, "subscribed"))
        self.assertEqual((line.method, line.legal_basis), ("staff", "verbal_consent"))
        self.assertEqual(line.explanation, "Said so on the phone on 3 March")
        self.assertEqual(line.user_id, self.manager)
        self.assertEqual(partner.sms_subscription_ids.state, "subscribed")
        self.assertEqual(self.send(self.message(partner)).state, "sent")

        self.wizard(partner, state="unsubscribed").action_apply()
        line = self.last_line(partner.mobile_e164)
        self.assertEqual((line.previous_state, line.state), ("subscribed", "unsubscribed"))
        self.assertEqual(line.legal_basis, "withdrawal")
        self.assertEqual(self.send_to(partner).reason, "unsubscribed")

    def test_one_type_does_not_touch_the_others(self):
        partner = self.contact(subscribed=True)
        other = self.env["sms.marketing.subscription.type"].create({"name": "Event news"})
        self.subscribe(partner.mobile_e164, type=other)
        self.wizard(partner, state="unsubscribed").action_apply()
        states = {row.type_id: row.state for row in partner.sms_subscription_ids}
        self.assertEqual(states, {self.type: "unsubscribed", other: "subscribed"})

    def test_number_is_chosen(self):
        partner = self.contact(phone=self.number())
        wizard = self.wizard(partner)
        self.assertEqual(wizard.number, partner.mobile_e164, "the mobile goes first")
        wizard = self.wizard(partner, number_field="phone")
        self.assertEqual(wizard.number, partner.phone_e164)
        wizard.action_apply()
        self.assertEqual(partner.sms_subscription_ids.number, partner.phone_e164)
        self.assertEqual(
            self.wizard(self.contact(False, phone=self.number())).number_field, "phone"
        )

    def test_number_that_cannot_be_texted(self):
        for vals in ({"mobile": False}, {"mobile": "555-CALL-ME"}):
            with self.assertRaises(UserError) as caught:
                self.wizard(self.contact(**vals)).action_apply()
            self.assertIn("no valid", str(caught.exception))

    def test_agreement_needs_a_legal_basis(self):
        partner = self.contact()
        with self.assertRaises(UserError) as caught:
            self.wizard(partner, legal_basis=False).action_apply()
        self.assertIn("legal basis", str(caught.exception))
        self.assertFalse(self.last_line(partner.mobile_e164))
        self.wizard(partner, legal_basis=False, state="unsubscribed").action_apply()
        self.assertEqual(self.last_line(partner.mobile_e164).legal_basis, "withdrawal")

    def test_withdrawal_is_no_basis_of_an_agreement(self):
        with self.assertRaises(ValueError):
            self.wizard(self.contact(), legal_basis="withdrawal")

    def test_change_needs_an_explanation(self):
        partner = self.contact()
        for explanation in ("   ", "\n"):
            with self.assertRaises(UserError):
                self.wizard(partner, explanation=explanation).action_apply()
        self.assertFalse(self.last_line(partner.mobile_e164))

    def test_type_of_another_company_is_refused(self):
        other = self.make_company()["type"]
        with self.assertRaises(AccessError):
            self.wizard(self.contact(), type_id=other.id).action_apply()

    def test_user_may_not(self):
        partner = self.contact()
        user = self.user("user_sms")
        with self.assertRaises(AccessError):
            self.env["sms.marketing.consent.change"].with_user(user).create(
                {"partner_id": partner.id, "type_id": self.type.id, "explanation": "x"}
            )
        wizard = self.wizard(partner).with_user(user)
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            wizard.action_apply()
        self.assertFalse(self.last_line(partner.mobile_e164))

    def test_form(self):
        partner = self.contact()
        wizard = self.env["sms.marketing.consent.change"].with_user(self.manager)
        with Form(wizard.with_context(default_partner_id=partner.id)) as form:
            form.type_id = self.type
            form.legal_basis = "written_consent"
            form.explanation = "Signed form, folder 12"
        form.record.action_apply()
        self.assertEqual(self.last_line(partner.mobile_e164).legal_basis, "written_consent")

    def bulk(self, partners, **vals):
        return (
            self.env["sms.marketing.consent.change"]
            .with_user(self.manager)
            .with_context(active_model="res.partner", active_ids=partners.ids)
            .create(
                {
                    "type_id": self.type.id,
                    "legal_basis": "verbal_consent",
                    "explanation": "Show of hands at the fair",
                    **vals,
                }
            )
        )

    def test_selection_of_contacts(self):
        shared = self.number()
        people = self.contact(shared) | self.contact(shared) | self.contact(phone=self.number())
        people |= self.contact(subscribed=True) | self.contact(mobile=False)
        wizard = self.bulk(people)
        self.assertEqual(wizard.number, "3 numbers of 5 contacts")
        self.assertEqual(set(wizard.present.splitlines()), {"No consent yet: 2", "Subscribed: 1"})
        wizard.number_field = "both"
        self.assertEqual(wizard.number, "4 numbers of 5 contacts")
        answer = wizard.action_apply()
        self.assertEqual(answer["params"]["message"], "The consent of 4 numbers was changed.")
        for number in {number for one in people for number in one._sms_numbers()}:
            line = self.last_line(number)
            self.assertEqual((line.state, line.user_id), ("subscribed", self.manager))
            self.assertEqual(line.explanation, "Show of hands at the fair")
            self.assertEqual(line.legal_basis, "verbal_consent")
        self.bulk(people, state="unsubscribed").action_apply()
        self.assertEqual(self.last_line(shared).state, "unsubscribed")
        self.assertEqual(self.last_line(people[2].phone_e164).state, "subscribed")

    def test_selection_leaves_erased_numbers_alone(self):
        people = self.contact() | self.contact()
        erased = people[0].mobile_e164
        erasure.erase(self.env, [erased], self.company, from_contacts=False)
        message = self.bulk(people).action_apply()["params"]["message"]
        self.assertIn("of 1 numbers was changed", message)
        self.assertIn("1 were left as they are: erased", message)
        self.assertFalse(people[0].sms_subscription_ids)

    def test_selection_is_asked_to_confirm(self):
        self.type.double_opt_in = True
        people = self.contact() | self.contact(subscribed=True)
        message = self.bulk(people).action_apply()["params"]["message"]
        self.assertIn("1 numbers are asked to confirm", message)
        self.assertIn("1 were left as they are", message)
        self.assertEqual(people[0].sms_subscription_ids.state, "pending")

    def test_selection_without_numbers_or_reason(self):
        with self.assertRaisesRegex(UserError, "None of these contacts"):
            self.bulk(self.contact(mobile=False)).action_apply()
        with self.assertRaisesRegex(UserError, "evidence"):
            self.bulk(self.contact(), explanation=" ").action_apply()

    def test_form_of_a_selection(self):
        people = self.contact() | self.contact()
        wizard = self.env["sms.marketing.consent.change"].with_user(self.manager)
        context = {"active_model": "res.partner", "active_ids": people.ids}
        with Form(wizard.with_context(**context)) as form:
            self.assertEqual(form.number, "2 numbers of 2 contacts")
            form.type_id = self.type
            self.assertEqual(form.present, "No consent yet: 2")
            form.legal_basis = "written_consent"
            form.explanation = "Signed forms, folder 12"
        form.record.action_apply()
        self.assertEqual(people.sms_subscription_ids.mapped("state"), ["subscribed"] * 2)

    def test_both_numbers(self):
        partner = self.contact(phone=self.number())
        wizard = self.wizard(partner, number_field="both")
        self.assertIn(partner.mobile_e164, wizard.present)
        self.assertIn(partner.phone_e164, wizard.present)
        wizard.action_apply()
        states = {row.number: row.state for row in partner.sms_subscription_ids}
        self.assertEqual(
            states, dict.fromkeys((partner.mobile_e164, partner.phone_e164), "subscribed")
        )

    def test_change_from_the_line_of_a_subscription(self):
        partner = self.contact(phone=self.number())
        self.subscribe(partner.phone_e164)
        line = partner.with_user(self.manager).sms_subscription_ids
        action = line.with_context(default_partner_id=partner.id).action_change_consent()
        wizard = (
            self.env["sms.marketing.consent.change"]
            .with_user(self.manager)
            .with_context(**action["context"])
            .create({"explanation": "Said so at the counter"})
        )
        self.assertEqual((wizard.number, wizard.state), (partner.phone_e164, "unsubscribed"))
        wizard.action_apply()
        self.assertEqual(self.last_line(partner.phone_e164).state, "unsubscribed")

    def test_type_with_double_opt_in_asks_the_number(self):
        self.type.double_opt_in = True
        partner = self.contact()
        wizard = self.wizard(partner)
        self.assertTrue(wizard.asks_to_confirm)
        wizard.action_apply()
        line = self.last_line(partner.mobile_e164)
        self.assertEqual((line.state, line.method), ("pending", "staff"))
        self.assertEqual(line.user_id, self.manager)
        request = self.env["sms.marketing.recipient"].search(
            [("number", "=", partner.mobile_e164), ("kind", "=", "opt_in")]
        )
        self.assertEqual(request.opt_in_type_id, self.type)
        self.wizard(partner, state="unsubscribed").action_apply()
        with self.assertRaisesRegex(UserError, "opted out"):
            self.wizard(partner).action_apply()
