from odoo import api, fields, models
from odoo.tools import SQL

from ..engine import frequency


class SmsMarketingDeletedText(models.Model):
    """Campaign texts that went out and whose message was deleted: the frequency cap counts them.

    A trigger writes one row for each; none is older than the longest cap.
    """

    _name = "sms.marketing.deleted.text"
    _inherit = "sms.marketing.engine.record"
    _log_access = False  # not inherited from an abstract model
    _description = "Sent Texts of Deleted Messages"
    _order = "went_out_at desc, id desc"
    _rec_name = "number"

    number = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    # No Many2one: a type whose messages are gone may be deleted, and the company's cap still holds.
    type_id = fields.Integer(string="Subscription Type ID", readonly=True)
    went_out_at = fields.Datetime(string="Sent", required=True, readonly=True)

    # Carries the count, without a look at the table.
    _number_company = models.Index("(number, company_id, went_out_at) INCLUDE (type_id)")

    def init(self):
        super().init()
        self.env.cr.execute(frequency.KEEP_DELETED)

    @api.autovacuum
    def _gc_uncounted(self):
        """Forget what no cap can count any more."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM sms_marketing_deleted_text
                 WHERE went_out_at < now() AT TIME ZONE 'UTC' - make_interval(days => %s)
                """,
                frequency.LONGEST_CAP,
            )
        )
