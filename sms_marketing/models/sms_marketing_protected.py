from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import OrderedSet

#: In place of a pristine value: the model computes or generates the field.
GENERATED = object()

#: Types of the values of a condition on several records.
COLLECTIONS = (list, tuple, set, frozenset, OrderedSet)


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

    #: Names of many2many fields whose related records count in searches only if readable.
    _searched_as_read = frozenset()

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

    # ------------------------------------------------------------
    # Searching by related records
    # ------------------------------------------------------------

    @api.model
    def _search(self, domain, *args, **kwargs):
        if self._searched_as_read and not self.env.su:
            domain = Domain(domain).map_conditions(self._by_readable_ids)
        return super()._search(domain, *args, **kwargs)

    def _by_readable_ids(self, condition):
        """A condition on related ids that looks only at records which the user may read.

        Odoo reads no others, but a search by their ids finds what they are linked to.
        """
        name, operator, value = condition.field_expr, condition.operator, condition.value
        if name not in self._searched_as_read:
            return condition
        if operator in ("child_of", "parent_of"):
            return Domain(name, "any", [("id", operator, value)])
        if operator not in ("in", "not in", "=", "!=", "=?"):
            return condition
        values = set(value) if isinstance(value, COLLECTIONS) else {value}
        if not all(one is None or isinstance(one, int) for one in values):
            return condition  # names: Odoo looks them up as the user
        ids = [one for one in values if one and one is not True]
        if operator == "=?" and not ids:
            return Domain.TRUE
        related = self.env[self._fields[name].comodel_name].with_context(active_test=False)
        found = Domain(name, "in", related.search([("id", "in", ids)]).ids)
        if len(ids) < len(values):  # an empty value: linked to none
            found |= Domain(name, "not any", related._search([]))
        return ~found if operator in ("not in", "!=") else found

    # ------------------------------------------------------------
    # Values
    # ------------------------------------------------------------

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
