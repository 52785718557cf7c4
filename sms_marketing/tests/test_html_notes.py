"""Names and providers' words are text, wherever Odoo takes HTML."""

import ast
from pathlib import Path

from odoo.tests import tagged

from .. import models
from .common import SmsMarketingCase

HOSTILE = "<img src=x onerror=alert(1)><b>bold</b>"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;&lt;b&gt;bold&lt;/b&gt;"


@tagged("post_install", "-at_install")
class TestHtmlNotes(SmsMarketingCase):
    def assert_text(self, html):
        self.assertNotIn("<img", str(html))
        self.assertNotIn("<b>", str(html))
        self.assertIn(ESCAPED, str(html))

    def test_provider_s_words_and_gateway_s_name(self):
        user = self.user("told_of_it", "sms_marketing.group_administrator")
        gateway = self.make_gateway(name=HOSTILE)
        gateway.down_detail = HOSTILE
        gateway._tell_down()
        note = gateway.activity_ids.filtered(lambda one: one.user_id == user).note
        self.assert_text(note)
        self.assertEqual(str(note).count(ESCAPED), 2)
        self.assert_text(gateway.message_ids[0].body)
        gateway._tell_back()
        self.assert_text(gateway.message_ids[0].body)

    def test_names_of_gateways_and_users_in_the_trail(self):
        administrator = self.user("trail_writer", "sms_marketing.group_administrator")
        administrator.name = HOSTILE
        gateway = self.make_kannel_gateway(name=HOSTILE).with_user(administrator)
        gateway.action_show_webhook_url()
        self.assert_text(gateway.sudo().message_ids[0].body)
        self.assert_text(gateway.copy().sudo().message_ids[0].body)

    def test_every_note_is_escaped(self):
        """`note` of an activity is HTML: a text must be escaped where it is passed."""
        found = 0
        for path in [*Path(models.__path__[0]).parent.rglob("*.py")]:
            if "tests" in path.parts:
                continue
            for call in ast.walk(ast.parse(path.read_text())):
                if not (
                    isinstance(call, ast.Call)
                    and isinstance(call.func, ast.Attribute)
                    and call.func.attr.startswith("activity_")
                ):
                    continue
                for keyword in call.keywords:
                    if keyword.arg in ("note", "feedback"):
                        found += 1
                        written = ast.unparse(keyword.value)
                        self.assertTrue(
                            written.startswith(("escape(", "plaintext2html(")), f"{path}: {written}"
                        )
        self.assertGreater(found, 0)
