import time

from odoo import api, fields, models

from ..engine import audience, sandbox, schedule, statistics
from ..engine.claims import next_due
from ..engine.dispatch import Lane
from ..engine.shutdown import WORK
from ..engine.transactions import in_own_transaction

#: Seconds that one call of a scheduled action works; well under Odoo's cron time limits.
LANE_SECONDS = 45
SANDBOX_SECONDS = 20
#: The scheduled actions of which each is a lane; all but the first wait to be activated.
LANES = ("ir_cron_dispatch", "ir_cron_dispatch_2", "ir_cron_dispatch_3", "ir_cron_dispatch_4")

#: field -> the measures of the rollup that it adds up (S46, S47)
FIGURES = {
    "considered_count": ("considered",),
    "waiting_count": ("waiting",),
    "sent_count": ("sent",),
    "not_sent_count": ("skipped", "cancelled", "failed"),
    "unknown_count": ("unknown",),
    "delivered_count": ("delivered",),
    "undelivered_count": ("undelivered",),
    "click_count": ("clicks",),
    "clicked_count": ("clicked",),
    "reply_count": ("replies",),
    "opted_out_count": ("opted_out",),
    "segment_count": ("segments",),
}


class SmsMarketingMessage(models.Model):
    """What came of a message, and the scheduled actions that move it."""

    _inherit = "sms.marketing.message"

    considered_count = fields.Integer(string="Considered", compute="_compute_figures")
    waiting_count = fields.Integer(string="Waiting", compute="_compute_figures")
    sent_count = fields.Integer(string="Sent", compute="_compute_figures")
    not_sent_count = fields.Integer(string="Not Sent", compute="_compute_figures")
    unknown_count = fields.Integer(string="Unknown", compute="_compute_figures")
    delivered_count = fields.Integer(string="Total Deliveries", compute="_compute_figures")
    undelivered_count = fields.Integer(string="Not Delivered", compute="_compute_figures")
    click_count = fields.Integer(string="Total Clicks", compute="_compute_figures")
    clicked_count = fields.Integer(string="Recipients Who Clicked", compute="_compute_figures")
    reply_count = fields.Integer(string="Replies", compute="_compute_figures")
    opted_out_count = fields.Integer(string="Opted Out", compute="_compute_figures")
    segment_count = fields.Integer(string="Segments Sent", compute="_compute_figures")
    delivery_rate = fields.Float(compute="_compute_figures", help="Delivered ÷ sent")
    click_rate = fields.Float(compute="_compute_figures", help="Recipients who clicked ÷ delivered")

    def _compute_figures(self):
        totals = {
            (message.id, measure): total
            for message, measure, total in self.env["sms.marketing.statistic"]
            .sudo()
            ._read_group([("message_id", "in", self.ids)], ["message_id", "measure"], ["value:sum"])
        }
        for message in self:
            for name, measures in FIGURES.items():
                message[name] = sum(totals.get((message.id, measure), 0) for measure in measures)
            message.delivery_rate = _ratio(message.delivered_count, message.sent_count)
            message.click_rate = _ratio(message.clicked_count, message.delivered_count)

    def get_progress(self):
        """How far sending has come, counted now: for the progress bar of the form.

        :return: {"state": …, "total": texts to send, "done": texts that are no longer waiting}
        """
        self.ensure_one()
        self.check_access("read")
        counts = dict(
            self.env["sms.marketing.recipient"]
            .sudo()
            ._read_group(
                [("message_id", "=", self.id), ("state", "!=", "skipped")], ["state"], ["__count"]
            )
        )
        to_write = audience.to_write(self.env, self.ids).get(self.id, 0)
        total = sum(counts.values()) + to_write
        waiting = counts.get("queued", 0) + counts.get("sending", 0) + to_write
        return {"state": self.state, "total": total, "done": total - waiting}

    # ------------------------------------------------------------
    # Looking at recipients
    # ------------------------------------------------------------

    def _action_recipients(self, title, domain):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "sms_marketing.action_sms_marketing_recipient"
        )
        return {
            **action,
            "display_name": f"{self.name}: {title}",
            "domain": [("message_id", "=", self.id), *domain],
        }

    def action_view_considered(self):
        action = self._action_recipients(self.env._("Considered"), [])
        return {**action, "context": {"search_default_group_by_state": 1}}

    def action_view_sent(self):
        return self._action_recipients(
            self.env._("Sent"), [("state", "in", ("sent", "delivered", "undelivered"))]
        )

    def action_view_not_sent(self):
        action = self._action_recipients(
            self.env._("Not sent"), [("state", "in", ("skipped", "cancelled", "failed"))]
        )
        return {**action, "context": {"search_default_group_by_reason": 1}}

    def action_view_unknown(self):
        return self._action_recipients(self.env._("Unknown"), [("state", "=", "unknown")])

    def action_view_delivered(self):
        return self._action_recipients(self.env._("Delivered"), [("state", "=", "delivered")])

    def action_view_undelivered(self):
        return self._action_recipients(self.env._("Not delivered"), [("state", "=", "undelivered")])

    def action_view_clicked(self):
        return self._action_recipients(self.env._("Clicked"), [("click_ids", "!=", False)])

    def action_view_replies(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "sms_marketing.action_sms_marketing_inbound"
        )
        return {**action, "domain": [("message_id", "=", self.id), ("action", "!=", "stop")]}

    def action_view_opted_out(self):
        """Who left by a text of their own, or on the page behind this message's link."""
        self.check_access("read")
        stops = self.env["sms.marketing.inbound"].search(
            [("message_id", "=", self.id), ("action", "=", "stop")]
        )
        return self._action_recipients(
            self.env._("Opted out"),
            ["|", ("opted_out_at", "!=", False), ("number", "in", stops.mapped("number"))],
        )

    # ------------------------------------------------------------
    # Scheduled actions
    # ------------------------------------------------------------

    @api.model
    def _trigger_dispatch(self, at=None):
        """Have the lanes run soon, or at these moments (UTC)."""
        for action in self._lane_actions():
            action._trigger(at)

    @api.model
    def _lane_actions(self):
        """The scheduled actions of which each is a lane, those that are switched on."""
        actions = (
            self.env.ref(f"sms_marketing.{name}", raise_if_not_found=False) for name in LANES
        )
        return [action.sudo() for action in actions if action and action.sudo().active]

    @api.model
    def _wake_other_lanes(self):
        """While one lane wrote a message's recipients, the others found nothing and ended."""
        actions = self._lane_actions()
        for action in actions[1:] and actions:
            action._trigger()

    @api.model
    def _cron_dispatch(self):
        """Start what is due, send what is due, and come again at once while work remains."""
        with WORK.in_hand():
            # The lane has transactions of its own; this one must not stay open beside them.
            self.env["ir.cron"]._commit_progress()
            handled, remains = self._dispatch(time.monotonic() + LANE_SECONDS)
            self._follow_up(handled)
            if remains:
                self._trigger_dispatch()
            # What remains is for the trigger; Odoo must not call again while it stops.
            remaining = int(remains and not WORK.is_stopping)
            self.env["ir.cron"]._commit_progress(handled, remaining=remaining)

    @api.model
    def _follow_up(self, handled):
        """Wake the scheduled actions for which texts that were handed over are work."""
        if handled:
            self.env.ref("sms_marketing.ir_cron_roll_up")._trigger()
            if self.env["sms.marketing.gateway"].search_count([("provider", "=", "sandbox")]):
                self.env.ref("sms_marketing.ir_cron_sandbox")._trigger()

    @api.model
    def _dispatch(self, end):
        """Work until the end (``time.monotonic()``); what ``Lane.run`` returns."""
        registry, handled, remains = self.env.registry, 0, True
        while not WORK.is_stopping:
            began = in_own_transaction(registry, lambda env: env.cr.now())
            if schedule.start_due(registry):
                in_own_transaction(registry, lambda env: env[self._name]._wake_other_lanes())
            seen, remains = Lane(registry).run(end - time.monotonic())
            handled += seen
            wait = in_own_transaction(registry, lambda env, began=began: next_due(env, began))
            if remains or wait is None or time.monotonic() + wait > end:
                break
            # Odoo would come back within a minute; a text that waits for seconds goes sooner.
            time.sleep(min(max(wait, 0.1), 1))
        return handled, remains

    @api.model
    def _cron_sandbox(self):
        """Play the sandbox carrier while it has something to do within the next seconds."""
        end = time.monotonic() + SANDBOX_SECONDS
        registry = self.env.registry
        with WORK.in_hand():
            while (wait := in_own_transaction(registry, sandbox.play)) is not None:
                in_own_transaction(registry, statistics.roll_up)
                self.env["ir.cron"]._commit_progress(1, remaining=1)
                if WORK.is_stopping or time.monotonic() + wait > end:
                    self.env.ref("sms_marketing.ir_cron_sandbox")._trigger()
                    break
                time.sleep(min(max(wait, 0.5), 1))
            self.env["ir.cron"]._commit_progress(0, remaining=0)


def _ratio(part, whole):
    return part / whole if whole else 0.0
