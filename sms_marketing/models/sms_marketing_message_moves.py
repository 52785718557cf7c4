from odoo import models
from odoo.tools import formatLang

from ..engine import audience
from ..engine.vocabulary import TAKEN_STATES


class SmsMarketingMessage(models.Model):
    """Taking back, pausing, resuming and cancelling say what has gone out already (S26)."""

    _inherit = "sms.marketing.message"

    def action_unschedule(self):
        super().action_unschedule()
        return self._tell(self.env._("A draft again. Nothing has gone out."))

    def action_pause(self):
        super().action_pause()
        return self._tell(self.env._("Paused. %s", self._gone_in_words()))

    def action_resume(self):
        super().action_resume()
        return self._tell(self.env._("Sending goes on. %s", self._gone_in_words()))

    def action_cancel(self):
        super().action_cancel()
        return self._tell(self.env._("Cancelled. %s", self._gone_in_words()))

    def action_ask_cancel(self):
        """Ask before cancelling, and say what has gone out already."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.client",
            "tag": "sms_marketing_ask",
            "params": {
                "message_id": self.id,
                "method": "action_cancel",
                "title": self.env._("Cancel this message?"),
                "body": self.env._(
                    "%s No further text of this message goes out. This cannot be undone.",
                    self._gone_in_words(),
                ),
                "confirm": self.env._("Cancel the message"),
                "keep": self.env._("Keep it"),
            },
        }

    def _gone_in_words(self):
        """How many texts of these messages the gateways have taken, or may have taken."""
        counts = dict(
            self.env["sms.marketing.recipient"]
            .sudo()
            ._read_group(
                [("message_id", "in", self.ids), ("state", "!=", "skipped")], ["state"], ["__count"]
            )
        )
        to_write = sum(audience.to_write(self.env, self.ids).values())
        # What may have been taken is not called back either.
        gone = sum(counts.get(state, 0) for state in (*TAKEN_STATES, "sending", "unknown"))
        if not gone:
            return self.env._("Nothing has gone out.")
        return self.env._(
            "%(gone)s of %(total)s have gone out.",
            gone=formatLang(self.env, gone, digits=0),
            total=formatLang(self.env, sum(counts.values()) + to_write, digits=0),
        )

    def _tell(self, sentence):
        """Show a sentence, then load the page again."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "message": sentence,
                "type": "info",
                "next": {"type": "ir.actions.act_window_close"},
            },
        }
