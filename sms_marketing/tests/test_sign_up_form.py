"""Sign-up forms in the back office: addresses, checks, QR codes and tap-to-text links (B4)."""

import base64
import io

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools import mute_logger
from PIL import Image
from psycopg2.errors import UniqueViolation

from .common import SmsMarketingCase, SmsMarketingHttpCase


class FormMixin:
    def make_form(self, **vals):
        return self.env["sms.marketing.sign.up.form"].create(
            {
                "name": "Fair",
                "choice_ids": [Command.create({"type_id": self.type.id})],
                "sender_id": self.sender.id,
                **vals,
            }
        )

    def join(self):
        return self.env["sms.marketing.keyword"].create(
            {"name": "JOIN & WIN", "action": "join", "type_id": self.type.id}
        )


@tagged("post_install", "-at_install")
class TestSignUpForm(FormMixin, SmsMarketingCase):
    def test_manager_makes_one_in_the_web_client(self):
        manager = self.user("forms_manager", "sms_marketing.group_manager")
        with Form(self.env["sms.marketing.sign.up.form"].with_user(manager)) as form:
            form.name = "Fair"
            with form.choice_ids.new() as line:
                line.type_id = self.type
                self.assertIn(self.type.name, line.wording)
        saved = form.record
        self.assertRegex(saved.slug, r"^[a-z0-9]{10}$")
        self.assertTrue(saved.page_url.endswith(f"/sms/sign-up/{saved.slug}"))
        self.assertEqual(saved.action_open_page()["url"], saved.page_url)
        self.assertEqual(saved.user_id, manager)

    def test_addresses(self):
        for slug in ("spring", "a-b-c", "2026", "x" * 64):
            self.assertEqual(self.make_form(slug=slug).slug, slug)
        for slug in ("", "ab", "Spring", "-a-b", "a--b", "a/b", "é-a-b", "x" * 200, "preferences"):
            with self.subTest(slug), self.assertRaises(ValidationError):
                self.make_form(slug=slug)
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"), self.cr.savepoint():
            self.make_form(slug="spring")

    def test_copy_has_an_address_of_its_own(self):
        form = self.make_form()
        copy = form.copy()
        self.assertNotEqual(copy.slug, form.slug)
        self.assertEqual(copy.choice_ids.type_id, self.type)

    def test_privacy_policy_is_a_web_address(self):
        self.make_form(privacy_url="https://example.com/privacy")
        for url in ("javascript:alert(1)", "example.com", "https://a.com x", "data:text/html,x"):
            with self.subTest(url), self.assertRaises(ValidationError):
                self.make_form(privacy_url=url)

    def test_companies_do_not_mix(self):
        other = self.make_company()
        with self.assertRaises(UserError):
            self.make_form(choice_ids=[Command.create({"type_id": other["type"].id})])
        with self.assertRaises(UserError):
            self.make_form(sender_id=other["sender"].id)

    def test_tap_to_text(self):
        form = self.make_form()
        self.assertFalse(form.text_link or form.text_qr)
        with self.assertRaisesRegex(UserError, "keyword"):
            form.with_context(subject="text").action_download_qr()
        form.keyword_id = self.join()
        self.assertEqual(form.text_link, f"sms:{self.sender.value}?&body=JOIN%20%26%20WIN")
        self.assertEqual(form._qr_value("text"), f"SMSTO:{self.sender.value}:JOIN & WIN")
        form.sender_id = self.make_sender("ACME", kind="name")
        self.assertFalse(form.text_link, "nobody can text to a name")

    def test_images(self):
        form = self.make_form(keyword_id=self.join().id)
        for name in ("page_qr", "text_qr"):
            image = Image.open(io.BytesIO(base64.b64decode(form[name])))
            self.assertEqual(image.format, "PNG")
            self.assertGreaterEqual(image.width, 400, "sharp in print")
            self.assertEqual(image.width, image.height)
        self.assertNotEqual(form.page_qr, form.text_qr)


@tagged("post_install", "-at_install")
class TestQrDownload(FormMixin, SmsMarketingHttpCase):
    def test_files(self):
        form = self.make_form(slug="fair-of-the-tests")
        self.user("forms_user", "sms_marketing.group_user", password="forms_user")
        self.authenticate("forms_user", "forms_user")
        url = form.with_context(subject="page", file_format="svg").action_download_qr()["url"]
        response = self.url_open(url)
        self.assertEqual(response.headers["Content-Type"], "image/svg+xml")
        self.assertIn("fair-of-the-tests-page.svg", response.headers["Content-Disposition"])
        self.assertIn(b"<svg", response.content)
        self.assertEqual(self.url_open(url.replace("svg", "png")).content[:4], b"\x89PNG")
        for bad in (
            url.replace("svg", "gif"),
            url.replace("page", "token"),
            url.replace("page", "text"),
            "/sms_marketing/sign_up_form/0/page.svg",
            f"/sms_marketing/sign_up_form/{10**30}/page.svg",
            f"/sms_marketing/sign_up_form/{'9' * 6000}/page.svg",
        ):
            self.assertEqual(self.url_open(bad).status_code, 404, bad)

    def test_of_another_company_is_not_there(self):
        other = self.make_company()
        form = self.make_form(
            company_id=other["company"].id, choice_ids=False, sender_id=other["sender"].id
        )
        self.user("forms_user", "sms_marketing.group_user", password="forms_user")
        self.authenticate("forms_user", "forms_user")
        path = f"/sms_marketing/sign_up_form/{form.id}/page.png"
        self.assertEqual(self.url_open(path).status_code, 404)
