from odoo import api, models
from odoo.exceptions import AccessError, UserError
from odoo.models import MAGIC_COLUMNS
from odoo.tools import SQL


class SmsMarketingGuarded(models.AbstractModel):
    """A record that users write: with protected fields, and kept inside their companies.

    Odoo checks the access to a record as it is before a write. What counts here is the result:
    nobody may move a record into a company in which they do not work, or out of their own reach.
    Relations with ``check_company=True`` are checked from both ends.
    """

    _name = "sms.marketing.guarded"
    _inherit = "sms.marketing.protected"
    _description = "SMS Record Kept Inside the Companies of Its Users"
    _check_company_auto = True

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if not self.env.su:
            records._check_written()
        records._check_contacts(records._contact_fields())
        return records

    def write(self, vals):
        # Contacts that have moved to another company since they were chosen hold nobody up.
        moves = "company_id" in vals
        names = self._contact_fields() if moves else self._contact_fields() & vals.keys()
        known = {} if moves else {name: self._foreign_contacts(name) for name in names}
        result = super().write(vals)
        if not self.env.su:
            self._check_written()
        self._check_contacts(names, known)
        if moves:
            self._check_company_of_referrers()
        return result

    def _check_written(self):
        """Raise AccessError if the user may not write these records as they are now."""
        if "company_id" in self._fields:
            for record in self.sudo():
                if foreign := record.company_id - self.env.companies:
                    # Names of companies in which the user does not work are none of their business.
                    known = foreign in self.env.user.company_ids
                    raise AccessError(
                        self.env._(
                            "“%(record)s” would belong to company %(company)s. Switch to that "
                            "company first, or choose one in which you are working now.",
                            record=record.display_name,
                            company=f"“{foreign.name}”" if known else f"#{foreign.id}",
                        )
                    )
        self.check_access("write")
        if self._transient:
            self._check_what_it_is_about()

    def _check_what_it_is_about(self):
        """Raise AccessError if a wizard refers to something that its user may not read."""
        for name, field in self._fields.items():
            if field.store and field.relational and name not in MAGIC_COLUMNS:
                self.sudo()[name].with_env(self.env).check_access("read")

    def _check_company_of_referrers(self):
        """Raise UserError if a record that refers to these is of another company now."""
        for model in self.env.registry.values():
            if model._abstract or model._transient or not model._auto:
                continue
            for name, field in model._fields.items():
                if (
                    field.relational
                    and field.comodel_name == self._name
                    and field.check_company
                    and field.store
                ):
                    referrers = self.env[model._name].sudo().with_context(active_test=False)
                    referrers.search([(name, "in", self.ids)])._check_company([name])

    # ------------------------------------------------------------
    # Contacts: there may be a million of them
    # ------------------------------------------------------------

    def _contact_fields(self):
        """Names of the many2many fields of contacts, which are checked by SQL."""
        return {
            name
            for name, field in self._fields.items()
            if field.type == "many2many"
            and field.store
            and field.check_company
            and field.comodel_name == "res.partner"
        }

    def _check_company(self, fnames=None):
        names = self._fields if fnames is None else fnames
        if "company_id" in names:
            names = self._fields
        return super()._check_company(
            [name for name in names if name not in self._contact_fields() | {"company_id"}]
        )

    def _foreign_contacts(self, name):
        """{(id of a record, id of a contact in this field that is of another company)}."""
        self.env.flush_all()
        field = self._fields[name]
        return set(
            self.env.execute_query(
                SQL(
                    """
                    SELECT record.id, partner.id
                      FROM %(table)s AS record
                      JOIN %(relation)s AS chosen ON chosen.%(record_id)s = record.id
                      JOIN res_partner AS partner ON partner.id = chosen.%(partner_id)s
                     WHERE record.id = ANY(%(ids)s)
                       AND partner.company_id <> record.company_id
                    """,
                    table=SQL.identifier(self._table),
                    relation=SQL.identifier(field.relation),
                    record_id=SQL.identifier(field.column1),
                    partner_id=SQL.identifier(field.column2),
                    ids=self.ids,
                )
            )
        )

    def _check_contacts(self, names, known=None):
        """Raise UserError if contacts of another company are in these fields, but for those known.

        :param known: {field: what ``_foreign_contacts`` returned before}
        """
        for name in names:
            foreign = self._foreign_contacts(name) - (known or {}).get(name, set())
            if not foreign:
                continue
            record_id, partner_id = min(foreign)
            record = self.sudo().browse(record_id)
            partner = self.env["res.partner"].browse(partner_id)
            raise UserError(
                self.env._(
                    "“%(field)s” of “%(record)s”: %(contact)s belongs to another company than "
                    "%(company)s. Choose contacts of this company, or contacts without a company.",
                    field=self._fields[name]._description_string(self.env),
                    record=record.display_name,
                    contact=f"“{partner.display_name}”"
                    if partner.has_access("read")
                    else self.env._("one of the contacts"),
                    company=record.company_id.name,
                )
            )
