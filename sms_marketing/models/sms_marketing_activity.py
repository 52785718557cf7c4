from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import visibility
from ..engine.vocabulary import REASONS
from .sms_marketing_consent import METHODS

#: One SELECT for each kind of entry: the columns after the ids, and where they come from. What the
#: user may see takes the place of the names in %(…)s (``_sql_of_user``); ``messages`` are all of
#: them, each with whether the user may read it (``may_read``) and know its name (``is_shown``).
_BRANCHES = (
    """
    row.partner_id, row.company_id, row.sent_at AS moment,
    CASE WHEN row.kind = 'answer' THEN 'answered' ELSE 'sent' END AS kind,
    row.kind <> 'answer' AS is_marketing, row.number, %(message_id)s AS message_id,
    CASE WHEN row.kind = 'answer' THEN row.body ELSE %(message_name)s END AS message_name,
    %(may_open)s AS is_message_readable, %(recipient_id)s AS recipient_id,
    NULL::varchar AS method, NULL::varchar AS reason, NULL::text AS note
    FROM sms_marketing_recipient row
    LEFT JOIN %(messages)s message ON message.id = row.message_id
    WHERE row.sent_at IS NOT NULL AND row.kind IN ('campaign', 'answer') AND %(contact_readable)s
    """,
    """
    row.partner_id, row.company_id, row.settled_at, row.state::text, row.kind <> 'answer',
    row.number, %(message_id)s,
    CASE WHEN row.kind = 'answer' THEN row.body ELSE %(message_name)s END,
    %(may_open)s, %(recipient_id)s, NULL::varchar, row.reason,
    CASE WHEN row.kind = 'answer' OR message.is_shown THEN row.detail END::text
    FROM sms_marketing_recipient row
    LEFT JOIN %(messages)s message ON message.id = row.message_id
    WHERE row.state IN ('delivered', 'undelivered', 'failed', 'unknown')
      AND row.settled_at IS NOT NULL AND row.kind IN ('campaign', 'answer')
      AND %(contact_readable)s
    """,
    """
    row.partner_id, click.company_id, click.clicked_at, 'clicked'::text, TRUE, row.number,
    %(message_id)s, %(message_name)s, %(may_open)s, %(recipient_id)s, NULL::varchar,
    NULL::varchar, CASE WHEN message.may_read THEN link.target END::text
    FROM sms_marketing_click click
    JOIN sms_marketing_recipient row ON row.id = click.recipient_id
    JOIN %(messages)s message ON message.id = click.message_id
    JOIN sms_marketing_link link ON link.id = click.link_id
    WHERE %(contact_readable)s
    """,
    """
    row.partner_id, row.company_id, row.received_at, 'replied'::text, FALSE, row.number,
    %(message_id)s, CASE WHEN message.id IS NOT NULL THEN %(message_name)s END,
    %(may_open)s, NULL::int, NULL::varchar, NULL::varchar, row.body
    FROM sms_marketing_inbound row
    LEFT JOIN %(messages)s message ON message.id = row.message_id
    WHERE row.partner_id IS NOT NULL AND %(contact_readable)s
    """,
    # Consent belongs to the number, not to one of the contacts that have it.
    """
    NULL::int, row.company_id, row.occurred_at,
    CASE WHEN row.method = 'one_to_one' THEN 'texted_anyway'
         WHEN row.state = 'unsubscribed' THEN 'opted_out'
         WHEN row.state = 'subscribed' THEN 'opted_in'
         ELSE 'opt_in_asked' END,
    FALSE, row.number, NULL::int,
    COALESCE(subscription_type.name ->> %(lang)s, subscription_type.name ->> 'en_US'),
    FALSE, NULL::int, row.method, NULL::varchar, %(evidence)s
    FROM sms_marketing_consent row
    JOIN sms_marketing_subscription_type subscription_type ON subscription_type.id = row.type_id
    WHERE %(consent_visible)s
    """,
)

#: The id that a row of each branch has in its own table.
_ROW_IDS = ("row.id", "row.id", "click.id", "row.id", "row.id")

_CONSENT_BRANCH = len(_BRANCHES) - 1

CONSENT_KINDS = ("opt_in_asked", "opted_in", "opted_out", "texted_anyway")

