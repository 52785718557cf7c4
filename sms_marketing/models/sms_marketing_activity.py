from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine.vocabulary import REASONS

#: One SELECT for each kind of trace, all with the same columns after the id.
_BRANCHES = (
    """
    row.partner_id, row.company_id, row.sent_at AS moment,
    CASE WHEN row.kind = 'answer' THEN 'answered' ELSE 'sent' END AS kind,
    row.kind <> 'answer' AS is_marketing, row.number, row.message_id,
    COALESCE(message.name, row.body) AS message_name, row.id AS recipient_id,
    NULL::varchar AS reason, NULL::varchar AS note
    FROM sms_marketing_recipient row
    LEFT JOIN sms_marketing_message message ON message.id = row.message_id
    WHERE row.sent_at IS NOT NULL AND row.kind IN ('campaign', 'answer')
    """,
    """
    row.partner_id, row.company_id, row.settled_at, row.state, row.kind <> 'answer', row.number,
    row.message_id, COALESCE(message.name, row.body), row.id, row.reason, row.detail
    FROM sms_marketing_recipient row
    LEFT JOIN sms_marketing_message message ON message.id = row.message_id
    WHERE row.state IN ('delivered', 'undelivered', 'failed', 'unknown')
      AND row.settled_at IS NOT NULL AND row.kind IN ('campaign', 'answer')
    """,
    """
    recipient.partner_id, row.company_id, row.clicked_at, 'clicked', TRUE, recipient.number,
    row.message_id, message.name, row.recipient_id, NULL, link.target
    FROM sms_marketing_click row
    JOIN sms_marketing_recipient recipient ON recipient.id = row.recipient_id
    JOIN sms_marketing_message message ON message.id = row.message_id
    JOIN sms_marketing_link link ON link.id = row.link_id
    """,
    """
    row.partner_id, row.company_id, row.received_at, 'replied', FALSE, row.number,
    row.message_id, message.name, NULL, NULL, row.body
    FROM sms_marketing_inbound row
    LEFT JOIN sms_marketing_message message ON message.id = row.message_id
    """,
    # Consent belongs to numbers: it shows on every contact that has the number today.
    """
    contact.id, row.company_id, row.occurred_at,
    CASE WHEN row.method = 'one_to_one' THEN 'texted_anyway'
         WHEN row.state = 'unsubscribed' THEN 'opted_out'
         WHEN row.state = 'subscribed' THEN 'opted_in'
         ELSE 'opt_in_asked' END,
    FALSE, row.number, NULL, subscription_type.name ->> 'en_US', NULL, NULL,
    COALESCE(row.explanation, row.wording)
    FROM sms_marketing_consent row
    JOIN sms_marketing_subscription_type subscription_type ON subscription_type.id = row.type_id
    JOIN res_partner contact
      ON row.number = ANY (ARRAY[contact.mobile_e164, contact.phone_e164])
    """,
)


class SmsMarketingActivity(models.Model):
    """The timeline of contacts: texts, clicks, replies and consent, as one read-only SQL view.

    Whoever may read a contact may read its activity, and nobody else (S1): reading is bound to
    the record rules of contacts.
    """

    _name = "sms.marketing.activity"
    _description = "SMS Activity"
    _auto = False
    _order = "moment desc, id desc"
    _rec_name = "kind"
    # What the view reads and the ORM may not have written yet.
    _depends = {
        "res.partner": ["mobile_e164", "phone_e164"],
        "sms.marketing.message": ["name"],
        "sms.marketing.subscription.type": ["name"],
    }

    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    moment = fields.Datetime(string="When", readonly=True)
    kind = fields.Selection(
        [
            ("sent", "Sent"),
            ("delivered", "Delivered"),
            ("undelivered", "Not delivered"),
            ("failed", "Refused"),
            ("unknown", "Unknown"),
            ("clicked", "Clicked"),
            ("replied", "Replied"),
            ("opt_in_asked", "Asked to opt in"),
            ("opted_in", "Opted in"),
            ("opted_out", "Opted out"),
            ("texted_anyway", "Texted in spite of the opt-out"),
            ("answered", "Answered"),
        ],
        string="What",
        readonly=True,
    )
    is_marketing = fields.Boolean(string="Marketing SMS", readonly=True)
    number = fields.Char(readonly=True)
    message_id = fields.Many2one(
        "sms.marketing.message", readonly=True, groups="sms_marketing.group_user"
    )
    message_name = fields.Char(string="About", readonly=True)
    is_message_readable = fields.Boolean(
        compute="_compute_is_message_readable", help="Whether the user may open the message."
    )
    recipient_id = fields.Many2one(
        "sms.marketing.recipient", readonly=True, groups="sms_marketing.group_user"
    )
    reason = fields.Selection(REASONS, readonly=True)
    note = fields.Char(string="Details", readonly=True)

    @property
    def _table_query(self):
        """Every branch gives its rows ids of their own: id * number of branches + branch."""
        branches = [
            SQL(
                "SELECT row.id::bigint * %s + %s AS id, %s",
                len(_BRANCHES),
                position,
                SQL(columns_and_source),
            )
            for position, columns_and_source in enumerate(_BRANCHES)
        ]
        return SQL(" UNION ALL ").join(branches)

    @api.model
    def _search(self, domain, *args, **kwargs):
        if not self.env.su:
            readable = self.env["res.partner"]._search(Domain.TRUE, active_test=False)
            domain = Domain(domain) & Domain("partner_id", "in", readable)
        return super()._search(domain, *args, **kwargs)

    @api.depends_context("uid", "allowed_company_ids")
    def _compute_is_message_readable(self):
        readable = self.sudo().message_id.sudo(False)._filtered_access("read")
        for activity in self:
            activity.is_message_readable = activity.sudo().message_id.sudo(False) in readable

    def _check_access(self, operation):
        result = super()._check_access(operation)
        if result or self.env.su or not self:
            return result
        allowed = self.search([("id", "in", self.ids)])
        forbidden = self - allowed
        if forbidden:
            return forbidden, lambda: forbidden._access_error()
        return None

    def _access_error(self):
        return AccessError(self.env._("You may not read the SMS activity of this contact."))

    def action_open_message(self):
        """Open the message's page, for those who may see it."""
        self.ensure_one()
        message = self.sudo().message_id.sudo(False)
        message.check_access("read")
        if not message:
            return False
        return {
            "type": "ir.actions.act_window",
            "res_model": "sms.marketing.message",
            "res_id": message.id,
            "views": [(False, "form")],
        }
