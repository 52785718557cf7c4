from odoo import api, fields, models
from odoo.tools import SQL

from .sms_marketing_consent import LEGAL_BASES, METHODS, SUBSCRIPTION_STATES


class SmsMarketingSubscription(models.Model):
    """A number's present consent to one type of text.

    It belongs to the number: it outlives the contact and does not follow a contact to a new
    number. Rows are written by ``engine.consent.record`` alone, together with the consent log.
    """

    _name = "sms.marketing.subscription"
    _inherit = ["sms.marketing.engine.record", "sms.marketing.consent.record"]
    _log_access = False  # not inherited from an abstract model
    _description = "SMS Subscription"
    _order = "since desc, id desc"
    _rec_name = "number"

    number = fields.Char(required=True, readonly=True)
    type_id = fields.Many2one(
        "sms.marketing.subscription.type",
        string="Subscription Type",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    state = fields.Selection(SUBSCRIPTION_STATES, required=True, readonly=True)
    since = fields.Datetime(required=True, readonly=True)
    opted_out_at = fields.Datetime(
        string="Last Opt-out",
        readonly=True,
        help="Evidence of consent that is older than this does not count.",
    )
    method = fields.Selection(METHODS, string="By", compute="_compute_origin")
    legal_basis = fields.Selection(LEGAL_BASES, compute="_compute_origin")
    partner_ids = fields.Many2many("res.partner", string="Contacts", compute="_compute_partner_ids")

    # Carries the consent check of the audience and of every claim.
    _number_type_unique = models.UniqueIndex("(number, type_id)")
    _type_state = models.Index("(type_id, state)")

    @api.depends("number")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_partner_ids(self):
        contacts = self.env["res.partner"]._sms_contacts_by_number(self.mapped("number"))
        for subscription in self:
            subscription.partner_ids = contacts.get(subscription.number, False)

    @api.depends("state")
    def _compute_origin(self):
        """What brought the present state about: the last line of the log that changed it."""
        origins = {
            (number, type_id): (method, legal_basis)
            for number, type_id, method, legal_basis in self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT ON (number, type_id) number, type_id, method, legal_basis
                      FROM sms_marketing_consent
                     WHERE number = ANY(%s) AND type_id = ANY(%s)
                       AND previous_state IS DISTINCT FROM state
                     ORDER BY number, type_id, id DESC
                    """,
                    self.mapped("number"),
                    self.type_id.ids,
                )
            )
        }
        for subscription in self:
            key = (subscription.number, subscription.type_id.id)
            subscription.method, subscription.legal_basis = origins.get(key, (False, False))

    @api.model
    def _how_it_comes_about(self):
        return self.env._(
            "A subscription changes only together with its line in the consent log. "
            "Use “Change consent” on the contact, a form, a keyword or an import."
        )

    def action_view_consents(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "sms_marketing.action_sms_marketing_consent"
        )
        return {**action, "domain": [("number", "=", self.number)], "context": {}}

    def action_change_consent(self):
        """Open the wizard for this number and type, on the contact of the context."""
        self.ensure_one()
        self.check_access("read")
        partner = self.env["res.partner"].browse(self.env.context.get("default_partner_id"))
        action = self.env["ir.actions.actions"]._for_xml_id(
            "sms_marketing.action_sms_marketing_consent_change"
        )
        return {
            **action,
            "context": {
                "default_partner_id": partner.id,
                "default_number_field": (
                    "mobile" if partner.mobile_e164 == self.number else "phone"
                ),
                "default_type_id": self.type_id.id,
                "default_state": ("unsubscribed" if self.state == "subscribed" else "subscribed"),
            },
        }
