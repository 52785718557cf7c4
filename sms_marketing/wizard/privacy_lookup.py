from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize

from ..engine import erasure, privacy

#: Models that the lookup finds by number, beside what it finds by itself.
_OURS = frozenset(model for _name, model, _path, _fields in privacy.SOURCES)


class PrivacyLookupWizard(models.TransientModel):
    """Odoo's privacy lookup finds what is held on the numbers of the contacts that it finds."""

    _inherit = "privacy.lookup.wizard"

    def _get_query_models_blacklist(self):
        """Ours are found below, by number too, and so by the contact only once."""
        return [*super()._get_query_models_blacklist(), *_OURS]

    def _get_query(self):
        query = super()._get_query()
        env = self.env(su=True)
        # The contacts of the query that it extends: by address, or by the whole name.
        contacts = (
            env["res.partner"]
            .with_context(active_test=False)
            .search(
                Domain("email_normalized", "=", email_normalize(self.email.strip()))
                | Domain("name", "=ilike", self.name.strip())
            )
        )
        numbers = list({number for contact in contacts for number in contact._sms_numbers()})
        for model, ids in privacy.held_on(env, numbers, contacts):
            query = SQL(
                """
                %s
                UNION ALL
                SELECT %s AS res_model_id, found.id AS res_id, TRUE AS is_active
                  FROM (%s) AS found
                """,
                query,
                env["ir.model"]._get_id(model),
                ids.select(),
            )
        return query


class PrivacyLookupWizardLine(models.TransientModel):
    """What is held on a number is not deleted but erased: its figures and its opt-out stay."""

    _inherit = "privacy.lookup.wizard.line"

    def action_unlink(self):
        if self.res_model not in _OURS:
            return super().action_unlink()
        self.check_access("write")
        if self.is_unlinked:
            return None
        record = self.env[self.res_model].sudo().browse(self.res_id).exists()
        if number := privacy.number_of(record):
            erasure.erase(self.env, [number], record.company_id, from_contacts=False)
        self._note_erased()
        return None

    def _note_erased(self):
        """Mark this line, and those of the same lookup that the erasure settled with it."""
        for line in self.wizard_id.line_ids | self:
            if line.is_unlinked or line.res_model not in _OURS:
                continue
            record = self.env[line.res_model].sudo().browse(line.res_id).exists()
            if line == self or not privacy.number_of(record):
                line.write(
                    {
                        "is_unlinked": True,
                        "execution_details": self.env._(
                            "Erased %(model)s #%(id)s", model=line.res_model_id.name, id=line.res_id
                        ),
                    }
                )
