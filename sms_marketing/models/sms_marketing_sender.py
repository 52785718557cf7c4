import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..text.numbers import InvalidNumber, calling_code, parse_number

SHORT_CODE = re.compile(r"[0-9]{3,8}")
# GSM 03.40 allows eleven characters in an alphanumeric originating address.
ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ._-]{1,11}")


class SmsMarketingSender(models.Model):
    """What recipients see a text come from: a number, a short code or a name."""

    _name = "sms.marketing.sender"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Sender"
    _order = "sequence, id"
    _rec_name = "value"

    value = fields.Char(string="Sender", required=True, help="Such as +12025550123, 12345 or ACME.")
    kind = fields.Selection(
        [("number", "Phone number"), ("short_code", "Short code"), ("name", "Name")],
        required=True,
        default="number",
    )
    label = fields.Char(help="What you call it among yourselves.")
    gateway_id = fields.Many2one(
        "sms.marketing.gateway", required=True, ondelete="restrict", check_company=True, index=True
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    country_ids = fields.Many2many(
        "res.country",
        string="Allowed Countries",
        help="Contacts with a number of another calling code are left out. "
        "Empty: every country. A new phone number starts with its own country.",
    )
    rate = fields.Float(
        string="Texts a Second",
        digits=(16, 2),
        help="No more texts than this leave from the sender in a second, however many machines "
        "send. 0: no limit but the gateway's.",
    )
    sequence = fields.Integer(default=10, help="The first sender of a company is its default.")
    active = fields.Boolean(default=True)

    _value_gateway_unique = models.UniqueIndex(
        "(value, gateway_id)", "This gateway has this sender already."
    )

    _rate = models.Constraint("CHECK (rate >= 0)", "A rate is texts a second, 0 or more.")

    @api.depends("value", "label")
    def _compute_display_name(self):
        for sender in self:
            sender.display_name = (
                f"{sender.value} ({sender.label})" if sender.label else sender.value
            )

    @api.onchange("value", "kind")
    def _onchange_value(self):
        if self.kind == "number" and self.value and not self.country_ids:
            try:
                self.country_ids = self._countries_of(self._number(self.value))
            except InvalidNumber:
                return  # the constraint tells the user what is wrong when saving

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("kind", "number") == "number" and vals.get("value"):
                vals["value"] = self._normalised_number(vals["value"])
                if "country_ids" not in vals:
                    countries = self._countries_of(vals["value"])
                    vals["country_ids"] = [fields.Command.set(countries.ids)]
        return super().create(vals_list)

    @api.constrains("value", "kind")
    def _check_value(self):
        for sender in self:
            if sender.kind == "number":
                if sender.value != self._normalised_number(sender.value):
                    raise ValidationError(
                        self.env._(
                            "Write the number %(number)s in international form, such as %(form)s.",
                            number=sender.value,
                            form=self._normalised_number(sender.value),
                        )
                    )
            elif sender.kind == "short_code" and not SHORT_CODE.fullmatch(sender.value):
                raise ValidationError(
                    self.env._("“%s” is no short code: these have 3 to 8 digits.", sender.value)
                )
            elif sender.kind == "name" and not ALPHANUMERIC.fullmatch(sender.value):
                raise ValidationError(
                    self.env._(
                        "“%s” is no sender name: these have 1 to 11 letters, digits, spaces, "
                        "dots, dashes or underscores, and at least one letter.",
                        sender.value,
                    )
                )

    @api.model
    def _number(self, value):
        return parse_number(value, self.env.company.country_id.code)

    @api.model
    def _normalised_number(self, value):
        try:
            return self._number(value)
        except InvalidNumber as error:
            raise ValidationError(str(error)) from error

    @api.model
    def _countries_of(self, number):
        """The countries that share the number's calling code."""
        return self.env["res.country"].search([("phone_code", "=", int(calling_code(number)))])

    def _allowed_prefixes(self):
        """Prefixes of E.164 numbers that one of these senders may send to; empty means all.

        Calling codes are prefix-free (E.164), so comparing prefixes is exact.
        """
        if any(not sender.country_ids for sender in self):
            return []
        return sorted({f"+{country.phone_code}" for country in self.country_ids})
