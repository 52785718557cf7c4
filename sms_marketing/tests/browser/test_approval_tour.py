from odoo.tests import tagged
from odoo.tests.common import JsonRpcException
from odoo.tools import mute_logger

from ..test_approval import ApprovalCase
from .common import BrowserCase


@tagged("post_install", "-at_install")
class TestApprovalTour(ApprovalCase, BrowserCase):
    def tour(self, message, name, user):
        self.start_tour(
            f"/odoo/action-sms_marketing.action_sms_marketing_message/{message.id}",
            f"sms_marketing_{name}",
            login=user.login,
        )
        message.invalidate_recordset()

    def test_two_people_in_the_browser(self):
        message = self.draft(body="All shoes for 2 dollars")
        self.tour(message, "approval_ask", self.writer)
        self.assertEqual(message.approval_state, "asked")
        self.tour(message, "approval_reject", self.manager)
        self.assertEqual(message.approval_state, "rejected")
        self.tour(message, "approval_mend", self.writer)
        self.tour(message, "approval_approve", self.manager)
        self.assertEqual(message.approval_by_id, self.manager)
        self.tour(message, "approval_send", self.writer)
        self.assertEqual((message.state, message.approval_state), ("scheduled", "approved"))

    def test_error_mended_and_sent(self):
        self.company.sms_marketing_approval = False
        message = self.draft(body=False, sender_id=False, include_opt_out_text=False)
        self.tour(message, "review_mend", self.writer)
        self.assertEqual(message.state, "scheduled")
        self.assertTrue(message.include_opt_out_text)

    def test_nobody_gets_round_it_over_rpc(self):
        message = self.draft(self.manager)
        self.ask(message)
        self.authenticate(self.manager.login, self.manager.login)

        def call(method, *args, **kwargs):
            return self.make_jsonrpc_request(
                "/web/dataset/call_kw",
                {
                    "model": message._name,
                    "method": method,
                    "args": args,
                    "kwargs": kwargs,
                },
            )

        version = call("get_review", message.id, "send")["version"]
        stolen = {"approval_state": "approved", "approval_content": f"send:{version['content']}"}
        for method, args, kwargs in (
            ("write", (message.ids, {"approval_state": "approved"}), {}),
            ("web_save", (message.ids, stolen), {"specification": {}}),
            ("write", (message.ids, {"content_author_ids": [[5, 0, 0]]}), {}),
            ("approve_reviewed", (message.id, "send", version), {}),
            ("_set_approval", (message.id, "approved", None), {}),
            ("send_reviewed", (message.id, "send", version), {}),
            ("action_send", (message.ids,), {}),
            ("action_schedule", (message.ids,), {}),
        ):
            with (
                self.subTest(method),
                self.assertRaises(JsonRpcException),
                mute_logger("odoo.http"),
            ):
                call(method, *args, **kwargs)
            message.invalidate_recordset()
            self.assertEqual((message.state, message.approval_state), ("draft", "asked"))
