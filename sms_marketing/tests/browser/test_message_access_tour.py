"""Who sees a message, as people find it in the browser (S52)."""

from odoo.tests import tagged

from ..test_message_access import MessageAccessMixin
from .common import BrowserCase


@tagged("post_install", "-at_install")
class TestMessageAccessTour(MessageAccessMixin, BrowserCase):
    def test_in_the_web_client(self):
        """The owner limits it on its page; then the member sees it, a stranger does not."""
        self.start_tour(
            f"/odoo/sms-campaigns/{self.shared.id}",
            "sms_marketing_limit_access",
            login=self.people["responsible"].login,
        )
        self.env.invalidate_all()
        self.assertEqual(self.shared.access_team_ids, self.team)
        for person, tour in (("member", "shared"), ("manager", "shared"), ("stranger", "hidden")):
            self.start_tour(
                "/odoo/sms-campaigns",
                f"sms_marketing_message_{tour}",
                login=self.people[person].login,
            )
