from odoo import fields, models
from odoo.fields import NO_ACCESS

from ..engine import privacy


class SmsMarketingPrivacyLog(models.Model):
    """Who exported or erased what is held on a number.

    ``engine.privacy`` writes the lines."""

    _name = "sms.marketing.privacy.log"
    _inherit = "sms.marketing.engine.record"
    _log_access = False  # not inherited from an abstract model
    _description = "SMS Privacy Log"
    _order = "id desc"
    _rec_name = "number_hash"

    kind = fields.Selection(
        [("export", "Export"), ("erasure", "Erasure")],
        string="What",
        required=True,
        readonly=True,
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True, ondelete="restrict"
    )
    number_hash = fields.Char(
        string="Number (keyed hash)",
        required=True,
        readonly=True,
        index=True,
        help="The same for the same number. The number itself is not kept here.",
    )
    user_id = fields.Many2one(
        "res.users", string="By", readonly=True, index=True, ondelete="restrict"
    )
    done_at = fields.Datetime(string="When", required=True, readonly=True)
    lifted_at = fields.Datetime(
        string="Came Back",
        readonly=True,
        help="When the erased number agreed again by its own act; nothing else subscribes it.",
    )
    transaction_id = fields.Char(
        readonly=True,
        groups=NO_ACCESS,
        help="The database transaction, in which alone the consent log may lose this number.",
    )

    def init(self):
        super().init()
        self.env.cr.execute(privacy.MAKE_KEY)
