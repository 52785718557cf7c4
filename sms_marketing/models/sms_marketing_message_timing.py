from babel.dates import format_date, format_time
from odoo import api, fields, models
from odoo.tools import frozendict
from odoo.tools.misc import babel_locale_parse

from ..engine import audience, timing
from ..text.clock import find_zone, utc_of, wall_of

#: What decides when a message starts.
TIMING_FIELDS = frozenset({"scheduled_at", "send_in_contact_time_zone"})


class SmsMarketingMessage(models.Model):
    """When a message goes out: S22 to S24, and what quiet hours put off."""

    _inherit = "sms.marketing.message"
    _protected = frozendict(starts_at=False)

    send_in_contact_time_zone = fields.Boolean(
        string="In Each Contact's Time Zone",
        tracking=True,
        help="Each contact gets it when clocks where the contact is show this time. Contacts "
        "without a time zone get it by the company's clock.",
    )
    passed_moment = fields.Selection(
        [
            ("now", "Send at once"),
            ("next_day", "Send at the same time the next day"),
            ("leave_out", "Leave them out"),
        ],
        string="If the Time Has Passed",
        default="now",
        required=True,
        help="For contacts in whose time zone the time has passed when sending starts.",
    )
    starts_at = fields.Datetime(
        readonly=True,
        copy=False,
        help="When recipients are written: the time of the earliest time zone.",
    )
    company_time_zone = fields.Char(compute="_compute_company_time_zone")
    scheduled_text = fields.Char(compute="_compute_scheduled_text")
    waiting_text = fields.Char(compute="_compute_waiting_text")

    _starts = models.Index("(COALESCE(starts_at, scheduled_at), id) WHERE state = 'scheduled'")

    @api.depends("company_id.sms_marketing_tz")
    def _compute_company_time_zone(self):
        for message in self:
            message.company_time_zone = message.company_id._sms_marketing_zone()

    @api.depends("scheduled_at", "company_id.sms_marketing_tz", "send_in_contact_time_zone")
    @api.depends_context("tz", "lang", "uid")
    def _compute_scheduled_text(self):
        for message in self:
            message.scheduled_text = message._scheduled_text() if message.scheduled_at else False

    def _scheduled_text(self):
        zone = self.company_id._sms_marketing_zone()
        moment = self._clock_text(self.scheduled_at, zone)
        if self.send_in_contact_time_zone:
            return self.env._(
                "%(moment)s by each contact's clock; %(zone)s for contacts without a time zone",
                moment=moment,
                zone=zone,
            )
        own = self.env.context.get("tz") or self.env.user.tz
        own_moment = find_zone(own) and self._clock_text(self.scheduled_at, own)
        if own_moment and own_moment != moment:
            return self.env._(
                "%(moment)s, %(zone)s (%(own_moment)s in your time zone, %(own_zone)s)",
                moment=moment,
                zone=zone,
                own_moment=own_moment,
                own_zone=own,
            )
        return f"{moment}, {zone}"

    @api.model
    def _clock_text(self, moment, zone):
        """What clocks in the zone show at the moment (UTC), for people: "9:00 on Tuesday …"."""
        locale = babel_locale_parse(self.env.lang or self.env.user.lang)
        wall = wall_of(moment, zone)
        return self.env._(
            "%(time)s on %(day)s",
            time=format_time(wall, "short", locale=locale),
            day=format_date(wall, "full", locale=locale),
        )

    @api.depends("state")
    def _compute_waiting_text(self):
        """How many texts wait for their time zone or for quiet hours to end, and until when."""
        # Straight from the table: the lanes write it, and it moves all the time.
        waiting = {
            message_id: row
            for message_id, *row in self.env["sms.marketing.recipient"]
            .sudo()
            ._read_group(
                [
                    ("message_id", "in", self.filtered(lambda one: one.state == "sending").ids),
                    ("state", "=", "queued"),
                    ("attempt", "=", 0),
                    ("due_at", ">", fields.Datetime.now()),
                ],
                ["message_id"],
                ["__count", "due_at:min"],
            )
        }
        for message in self:
            message.waiting_text = False
            if message in waiting:
                count, next_at = waiting[message]
                zone = message.company_id._sms_marketing_zone()
                message.waiting_text = self.env._(
                    "%(count)s texts wait for their time zone or for quiet hours to end. The next "
                    "go out at %(moment)s, %(zone)s.",
                    count=count,
                    moment=self._clock_text(next_at, zone),
                    zone=zone,
                )

    # ------------------------------------------------------------
    # Starting early enough
    # ------------------------------------------------------------

    def write(self, vals):
        result = super().write(vals)
        if TIMING_FIELDS & vals.keys():
            self.filtered(lambda message: message.state == "scheduled")._set_start()
        return result

    def _move(self, state, *, allowed):
        super()._move(state, allowed=allowed)
        if state == "scheduled":
            self._set_start()

    def _set_start(self):
        """Plan the start, with a trigger for it; the message is scheduled."""
        for message in self.sudo():
            message.starts_at = message._planned_start()
        now = fields.Datetime.now()
        timing.trigger(self.env, self.sudo().mapped("starts_at"), now)

    def _planned_start(self):
        """When the first of the contacts named is due, at the earliest now; UTC."""
        self.ensure_one()
        if not self.send_in_contact_time_zone:
            return self.scheduled_at
        company_zone = self.company_id._sms_marketing_zone()
        wall = wall_of(self.scheduled_at, company_zone)
        zones = filter(find_zone, [company_zone, *audience.time_zones(self)])
        return max(
            min(utc_of(wall, zone) for zone in zones),
            min(self.scheduled_at, fields.Datetime.now()),
        )

    def _send(self, facts=None):
        # "Now" is one moment for everybody.
        self.check_access("write")
        self.sudo().filtered("send_in_contact_time_zone").send_in_contact_time_zone = False
        return super()._send(facts)
