from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL, frozendict

from ..engine import rules
from .sms_marketing_protected import GENERATED

#: States of a message that still reads its lists.
READING_STATES = ("draft", "scheduled", "sending", "paused")

#: Who changes one of these becomes the author of the rule.
RULE_FIELDS = frozenset({"kind", "domain", "company_id"})


class SmsMarketingList(models.Model):
    """Contacts to send to or to leave out: chosen one by one, or by a rule.

    A rule selects with the rights of its author (``engine.rules``). A list may hold a million
    contacts: nothing here reads them one by one.
    """

    _name = "sms.marketing.list"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Marketing List"
    _order = "name, id"
    _protected = frozendict(author_id=GENERATED)
    _searched_as_read = frozenset({"partner_ids"})

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
    author_id = fields.Many2one(
        "res.users",
        string="Rule Author",
        default=lambda self: self.env.user,
        readonly=True,
        copy=False,
        help="Who last changed the rule. It finds the contacts that its author may read, by fields "
        "that its author may read.",
    )
    partner_count = fields.Integer(string="Contacts Now", compute="_compute_partner_count")
    rule_problem = fields.Char(
        compute="_compute_partner_count", help="Why the rule cannot be used, and how to fix it."
    )

    @api.depends("kind", "partner_ids", "domain", "author_id", "company_id")
    def _compute_partner_count(self):
        by_rule = self.filtered(lambda contact_list: contact_list.kind == "rule")
        self.rule_problem = False
        self.partner_count = 0
        (self - by_rule)._count_members()
        by_rule._count_by_rule()

    def _count_members(self):
        """Count the members of fixed lists that the user may read, in one statement."""
        saved = self.filtered(lambda contact_list: isinstance(contact_list.id, int))
        readable = self.env["res.partner"]._search([])
        counts = dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT list_id, count(*) FROM sms_marketing_list_partner_rel
                     WHERE list_id = ANY(%s) AND partner_id IN (%s) GROUP BY list_id
                    """,
                    saved.ids,
                    readable.select(),
                )
            )
            if saved
            else ()
        )
        for contact_list in saved:
            contact_list.partner_count = counts.get(contact_list.id, 0)
        for contact_list in self - saved:
            contact_list.partner_count = self.env["res.partner"].search_count(
                contact_list._partner_domain()
            )

    def _count_by_rule(self):
        """Count what rules find; one that cannot be used must not keep its list from opening."""
        found = {}
        for contact_list in self:
            try:
                found[contact_list] = contact_list._rule_query()
            except ValidationError as error:
                contact_list.rule_problem = error.args[0]
        try:
            counts = rules.count(self.env, found.values())
        except rules.RuleProblem as problem:
            if len(found) > 1:  # which of them it is
                for contact_list in found:
                    contact_list._count_by_rule()
                return
            [contact_list] = found
            contact_list.rule_problem = contact_list._in_words(problem)
            return
        for contact_list, count in zip(found, counts, strict=True):
            contact_list.partner_count = count

    # ------------------------------------------------------------
    # Rule
    # ------------------------------------------------------------

    @api.constrains("kind", "domain", "company_id")
    def _check_domain(self):
        for contact_list in self.filtered(lambda record: record.kind == "rule"):
            contact_list._rule()

    def _rule(self):
        """The query of ids of the contacts that the rule selects, which the database can answer.

        :raise ValidationError: why the rule cannot be used, and how to fix it
        """
        found = self._rule_query()
        try:
            rules.probe(self.env, found)
        except rules.RuleProblem as problem:
            raise ValidationError(self._in_words(problem)) from problem
        return found

    def _rule_query(self):
        """As ``_rule``, not tried out."""
        self.ensure_one()
        try:
            return rules.query(self.domain, self._rule_author().with_env(self.env), self.company_id)
        except rules.RuleProblem as problem:
            raise ValidationError(self._in_words(problem)) from problem

    def _rule_author(self):
        """With whose rights the rule selects: in a form that is not saved, the user's own."""
        saved = self._origin
        if saved and all(saved[name] == self[name] for name in RULE_FIELDS):
            return saved.author_id
        return self.env.user

    def _in_words(self, problem):
        return self.env._(
            "The rule of list “%(list)s” cannot be used. %(problem)s",
            list=self.name or self.env._("New"),
            problem=problem,
        )

    def action_take_over_rule(self):
        """Become the author of the rules: from now on they select with the user's own rights."""
        self.check_access("write")
        for contact_list in self:
            contact_list.write({"domain": contact_list.domain})

    def _partner_domain(self):
        """Domain on ``res.partner`` of the contacts on this list, by its kind."""
        self.ensure_one()
        if self.kind == "rule":
            return Domain("id", "in", self._rule())
        if not isinstance(self.id, int):
            return Domain("id", "in", self.partner_ids._origin.ids)
        return Domain("sms_list_ids", "in", self.ids)

    # ------------------------------------------------------------
    # Members
    # ------------------------------------------------------------

    def action_view_partners(self):
        """The contacts on the list, with what decides whether they can be texted."""
        self.ensure_one()
        self.check_access("read")
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
            "domain": [("sms_in_list" if self.kind == "rule" else "sms_list_ids", "in", self.ids)],
            "context": (
                {"default_sms_list_ids": [Command.link(self.id)], "sms_marketing_list_id": self.id}
                if self.kind == "fixed"
                else {}
            ),
        }

    def add_partners(self, domain):
        """Put the contacts that match, and that the user may read, on this fixed list.

        They are contacts of the list's company, and shared ones.

        :param domain: domain on ``res.partner``
        :return: number of contacts that were not on it before
        """
        self._check_members_may_change()
        found = self.env["res.partner"]._search(
            Domain(domain) & Domain("company_id", "in", [self.company_id.id, False])
        )
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

    def write(self, vals):
        if RULE_FIELDS & vals.keys():
            self.check_access("write")
            # First, so that the new rule is checked with the rights of its new author.
            self.sudo().author_id = self.env.user
        return super().write(vals)

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
                        SELECT %s, member.partner_id FROM sms_marketing_list_partner_rel member
                          JOIN res_partner contact ON contact.id = member.partner_id
                         WHERE member.list_id = %s
                           AND COALESCE(contact.company_id, %s) = %s
                        """,
                        its_copy.id,
                        contact_list.id,
                        its_copy.company_id.id,
                        its_copy.company_id.id,
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
            named = messages.sudo(False)._filtered_access("read").mapped("name")
            raise UserError(
                self.env._(
                    "These lists are used by messages that are not sent yet: %s. "
                    "Remove them there first, or archive the lists.",
                    ", ".join(f"“{name}”" for name in named)
                    or self.env._("messages that you may not see"),
                )
            )
