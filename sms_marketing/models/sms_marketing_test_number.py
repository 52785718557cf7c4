from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import NO_ACCESS
from odoo.tools import frozendict

from ..engine import verification
from ..engine.transactions import in_own_transaction
from ..text.encoding import strip_control
from ..text.numbers import InvalidNumber, parse_number

#: Characters of a label that a list can show.
LONGEST_LABEL = 64


class SmsMarketingTestNumber(models.Model):
    """A colleague's number for test messages (S14).

    It receives tests once a code sent to it was entered: nobody gets them who does not want to.
    """

    _name = "sms.marketing.test.number"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Test Number"
    _order = "label, id"
    _rec_name = "label"
    # Only the right code verifies a number.
    _protected = frozendict(
        verified_at=False, code_hash=False, code_expires_at=False, code_tries=0
    )

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

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("number"):
                vals["number"] = self._normalised(vals["number"])
        return super().create(vals_list)

    def write(self, vals):
        if vals.get("number"):
            vals = {**vals, "number": self._normalised(vals["number"])}
        moved = self.filtered(
            lambda saved: (
                saved.number != vals.get("number", saved.number)
                or saved.company_id.id != vals.get("company_id", saved.company_id.id)
            )
        )
        result = super().write(vals)
        if moved:
            # Another number is in other hands.
            moved.sudo().write({"verified_at": False, "code_hash": False, "code_expires_at": False})
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
            return parse_number(str(value), None)
        except InvalidNumber as error:
            raise ValidationError(str(error)) from error

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
        if saved and not saved.verified_at and not saved.has_access("write"):
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
        if self.verified_at:
            raise UserError(self.env._("“%s” is verified already.", self.label))
        message = self._message(message_id)
        if message.company_id != self.company_id:
            raise AccessError(self.env._("This number belongs to another company."))
        message._check_test_sender(self)
        was_sent = in_own_transaction(
            self.env.registry,
            lambda env: verification.send_code(
                env, self.id, message.sender_id.id, self.env.user.id
            ),
            context={"lang": self.env.lang},
        )
        if not was_sent:
            raise UserError(
                self.env._("Too many codes were asked for. Use the last one, or try in an hour.")
            )
        return {"minutes": verification.LIFETIME}

    def action_verify(self, code):
        """Try the code that was sent to the number.

        :raise UserError: it is not the right one, for whatever reason
        :return: the line of the panel
        """
        self.ensure_one()
        self.check_access("write")
        is_right = in_own_transaction(
            self.env.registry,
            lambda env: verification.verify(env, self.id, "".join(str(code).split())),
        )
        if not is_right:
            raise UserError(
                self.env._("This code is wrong or no longer good. Look again, or send a new one.")
            )
        # This transaction may still see the number as it was before the other one's commit.
        return {**self._panel_line(), "is_verified": True}

    @api.model
    def _message(self, message_id):
        message = self.env["sms.marketing.message"].browse(message_id).exists()
        if not message:
            raise UserError(self.env._("The message was deleted."))
        message.check_access("read")
        return message

    def _panel_line(self):
        self.ensure_one()
        return {
            "id": self.id,
            "label": self.label,
            "number": self.number,
            "is_verified": bool(self.verified_at),
            "is_mine": self.has_access("write"),
        }

    @api.autovacuum
    def _gc_codes(self):
        """Forget the hashes of codes that are no longer good."""
        expired = self.sudo().search([("code_expires_at", "<", fields.Datetime.now())])
        expired.write({"code_hash": False, "code_expires_at": False, "code_tries": 0})
