import base64
import csv
import io
import json
import zipfile

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..engine import privacy
from ..engine.verification import queue_code
from ..text.spreadsheet import neutral
from .common import SmsMarketingCase, models_of_the_add_on

#: Models with a number of which nothing is exported, and why.
NOT_EXPORTED = {
    "sms.marketing.activity": "a view over what is exported",
    "sms.marketing.subscription.type.version": "its number is that of a version",
}


@tagged("post_install", "-at_install")
class TestPrivacyExport(SmsMarketingCase):
    """What is held on a number, for the person who asks (B14)."""

    def setUp(self):
        super().setUp()
        self.person = self.contact("+13032000088", subscribed=True, name="=cmd|' /C calc'!A0")
        self.other = self.contact(subscribed=True)
        self.send(
            self.message(
                self.person + self.other,
                body="Hello {{ object.mobile }}: https://example.com/",
                name="Spring",
            )
        )
        self.play_sandbox()

    def export(self, user=None, **vals):
        wizard = self.env["sms.marketing.privacy.export"].with_user(user or self.env.user)
        wizard = wizard.create(vals or {"partner_id": self.person.id})
        wizard.action_export()
        archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(wizard.file)))
        return {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}

    def test_everything_on_the_number_and_nothing_of_others(self):
        files = self.export()
        everything = json.loads(files["everything.json"])
        self.assertEqual(
            {name: len(rows) for name, rows in everything.items() if rows},
            {"contacts": 1, "subscriptions": 1, "consent_log": 1, "texts": 1, "clicks": 1},
        )
        [text] = everything["texts"]
        self.assertIn("Hello +13032000088", text["Text"])
        self.assertEqual(text["Message"], "Spring")
        for content in files.values():
            self.assertNotIn(self.other.mobile_e164, content)

    def test_no_code_that_still_waits(self):
        """Whoever exports a number's data must not be able to prove that number."""
        queue_code(self.env, self.sender, "+13032000088", "Your code is 271828.")
        files = self.export()
        kinds = [text["Kind"] for text in json.loads(files["everything.json"])["texts"]]
        self.assertEqual(sorted(kinds), ["Campaign", "Verification code"])
        for name, content in files.items():
            self.assertNotIn("271828", content, name)

    def test_blacklist_and_sign_ups(self):
        self.env["phone.blacklist"].add("+13032000088")
        everything = json.loads(self.export()["everything.json"])
        [entry] = everything["blacklist"]
        self.assertEqual((entry["Phone Number"], entry["Active"]), ("+13032000088", True))
        form = self.env["sms.marketing.sign.up.form"].create(
            {"name": "Newsletter", "slug": "newsletter-of-the-tests", "title": "Get our texts"}
        )
        self.env["sms.marketing.sign.up"].create(
            {
                "form_id": form.id,
                "company_id": self.company.id,
                "requested_at": self.env.cr.now(),
                "number": "+13032000088",
                "name": "Ann",
            }
        )
        [row] = json.loads(self.export()["everything.json"])["sign_ups"]
        self.assertEqual(row["Name"], "Ann")

    def test_number_on_no_contact(self):
        self.person.mobile = False
        everything = json.loads(self.export(number="+1 303 200 0088")["everything.json"])
        self.assertFalse(everything["contacts"])
        self.assertEqual(len(everything["consent_log"]), 1)

    def test_no_cell_is_a_formula(self):
        for content in self.export().values():
            if content.startswith("{"):
                continue
            for row in csv.reader(io.StringIO(content)):
                for cell in row:
                    self.assertFalse(cell.startswith(("=", "@", "-")), cell)
        self.assertEqual(neutral("=1+1"), "'=1+1")
        self.assertEqual(neutral(" @SUM(A1)"), "' @SUM(A1)")
        self.assertEqual(neutral("+1+cmd"), "'+1+cmd")
        self.assertEqual(neutral("+13032000088"), "+13032000088")
        self.assertEqual(neutral(-3), "-3")

    def test_export_is_logged_without_the_number(self):
        manager = self.user("manager_privacy", "sms_marketing.group_manager")
        self.export(manager)
        line = self.env["sms.marketing.privacy.log"].search([], limit=1)
        self.assertEqual((line.user_id, line.kind), (manager, "export"))
        self.assertEqual(line.number_hash, privacy.number_hash(self.env, "+13032000088"))
        self.assertNotIn("3032000088", line.number_hash)
        with self.assertRaises(UserError):
            line.unlink()

    def test_users_may_not(self):
        with self.assertRaises(AccessError):
            self.export(self.user("user_privacy"))

    def test_other_companies_stay_out(self):
        other = self.make_company()
        self.subscribe("+13032000088", type=other["type"])
        manager = self.user("manager_privacy", "sms_marketing.group_manager")
        self.assertEqual(
            len(json.loads(self.export(manager)["everything.json"])["subscriptions"]), 1
        )
        with self.assertRaises(AccessError):
            self.export(manager, number="+13032000088", company_id=other["company"].id)

    def test_bad_number_says_so(self):
        with self.assertRaisesRegex(UserError, "valid number"):
            self.export(number="12")

    def test_no_model_that_holds_a_number_is_forgotten(self):
        exported = {model for _name, model, _path, _fields in privacy.SOURCES}
        holding = {
            name
            for name in models_of_the_add_on(self.env)
            if "number" in self.env[name]._fields and not self.env[name]._transient
        }
        self.assertEqual(holding - exported - NOT_EXPORTED.keys(), set())
