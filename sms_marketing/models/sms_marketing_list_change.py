from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..engine.transactions import NOW

#: Days for which who changed a list does not approve messages to it, also if these are newer.
LASTING = 30


class SmsMarketingListChange(models.Model):
    """Who changed the contacts or the rule of a list, and when they did so last.

    Who decides which contacts receive a message is one of its makers and does not approve it.
    """

    _name = "sms.marketing.list.change"
    _inherit = "sms.marketing.engine.record"
    _log_access = False  # not inherited from an abstract model
    _description = "Change of an SMS List"
    _order = "changed_at desc, id desc"
    _rec_name = "list_id"

    list_id = fields.Many2one(
        "sms.marketing.list", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="list_id.company_id")
    user_id = fields.Many2one(
        "res.users", required=True, readonly=True, index=True, ondelete="cascade"
    )
    changed_at = fields.Datetime(required=True, readonly=True)

    _list_user_unique = models.UniqueIndex("(list_id, user_id)")

    @api.model
    def _note(self, lists):
        """Note that the user has changed these lists just now; what OdooBot does is nobody's."""
        lists = lists.filtered(lambda one: isinstance(one.id, int))
        if not lists or self.env.uid == SUPERUSER_ID:
            return
        lists.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO sms_marketing_list_change (list_id, user_id, changed_at)
                SELECT list_id, %s, %s FROM unnest(%s::int[]) AS list_id
                ON CONFLICT (list_id, user_id) DO UPDATE SET changed_at = EXCLUDED.changed_at
                """,
                self.env.uid,
                NOW,
                sorted(lists.ids),
            )
        )
        self.sudo().invalidate_model()

    @api.model
    def _of_message(self, message, since=None):
        """The changes of a message's lists that make who made them its makers.

        :param since: UTC; None: since the message was created, and at least for ``LASTING`` days
        """
        lists = message.sudo().include_list_ids | message.sudo().exclude_list_ids
        if since is None:
            lasting = fields.Datetime.now() - timedelta(days=LASTING)
            since = min(message.sudo().create_date or lasting, lasting)
        return self.sudo().search([("list_id", "in", lists.ids), ("changed_at", ">=", since)])


class SmsMarketingList(models.Model):
    _inherit = "sms.marketing.list"

    @api.model_create_multi
    def create(self, vals_list):
        lists = super().create(vals_list)
        self.env["sms.marketing.list.change"]._note(
            lists.filtered(lambda one: one.kind == "rule" or one.sudo().partner_ids)
        )
        return lists

    def write(self, vals):
        result = super().write(vals)
        if {"partner_ids", "kind", "domain"} & vals.keys():
            self.env["sms.marketing.list.change"]._note(self)
        return result

    def _change_members(self, statement):
        changed = super()._change_members(statement)
        if changed:
            self.env["sms.marketing.list.change"]._note(self)
        return changed
