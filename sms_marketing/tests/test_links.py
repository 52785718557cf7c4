import string
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from odoo.tests import tagged

from ..engine import links
from .common import SmsMarketingCase

TOKENS = st.text(alphabet=string.ascii_letters + string.digits + "-_", min_size=12, max_size=12)


@tagged("post_install", "-at_install")
class TestLinks(SmsMarketingCase):
    """Short links: one a recipient, to a stored target, with the message's UTM parameters."""

    @given(TOKENS, st.integers(0, links.MOST_LINKS - 1))
    def test_code_leads_back(self, token, index):
        link = links.short_link("https://s.example/s/", token, index)
        self.assertEqual(links.parse_code(link.rpartition("/")[2]), (token, index))

    @given(st.text(max_size=20))
    def test_any_code_is_understood_or_refused(self, code):
        parsed = links.parse_code(code)
        if parsed:
            self.assertEqual(links.short_link("", *parsed), code)

    def visit(self, recipient, index=0):
        code = links.short_link("", recipient.sudo().token, index)
        target = links.follow(self.env, code, "192.0.2.1", "Firefox")
        self.env.invalidate_all()
        return target

    def test_target_with_utm_parameters(self):
        message = self.message(
            self.contacts(1),
            name="Spring & Sun",
            body="a https://shop.example/x?b=1&utm_source=mine#part b www.other.example",
        )
        recipient = self.send(message)
        url = urlsplit(self.visit(recipient))
        self.assertEqual((url.netloc, url.path, url.fragment), ("shop.example", "/x", "part"))
        self.assertEqual(
            parse_qsl(url.query),
            [
                ("b", "1"),
                ("utm_source", "hs_sms"),
                ("utm_medium", "sms"),
                ("utm_campaign", "Spring & Sun"),
                ("utm_content", str(message.id)),
            ],
        )
        self.assertTrue(self.visit(recipient, 1).startswith("http://www.other.example?utm_"))
        self.assertFalse(self.visit(recipient, 2))

    def test_campaign_goes_before_the_name(self):
        campaign = self.env["utm.campaign"].create({"name": "Summer"})
        message = self.message(
            self.contacts(1), campaign_id=campaign.id, body="https://shop.example/"
        )
        self.assertIn("utm_campaign=Summer", self.visit(self.send(message)))

    def test_target_with_the_contacts_own_values(self):
        partner = self.contact(ref="A&B 1", subscribed=True)
        message = self.message(
            partner, body="https://shop.example/?c={{ object.ref ||| none }}&x=1"
        )
        recipient = self.send(message)
        self.assertNotIn("{{", recipient.text)
        self.assertEqual(len(message.link_ids), 1)
        self.assertTrue(
            self.visit(recipient).startswith("https://shop.example/?c=A%26B%201&x=1&utm_source=")
        )
        partner.unlink()
        self.assertTrue(self.visit(recipient).startswith("https://shop.example/?c=none&x=1&"))

    def test_click_is_a_row_and_shows_in_the_figures(self):
        message = self.message(self.contacts(2), body="https://shop.example/")
        recipients = self.send(message)
        self.let_time_pass(10)
        for _visit in range(3):
            self.visit(recipients[0])
        self.play_sandbox()
        self.roll_up()
        self.assertEqual(recipients[0].click_count, 3)
        self.assertGreaterEqual(message.click_count, 3)
        self.assertEqual(message.link_ids.click_count, message.click_count)

    def test_unknown_codes_lead_nowhere(self):
        for code in ("", "x", "x" * 12, "x" * 13, "x" * 500, "../../etc", "%00" * 4):
            with self.subTest(code):
                self.assertIsNone(links.follow(self.env, code, "192.0.2.1", "Firefox"))
        self.assertFalse(self.env["sms.marketing.click"].search_count([]))

    def test_tokens_are_long_random_and_distinct(self):
        message = self.message(self.contacts(50))
        tokens = self.send(message).sudo().mapped("token")
        self.assertEqual(len(set(tokens)), 50)
        self.assertEqual({len(token) for token in tokens}, {links.TOKEN_LENGTH})
        allowed = set(string.ascii_letters + string.digits + "-_")
        self.assertLessEqual(set("".join(tokens)), allowed)
        self.assertGreater(len(set("".join(tokens))), 40, "the whole alphabet is in use")
