from odoo import fields, models

from ..engine import allowance


class SmsMarketingUsage(models.Model):
    """Segments that texts took whose recipients are deleted: what was used, stays used (S35).

    One row for each quarter of an hour (UTC) and deletion; a trigger writes it.
    """

    _name = "sms.marketing.usage"
    _inherit = "sms.marketing.engine.record"
    _log_access = False  # not inherited from an abstract model
    _description = "Segments of Deleted Texts"
    _order = "moment desc, id desc"
    _rec_name = "moment"

    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    moment = fields.Datetime(required=True, readonly=True)
    segments = fields.Integer(required=True, readonly=True)

    _company_moment = models.Index("(company_id, moment) INCLUDE (segments)")

    def init(self):
        super().init()
        self.env.cr.execute(allowance.KEEP_DELETED)
