from datetime import timedelta

from odoo import api, fields, models

from ..engine import receipts
from ..gateways.odoo_sms import FAILURE_TYPES, REPORTED_ERRORS, REPORTED_STATES
from ..gateways.reasons import Reason
from ..gateways.values import Receipt, ReceiptStatus

#: Days that a provider may take to report. Carriers give a text up after three.
KEPT = 30
#: Trackers that one run of the clean-up removes.
AT_ONCE = 10_000


class SmsTracker(models.Model):
    """Delivery reports of Odoo's own SMS providers, whichever add-on brings them: they all update

    the tracker of the text, and trackers of our texts pass on what they are told.
    """

    _inherit = "sms.tracker"

    sms_marketing_gateway_id = fields.Many2one(
        "sms.marketing.gateway", ondelete="cascade", index="btree_not_null"
    )
    sms_marketing_reference = fields.Char()

    def _action_update_from_sms_state(self, sms_state, failure_type=False, failure_reason=False):
        self._receive_sms_marketing_state(sms_state, failure_type, failure_reason)
        return super()._action_update_from_sms_state(
            sms_state, failure_type=failure_type, failure_reason=failure_reason
        )

    def _action_update_from_provider_error(self, provider_error):
        self._receive_sms_marketing(
            Receipt(
                status=ReceiptStatus.UNDELIVERED,
                reason=REPORTED_ERRORS.get(provider_error, Reason.UNKNOWN),
                code=str(provider_error or ""),
                detail=str(self.env.context.get("sms_known_failure_reason") or ""),
            )
        )
        return super()._action_update_from_provider_error(provider_error)

    def _receive_sms_marketing_state(self, sms_state, failure_type=False, failure_reason=False):
        """Take a state of ``sms.sms`` for a receipt, where it says what became of the text."""
        status = REPORTED_STATES.get(sms_state)
        if status is None:
            return
        failed = status in (ReceiptStatus.UNDELIVERED, ReceiptStatus.REJECTED)
        known = (failure_type or "").removeprefix("sms_")
        reason = REPORTED_ERRORS.get(known) or FAILURE_TYPES.get(failure_type) or Reason.UNKNOWN
        self._receive_sms_marketing(
            Receipt(
                status=status,
                reason=reason if failed else None,
                code=str(failure_type or "") if failed else "",
                detail=str(failure_reason or "") if failed else "",
            )
        )

    def _receive_sms_marketing(self, receipt):
        ours = self.sudo().filtered("sms_marketing_gateway_id")
        for gateway, trackers in ours.grouped("sms_marketing_gateway_id").items():
            receipts.receive(
                self.env,
                gateway.id,
                [receipt.named(tracker.sms_marketing_reference) for tracker in trackers],
            )

    @api.autovacuum
    def _gc_sms_marketing(self):
        end = fields.Datetime.now() - timedelta(days=KEPT)
        trackers = self.search(
            [("sms_marketing_gateway_id", "!=", False), ("create_date", "<", end)], limit=AT_ONCE
        )
        self.env["sms.sms"].search([("uuid", "in", trackers.mapped("sms_uuid"))]).unlink()
        trackers.unlink()
        return len(trackers), len(trackers) == AT_ONCE
