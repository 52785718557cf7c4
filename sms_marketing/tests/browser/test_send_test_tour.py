"""A marketer adds and verifies a number, and sends a test as a contact, in the browser."""

import re
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ...engine import dispatch, sandbox
from ...engine.texts import MessageTexts
from ...gateways.sandbox import SandboxGateway
from .common import BrowserCase

NUMBER = "+12025550177"


@tagged("post_install", "-at_install")
class TestSendTestTour(BrowserCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.marketer = cls.user("marketer", name="Mara Marketer")
        cls.clara = cls.contact("+13032550188", name="Clara Clicks")
        cls.draft = cls.message(
            name="Autumn offers",
            user_id=cls.marketer.id,
            body="Hello {{ object.first_name ||| you }} – offers: https://example.com/offers",
        )

    def setUp(self):
        super().setUp()
        #: Texts as they arrive at the sandbox carrier.
        self.arrived = []
        send = SandboxGateway.send

        def send_and_keep(carrier, texts):
            self.arrived += texts
            return send(carrier, texts)

        self.startPatcher(patch.object(SandboxGateway, "send", send_and_keep))

    def _let_scheduled_actions_run(self):
        """While a tour runs: what they do within the second between two looks of the panel."""
        messages = self.env.registry["sms.marketing.message"]
        look = messages.get_test_outcomes

        def run_and_look(message, test_ids=None):
            dispatch.Lane(message.env.registry).run()
            cr = message.env.cr
            cr.execute(
                "UPDATE sms_marketing_recipient SET sent_at = sent_at - interval '5 seconds'"
            )
            cr.execute("UPDATE sms_marketing_gateway SET sandbox_played_until = NULL")
            sandbox.play(self.env(cr=cr))
            message.env.invalidate_all()
            return look(message, test_ids)

        self.startPatcher(patch.object(messages, "get_test_outcomes", run_and_look))

    def test_from_a_new_number_to_a_delivered_test(self):
        self.start_tour("/odoo", "sms_marketing_send_test_add", login="marketer")
        saved = self.env["sms.marketing.test.number"].search([("number", "=", NUMBER)])
        self.assertEqual((saved.label, saved.user_id), ("Mara's phone", self.marketer))
        self.assertFalse(saved.verified_at)
        self.run_lane()
        [text] = self.arrived
        self.assertEqual((text.number, text.sender), (NUMBER, self.sender.value))
        code = re.search(r": ([0-9]{6}) is", text.body)[1]

        self._let_scheduled_actions_run()
        self.start_tour(
            "/odoo",
            "sms_marketing_send_test_verify",
            login="marketer",
            cookies={"sms_marketing_code": code},
        )
        self.env.invalidate_all()
        self.assertEqual((saved.is_verified, saved.verified_by_id), (True, self.marketer))
        text = self.arrived[-1]
        self.assertEqual(text.number, NUMBER)
        self.assertEqual(
            text.body,
            f"Hello Clara – offers: {self.draft._short_link_base()}{text.reference}\n"
            f"{self.company.sms_marketing_opt_out_text}",
        )
        self.assertEqual((text.encoding, len(self.arrived)), ("UCS-2", 2))
        self.assertEqual(self.draft.state, "draft")
        followed = self.url_open(f"/s/{text.reference}", allow_redirects=False)
        self.assertEqual(followed.status_code, 302)
        self.assertTrue(followed.headers["Location"].startswith("https://example.com/offers?"))
        self.assertFalse(self.draft.recipient_ids)
        self.assertFalse(self.draft.link_ids.click_ids)

    def test_from_the_editor_to_the_phone(self):
        """Compose, preview as two contacts, send a test: it is what the phone showed."""
        self.contact("+13032550187", name="Rita Reads")
        self.env["sms.marketing.test.number"].create(
            {
                "label": "Colleague",
                "number": NUMBER,
                "user_id": self.marketer.id,
                "verified_at": fields.Datetime.now(),
                "verified_by_id": self.marketer.id,
            }
        )
        self.draft.body = "Hello "
        shown = []

        def keep_phone_text(messages, text):
            shown.append(text)
            return True

        self.startPatcher(
            patch.object(
                self.env.registry["sms.marketing.message"],
                "keep_phone_text",
                keep_phone_text,
                create=True,
            )
        )
        self._let_scheduled_actions_run()
        self.start_tour(
            f"/odoo/sms-campaigns/{self.draft.id}",
            "sms_marketing_compose_to_phone",
            login="marketer",
        )
        [arrived] = self.arrived
        example = MessageTexts.EXAMPLE_TOKEN
        self.assertEqual(len(arrived.reference), len(example))
        self.assertEqual(
            arrived.body.encode(), shown[1].replace(example, arrived.reference).encode()
        )
        self.assertEqual(
            arrived.body,
            f"Hello Rita! \N{GRINNING FACE} 5€ {self.draft._short_link_base()}{arrived.reference}\n"
            f"{self.company.sms_marketing_opt_out_text}",
        )
        self.assertEqual(shown[0], shown[1].replace("Rita", "Clara"))
        self.assertEqual((arrived.number, arrived.encoding), (NUMBER, "UCS-2"))