#: What a user sees depends on these; so does the cache.
_SEEN_BY = ("uid", "allowed_company_ids", "lang")


class SmsMarketingActivity(models.Model):
    """The timeline of contacts: texts, clicks, replies and consent, as one read-only SQL view.

    The view is that of its user: it holds the rows that the user may see, and in these only what
    the user may know, so that reading, searching, grouping and exporting all tell the same. Texts,
    clicks and replies belong to a contact (``partner_id``) and show to whoever may read it. Consent
    belongs to a number: such a row exists once, has no ``partner_id``, and shows by the rule in
    ``engine.visibility``. ``partner_ids`` finds both.
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
    partner_ids = fields.Many2many(
        "res.partner",
        string="Contacts",
        compute="_compute_partner_ids",
        search="_search_partner_ids",
        help="The contact of a text, click or reply; all contacts that have the number of a "
        "consent today.",
    )
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
            ("texted_anyway", "Texted despite the opt-out"),
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
    message_name = fields.Char(string="About", readonly=True, depends_context=_SEEN_BY)
    is_message_readable = fields.Boolean(
        readonly=True, depends_context=_SEEN_BY, help="Whether the user may open the message."
    )
    recipient_id = fields.Many2one(
        "sms.marketing.recipient", readonly=True, groups="sms_marketing.group_user"
    )
    method = fields.Selection(
        METHODS, string="How", readonly=True, help="How consent was given or withdrawn."
    )
    reason = fields.Selection(REASONS, readonly=True)
    note = fields.Char(string="Details", readonly=True, depends_context=_SEEN_BY)

    # ------------------------------------------------------------
    # The rows that the user may see, and what of them
    # ------------------------------------------------------------

    @property
    def _table_query(self):
        """The ids are unique, since each row comes from one row of one table, and stay below 2^53.

        Browsers know no greater whole numbers.
        """
        shown = self._sql_of_user()
        return SQL(" UNION ALL ").join(
            SQL(
                "SELECT %(row_id)s::bigint * %(count)s + %(branch)s AS id, "
                "%(branch)s AS branch, %(row_id)s AS row_id, %(columns_and_source)s",
                row_id=SQL(_ROW_IDS[branch]),
                count=len(_BRANCHES),
                branch=branch,
                columns_and_source=SQL(columns_and_source, **shown),
            )
            for branch, columns_and_source in enumerate(_BRANCHES)
        )

    def _sql_of_user(self):
        """What of a row the user may see, by its name in the branches."""
        env = self.env
        number = SQL("row.number")
        has_role = env.su or env.user.has_group("sms_marketing.group_user")
        return {
            "contact_readable": visibility.is_readable(env, "res.partner", SQL("row.partner_id")),
            "consent_visible": SQL(
                "%s AND %s",
                visibility.has_readable_contact(env, number),
                visibility.is_consent_visible(env, number, SQL("row.user_id")),
            ),
            "messages": self._messages_of_user(),
            "may_open": SQL("COALESCE(message.may_read, FALSE)"),
            # Odoo shows the name of a record that one may not read, if one may read its id.
            "message_id": SQL("CASE WHEN message.may_read THEN row.message_id END"),
            "recipient_id": SQL(
                "row.id" if env.su else "CASE WHEN message.may_read THEN row.id END"
            ),
            "message_name": SQL(
                "CASE WHEN message.is_shown THEN message.name ELSE %s END", env._("Marketing SMS")
            ),
            # Free text of staff, and what people wrote or read.
            "evidence": SQL("COALESCE(row.explanation, row.wording)" if has_role else "NULL::text"),
            "lang": env.lang or "en_US",
        }

    def _messages_of_user(self):
        """All messages, with what the user may know of them.

        A message that is limited to users or teams says nothing of itself to others. The ids of
        those that the user may read are looked up first: their record rules in each branch would
        take the database longer to plan than the rest takes to run.
        """
        if self.env.su:
            return SQL("(SELECT id, name, TRUE may_read, TRUE is_shown FROM sms_marketing_message)")
        messages = self.env["sms.marketing.message"].with_context(active_test=False)
        readable = messages._search([]).get_result_ids() if messages.has_access("read") else ()
        return SQL(
            """(
            SELECT id, name, id = ANY(%(readable)s::int[]) may_read,
                   id = ANY(%(readable)s::int[]) OR NOT EXISTS (
                       SELECT FROM sms_marketing_message_access_user_rel limited
                        WHERE limited.message_id = sms_marketing_message.id
                   ) AND NOT EXISTS (
                       SELECT FROM sms_marketing_message_access_team_rel limited
                        WHERE limited.message_id = sms_marketing_message.id) is_shown
              FROM sms_marketing_message)""",
            readable=f"{{{','.join(map(str, readable))}}}",
        )

    @api.model
    def _search(self, domain, *args, **kwargs):
        """Look for ids in the tables that they come from: by the sum, all would be read.

        Entries of a contact are those of ``partner_ids``, consents included.
        """
        return super()._search(Domain(domain).map_conditions(self._rewritten), *args, **kwargs)

    def _rewritten(self, condition):
        ids = condition.value
        if condition.field_expr == "partner_id" and condition.operator in ("=", "in") and ids:
            return Domain("partner_ids", condition.operator, ids)
        if condition.field_expr != "id" or condition.operator not in ("=", "in"):
            return condition
        if isinstance(ids, int):
            ids = [ids]
        if not isinstance(ids, (list, tuple, set, frozenset)):
            return condition
        rows = defaultdict(list)
        for activity_id in ids:
            if activity_id:
                row_id, branch = divmod(activity_id, len(_BRANCHES))
                rows[branch].append(row_id)
        if not rows:
            return Domain.FALSE

        def to_sql(model, alias, query):
            return SQL(
                "(%s)",
                SQL(" OR ").join(
                    SQL(
                        "%s = %s AND %s = ANY(%s::bigint[])",
                        SQL.identifier(alias, "branch"),
                        branch,
                        SQL.identifier(alias, "row_id"),
                        row_ids,
                    )
                    for branch, row_ids in rows.items()
                ),
            )

        wanted = frozenset(ids)
        return Domain.custom(to_sql=to_sql, predicate=lambda activity: activity.id in wanted)

    def exists(self):
        # Of rows that the user may not see too: reading those is refused.
        found = set(self.sudo()._search([("id", "in", self.ids)]))
        return self.filtered(lambda activity: activity.id in found or not activity.id)

    def _check_access(self, operation):
        if self.env.su or not self.ids or operation != "read":
            return super()._check_access(operation)
        # The view holds what the user may see, so that every door gives the same answer.
        if result := self.browse()._check_access(operation):
            return self, result[1]
        forbidden = self - self.browse(self._search([("id", "in", self.ids)]))
        if forbidden:
            return forbidden, lambda: AccessError(
                self.env._("You may not read the SMS activity of this contact.")
            )
        return None

    # ------------------------------------------------------------
    # Contacts
    # ------------------------------------------------------------

    @api.depends("partner_id", "number", "kind")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_ids(self):
        of_numbers = self.filtered(lambda activity: activity.kind in CONSENT_KINDS)
        by_number = self.env["res.partner"]._sms_contacts_by_number(of_numbers.mapped("number"))
        for activity in self:
            activity.partner_ids = (
                by_number.get(activity.number, False)
                if activity in of_numbers
                else activity.partner_id
            )

    @api.model
    def _search_partner_ids(self, operator, value):
        """Entries of these contacts: by the contact, and by the numbers that it has today."""
        if operator not in ("in", "any"):
            return NotImplemented
        contacts = self.env["res.partner"].with_context(active_test=False)
        found = contacts.search(value if operator == "any" else [("id", "in", value)])
        numbers = {number for contact in found for number in contact._sms_numbers()}

        def has_number(model, alias, query):
            # By the branch, so that the database looks into no other one.
            return SQL(
                "(%s = %s AND %s = ANY(%s::varchar[]))",
                SQL.identifier(alias, "branch"),
                _CONSENT_BRANCH,
                SQL.identifier(alias, "number"),
                list(numbers),
            )

        return Domain("partner_id", "in", found.ids) | Domain.custom(to_sql=has_number)

    # ------------------------------------------------------------
    # Message
    # ------------------------------------------------------------

    def action_open_message(self):
        """Open the message's page, for those who may see it."""
        self.ensure_one()
        self.check_access("read")
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
