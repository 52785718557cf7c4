from odoo import models


class SmsSms(models.Model):
    """Rows that stand for our texts at Odoo's own providers: only we send these.

    Add-ons that bring a report straight to the row, past its tracker, are heard here.
    """

    _inherit = "sms.sms"

    def write(self, vals):
        state = vals.get("state")
        trackers = self._sms_marketing_trackers() if state else self.env["sms.tracker"]
        if not trackers:
            return super().write(vals)
        trackers._receive_sms_marketing_state(
            state, vals.get("failure_type"), vals.get("failure_reason")
        )
        if state != "outgoing":
            return super().write(vals)
        # Odoo's queue would send it, without words, to nobody.
        uuids = set(trackers.mapped("sms_uuid"))
        return super(SmsSms, self.filtered(lambda one: one.uuid not in uuids)).write(vals)

    def _sms_marketing_trackers(self):
        return (
            self.env["sms.tracker"]
            .sudo()
            .search(
                [
                    ("sms_uuid", "in", self.mapped("uuid")),
                    ("sms_marketing_gateway_id", "!=", False),
                ]
            )
        )
