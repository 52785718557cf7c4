from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command

#: In place of a pristine value: the model computes or generates the field.
GENERATED = object()


class SmsMarketingProtected(models.AbstractModel):
    """Fields that users read and only the add-on's own code, as superuser, writes.

    Values reach a record by many doors: the values passed in, ``default_…`` keys of the context,
    rows of ``ir.default`` (any internal user may add personal ones), copies, imports and commands
    on x2many fields of another record. So protected fields take no default but the field's own,
    nobody else may pass a value, and the result is compared after each write.

    A class declares its own in ``_protected``: {field: value of a new record, or ``GENERATED``}.
    """

    _name = "sms.marketing.protected"
    _description = "SMS Record with Protected Fields"

    @api.model
    def _protected_fields(self):
        """The protected fields that the classes of this model declare, with their values."""
        return {
            name: value
            for cls in reversed(type(self).mro())
            for name, value in vars(cls).get("_protected", {}).items()
        }

    @api.model
    def default_get(self, fields):
        protected = self._protected_fields()
        defaults = super().default_get([name for name in fields if name not in protected])
        for name in protected.keys() & set(fields):
            field = self._fields[name]
            if field.default:
                value = field.convert_to_cache(field.default(self), self, validate=False)
                defaults[name] = field.convert_to_write(value, self)
        return defaults

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.su:
            return super().create(vals_list)
        protected = self._protected_fields()
        records = super().create([self._without_protected(vals, protected) for vals in vals_list])
        pristine = {name: protected[name] for name in records._comparable_fields()}
        for values in records._protected_values().values():
            records._refuse_protected(
                name for name, value in values.items() if value != (pristine[name] or False)
            )
        return records

    def write(self, vals):
        if self.env.su:
            return super().write(vals)
        self._refuse_protected(self._protected_fields().keys() & vals.keys())
        before = self._protected_values()
        result = super().write(vals)
        for record, values in self._protected_values().items():
            self._refuse_protected(
                name for name, value in values.items() if value != before[record][name]
            )
        return result

    @api.model
    def _without_protected(self, vals, protected):
        """The values without protected fields that a form sends as they are when new.

        :raise UserError: another value for one of these is among them
        """
        given = protected.keys() & vals.keys()
        self._refuse_protected(
            name
            for name in given
            if not _is_empty(vals[name])
            and (protected[name] is GENERATED or vals[name] != protected[name])
        )
        return {name: value for name, value in vals.items() if name not in given}

    def _comparable_fields(self):
        """Protected fields with one right value; reading the lines of a one2many may be slow."""
        return [
            name
            for name, value in self._protected_fields().items()
            if value is not GENERATED and self._fields[name].type != "one2many"
        ]

    def _protected_values(self):
        """{record: {field: value as superuser, False where it is empty}}."""
        names = self._comparable_fields()
        return {
            record: {name: record.sudo()[name] or False for name in names}
            for record in (self if names else self.browse())
        }

    @api.model
    def _refuse_protected(self, names):
        """Raise UserError if any field is named."""
        if labels := [self._fields[name]._description_string(self.env) for name in sorted(names)]:
            raise UserError(
                self.env._(
                    "%(model)s: “%(fields)s” can't be set directly. It changes by the buttons "
                    "and processes of Marketing SMS only. Leave it out of what you save or import.",
                    model=self.env["ir.model"]._get(self._name).sudo().name,
                    fields="”, “".join(labels),
                )
            )


def _is_empty(value):
    """Whether a value for ``create`` leaves the field empty."""
    return not value or value in ([Command.clear()], [Command.set([])], [[6, 0, []]], [[5, 0, 0]])
