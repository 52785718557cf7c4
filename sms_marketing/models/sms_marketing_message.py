from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import frozendict

from ..engine import outcomes, personalize
from ..engine.texts import MessageTexts
from ..engine.transactions import lock
from ..text.tokens import TokenError

#: What decides who gets which text: frozen as soon as the message leaves the draft state.
FROZEN_FIELDS = frozenset(
    {
        "body",
        "include_opt_out_text",
        "subscription_type_id",
        "sender_id",
        "pool_ids",
        "company_id",
        "include_list_ids",
        "include_partner_ids",
        "exclude_list_ids",
        "exclude_partner_ids",
    }
)

#: What decides when it goes out: frozen too, but for the buttons.
MOMENT_FIELDS = frozenset({"scheduled_at", "send_in_contact_time_zone", "passed_moment"})


class SmsMarketingMessage(models.Model):
    """One SMS campaign: what is said, to whom, when, and how far it has come."""

    _name = "sms.marketing.message"
    _description = "Marketing SMS"
    _inherit = ["mail.thread", "mail.activity.mixin", "sms.marketing.guarded"]
    _order = "id desc"
    # What only the buttons and the engine change: a client that writes it would rewrite history.
    _protected = frozendict(
        state="draft", started_at=False, finished_at=False, recipient_ids=False, link_ids=False
    )
    _searched_as_read = frozenset({"include_partner_ids", "exclude_partner_ids"})

    name = fields.Char(required=True, tracking=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    state = fields.Selection(
        [
            ("draft", "Draft"),
            ("scheduled", "Scheduled"),
            ("sending", "Sending"),
            ("paused", "Paused"),
            ("sent", "Sent"),
            ("cancelled", "Cancelled"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
        tracking=True,
        group_expand=True,
    )
    body = fields.Text(
        string="Text",
        help="Tokens such as {{ object.first_name ||| there }} are filled in for each contact; "
        "every link becomes a short link of its own for each contact.",
    )
    include_opt_out_text = fields.Boolean(
        string="Include Default Opt-out Text",
        default=True,
        help="Adds the company's opt-out text, in the contact's language.",
    )
    subscription_type_id = fields.Many2one(
        "sms.marketing.subscription.type",
        check_company=True,
        ondelete="restrict",
        default=lambda self: self._default_subscription_type(),
        help="Only numbers that agreed to this kind of text get the message.",
    )
    sender_id = fields.Many2one(
        "sms.marketing.sender",
        check_company=True,
        ondelete="restrict",
        default=lambda self: self._default_sender(),
    )
    pool_ids = fields.Many2many(
        "sms.marketing.sender",
        "sms_marketing_message_pool_rel",
        "message_id",
        "sender_id",
        string="Further Senders",
        check_company=True,
        help="The sender and these share the texts. A number gets them from the sender that it "
        "knows, else from one for its country.",
    )
    campaign_id = fields.Many2one("utm.campaign", ondelete="set null", tracking=True)
    user_id = fields.Many2one(
        "res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        check_company=True,
        index=True,
        tracking=True,
    )
    tag_ids = fields.Many2many("sms.marketing.tag", string="Tags", check_company=True)

    include_list_ids = fields.Many2many(
        "sms.marketing.list",
        "sms_marketing_message_include_list_rel",
        "message_id",
        "list_id",
        string="Send to Lists",
        check_company=True,
        # An archived list still counts where it was chosen: who is left out stays left out.
        context={"active_test": False},
    )
    include_partner_ids = fields.Many2many(
        "res.partner",
        "sms_marketing_message_include_partner_rel",
        "message_id",
        "partner_id",
        string="Send to Contacts",
        check_company=True,
    )
    exclude_list_ids = fields.Many2many(
        "sms.marketing.list",
        "sms_marketing_message_exclude_list_rel",
        "message_id",
        "list_id",
        string="Don't Send to Lists",
        check_company=True,
        # An archived list still counts where it was chosen: who is left out stays left out.
        context={"active_test": False},
    )
    exclude_partner_ids = fields.Many2many(
        "res.partner",
        "sms_marketing_message_exclude_partner_rel",
        "message_id",
        "partner_id",
        string="Don't Send to Contacts",
        check_company=True,
    )

    scheduled_at = fields.Datetime(
        string="Send at", copy=False, tracking=True, help="Empty: as soon as you press Send."
    )
    started_at = fields.Datetime(readonly=True, copy=False)
    finished_at = fields.Datetime(readonly=True, copy=False)

    recipient_ids = fields.One2many("sms.marketing.recipient", "message_id", readonly=True)
    link_ids = fields.One2many("sms.marketing.link", "message_id", readonly=True)

    preview_text = fields.Text(compute="_compute_preview")
    preview_encoding = fields.Char(string="Encoding", compute="_compute_preview")
    preview_characters = fields.Integer(string="Characters", compute="_compute_preview")
    preview_segments = fields.Integer(string="Segments", compute="_compute_preview")
    body_problem = fields.Char(compute="_compute_preview")

    _queue = models.Index("(scheduled_at, id) WHERE state IN ('scheduled', 'sending')")

    # ------------------------------------------------------------
    # Writing the text
    # ------------------------------------------------------------

    def _default_sender(self):
        return self.env["sms.marketing.sender"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )

    def _default_subscription_type(self):
        return self.env["sms.marketing.subscription.type"].search(
            [("company_id", "=", self.env.company.id)], limit=1
        )

    @api.depends("body", "include_opt_out_text", "company_id")
    def _compute_preview(self):
        for message in self:
            problems = personalize.problems(self.env, message.body or "")
            message.body_problem = "\n".join(problems)
            try:
                texts = MessageTexts(message)
            except TokenError:
                message.preview_text = message.body
                message.preview_encoding = False
                message.preview_characters = message.preview_segments = 0
                continue
            segmentation = texts.segmentation()
            message.preview_text = texts.preview()
            message.preview_encoding = segmentation.encoding
            message.preview_characters = segmentation.units
            message.preview_segments = segmentation.segments

    @api.onchange("company_id")
    def _onchange_company_id(self):
        for message in self.filtered("company_id"):
            of_company = message.with_company(message.company_id)
            if message.sender_id.company_id != message.company_id:
                message.sender_id = of_company._default_sender()
                message.pool_ids = False
            if message.subscription_type_id.company_id != message.company_id:
                message.subscription_type_id = of_company._default_subscription_type()

    def _senders(self):
        """The senders that share the message's texts; its own one first."""
        self.ensure_one()
        return self.sender_id | self.pool_ids.filtered("active")

    def _short_link_base(self):
        """What stands before the code in a short link of this message."""
        return f"{self.get_base_url().rstrip('/')}/s/"

    # ------------------------------------------------------------
    # Records
    # ------------------------------------------------------------

    def write(self, vals):
        if vals.get("active") is False:
            for message in self:
                if message.state in ("scheduled", "sending", "paused"):
                    raise UserError(
                        self.env._(
                            "“%s” is still to be sent. Unschedule or cancel it before you "
                            "archive it.",
                            message.name,
                        )
                    )
        if (FROZEN_FIELDS if self.env.su else FROZEN_FIELDS | MOMENT_FIELDS) & vals.keys():
            for message in self:
                if message.state != "draft":
                    raise UserError(
                        self.env._(
                            "“%(message)s” is no draft any more, so its text, recipients and "
                            "time stay as they are. Unschedule it first, or clone it.",
                            message=message.name,
                        )
                    )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_only_at_rest(self):
        for message in self:
            if message.state in ("sending", "paused"):
                raise UserError(
                    self.env._("“%s” is being sent. Cancel it before you delete it.", message.name)
                )
        # What became of a text on its way could no longer be written down, nor what it used.
        on_their_way = (
            self.env["sms.marketing.recipient"]
            .sudo()
            .search(
                [
                    ("state", "=", "sending"),
                    "|",
                    ("message_id", "in", self.ids),
                    ("test_message_id", "in", self.ids),
                ],
                limit=1,
            )
        )
        if on_their_way:
            raise UserError(
                self.env._(
                    "The last texts of “%s” are being handed over to the gateway. Try again in a "
                    "minute.",
                    (on_their_way.message_id or on_their_way.test_message_id).name,
                )
            )

    def copy_data(self, default=None):
        return [
            {**vals, "name": self.env._("%s (copy)", message.name)}
            if "name" not in (default or {})
            else vals
            for message, vals in zip(self, super().copy_data(default), strict=True)
        ]

    # ------------------------------------------------------------
    # From draft to sent
    # ------------------------------------------------------------

    def _move(self, state, *, allowed):
        """Change the state under the row's lock, where the present one is among those allowed."""
        self.check_access("write")
        lock(self)
        for message in self:
            if message.state not in allowed:
                states = dict(self._fields["state"]._description_selection(self.env))
                raise UserError(
                    self.env._(
                        "“%(message)s” is %(state)s: this is not possible now. %(moved)s",
                        message=message.name,
                        state=states[message.state].lower(),
                        moved=message._moved_in_words() if message.sudo().moved_by_id else "",
                    ).strip()
                )
        self.sudo().state = state

    def action_send(self):
        """Send as soon as possible."""
        self._send()

    def _send(self, facts=None):
        """As ``action_send``; with the facts of this one message, where they are known."""
        self.check_access("write")
        facts = self._check_ready("send", facts)
        self.sudo().scheduled_at = self.env.cr.now().replace(microsecond=0)
        self._move("scheduled", allowed=("draft", "scheduled"))
        self._store_estimates(facts)
        self._trigger_dispatch()

    def action_schedule(self):
        """Send at ``scheduled_at``."""
        self._schedule()

    def _schedule(self, facts=None):
        """As ``action_schedule``; with the facts of this one message, where they are known."""
        self.check_access("write")
        facts = self._check_ready("schedule", facts)
        self._move("scheduled", allowed=("draft",))
        self._store_estimates(facts)
        self._trigger_dispatch(self.mapped("scheduled_at"))

    def action_unschedule(self):
        self._move("draft", allowed=("scheduled",))
        for message in self:
            if message.scheduled_at <= fields.Datetime.now():
                message.scheduled_at = False

    def action_pause(self):
        self._move("paused", allowed=("sending",))

    def action_resume(self):
        self._move("sending", allowed=("paused",))
        outcomes.try_anew(self.env, self.ids)
        self._trigger_dispatch()

    def action_cancel(self):
        """Send no further text of this message; what has gone out stays as it is."""
        self._move("cancelled", allowed=("scheduled", "sending", "paused"))
        self.sudo().finished_at = self.env.cr.now()
        # From the commit on nobody claims its recipients; the lane that is triggered marks them.
        self._trigger_dispatch()
