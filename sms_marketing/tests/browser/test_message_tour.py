"""What people do in the browser, from the menu to the figures."""

import html

from odoo.tests import tagged

from .common import BrowserCase


@tagged("post_install", "-at_install")
class TestMessageTour(BrowserCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A new message starts with the first sender and the first type of the company.
        cls.sender.sequence = cls.type.sequence = -1
        # The last digits say what the sandbox carrier does: 88 opens the first link, 87 does not.
        cls.clicking = cls.contact("+13032550188", name="Clara Clicks", subscribed=True)
        cls.reading = cls.contact("+13032550187", name="Rita Reads", subscribed=True)
        cls.never = cls.contact("+13032550102", name="Nora Never")
        cls.list = cls.env["sms.marketing.list"].create(
            {
                "name": "Tour contacts",
                "partner_ids": (cls.clicking | cls.reading | cls.never).ids,
            }
        )

    def _dispatch(self):
        """What the scheduled actions do within the next half minute."""
        self.run_lane()
        self.play_sandbox()
        self.roll_up()

    def test_message_from_menu_to_figures(self):
        self.user("marketer", name="Mara Marketer")
        self.start_tour("/odoo", "sms_marketing_message_create", login="marketer")

        message = self.env["sms.marketing.message"].search([("name", "=", "Autumn offers")])
        self.assertEqual(message.state, "scheduled")
        self.assertEqual(message.user_id.login, "marketer")
        self.assertEqual(message.include_list_ids, self.list)

        self._dispatch()
        self.assertEqual(message.state, "sent")
        self.start_tour("/odoo", "sms_marketing_message_figures", login="marketer")

    def test_sign_up_form_made_in_the_browser(self):
        self.user("former", "sms_marketing.group_manager", name="Fay Former")
        self.type.name = "Shop news"
        self.start_tour(
            "/odoo/action-sms_marketing.action_sms_marketing_sign_up_form",
            "sms_marketing_sign_up_form",
            login="former",
        )
        form = self.env["sms.marketing.sign.up.form"].search([("slug", "=", "tour-fair")])
        self.assertEqual(form.choice_ids.type_id, self.type)
        page = self.url_open("/sms/sign-up/tour-fair")
        self.assertIn(form.choice_ids.wording, html.unescape(page.text))

    def test_timeline_of_a_contact(self):
        self.user("seller", groups="sales_team.group_sale_salesman", name="Sam Seller")
        message = self.message(self.clicking, name="Autumn offers")
        self.send(message)
        self._dispatch()
        self.start_tour(
            f"/odoo/res.partner/{self.clicking.id}", "sms_marketing_timeline", login="seller"
        )
