from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from ..engine import consent, contact_import, inbound
from ..gateways.values import Inbound
from .common import SENDER, SmsMarketingCase
from .contact_rows import GOOD, read, to_csv

LEFT = datetime(2026, 3, 1, 10)
LATER = LEFT + timedelta(days=1)
EVIDENCE = {
    "method": "staff",
    "legal_basis": "written_consent",
    "evidence_kind": "paper_form",
    "explanation": "Folder 12",
    "occurred_at": LATER,
}


class EvidenceCase(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.user("manager_evidence", "sms_marketing.group_manager")

    def opted_out(self, **vals):
        """A contact that agreed once and texted STOP."""
        partner = self.contact(**vals)
        self.subscribe(partner.mobile_e164, occurred_at=LEFT - timedelta(days=30))
        consent.unsubscribe_everywhere(
            self.env,
            [partner.mobile_e164],
            self.company,
            method="keyword",
            wording="STOP",
            occurred_at=LEFT,
        )
        return partner

    def state(self, partner, type=None):
        return (
            self.env["sms.marketing.subscription"]
            .search(
                [("number", "=", partner.mobile_e164), ("type_id", "=", (type or self.type).id)]
            )
            .state
        )


@tagged("post_install", "-at_install")
class TestEvidence(EvidenceCase):
    """A STOP is undone by the person, or by new evidence."""

    def reasons(self, partner, **facts):
        left_out = self.subscribe(partner.mobile_e164, **{**EVIDENCE, **facts})
        return [one.reason for one in left_out]

    def test_new_evidence_subscribes_and_is_kept(self):
        partner = self.opted_out()
        self.assertEqual(self.reasons(partner), [])
        self.assertEqual(self.state(partner), "subscribed")
        line = self.env["sms.marketing.consent"].search(
            [("number", "=", partner.mobile_e164)], limit=1
        )
        self.assertEqual(
            (line.evidence_kind, line.occurred_at, line.explanation),
            ("paper_form", LATER, "Folder 12"),
        )

    def test_whatever_is_missing_it_is_refused(self):
        partner = self.opted_out()
        future = fields.Datetime.now() + timedelta(days=2)
        for facts, reason in (
            ({"evidence_kind": None}, "no_evidence"),
            ({"occurred_at": None}, "no_evidence"),
            ({"explanation": " \n"}, "no_evidence"),
            ({"explanation": None}, "no_evidence"),
            ({"occurred_at": LEFT}, "older"),
            ({"occurred_at": LEFT - timedelta(days=1)}, "older"),
            ({"occurred_at": future}, "future"),
            ({"legal_basis": "verbal_consent"}, "verbal"),
            ({"evidence_kind": "conversation"}, "verbal"),
            ({"evidence_kind": "conversation", "legal_basis": "verbal_consent"}, "verbal"),
        ):
            for method in ("staff", "import", "api", "automation"):
                for state in ("subscribed", "pending"):
                    with self.subTest(method=method, state=state, **facts):
                        self.assertEqual(
                            self.reasons(partner, **{"method": method, "state": state, **facts}),
                            [reason],
                        )
        self.assertEqual(self.state(partner), "unsubscribed")
        self.assertEqual(self.send_to(partner).reason, "unsubscribed")

    def test_verbal_consent_counts_with_a_recording_or_where_the_company_allows_it(self):
        verbal = {"legal_basis": "verbal_consent"}
        recorded = self.opted_out()
        self.assertEqual(self.reasons(recorded, **verbal, evidence_kind="recorded_call"), [])
        self.company.sms_marketing_verbal_evidence = True
        said = self.opted_out()
        self.assertEqual(self.reasons(said, **verbal, evidence_kind="conversation"), [])
        self.assertEqual(self.state(said), "subscribed")

    def test_type_that_is_newer_than_the_stop(self):
        partner = self.opted_out()
        newer = self.env["sms.marketing.subscription.type"].create({"name": "Newer"})
        self.assertEqual(self.reasons(partner, type=newer, evidence_kind=None), ["no_evidence"])
        self.assertEqual(self.reasons(partner, type=newer), [])
        self.assertEqual(self.state(partner, newer), "subscribed")
        self.assertEqual(self.state(partner), "unsubscribed")

    def test_who_left_one_type_and_kept_another_can_be_asked_about_a_third(self):
        partner = self.contact(subscribed=True)
        other, third = self.env["sms.marketing.subscription.type"].create(
            [{"name": "Other"}, {"name": "Third"}]
        )
        self.subscribe(partner.mobile_e164, type=other)
        self.unsubscribe(partner.mobile_e164, type=other)
        bare = {"evidence_kind": None, "occurred_at": None}
        self.assertEqual(self.reasons(partner, type=third, **bare), [])
        self.assertEqual(self.reasons(partner, type=other, **bare), ["no_evidence"])
        self.assertEqual(self.reasons(partner, **bare), [], "it has this one")

    def test_first_consent_needs_none_of_it(self):
        partner = self.contact()
        self.assertEqual(self.reasons(partner, evidence_kind=None, occurred_at=None), [])

    def test_stop_to_another_company_is_none_to_this_one(self):
        partner = self.contact()
        other = self.make_company()
        self.subscribe(partner.mobile_e164, type=other["type"])
        consent.unsubscribe_everywhere(
            self.env, [partner.mobile_e164], other["company"], method="keyword"
        )
        self.assertEqual(self.reasons(partner, evidence_kind=None), [])

    def test_own_acts_need_no_evidence(self):
        partner = self.opted_out()
        for method in ("form", "link", "keyword"):
            self.assertFalse(self.subscribe(partner.mobile_e164, method=method))
            self.unsubscribe(partner.mobile_e164)
        inbound.receive(self.env, self.gateway, Inbound(partner.mobile_e164, SENDER, "START"))
        self.env.invalidate_all()
        self.assertEqual(self.state(partner), "subscribed")

    def test_sign_up_that_waits_after_an_opt_out_is_not_confirmed_by_staff(self):
        partner = self.opted_out()
        self.subscribe(partner.mobile_e164, method="keyword", state="pending")
        self.assertEqual(
            self.reasons(partner, evidence_kind=None, occurred_at=None), ["no_evidence"]
        )
        self.assertEqual(self.state(partner), "pending")

    def test_import(self):
        partner = self.opted_out(mobile=GOOD["mobile"], ref=GOOD["ref"])

        def load(**vals):
            rows = read(self.env, to_csv({**GOOD, "consent_date": "2026-03-05", **vals}))
            self.assertFalse(rows.errors)
            return contact_import.load(self.env, rows.rows, self.type)

        for vals, words in (
            ({}, "evidence_kind"),
            ({"consent_date": "2026-02-01", "evidence_kind": "web_form"}, "opted out later"),
            ({"evidence_kind": "conversation"}, "unrecorded"),
        ):
            result = load(**vals)
            self.assertFalse(result.consents)
            self.assertIn(words, result.warnings[0][2])
        self.assertEqual(self.state(partner), "unsubscribed")
        self.assertEqual(load(evidence_kind="web_form").consents, {"subscribed": 1})
        [error] = read(self.env, to_csv({**GOOD, "evidence_kind": "hearsay"})).errors
        self.assertIn("is none of paper_form, web_form", error[2])


@tagged("post_install", "-at_install")
class TestEvidenceWizard(EvidenceCase):
    """The wizard says who has opted out, and what it takes to subscribe them again."""

    def wizard(self, partners, **vals):
        context = (
            {"default_partner_id": partners.id}
            if len(partners) == 1
            else {"active_model": "res.partner", "active_ids": partners.ids}
        )
        return (
            self.env["sms.marketing.consent.change"]
            .with_user(self.manager)
            .with_context(**context)
            .create(
                {
                    "type_id": self.type.id,
                    "legal_basis": "written_consent",
                    "explanation": "Folder 12",
                    **vals,
                }
            )
        )

    def test_it_names_who_has_opted_out(self):
        partner = self.opted_out()
        wizard = self.wizard(partner)
        self.assertRegex(
            wizard.opted_out, rf"^\{partner.mobile_e164} opted out on .*2026.* by “STOP”\.$"
        )
        wizard.state = "unsubscribed"
        self.assertFalse(wizard.opted_out)
        self.assertFalse(self.wizard(self.contact()).opted_out)

    def test_a_click_is_not_enough(self):
        partner = self.opted_out()
        future = fields.Datetime.now() + timedelta(days=1)
        evidence = {"evidence_kind": "email", "agreed_at": LATER}
        for vals, words in (
            ({}, "choose the evidence"),
            ({"evidence_kind": "email"}, "choose the evidence"),
            ({"agreed_at": LATER}, "choose the evidence"),
            ({**evidence, "agreed_at": LEFT}, "has opted out since"),
            ({**evidence, "agreed_at": future}, "in the future"),
            ({**evidence, "legal_basis": "verbal_consent"}, "unrecorded"),
            ({**evidence, "evidence_kind": "conversation"}, "unrecorded"),
        ):
            with self.subTest(words), self.assertRaisesRegex(UserError, words):
                self.wizard(partner, **vals).action_apply()
        self.assertEqual(self.state(partner), "unsubscribed")
        self.wizard(partner, **evidence).action_apply()
        self.assertEqual(self.state(partner), "subscribed")
        line = self.env["sms.marketing.consent"].search(
            [("number", "=", partner.mobile_e164)], limit=1
        )
        self.assertEqual(
            (line.method, line.evidence_kind, line.occurred_at, line.user_id),
            ("staff", "email", LATER, self.manager),
        )

    def test_the_form_asks_for_it(self):
        partner = self.opted_out()
        wizards = self.env["sms.marketing.consent.change"].with_user(self.manager)
        with Form(wizards.with_context(default_partner_id=partner.id)) as form:
            form.type_id = self.type
            form.legal_basis = "written_consent"
            form.explanation = "Folder 12"
            self.assertTrue(form._get_modifier("evidence_kind", "required"))
            form.evidence_kind = "contract"
            form.agreed_at = LATER
        form.record.action_apply()
        self.assertEqual(self.state(partner), "subscribed")

    def test_many_numbers(self):
        people = self.opted_out() | self.contact() | self.contact()
        message = self.wizard(people).action_apply()["params"]["message"]
        self.assertIn("of 2 numbers was changed", message)
        self.assertIn("1 were left as they are: opted out, and no kind or date", message)
        self.assertEqual(self.state(people[0]), "unsubscribed")
        late = self.opted_out()
        wizard = self.wizard(
            people | late, evidence_kind="email", agreed_at=LEFT - timedelta(days=3)
        )
        self.assertIn("2 were left as they are: opted out after", str(wizard.action_apply()))

    def test_a_number_that_left_everything_is_not_asked_about_a_new_type_either(self):
        partner = self.opted_out()
        newer = self.env["sms.marketing.subscription.type"].create(
            {"name": "Newer", "double_opt_in": True}
        )
        with self.assertRaisesRegex(UserError, "opted out"):
            self.wizard(partner, type_id=newer.id).action_apply()
        people = partner | self.contact()
        message = self.wizard(people, type_id=newer.id).action_apply()["params"]["message"]
        self.assertIn("1 numbers are asked to confirm", message)
        self.assertFalse(self.state(partner, newer))
