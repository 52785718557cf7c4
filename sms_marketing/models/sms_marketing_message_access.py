from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

#: What decides who sees a message.
ACCESS_FIELDS = frozenset({"user_id", "access_user_ids", "access_team_ids"})


class SmsMarketingMessage(models.Model):
    """Who sees a message (S52).

    A message begins as that of its responsible and its creator. Shared with users and teams, it is
    limited to these and to its responsible: the creator then sees it as one of them, or not at
    all. Who sees it may work on it; who owns it decides who sees it, and may delete it. Managers
    may all of this. The record rules read ``is_own_or_shared``, also for all that hangs on a
    message.
    """

    _inherit = "sms.marketing.message"

    access_user_ids = fields.Many2many(
        "res.users",
        "sms_marketing_message_access_user_rel",
        "message_id",
        "user_id",
        string="Limited to Users",
        domain=lambda self: [
            ("all_group_ids", "in", self.env.ref("sms_marketing.group_user").ids),
        ],
        # Who is archived goes on limiting: a message is not opened to others by it.
        check_company=True,
        context={"active_test": False},
        help="These users, the teams beside them, the responsible and managers see the message; "
        "nobody else does. Empty, with no teams: the responsible, its creator and managers.",
    )
    access_team_ids = fields.Many2many(
        "crm.team",
        "sms_marketing_message_access_team_rel",
        "message_id",
        "team_id",
        string="Limited to Teams",
        check_company=True,
        context={"active_test": False},
        help="The members and the leaders of these teams see the message.",
    )
    is_own_or_shared = fields.Boolean(
        compute="_compute_is_own_or_shared",
        search="_search_is_own_or_shared",
        help="Whether the user sees it without being a manager.",
    )
    may_change_access = fields.Boolean(compute="_compute_may_change_access")

    def _own_domain(self):
        return Domain("user_id", "=", self.env.uid) | Domain("create_uid", "=", self.env.uid)

    def _own_or_shared_domain(self):
        user_id = self.env.uid
        is_open = Domain("access_user_ids", "=", False) & Domain("access_team_ids", "=", False)
        is_member = Domain("user_id", "=", user_id) & Domain("active", "=", True)
        in_team = Domain("user_id", "=", user_id) | Domain("crm_team_member_ids", "any", is_member)
        return (
            Domain("user_id", "=", user_id)
            | Domain("access_user_ids", "in", [user_id])
            | Domain("access_team_ids", "any", in_team)
            | (is_open & Domain("create_uid", "=", user_id))
        )

    @api.depends(
        "user_id",
        "access_user_ids",
        "access_team_ids.user_id",
        "access_team_ids.crm_team_member_ids.active",
        "access_team_ids.crm_team_member_ids.user_id",
    )
    @api.depends_context("uid")
    def _compute_is_own_or_shared(self):
        # Teams of another company are out of the user's sight, and decide all the same.
        seen = self.sudo().filtered_domain(self._own_or_shared_domain())
        for message in self:
            message.is_own_or_shared = message.sudo() in seen

    @api.model
    def _search_is_own_or_shared(self, operator, value):
        if operator != "in":
            return NotImplemented
        # Whether a user leads or is in a team is no secret, though the user may not read the team.
        found = self.sudo()._search(self._own_or_shared_domain(), active_test=False)
        return Domain("id", "in", found)

    @api.depends("user_id")
    @api.depends_context("uid")
    def _compute_may_change_access(self):
        is_manager = self.env.su or self.env.user.has_group("sms_marketing.group_manager")
        for message in self:
            message.may_change_access = (
                is_manager or not message._origin or message._origin.sudo()._is_owned_by_user()
            )

    def _is_owned_by_user(self):
        self.ensure_one()
        return self.env.user in (self.user_id, self.create_uid)

    def write(self, vals):
        if not ACCESS_FIELDS & vals.keys() or self.env.su:
            return super().write(vals)
        self.check_access("write")
        for message in self:
            if not message.may_change_access:
                raise UserError(
                    self.env._(
                        "Who sees “%s” is decided by its responsible, by who created it, and by "
                        "managers.",
                        message.name,
                    )
                )
        return super().write(vals)

    def _check_written(self):
        for message in self:
            if not message.has_access("read") and message.sudo().company_id in self.env.companies:
                raise UserError(
                    self.env._(
                        "You would not see “%s” any more yourself. Add yourself to its users, or "
                        "let a manager make this change.",
                        message.sudo().name,
                    )
                )
        super()._check_written()
