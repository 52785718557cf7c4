"""Composing a message in the browser, by keyboard where it can be."""

from odoo.tests import tagged

from .common import BrowserCase


@tagged("post_install", "-at_install")
class TestComposerTour(BrowserCase):
    def test_compose_with_link_emoji_character_and_token(self):
        self.sender.sequence = self.type.sequence = -1
        user = self.user("composer", name="Cora Composer")
        message = self.message(name="Composed", body="Hello ", user_id=user.id)
        self.start_tour(
            f"/odoo/sms-campaigns/{message.id}", "sms_marketing_compose", login="composer"
        )
        self.assertEqual(
            message.body,
            "Hello {{ object.first_name ||| there }}! \N{GRINNING FACE} 5€ "
            "https://www.example.com/sale",
        )

    def test_two_windows_write_one_text(self):
        user = self.user("composer", name="Cora Composer")
        message = self.message(name="Shared", body="As it was", user_id=user.id)
        self.start_tour(
            f"/odoo/sms-campaigns/{message.id}", "sms_marketing_conflict", login="composer"
        )
        self.assertEqual(message.body, "By another one")
