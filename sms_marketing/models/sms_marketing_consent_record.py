from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ..engine import visibility


class SmsMarketingConsentRecord(models.AbstractModel):
    """Rows about the consent of one ``number``: a record rule on each such model reads the field.

    See ``engine.visibility`` for what it is about.
    """

    _name = "sms.marketing.consent.record"
    _description = "SMS Record about Consent"

    #: Name of the field with the user who recorded the row, if there is one.
    _recorded_by = None

    is_consent_visible = fields.Boolean(
        compute="_compute_is_consent_visible",
        search="_search_is_consent_visible",
        help="Whether no contact with this number is hidden from the user.",
    )

    @api.depends("number")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_is_consent_visible(self):
        # sudo: record rules are evaluated as the superuser; it is the user whom this is about.
        visible = self.sudo().search([("id", "in", self.ids), ("is_consent_visible", "=", True)])
        for record in self:
            record.is_consent_visible = record.sudo() in visible

    @api.model
    def _search_is_consent_visible(self, operator, value):
        if operator != "in":
            return NotImplemented
        env = self.sudo(False).env

        def to_sql(model, alias, query):
            return visibility.is_consent_visible(
                env,
                SQL.identifier(alias, "number"),
                self._recorded_by and SQL.identifier(alias, self._recorded_by),
            )

        return Domain.custom(to_sql=to_sql)
