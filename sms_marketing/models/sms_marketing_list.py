from ast import literal_eval

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL
from psycopg2 import Error as DatabaseError

#: States of a message that still reads its lists.
READING_STATES = ("draft", "scheduled", "sending", "paused")


class SmsMarketingList(models.Model):
    """Contacts to send to or to leave out: chosen one by one, or by a rule.

    A list may hold a million contacts: nothing here reads them one by one.
    """

    _name = "sms.marketing.list"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Marketing List"
    _order = "name, id"

    name = fields.Char(required=True)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    active = fields.Boolean(default=True)
    kind = fields.Selection(
        [("fixed", "Fixed"), ("rule", "Rule")],
        required=True,
        default="fixed",
        help="Fixed: contacts that you choose. Rule: all contacts that match when sending.",
    )
    # Copied by SQL: see copy().
    partner_ids = fields.Many2many(
        "res.partner",
        "sms_marketing_list_partner_rel",
        "list_id",
        "partner_id",
        string="Contacts",
        check_company=True,
        copy=False,
    )
    domain = fields.Char(string="Rule", default="[]")
    partner_count = fields.Integer(string="Contacts Now", compute="_compute_partner_count")
    rule_problem = fields.Char(
        compute="_compute_partner_count", help="Why the rule cannot be used, and how to mend it."
    )

    @api.depends("kind", "partner_ids", "domain")
    def _compute_partner_count(self):
        for contact_list in self:
            contact_list.rule_problem = False
            try:
                domain = contact_list._partner_domain()
            except ValidationError as error:
                # A rule that has stopped working must not keep its list from being opened.
                domain = Domain.FALSE
                contact_list.rule_problem = str(error)
            contact_list.partner_count = self.env["res.partner"].search_count(domain)

    @api.constrains("kind", "domain")
    def _check_domain(self):
        for contact_list in self.filtered(lambda record: record.kind == "rule"):
            contact_list._rule()

    def _rule(self):
        """The rule as a Domain on contacts; says what is wrong with one that cannot be used."""
        self.ensure_one()
        try:
            written = literal_eval(self.domain or "[]")
            if not isinstance(written, (list, tuple)):
                raise ValueError(self.env._("it is not a list of conditions"))
            rule = Domain(written)
            # Some mistakes show only when the database compares: a name where an id belongs.
            query = self.env["res.partner"].sudo()._search(rule, limit=1)
            with self.env.cr.savepoint():
                self.env.cr.execute(query.select(), log_exceptions=False)
        except (
            ValueError,
            SyntaxError,
            TypeError,
            KeyError,
            AssertionError,
            RecursionError,
            MemoryError,
            DatabaseError,
        ) as error:
            raise ValidationError(
                self.env._(
                    "The rule of list “%(list)s” cannot be used: %(error)s. "
                    "Open the list and mend the rule.",
                    list=self.name,
                    error=error,
                )
            ) from error
        return rule

    def _partner_domain(self):
        """Domain on ``res.partner`` of the contacts on this list, by its kind."""
        self.ensure_one()
        if self.kind == "rule":
            return self._rule()
        if not isinstance(self.id, int):
            return Domain("id", "in", self.partner_ids._origin.ids)
        return Domain("sms_list_ids", "in", self.ids)

    # ------------------------------------------------------------
    # Members
    # ------------------------------------------------------------

    def action_view_partners(self):
        """The contacts on the list, with what decides whether they can be texted."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": "res.partner",
            "views": [
                (self.env.ref("sms_marketing.view_partner_audience_list").id, "list"),
                (False, "kanban"),
                (False, "form"),
            ],
            "search_view_id": [self.env.ref("base.view_res_partner_filter").id],
            "domain": list(self._partner_domain()),
            "context": (
                {"default_sms_list_ids": [Command.link(self.id)], "sms_marketing_list_id": self.id}
                if self.kind == "fixed"
                else {}
            ),
        }

    def add_partners(self, domain):
        """Put the contacts that match, and that the user may read, on this fixed list.

        :param domain: domain on ``res.partner``
        :return: number of contacts that were not on it before
        """
        self._check_members_may_change()
        found = self.env["res.partner"]._search(Domain(domain))
        return self._change_members(
            SQL(
                """
                INSERT INTO sms_marketing_list_partner_rel (list_id, partner_id)
                SELECT %s, found.id FROM (%s) AS found(id)
                ON CONFLICT DO NOTHING
                """,
                self.id,
                found.select(),
            )
        )

    def remove_partners(self, domain):
        """Take the contacts that match off this fixed list; archived ones too.

        :return: number of contacts that were on it
        """
        self._check_members_may_change()
        found = self.env["res.partner"].with_context(active_test=False)._search(Domain(domain))
        return self._change_members(
            SQL(
                """
                DELETE FROM sms_marketing_list_partner_rel
                 WHERE list_id = %s AND partner_id IN (%s)
                """,
                self.id,
                found.select(),
            )
        )

    def _check_members_may_change(self):
        self.ensure_one()
        self.check_access("write")
        if self.kind == "rule":
            raise UserError(
                self.env._(
                    "“%s” finds its contacts by a rule. Change the rule, or choose a fixed list.",
                    self.name,
                )
            )

    def _change_members(self, statement):
        self.env.flush_all()
        self.env.cr.execute(statement)
        changed = self.env.cr.rowcount
        self.env["sms.marketing.list"].invalidate_model(["partner_ids", "partner_count"])
        self.env["res.partner"].invalidate_model(["sms_list_ids"])
        return changed

    # ------------------------------------------------------------
    # Records
    # ------------------------------------------------------------

    def copy_data(self, default=None):
        return [
            {**vals, "name": self.env._("%s (copy)", contact_list.name)}
            if "name" not in (default or {})
            else vals
            for contact_list, vals in zip(self, super().copy_data(default), strict=True)
        ]

    def copy(self, default=None):
        copies = super().copy(default)
        if "partner_ids" not in (default or {}):
            self.env.flush_all()
            for contact_list, its_copy in zip(self, copies, strict=True):
                its_copy._change_members(
                    SQL(
                        """
                        INSERT INTO sms_marketing_list_partner_rel (list_id, partner_id)
                        SELECT %s, partner_id FROM sms_marketing_list_partner_rel
                         WHERE list_id = %s
                        """,
                        its_copy.id,
                        contact_list.id,
                    )
                )
        return copies

    def _messages_that_read(self):
        """Messages not yet at rest that send to, or leave out, one of these lists."""
        return (
            self.env["sms.marketing.message"]
            .sudo()
            .search(
                [
                    ("state", "in", READING_STATES),
                    "|",
                    ("include_list_ids", "in", self.ids),
                    ("exclude_list_ids", "in", self.ids),
                ],
                limit=5,
            )
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_only_unused(self):
        """Deleting a list that a draft leaves out would silently text its contacts."""
        if messages := self._messages_that_read():
            raise UserError(
                self.env._(
                    "These lists are used by messages that are not sent yet: %s. "
                    "Take them out there first, or archive the lists.",
                    ", ".join(f"“{name}”" for name in messages.mapped("name")),
                )
            )
