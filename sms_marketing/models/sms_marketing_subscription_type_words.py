from odoo import api, fields, models
from odoo.tools import SQL

from .sms_marketing_subscription_type_version import WORDS


class SmsMarketingSubscriptionType(models.Model):
    """The words that people agree to, and who agreed to which."""

    _inherit = "sms.marketing.subscription.type"

    version_count = fields.Integer(compute="_compute_versions")
    earlier_words_count = fields.Integer(
        string="Agreed to Earlier Wording",
        compute="_compute_versions",
        help="Subscribed numbers that agreed before the present words were in force.",
    )
    has_changed_words = fields.Boolean(
        compute="_compute_has_changed_words", help="Whether unsaved words differ from those saved."
    )

    @api.depends(*WORDS)
    def _compute_versions(self):
        # sudo: figures, with the numbers that the user may not see.
        self.flush_recordset(WORDS)
        counts = {
            type_id: (versions, earlier)
            for type_id, versions, earlier in self.env.execute_query(
                SQL(
                    """
                    SELECT version.type_id, version.number,
                           CASE WHEN version.number = 1 THEN 0 ELSE (
                               SELECT count(*) FROM sms_marketing_subscription subscription
                                WHERE subscription.type_id = version.type_id
                                  AND subscription.state = 'subscribed'
                                  AND subscription.since < version.valid_from) END
                      FROM (SELECT DISTINCT ON (type_id) *
                              FROM sms_marketing_subscription_type_version
                             WHERE type_id = ANY(%s)
                             ORDER BY type_id, number DESC) version
                    """,
                    self._origin.ids,
                )
            )
        }
        for subscription_type in self:
            subscription_type.version_count, subscription_type.earlier_words_count = counts.get(
                subscription_type._origin.id, (0, 0)
            )

    @api.depends(*WORDS)
    @api.depends_context("lang")
    def _compute_has_changed_words(self):
        for subscription_type in self:
            saved = subscription_type._origin
            subscription_type.has_changed_words = bool(saved) and any(
                (subscription_type[name] or "") != (saved[name] or "") for name in WORDS
            )

    def _update_field_translations(self, field_name, translations, digest=None, source_lang=""):
        """Odoo notes nobody as the author of a translation; the version names its user."""
        self.check_access("write")
        self.flush_recordset()
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_marketing_subscription_type
                   SET write_uid = %s, write_date = now() AT TIME ZONE 'UTC' WHERE id = ANY(%s)
                """,
                self.env.uid,
                self.ids,
            )
        )
        self.invalidate_recordset(["write_uid", "write_date"])
        return super()._update_field_translations(field_name, translations, digest, source_lang)

    def action_view_versions(self):
        """The words of this type, as they were from when to when."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "sms_marketing.action_sms_marketing_subscription_type_version"
        )
        return {**action, "domain": [("type_id", "=", self.id)], "context": {}}
