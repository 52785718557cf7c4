from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import lookup, unknown
from ..engine.shutdown import WORK

#: Seconds that one call of the scheduled action asks providers.
LOOKUP_SECONDS = 45


class SmsMarketingRecipient(models.Model):
    """Texts whose outcome was lost: asking the provider, and buttons for who knows."""

    _inherit = "sms.marketing.recipient"

    can_ask_provider = fields.Boolean(
        compute="_compute_can_ask_provider",
        help="Its outcome was lost, and its provider can be asked what became of it.",
    )

    @api.depends("state", "gateway_id")
    def _compute_can_ask_provider(self):
        for recipient in self:
            recipient.can_ask_provider = recipient.state == "unknown" and lookup.can_ask(
                recipient.sudo().gateway_id.provider
            )

    def action_was_sent(self):
        """The chosen texts did go out, says the user."""
        words = self.env._("Sent, says %(user)s (%(day)s)", **self._who_says())
        counts = unknown.settle_as_sent(self._to_settle().env, self.ids, words)
        return self._log_settled(counts, self._sentence_was_sent)

    def action_send_again(self):
        """The chosen texts did not go out, says the user: they are sent now."""
        words = self.env._("Not sent, says %(user)s (%(day)s)", **self._who_says())
        counts = unknown.queue_again(self._to_settle().env, self.ids, words)
        if counts:
            self.env["sms.marketing.message"]._trigger_dispatch()
        return self._log_settled(counts, self._sentence_send_again)

    def _sentence_was_sent(self, count):
        if count == 1:
            return self.env._("1 text with an unknown outcome was sent.")
        return self.env._("%(count)s texts with unknown outcome were sent.", count=count)

    def _sentence_send_again(self, count):
        if count == 1:
            return self.env._("1 text with an unknown outcome was not sent, and goes out again.")
        return self.env._(
            "%(count)s texts with unknown outcome were not sent, and go out again.", count=count
        )

    def action_ask_provider(self):
        """Ask the provider about the chosen texts within seconds."""
        recipients = self._to_settle()
        lost = recipients.filtered(lambda one: one.state == "unknown")
        if not lost:
            raise UserError(
                self.env._("None of these texts can be asked about: their outcome is known by now.")
            )
        lost = lost.filtered("can_ask_provider")
        if not lost:
            raise UserError(
                self.env._("The provider of these texts cannot be asked what became of a text.")
            )
        unknown.ask_now(lost.env, lost.ids)
        self.env.ref("sms_marketing.ir_cron_lookup").sudo()._trigger()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self._sentence_ask_provider(len(lost)),
            },
        }

    def _sentence_ask_provider(self, count):
        if count == 1:
            return self.env._(
                "The provider is asked about 1 text. If it does not know of it, it stays "
                "unknown; look again in a minute."
            )
        return self.env._(
            "The provider is asked about %(count)s texts. What it does not know of stays "
            "unknown; look again in a minute.",
            count=count,
        )

    @api.model
    def _cron_lookup(self):
        """Ask providers about what is due, and come again at once while more is."""
        with WORK.in_hand():
            # Asking has transactions of its own; this one must not stay open beside them.
            self.env["ir.cron"]._commit_progress()
            asked, remains = lookup.run(self.env.registry, LOOKUP_SECONDS)
            if asked:
                self.env.ref("sms_marketing.ir_cron_roll_up")._trigger()
            if remains:
                self.env.ref("sms_marketing.ir_cron_lookup")._trigger()
            self.env["ir.cron"]._commit_progress(asked, remaining=0)

    def _who_says(self):
        return {"user": self.env.user.name, "day": fields.Date.context_today(self)}

    def _to_settle(self):
        """The chosen texts as the system, once it is sure that the user may decide about them."""
        self.check_access("read")
        self.message_id.check_access("write")
        if not self.message_id or any(not one.message_id for one in self):
            raise UserError(self.env._("Choose texts of a message."))
        return self.sudo()

    def _log_settled(self, counts, sentence):
        if not counts:
            raise UserError(
                self.env._(
                    "None of these texts can be settled: their outcome is known by now, "
                    "or their message was cancelled."
                )
            )
        # Who goes back to the message's page finds its figures moved.
        self.env.ref("sms_marketing.ir_cron_roll_up").sudo()._trigger()
        for message in self.message_id.filtered(lambda one: one.id in counts):
            # Who said it is the author of the note; numbers stay out of it.
            message.message_post(body=sentence(counts[message.id]))
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": sentence(sum(counts.values())),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }
