from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import one_to_one

#: Recipients that a warning names, before it says how many more there are.
_MOST_NAMED = 5


class SmsComposer(models.TransientModel):
    """Odoo's own SMS: says who has opted out; texting them all the same takes a reason."""

    _inherit = "sms.composer"

    sms_marketing_opted_out = fields.Text(compute="_compute_sms_marketing_opted_out")
    sms_marketing_opted_out_count = fields.Integer(compute="_compute_sms_marketing_opted_out")
    sms_marketing_is_refused = fields.Boolean(compute="_compute_sms_marketing_opted_out")
    sms_marketing_reason = fields.Char(
        string="Reason",
        help="Why this text has to go to somebody who has opted out. It is logged.",
    )

    @api.depends(
        "composition_mode",
        "res_model",
        "res_id",
        "res_ids",
        "number_field_name",
        "sanitized_numbers",
        "recipient_single_number_itf",
    )
    def _compute_sms_marketing_opted_out(self):
        for composer in self:
            sentences, is_refused = composer._sms_marketing_opt_outs()
            composer.sms_marketing_opted_out_count = len(sentences)
            composer.sms_marketing_is_refused = is_refused
            shown = sentences[:_MOST_NAMED]
            if len(sentences) > _MOST_NAMED:
                shown.append(self.env._("… and %d more.", len(sentences) - _MOST_NAMED))
            composer.sms_marketing_opted_out = "\n".join(shown)

    def _sms_marketing_opt_outs(self):
        """A sentence for each recipient that has opted out; whether one may not be texted."""
        sentences, is_refused = [], False
        for company, names in self._sms_marketing_recipients().items():
            found = one_to_one.opted_out(self.env, names, company)
            for number, sentence in found.items():
                name = names[number]
                sentences.append(f"{name}: {sentence}" if name else sentence)
            if found and not one_to_one.may_go(company, reason="any", is_automatic=False):
                is_refused = True
        return sentences, is_refused

    def _sms_marketing_recipients(self):
        """Names by number of those that get the text, by the company that texts them.

        :rtype: dict[res.company, dict[str, str]]
        """
        self.ensure_one()
        recipients = {}

        def add(number, name, company):
            number = one_to_one.normalise(number, company)
            if number:
                recipients.setdefault(company, {})[number] = name

        records = self._get_records() if self.res_model in self.env else None
        for number in (self.sanitized_numbers or "").split(","):
            add(number, "", self.env.company)
        if not records:
            add(self.recipient_single_number_itf, "", self.env.company)
            return recipients
        if self.composition_mode == "numbers":
            return recipients
        companies = records._mail_get_companies(default=self.env.company)
        if self.comment_single_recipient:
            number = self.recipient_single_number_itf or self.recipient_single_number
            # As Odoo formats it: by the country of the record.
            add(
                records._phone_format(number=number) or number,
                self.recipient_single_description or records.display_name,
                companies[records.id],
            )
            return recipients
        found = records._sms_get_recipients_info(force_field=self.number_field_name)
        for record in records:
            info = found[record.id]
            number = info["sanitized"] or info["number"]
            add(number, record.display_name, companies[record.id])
        return recipients

    def _action_send_sms(self):
        # A reason that somebody else typed is nobody's to send with.
        self.check_access("write")
        if one_to_one.origin_of(self.env).is_automatic:
            return super()._action_send_sms()
        reason = None
        if self.composition_mode != "mass":
            reason = self._sms_marketing_ask_reason()
        origin = one_to_one.Origin(reason=reason)
        return super(SmsComposer, one_to_one.with_origin(self, origin))._action_send_sms()

    def _sms_marketing_ask_reason(self):
        """The reason for texting somebody who has opted out; None where nobody has.

        :raises UserError: there is none, or the company does not text them at all
        """
        sentences, is_refused = self._sms_marketing_opt_outs()
        if not sentences:
            return None
        named = "\n".join(sentences[:_MOST_NAMED])
        if is_refused:
            raise UserError(
                self.env._(
                    "%s\nYour company does not text numbers that have opted out. Nothing was sent.",
                    named,
                )
            )
        reason = (self.sms_marketing_reason or "").strip()
        if not reason:
            raise UserError(
                self.env._(
                    "%s\nTo text them anyway, fill in “Reason”; it is logged on the contact. "
                    "Nothing was sent.",
                    named,
                )
            )
        return reason

    def _get_optout_record_ids(self, records, recipients_info):
        found = super()._get_optout_record_ids(records, recipients_info)
        origin = one_to_one.origin_of(self.env)
        companies = records._mail_get_companies(default=self.env.company)
        numbers = {}
        for record in records:
            company = companies[record.id]
            number = one_to_one.normalise(recipients_info[record.id]["sanitized"], company)
            numbers.setdefault(company, {}).setdefault(number, []).append(record.id)
        for company, ids in numbers.items():
            if not one_to_one.may_go(
                company, reason=origin.reason, is_automatic=origin.is_automatic
            ):
                for number in one_to_one.opted_out(self.env, ids, company):
                    found = [*found, *ids[number]]
        return found
