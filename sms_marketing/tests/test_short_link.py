import logging
from urllib.parse import parse_qsl, quote, urlsplit

from odoo.tests import tagged

from .common import SmsMarketingHttpCase


@tagged("post_install", "-at_install")
class TestShortLink(SmsMarketingHttpCase):
    TARGET = "https://example.com/shop?a=1&utm_source=evil&b=x%20y&UTM_Medium=fax#top"

    def setUp(self):
        super().setUp()
        self.person = self.contacts(1, name="Ann @evil.example/?x=1", ref="A&b=c#d")
        self.campaign = self.message(
            self.person,
            name="Spring & sale",
            body=f"One {self.TARGET} two https://example.org/{{{{ object.ref ||| none }}}} end",
        )
        self.recipient = self.send(self.campaign)
        self.assertEqual(self.recipient.state, "sent")
        self.token = self.recipient.sudo().token

    def follow(self, code, **request):
        response = self.url_open(f"/s/{code}", allow_redirects=False, **request)
        self.env.invalidate_all()
        return response

    def test_leads_to_the_target_with_utm_parameters(self):
        response = self.follow(self.token, headers={"User-Agent": "Phone 1"})
        self.assertEqual(response.status_code, 302)
        self.assertEqual(response.headers["Cache-Control"], "no-store")
        target = urlsplit(response.headers["Location"])
        self.assertEqual((target.netloc, target.path), ("example.com", "/shop"))
        self.assertEqual(target.fragment, "top")
        self.assertEqual(
            parse_qsl(target.query),
            [
                ("a", "1"),
                ("b", "x y"),
                ("UTM_Medium", "fax"),
                ("utm_source", "hs_sms"),
                ("utm_medium", "sms"),
                ("utm_campaign", "Spring & sale"),
                ("utm_content", str(self.campaign.id)),
            ],
        )
        click = self.env["sms.marketing.click"].search([("message_id", "=", self.campaign.id)])
        self.assertEqual(click.recipient_id, self.recipient)
        self.assertEqual((click.address, click.user_agent), ("127.0.0.1", "Phone 1"))

    def test_campaign_name_goes_before_the_message_name(self):
        self.campaign.campaign_id = self.env["utm.campaign"].create({"title": "Easter"})
        target = urlsplit(self.follow(self.token).headers["Location"])
        self.assertIn(("utm_campaign", self.campaign.campaign_id.name), parse_qsl(target.query))

    def test_values_stay_inside_their_place(self):
        target = urlsplit(self.follow(f"{self.token}1").headers["Location"])
        self.assertEqual(target.netloc, "example.org")
        self.assertEqual(target.path, "/A%26b%3Dc%23d")
        self.assertEqual(len(parse_qsl(target.query)), 4)
        self.assertFalse(target.fragment)

    def test_each_visit_is_a_row(self):
        for _visit in range(3):
            self.follow(self.token)
        self.follow(f"{self.token}1")
        self.roll_up()
        self.assertEqual((self.campaign.click_count, self.campaign.clicked_count), (4, 1))
        self.assertEqual(self.campaign.link_ids.mapped("click_count"), [3, 1])

    def test_head_counts_no_click(self):
        self.assertEqual(self.follow(self.token, method="HEAD").status_code, 200)
        self.assertFalse(self.recipient.click_ids)

    def test_unknown_codes_lead_nowhere(self):
        for code in (
            "x" * 12,
            self.token[:-1],
            f"{self.token}2",
            f"{self.token}0",
            f"{self.token}11",
            self.token.swapcase(),
            f"%00{self.token[1:]}",
            quote("ü" * 12),
            "%27%20OR%201%3D1--",
            "a" * 5000,
        ):
            with self.assertLogs(level=logging.DEBUG) as log:
                logging.getLogger(__name__).info("at least one line")
                response = self.follow(code)
            self.assertEqual(response.status_code, 404, code)
            self.assertNotIn("Location", response.headers)
            self.assertFalse([record for record in log.records if record.exc_info], code)
        self.assertFalse(self.recipient.click_ids)

    def test_visitor_cannot_choose_the_target(self):
        response = self.follow(f"{self.token}?url=https://evil.example&utm_source=me&r=//evil")
        target = urlsplit(response.headers["Location"])
        self.assertEqual(target.netloc, "example.com")
        self.assertNotIn("evil", response.headers["Location"])

    def test_other_methods_are_refused(self):
        self.assertEqual(self.follow(self.token, method="POST", data=b"x").status_code, 405)
        self.assertFalse(self.recipient.click_ids)

    def test_link_of_a_deleted_message_leads_nowhere(self):
        self.campaign.unlink()
        self.assertEqual(self.follow(self.token).status_code, 404)
