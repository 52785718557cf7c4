from odoo import api, fields, models

from ..engine import one_to_one

#: Settled here when a row is made, whatever a caller passes.
_SETTLED = ("sms_marketing_company_id", "sms_marketing_reason", "sms_marketing_is_automatic")


class SmsSms(models.Model):
    """Odoo's own texts, which leave out who has opted out; and rows that stand for our texts.

    Only we send the latter, which have no number. Add-ons that bring a report straight to the
    row, past its tracker, are heard here.
    """

    _inherit = "sms.sms"

    sms_marketing_company_id = fields.Many2one(
        "res.company",
        string="Sent by",
        readonly=True,
        copy=False,
        ondelete="set null",
        help="The company whose opt-outs count.",
    )
    sms_marketing_reason = fields.Char(
        string="Reason despite an Opt-out",
        readonly=True,
        copy=False,
        help="Typed by the user who texted a number that had opted out.",
    )
    sms_marketing_is_automatic = fields.Boolean(
        string="Automatic", readonly=True, copy=False, help="No user wrote this text by hand."
    )

    @api.model_create_multi
    def create(self, vals_list):
        origin = one_to_one.origin_of(self.env)
        companies = [self._sms_marketing_company(vals) for vals in vals_list]
        opted_out = self._sms_marketing_opted_out(
            (company, vals.get("number"))
            for vals, company in zip(vals_list, companies, strict=True)
        )
        settled, overridden = [], []
        for vals, company in zip(vals_list, companies, strict=True):
            number = one_to_one.normalise(vals.get("number"), company)
            is_out = number in opted_out[company]
            settled.append(
                {
                    **vals,
                    "sms_marketing_company_id": company.id,
                    "sms_marketing_reason": is_out and origin.reason,
                    "sms_marketing_is_automatic": origin.is_automatic,
                }
            )
            if not is_out or vals.get("state", "outgoing") != "outgoing":
                continue
            if not one_to_one.may_go(
                company, reason=origin.reason, is_automatic=origin.is_automatic
            ):
                settled[-1] |= {"state": "canceled", "failure_type": one_to_one.FAILURE}
            elif origin.reason:
                overridden.append((number, company, vals.get("partner_id")))
        rows = super().create(settled)
        for number, company, partner_id in overridden:
            partner = self.env["res.partner"].browse(partner_id)
            one_to_one.log_reason(self.env, number, company, partner, origin.reason)
        return rows

    @api.model
    def _sms_marketing_company(self, vals):
        message = self.env["mail.message"].sudo().browse(vals.get("mail_message_id"))
        return message.record_company_id or self.env.company

    @api.model
    def _sms_marketing_opted_out(self, pairs):
        """Of (company, number) pairs, the numbers that have opted out, by company."""
        numbers = {}
        for company, number in pairs:
            numbers.setdefault(company, set()).add(one_to_one.normalise(number, company))
        return {
            company: one_to_one.opted_out(self.env, of_company, company)
            for company, of_company in numbers.items()
        }

    def _send_with_api(self, sms_api, **kwargs):
        """The last moment before a text goes out: who opted out meanwhile gets none."""
        companies = {
            sms: sms.sms_marketing_company_id or sms._get_sms_company() for sms in self.sudo()
        }
        opted_out = self._sms_marketing_opted_out(
            (company, sms.number) for sms, company in companies.items()
        )
        stopped = self.browse()
        for sms, company in companies.items():
            if one_to_one.normalise(sms.number, company) in opted_out[
                company
            ] and not one_to_one.may_go(
                company,
                reason=sms.sms_marketing_reason,
                is_automatic=sms.sms_marketing_is_automatic,
            ):
                stopped += sms
        if stopped:
            stopped.sudo()._update_sms_state_and_trackers(
                "canceled", failure_type=one_to_one.FAILURE
            )
            stopped.sudo().mail_message_id._notify_message_notification_update()
        rest = self - stopped
        return super(SmsSms, rest)._send_with_api(sms_api, **kwargs) if rest else None

    def write(self, vals):
        vals = {name: value for name, value in vals.items() if name not in _SETTLED}
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
