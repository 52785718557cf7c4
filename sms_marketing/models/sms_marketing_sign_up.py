from odoo import api, fields, models
from odoo.fields import NO_ACCESS
from odoo.tools import SQL


class SmsMarketingSignUp(models.Model):
    """Somebody who asked for texts on a public page and was sent a code (``engine.sign_up``).

    Number and name are kept until the code was typed, for a day at most; then the row only counts.
    What was agreed to stands in the consent log.
    """

    _name = "sms.marketing.sign.up"
    _log_access = False
    _description = "SMS Sign-up"
    _order = "id desc"
    _rec_name = "requested_at"

    form_id = fields.Many2one(
        "sms.marketing.sign.up.form", readonly=True, ondelete="cascade", index=True
    )
    recipient_id = fields.Many2one(
        "sms.marketing.recipient",
        string="Preference Page of",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
        help="The text whose preference page was used; empty where it was a form.",
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, ondelete="cascade")
    requested_at = fields.Datetime(required=True, readonly=True)
    confirmed_at = fields.Datetime(readonly=True)
    token = fields.Char(readonly=True, groups=NO_ACCESS)
    number = fields.Char(readonly=True, groups=NO_ACCESS)
    name = fields.Char(readonly=True, groups=NO_ACCESS)
    lang = fields.Char(readonly=True, help="The language that the page was read in.")
    source = fields.Char(readonly=True, help="UTM parameters that led to the page.")
    choices = fields.Json(
        readonly=True, groups=NO_ACCESS, help="What was ticked: [type's id, wording], each."
    )
    code_hash = fields.Char(readonly=True, groups=NO_ACCESS)
    code_expires_at = fields.Datetime(readonly=True, groups=NO_ACCESS)
    code_tries = fields.Integer(readonly=True, groups=NO_ACCESS)

    _token_unique = models.UniqueIndex("(token)")
    _has_origin = models.Constraint(
        "CHECK ((form_id IS NULL) <> (recipient_id IS NULL))",
        "A sign-up begins on a form or on a preference page.",
    )

    @api.autovacuum
    def _gc_personal_data(self):
        """Forget who has not typed the code within a day."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE sms_marketing_sign_up
                   SET token = NULL, number = NULL, name = NULL, choices = NULL, code_hash = NULL
                 WHERE number IS NOT NULL
                   AND requested_at < now() AT TIME ZONE 'UTC' - interval '1 day'
                """
            )
        )
