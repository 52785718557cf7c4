from odoo import api, fields, models
from odoo.fields import NO_ACCESS

from ..engine import allowance, answers, frequency, personalize
from ..engine.texts import Addressee, MessageTexts
from ..engine.vocabulary import KINDS, REASONS, STATES
from ..text.template import compile_template


class SmsMarketingRecipient(models.Model):
    """One contact's copy of a message, one answer to a contact, or one test.

    A test has no ``message_id``, so that nothing counts it: ``test_message_id`` is what it tests.
    The engine writes rows by SQL. All moments are UTC: ``send_at`` is the one that was meant, put
    later by as long as quiet hours did; ``due_at`` that of the next attempt, and ``open_until``
    the end of the opening in which this may be.
    """

    _name = "sms.marketing.recipient"
    _inherit = ["sms.marketing.engine.record", "sms.marketing.contact.record"]
    _log_access = False  # not inherited from an abstract model
    _description = "SMS Recipient"
    _order = "id desc"
    _rec_name = "number"

    kind = fields.Selection(KINDS, required=True, readonly=True)
    message_id = fields.Many2one("sms.marketing.message", readonly=True, ondelete="cascade")
    test_message_id = fields.Many2one(
        "sms.marketing.message",
        string="Test of",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
    )
    opt_in_type_id = fields.Many2one(
        "sms.marketing.subscription.type",
        string="Asks to Confirm",
        readonly=True,
        ondelete="restrict",
        index="btree_not_null",
        help="The sign-up that this text asks to confirm.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Asked for by",
        readonly=True,
        index="btree_not_null",
        help="Who sent the test or asked for the verification code.",
    )
    test_links = fields.Json(
        readonly=True, groups=NO_ACCESS, help="Targets of the links as the tested text had them."
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True, index=True)
    sender_id = fields.Many2one("sms.marketing.sender", readonly=True, ondelete="restrict")
    gateway_id = fields.Many2one("sms.marketing.gateway", readonly=True, ondelete="restrict")
    number = fields.Char(readonly=True)
    number_field = fields.Selection(
        [("mobile", "Mobile"), ("phone", "Phone")], string="Which Number", readonly=True
    )
    state = fields.Selection(STATES, required=True, readonly=True)
    reason = fields.Selection(REASONS, readonly=True)
    detail = fields.Char(readonly=True, help="What the gateway or carrier said.")
    send_at = fields.Datetime(readonly=True)
    due_at = fields.Datetime(readonly=True)
    open_until = fields.Datetime(readonly=True, help="When the next quiet hours begin.")
    time_zone = fields.Char(
        readonly=True, help="That of the contact; that of the company where the contact has none."
    )
    queued_at = fields.Datetime(readonly=True)
    sent_at = fields.Datetime(readonly=True)
    settled_at = fields.Datetime(readonly=True)
    opted_out_at = fields.Datetime(
        readonly=True, help="When the preference page behind this text ended its subscription."
    )
    not_taken_since = fields.Datetime(
        readonly=True, help="When the gateway first did not take it; a day later it is given up."
    )
    lease_until = fields.Datetime(readonly=True)
    lookup_at = fields.Datetime(
        readonly=True, help="When the provider is asked next what became of an unknown text."
    )
    attempt = fields.Integer(readonly=True)
    provider_reference = fields.Char(readonly=True)
    segments = fields.Integer(readonly=True)
    price = fields.Float(readonly=True, digits=(16, 6))
    price_currency = fields.Char(readonly=True)
    body = fields.Text(
        readonly=True,
        groups=NO_ACCESS,
        help="The text, where it differs from recipient to recipient. Users read it as “text”, "
        "which looks at what they may read.",
    )
    token = fields.Char(
        readonly=True,
        groups="base.group_system",
        help="Unguessable: serves the short links and receipts of this recipient. It gives no "
        "access to anything: the preference link has a code of its own.",
    )
    text = fields.Text(
        compute="_compute_text",
        help="The text as this contact gets it, but for the code of the preference link, which "
        "nobody else may see. Codes that verify a number are not shown.",
    )
    click_ids = fields.One2many("sms.marketing.click", "recipient_id", readonly=True)
    click_count = fields.Integer(compute="_compute_click_count")

    # The queue: carries every claim. By sender, so that one which must wait is passed over.
    _queue = models.Index("(message_id, sender_id, due_at, id) WHERE state = 'queued'")
    _leases = models.Index("(lease_until) WHERE state = 'sending'")
    _lookups = models.Index(
        "(gateway_id, lookup_at) WHERE state = 'unknown' AND lookup_at IS NOT NULL"
    )
    _message_state = models.Index("(message_id, state)")
    _number = models.Index("(number, id)")
    # What a number got lately, for the frequency cap.
    _went_out = models.Index(frequency.INDEX)
    # What a company used in a month, for its allowance.
    _used = models.Index(allowance.INDEX)
    _used_unknown = models.Index(allowance.UNKNOWN_INDEX)
    # The latest texts with a reported price; empty for gateways that report none.
    _sender_priced = models.Index("(sender_id, id) WHERE price IS NOT NULL")
    _token_unique = models.UniqueIndex("(token)")
    _provider_reference = models.Index(
        "(provider_reference, gateway_id) WHERE provider_reference IS NOT NULL"
    )
    # However a message is prepared, a number gets it once.
    _message_number_unique = models.UniqueIndex(
        "(message_id, number) WHERE state <> 'skipped' AND kind = 'campaign'"
    )

    _opt_in_once_a_day = models.UniqueIndex(answers.ONCE_A_DAY)

    @api.depends("body", "message_id", "kind")
    @api.depends_context("uid", "allowed_company_ids", "lang")
    def _compute_text(self):
        hidden = self._with_hidden_text()
        for recipient in hidden:
            recipient.text = self.env._(
                "This text is hidden: it is personalized with records that you may not read."
            )
        for message, recipients in (self - hidden).grouped("message_id").items():
            # sudo: users read the text by this field alone.
            to_write = recipients.filtered(
                lambda one, message=message: message and not one.sudo().body
            )
            for recipient in recipients - to_write:
                # A code that still waits proves a number to whoever reads it.
                recipient.text = recipient.kind != "verification" and recipient.sudo().body
            if to_write:
                rendered = MessageTexts(message.sudo()).render_all(
                    [Addressee(one.partner_id.id, one.token or "") for one in to_write.sudo()]
                )
                for recipient, text in zip(to_write, rendered, strict=True):
                    recipient.text = text

    def _with_hidden_text(self):
        """Those whose text stands for a contact, company or owner that the user may not read."""
        if self.env.su:
            return self.browse()
        unreadable = personalize.unreadable_roots(self.env, self.sudo().partner_id.ids)
        hidden = self.browse()
        for message, recipients in self.sudo().grouped("message_id").items():
            # A test keeps the text of its moment, whatever tokens the message has by now.
            roots = (
                {token.path.rpartition(".")[0] for token in compile_template(message.body).tokens}
                if message
                else personalize.CONTACT_ROOTS
            )
            hidden |= recipients.filtered(
                lambda one, roots=roots: roots & unreadable.get(one.partner_id.id, set())
            )
        return hidden.with_env(self.env)

    @api.depends("partner_id", "number")
    def _compute_display_name(self):
        for recipient in self:
            recipient.display_name = recipient.partner_id.display_name or recipient.number

    def _compute_click_count(self):
        counts = dict(
            self.env["sms.marketing.click"]._read_group(
                [("recipient_id", "in", self.ids)], ["recipient_id"], ["__count"]
            )
        )
        for recipient in self:
            recipient.click_count = counts.get(recipient, 0)
