from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..engine import blacklist, consent, double_opt_in, opt_outs, privacy
from ..models.sms_marketing_consent import LEGAL_BASES

#: Numbers that a warning names, before it says how many more there are.
_MOST_NAMED = 10

#: Values of ``number_field``, and the numbers of the contact that they mean.
_NUMBERS = {"mobile": ("mobile",), "phone": ("phone",), "both": ("mobile", "phone")}


class SmsMarketingConsentChange(models.TransientModel):
    """Consent changed by hand: what, on which basis and why; all of it goes into the log."""

    _name = "sms.marketing.consent.change"
    _inherit = "sms.marketing.guarded"
    _description = "Change SMS Consent"

    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True)
    partner_ids = fields.Many2many(
        "res.partner",
        string="Contacts",
        readonly=True,
        default=lambda self: self._default_partners(),
        help="Instead of one contact: those that were selected.",
    )
    is_bulk = fields.Boolean(compute="_compute_is_bulk")
    number_field = fields.Selection(
        [("mobile", "Mobile"), ("phone", "Phone"), ("both", "Both")],
        string="Which Number",
        required=True,
        default=lambda self: self._default_number_field(),
    )
    number = fields.Char(compute="_compute_number")
    present = fields.Text(string="Now", compute="_compute_present")
    type_id = fields.Many2one(
        "sms.marketing.subscription.type", string="Subscription Type", required=True
    )
    asks_to_confirm = fields.Boolean(compute="_compute_asks_to_confirm")
    state = fields.Selection(
        [("subscribed", "Subscribe"), ("unsubscribed", "Unsubscribe")],
        string="Change",
        required=True,
        default="subscribed",
    )
    legal_basis = fields.Selection(
        [basis for basis in LEGAL_BASES if basis[0] != "withdrawal"],
        help="What allows you to text this person.",
    )
    opted_out = fields.Text(compute="_compute_opted_out")
    evidence_kind = fields.Selection(
        consent.EVIDENCE_KINDS,
        string="Evidence",
        help="What shows that the person agreed.",
    )
    agreed_at = fields.Datetime(
        string="Agreed On",
        help="When the person agreed. After an opt-out it must be later than that.",
    )
    explanation = fields.Text(
        required=True, help="Where the evidence is, or what the person said and when."
    )

    @api.model
    def _default_partners(self):
        context = self.env.context
        if context.get("active_model") != "res.partner" or context.get("default_partner_id"):
            return self.env["res.partner"]
        return self.env["res.partner"].browse(context.get("active_ids"))

    @api.depends("partner_id")
    def _compute_is_bulk(self):
        for wizard in self:
            wizard.is_bulk = not wizard.partner_id

    def _contacts(self):
        return self.partner_id or self.partner_ids._origin

    @api.model
    def _default_number_field(self):
        partner = self.env["res.partner"].browse(self.env.context.get("default_partner_id"))
        return "phone" if partner.phone_e164 and not partner.mobile_e164 else "mobile"

    def _numbers(self):
        """The contacts' valid numbers among those chosen, each once."""
        fields_of_numbers = _NUMBERS[self.number_field or "mobile"]
        numbers = [
            contact[f"{name}_e164"] for contact in self._contacts() for name in fields_of_numbers
        ]
        return list(dict.fromkeys(filter(None, numbers)))

    @api.depends("partner_id", "partner_ids", "number_field")
    def _compute_number(self):
        for wizard in self:
            numbers = wizard._numbers()
            if wizard.is_bulk and numbers:
                wizard.number = self.env._(
                    "%(numbers)d numbers of %(contacts)d contacts",
                    numbers=len(numbers),
                    contacts=len(wizard._contacts()),
                )
            else:
                wizard.number = ", ".join(numbers) or False

    @api.depends("number", "type_id")
    def _compute_present(self):
        selection = self.env["sms.marketing.subscription"]._fields["state"]
        labels = dict(selection._description_selection(self.env))
        for wizard in self:
            subscriptions = self.env["sms.marketing.subscription"].search(
                [("number", "in", wizard._numbers()), ("type_id", "=", wizard.type_id.id)]
            )
            states = {one.number: labels[one.state] for one in subscriptions}
            present = {
                number: states.get(number, self.env._("No consent yet"))
                for number in (wizard._numbers() if wizard.type_id else [])
            }
            if wizard.is_bulk:
                present = Counter(present.values())
            wizard.present = "\n".join(f"{key}: {value}" for key, value in present.items())

    @api.depends("type_id", "state")
    def _compute_asks_to_confirm(self):
        for wizard in self:
            wizard.asks_to_confirm = wizard.state == "subscribed" and wizard.type_id.double_opt_in

    @api.depends("number", "type_id", "state")
    def _compute_opted_out(self):
        for wizard in self:
            wizard.opted_out = wizard.state == "subscribed" and "\n".join(wizard._opt_outs())

    def _opt_outs(self):
        """One line for each number that has opted out, the first few of many."""
        if not self.type_id:
            return
        self.type_id.check_access("read")
        found = opt_outs.find(self.env, self._numbers(), self.type_id.company_id, self.type_id)
        for number in list(found)[:_MOST_NAMED]:
            yield opt_outs.describe(self.env, number, found[number])
        if len(found) > _MOST_NAMED:
            yield self.env._("… and %d more.", len(found) - _MOST_NAMED)

    def action_apply(self):
        self.ensure_one()
        self.check_access("write")
        numbers = self._numbers()
        self._contacts().check_access("read")
        if not numbers:
            raise UserError(
                self.env._("None of these contacts has a valid number of this kind.")
                if self.is_bulk
                else self.env._("This contact has no valid number of this kind.")
            )
        if not (self.explanation or "").strip():
            raise UserError(self.env._("Say where the evidence is, or what the person said."))
        if self.state == "subscribed" and not self.legal_basis:
            raise UserError(self.env._("Say on which legal basis this number may be texted."))
        if self.agreed_at and self.agreed_at > fields.Datetime.now():
            raise UserError(self.env._("“Agreed on” is in the future. Correct it."))
        self.type_id.check_access("read")
        changes = [consent.ConsentChange(number=number, **self._facts()) for number in numbers]
        if self.is_bulk:
            return self._apply_to_many(changes)
        _made, erased = privacy.split_erased(self.env, changes)
        if erased:
            raise UserError(self._why_left_out(erased[0], consent.ERASED))
        if self.asks_to_confirm:
            self._ask_to_confirm(changes)
        elif left_out := consent.record(self.env, changes):
            raise UserError(self._why_left_out(*left_out[0]))
        return {"type": "ir.actions.act_window_close"}

    def _facts(self):
        """What is recorded for each number."""
        facts = {
            "type_id": self.type_id.id,
            "state": self.state,
            "method": "staff",
            "explanation": self.explanation,
        }
        if self.state == "unsubscribed":
            return {**facts, "legal_basis": "withdrawal"}
        return {
            **facts,
            "legal_basis": self.legal_basis,
            "evidence_kind": self.evidence_kind or None,
            "occurred_at": self.agreed_at or None,
        }

    def _why_left_out(self, change, reason):
        """What to do about a change that was refused."""
        return {
            consent.ERASED: lambda: self.env._(
                "This number was erased at the person's wish. It can only agree again by "
                "itself: by a keyword or on a sign-up page."
            ),
            consent.OLDER: lambda: self.env._(
                "%s has opted out since. Enter when the person agreed again, after the opt-out.",
                change.number,
            ),
            consent.NO_EVIDENCE: lambda: self.env._(
                "%s has opted out. To subscribe it again, choose the evidence that the person "
                "agreed, and enter when.",
                change.number,
            ),
            consent.FUTURE: lambda: self.env._("“Agreed on” is in the future. Correct it."),
            consent.VERBAL: lambda: self.env._(
                "%s has opted out, and an unrecorded conversation is not enough to undo that. Ask "
                "the person to text START or to sign up on a page, or have an administrator allow "
                "it in the settings of Marketing SMS.",
                change.number,
            ),
        }[reason]()

    def _apply_to_many(self, changes):
        """Change what may be changed, and say how many numbers were left as they are, and why."""
        if self.asks_to_confirm:
            done = len(double_opt_in.request(self.env, changes))
            left = len(changes) - done
            sentences = [self.env._("%d numbers are asked to confirm.", done)]
            if left:
                sentences.append(
                    self.env._(
                        "%d were left as they are: subscribed already, opted out or erased.", left
                    )
                )
        else:
            left_out = consent.record(self.env, changes)
            left = len(left_out)
            sentences = [
                self.env._("The consent of %d numbers was changed.", len(changes) - left),
                *self._sentences_left_out(Counter(reason for _change, reason in left_out)),
            ]
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "warning" if left else "success",
                "sticky": bool(left),
                "message": " ".join(sentences),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _sentences_left_out(self, counts):
        sentences = {
            consent.ERASED: lambda count: self.env._(
                "%d were left as they are: erased at the person's wish.", count
            ),
            consent.OLDER: lambda count: self.env._(
                "%d were left as they are: opted out after the date of this evidence.", count
            ),
            consent.NO_EVIDENCE: lambda count: self.env._(
                "%d were left as they are: opted out, and no kind or date of evidence given.",
                count,
            ),
            consent.VERBAL: lambda count: self.env._(
                "%d were left as they are: opted out, and an unrecorded conversation is not "
                "enough.",
                count,
            ),
        }
        return [sentences[reason](counts[reason]) for reason in sentences if counts[reason]]

    def _ask_to_confirm(self, changes):
        numbers = [change.number for change in changes]
        company = self.type_id.company_id
        gone = set(opt_outs.find(self.env, numbers, company, self.type_id))
        # Of an erased or older STOP the blacklist may be the only one to know.
        gone |= {
            number
            for number, company_id in blacklist.stopped(self.env, numbers)
            if company_id == company.id
        }
        if gone:
            raise UserError(
                self.env._(
                    "%(number)s has opted out, so it cannot be asked to confirm: only a text of "
                    "its own, such as START, brings it back.",
                    number=", ".join(sorted(gone)),
                )
            )
        double_opt_in.request(self.env, changes)
