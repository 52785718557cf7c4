from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger
from psycopg2.errors import UniqueViolation

from ..engine.texts import Addressee, MessageTexts
from .common import SmsMarketingCase


@tagged("post_install", "-at_install")
class TestTokenDefault(SmsMarketingCase):
    def setUp(self):
        super().setUp()
        self.defaults = self.env["sms.marketing.token.default"]

    def set_default(self, path, value, **vals):
        return self.defaults.create({"path": path, "value": value, **vals})

    def text(self, body, contact=None):
        message = self.message(body=body, include_opt_out_text=False)
        return MessageTexts(message).render_all(
            [Addressee(contact.id if contact else None, "x" * 12)]
        )[0]

    def test_value_then_own_default_then_the_accounts(self):
        self.set_default("object.function", "colleague")
        contact = self.contact(function="Baker")
        body = "Dear {{ object.function }}, dear {{ object.function ||| friend }}"
        self.assertEqual(self.text(body, contact), "Dear Baker, dear Baker")
        contact.function = False
        self.assertEqual(self.text(body, contact), "Dear colleague, dear friend")
        contact.function = " \x07 "
        self.assertEqual(self.text(body, contact), "Dear colleague, dear friend")
        self.assertEqual(self.text(body), "Dear colleague, dear friend")
        self.assertEqual(self.text("Dear {{ object.city }}.", contact), "Dear .")

    def test_goes_out_and_counts(self):
        self.set_default("object.function", "x" * 200)
        contact = self.contact(subscribed=True)
        recipient = self.send(self.message(contact, body="{{ object.function }}"))
        self.assertIn("x" * 200, recipient.body)
        self.assertEqual(recipient.segments, 2)

    def test_default_stands_in_links_too(self):
        self.set_default("object.ref", "none")
        contact = self.contact(subscribed=True)
        message = self.message(contact, body="https://example.com/?ref={{ object.ref }}")
        recipient = self.send(message)
        self.assertEqual(message.link_ids._target_for(recipient), "https://example.com/?ref=none")

    def test_default_is_text_and_not_read_again(self):
        self.set_default("object.function", "{{ object.email }}")
        contact = self.contact(email="secret@example.com")
        self.assertEqual(self.text("{{ object.function }}", contact), "{{ object.email }}")

    def test_each_company_has_its_own(self):
        other = self.make_company()["company"]
        self.set_default("object.name", "ours")
        self.set_default("object.name", "theirs", company_id=other.id)
        self.assertEqual(self.defaults._defaults(self.company), {"object.name": "ours"})
        self.assertEqual(self.defaults._defaults(other), {"object.name": "theirs"})

    def test_only_readable_paths_and_real_texts(self):
        for path in ("object.password", "object", "company.partner_id.name", "1 + 1", "  "):
            with self.assertRaises(ValidationError, msg=path):
                self.set_default(path, "x")
        with self.assertRaises(ValidationError):
            self.set_default("object.name", " \x07 ")
        default = self.set_default(" object.name ", " you\x07 ")
        self.assertEqual((default.path, default.value), ("object.name", "you"))
        with self.assertRaises(ValidationError):
            default.path = "object.signup_token"

    @mute_logger("odoo.sql_db")
    def test_one_default_for_a_property(self):
        self.set_default("object.name", "you")
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self.set_default(" object.name", "friend")

    def test_users_texts_have_it_and_only_administrators_change_it(self):
        default = self.set_default("object.function", "colleague")
        user = self.user("token_user")
        message = self.message(body="{{ object.function }}", user_id=user.id)
        self.assertIn("colleague", MessageTexts(message.with_user(user)).preview())
        manager = self.user("token_manager", "sms_marketing.group_manager")
        with self.assertRaises(AccessError):
            default.with_user(manager).value = "mate"
        administrator = self.user("token_admin", "sms_marketing.group_administrator")
        default.with_user(administrator).value = "mate"
        self.assertEqual(self.text("{{ object.function }}"), "mate")
