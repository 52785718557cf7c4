from odoo import api, fields, models

from ..engine import receipts, statistics
from ..engine.shutdown import WORK
from ..engine.transactions import in_own_transaction


class SmsMarketingStatistic(models.Model):
    """A message's figure of one measure in one hour (UTC), as the rollup last computed it."""

    _name = "sms.marketing.statistic"
    _description = "SMS Statistic"
    _order = "hour, id"
    _rec_name = "measure"
    _log_access = False

    message_id = fields.Many2one(
        "sms.marketing.message", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    hour = fields.Datetime(readonly=True)
    measure = fields.Selection(statistics.MEASURES, required=True, readonly=True)
    value = fields.Integer(readonly=True)

    _message_measure_hour = models.Index("(message_id, measure, hour) INCLUDE (value)")

    @api.model
    def _cron_roll_up(self):
        with WORK.in_hand():
            # A receipt that was kept while its batch was recorded saw neither text nor record.
            while in_own_transaction(self.env.registry, receipts.match_kept):
                if WORK.is_stopping:
                    break
            in_own_transaction(self.env.registry, statistics.roll_up)


class SmsMarketingStatisticMark(models.Model):
    """A note that a message's figures have moved. Appended by everybody, taken by the rollup."""

    _name = "sms.marketing.statistic.mark"
    _description = "SMS Statistic to Recompute"
    _log_access = False

    # No foreign key: its check would cost each receipt and click more than the note itself, and
    # all of a message's would lock the message's row.
    message_id = fields.Integer(readonly=True)
