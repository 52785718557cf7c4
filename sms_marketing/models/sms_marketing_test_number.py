from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import NO_ACCESS
from odoo.tools import frozendict

from ..engine import verification
from ..engine.transactions import in_own_transaction
from ..text.encoding import strip_control
from ..text.numbers import InvalidNumber, is_textable, parse_number
from . import limits
from .arguments import record_id

#: What only the right code changes, as it is without one: another number, or the number of another
#: company, takes nothing of it along.
UNVERIFIED = frozendict(
    verified_at=False,
    verified_by_id=False,
    code_hash=False,
    code_expires_at=False,
    code_tries=0,
)

#: Characters of a label that a list can show, and of a code that anybody would type.
LONGEST_LABEL = 64
LONGEST_CODE = 64


class SmsMarketingTestNumber(models.Model):
    """A colleague's number for test messages (S14).

    It receives tests once a code sent to it was entered: nobody gets them who does not want to.
    """

    _name = "sms.marketing.test.number"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Test Number"
    _order = "label, id"
    _rec_name = "label"
    _protected = UNVERIFIED

    label = fields.Char(required=True, help="Whose phone it is, such as Anna, iPhone.")
    number = fields.Char(
        required=True,
        help="With + and the country's calling code, such as +12025550123.",
    )
    user_id = fields.Many2one(
        "res.users",
        string="Saved by",
        required=True,
        check_company=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.user,
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    verified_at = fields.Datetime(string="Verified", readonly=True, copy=False)
    verified_by_id = fields.Many2one(
        "res.users",
        string="Verified by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="Who entered the code. The number receives tests as long as this user is active and "
        "belongs to the company.",
    )
    is_verified = fields.Boolean(
        compute="_compute_refusal", help="Whether the number can receive tests now."
    )
    refusal = fields.Char(
        string="Status", compute="_compute_refusal", help="Why it receives no tests now."
    )
    code_hash = fields.Char(
        copy=False, groups=NO_ACCESS, help="Keyed hash of the code; the code is stored nowhere."
    )
    code_expires_at = fields.Datetime(copy=False, groups=NO_ACCESS)
    code_tries = fields.Integer(copy=False, groups=NO_ACCESS)

    _number_company_unique = models.UniqueIndex(
        "(number, company_id)", "This number is saved already."
    )

    @api.depends("label", "number")
    def _compute_display_name(self):
        for saved in self:
            saved.display_name = f"{saved.label} ({saved.number})"

    @api.depends("number", "company_id", "verified_at", "verified_by_id")
    def _compute_refusal(self):
        refusals = verification.refusals(self.env, self._origin)
        for saved in self:
            # A new one is saved first.
            reason = refusals.get(saved._origin.id) if saved._origin else "not_verified"
            saved.is_verified = not reason
            saved.refusal = reason and saved._refusal_in_words(reason)

    def _refusal_in_words(self, reason):
        self.ensure_one()
        if reason == "blacklisted":
            return self.env._("On the phone blacklist")
        if reason == "unsubscribed":
            return self.env._("Opted out; verify it again")
        if self.verified_at and self.sudo().verified_by_id:
            return self.env._(
                "Verified by %s, who no longer works here; verify it again",
                self.sudo().verified_by_id.name,
            )
        return self.env._("Not verified")

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("number"):
                vals["number"] = self._normalised(vals["number"])
        return super().create(vals_list)

    def write(self, vals):
        if vals.get("number"):
            vals = {**vals, "number": self._normalised(vals["number"])}
        before = {saved: (saved.number, saved.company_id) for saved in self}
        result = super().write(vals)
        if moved := self.filtered(lambda one: (one.number, one.company_id) != before[one]):
            # Another number is in other hands.
            moved.sudo().write(UNVERIFIED)
        return result

    @api.constrains("label")
    def _check_label(self):
        for saved in self:
            is_one_line = strip_control(saved.label) == saved.label and "\n" not in saved.label
            if not is_one_line or not saved.label.strip():
                raise ValidationError(self.env._("Write a label of one line, such as Anna."))
            if len(saved.label) > LONGEST_LABEL:
                raise ValidationError(
                    self.env._("A label has %d characters at most.", LONGEST_LABEL)
                )

    # It only raises: a copy would be the same number again.
    def copy(self, default=None):  # pylint: disable=method-required-super
        raise UserError(self.env._("A number is saved once. Add another one."))

    @api.model
    def _normalised(self, value):
        try:
            # No country is assumed: the number of a colleague abroad would become another one.
            number = parse_number(str(value), None)
        except InvalidNumber as error:
            raise ValidationError(str(error)) from error
        self._check_textable(number)
        return number

    @api.model
    def _check_textable(self, number):
        """Raise ValidationError where no colleague's phone can have this number."""
        if not is_textable(number):
            raise ValidationError(
                self.env._(
                    "%s is not a mobile number. Landline, premium-rate, satellite and internet "
                    "numbers can't receive tests.",
                    number,
                )
            )

    # ------------------------------------------------------------
    # Verification
    # ------------------------------------------------------------

    @api.model
    def add(self, number, label, message_id):
        """Save a typed number of a colleague, or find it where it is saved already.

        :param message_id: of the message that is to be tested: its company gets the number
        :raise ValidationError: says what is wrong with the number or label
        :return: the line of the panel, as in ``get_test_panel``
        """
        company = self._message(message_id).company_id
        number = self._normalised(number)
        saved = self.search([("number", "=", number), ("company_id", "=", company.id)])
        if saved and not saved.is_verified and not saved.has_access("write"):
            raise UserError(
                self.env._(
                    "%(user)s saved this number as “%(label)s” and has not verified it yet.",
                    user=saved.sudo().user_id.name,
                    label=saved.label,
                )
            )
        if not saved:
            saved = self.create({"number": number, "label": label, "company_id": company.id})
        return saved._panel_line()

    def action_send_code(self, message_id):
        """Text a code to the number, by the sender of this message.

        :raise UserError: says what to do: no sender, another country, too many codes
        :return: {"minutes": how long the code is good}
        """
        self.ensure_one()
        self.check_access("write")
        if self.is_verified:
            raise UserError(self.env._("“%s” is verified already.", self.label))
        if verification.refusals(self.env, self).get(self.id) == "blacklisted":
            raise UserError(
                self.env._("“%s” is on the phone blacklist, so no code can be sent.", self.label)
            )
        # It may have been saved before this was looked at.
        self._check_textable(self.number)
        message = self._message(message_id)
        if message.company_id != self.company_id:
            raise AccessError(self.env._("This number belongs to another company."))
        message._check_test_sender(self)
        spent = in_own_transaction(
            self.env.registry,
            lambda env: verification.send_code(
                env, self.id, message.sender_id.id, self.env.user.id
            ),
            context={"lang": self.env.lang},
        )
        if spent:
            raise UserError(limits.in_words(self.env, spent))
        return {"minutes": verification.LIFETIME}

    def action_verify(self, code):
        """Try the code that was sent to the number.

        :raise UserError: it is not the right one, for whatever reason
        :return: the line of the panel
        """
        self.ensure_one()
        self.check_access("write")
        user = self.env.user
        if not user.active or user.share or self.company_id not in user.company_ids:
            raise AccessError(
                self.env._("Only users of %s can verify its numbers.", self.company_id.name)
            )
        code = code[:LONGEST_CODE] if isinstance(code, str) else ""
        is_right = in_own_transaction(
            self.env.registry,
            lambda env: verification.verify(env, self.id, "".join(code.split()), user.id),
        )
        if not is_right:
            raise UserError(
                self.env._("This code is wrong or no longer good. Look again, or send a new one.")
            )
        # This transaction may still see the number as it was before the other one's commit.
        return {**self._panel_line(), "is_verified": True, "refusal": False}

    @api.model
    def _message(self, message_id):
        message = self.env["sms.marketing.message"].browse(record_id(self.env, message_id))
        if not message.exists():
            raise UserError(self.env._("The message was deleted."))
        message.check_access("read")
        return message

    def _panel_line(self):
        self.ensure_one()
        return {
            "id": self.id,
            "label": self.label,
            "number": self.number,
            "is_verified": self.is_verified,
            "refusal": self.refusal,
            "is_mine": self.has_access("write"),
        }

    @api.autovacuum
    def _gc_codes(self):
        """Forget the hashes of codes that are no longer good."""
        expired = self.sudo().search([("code_expires_at", "<", fields.Datetime.now())])
        expired.write({"code_hash": False, "code_expires_at": False, "code_tries": 0})
