import base64
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import Form, tagged
from odoo.tools import SQL

from ..engine import erasure
from .common import SmsMarketingCase
from .contact_rows import GOOD, to_csv


@tagged("post_install", "-at_install")
class TestContactImportCheck(SmsMarketingCase):
    """What *Check* says is what *Import* does, and it leaves nothing behind."""

    #: Whatever an import writes, or has others do.
    TABLES = (
        "res_partner",
        "sms_marketing_subscription",
        "sms_marketing_consent",
        "sms_marketing_list",
        "sms_marketing_recipient",
        "ir_cron_trigger",
        "mail_mail",
        "mail_message",
        "phone_blacklist",
    )

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.type.double_opt_in = True
        cls.fresh, cls.known, cls.gone, cls.erased = (cls.number() for _one in range(4))
        cls.subscribe(cls.known)
        cls.contact(cls.known, name="Old name", ref=f"{cls.known}")
        cls.unsubscribe(cls.gone)
        cls.subscribe(cls.erased)
        erasure.erase(cls.env, [cls.erased], cls.company, from_contacts=False)
        cls.content = to_csv(
            *({**GOOD, "ref": one, "mobile": one} for one in (cls.fresh, cls.known, cls.gone)),
            {**GOOD, "ref": "SMS-4", "mobile": cls.erased, "consent": "pending"},
            {**GOOD, "ref": "SMS-5", "mobile": "555-CALL-ME", "country": "XX"},
            {**GOOD, "ref": "SMS-6", "mobile": "+13035550106", "consent_date": "soon"},
        )

    def wizard(self, content=None, **vals):
        return self.env["sms.marketing.contact.import"].create(
            {
                "file": base64.b64encode(content or self.content),
                "type_id": self.type.id,
                "list_name": "Fair",
                **vals,
            }
        )

    def everything(self):
        self.env.flush_all()
        return {
            table: self.env.execute_query(
                SQL("SELECT * FROM %s ORDER BY id", SQL.identifier(table))
            )
            for table in self.TABLES
        }

    def test_check_says_what_the_import_does_and_writes_nothing(self):
        wizard = self.wizard()
        before, for_commit = self.everything(), len(self.env.cr.postcommit._funcs)
        wizard.action_check()
        self.assertEqual(self.everything(), before)
        self.assertEqual(
            len(self.env.cr.postcommit._funcs), for_commit, "nothing follows on the commit"
        )
        self.assertFalse(wizard.list_id)
        checked = wizard.report.splitlines()
        for words in (
            "4 contacts created, 1 updated, 0 unchanged, 1 consents recorded.",
            f"line 3, consent {self.known} is subscribed or opted out: not asked",
            f"line 4, consent {self.gone} is subscribed or opted out: not asked",
            f"line 5, consent {self.erased} opted out later than this evidence or was erased",
            "line 6, country “XX” is no country code like FR",
            "line 6, mobile “555-CALL-ME” has too few digits",
            "line 7, consent_date “soon” is no date like 2026-01-31",
        ):
            self.assertIn(words, wizard.report)
        wizard.action_import()
        self.assertEqual(wizard.report.splitlines(), checked[1:])
        self.assertEqual(len(wizard.list_id.partner_ids), 5)
        after = self.everything()
        for table in ("res_partner", "sms_marketing_recipient", "ir_cron_trigger"):
            self.assertNotEqual(after[table], before[table], "what the check kept from happening")

    def test_what_was_there_before_the_check_still_waits_for_the_commit(self):
        done = []
        self.env.cr.postcommit.add(lambda: done.append("mail"))
        self.wizard().action_check()
        self.env.cr.postcommit.run()
        self.assertEqual(done, ["mail"])

    def test_a_check_that_fails_leaves_nothing_either(self):
        wizard = self.wizard()
        before, for_commit = self.everything(), self.env.cr.postcommit
        lists = type(self.env["sms.marketing.list"])
        with (
            patch.object(lists, "create", side_effect=UserError("no")),
            self.assertRaises(UserError),
        ):
            wizard.action_check()
        self.assertEqual(self.everything(), before)
        self.assertIs(self.env.cr.postcommit, for_commit)
        self.assertEqual(wizard.state, "new")

    def test_only_what_was_checked_is_imported(self):
        other_type = self.type.copy({"name": "Other"})
        for change in (
            {},
            {"file": base64.b64encode(to_csv(GOOD))},
            {"type_id": other_type.id},
            {"ask_to_confirm": False},
            {"list_name": "Another"},
        ):
            with self.subTest(change):
                wizard = self.wizard()
                if change:
                    wizard.action_check()
                    wizard.write(change)
                self.assertEqual((wizard.state, wizard.report), ("new", False))
                wizard.state = "checked"  # as a client might claim
                before = self.everything()
                with self.assertRaisesRegex(UserError, "Check the file first"):
                    wizard.action_import()
                self.assertEqual(self.everything(), before)
                wizard.action_check()
                wizard.action_import()
                self.assertEqual(wizard.state, "done")
                with self.assertRaisesRegex(UserError, "imported already"):
                    wizard.action_import()

    def test_the_form_asks_for_another_check_at_once(self):
        wizard = self.wizard(to_csv({**GOOD, "mobile": "1"}))
        wizard.action_check()
        with Form(wizard) as form:
            self.assertEqual(form.state, "checked")
            form.ask_to_confirm = False
            self.assertEqual(form.state, "new")
            self.assertFalse(form.report)
            self.assertFalse(form.problems_file)
