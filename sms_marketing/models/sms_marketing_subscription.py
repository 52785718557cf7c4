from odoo import api, fields, models

SUBSCRIPTION_STATES = [
    ("pending", "Pending"),
    ("subscribed", "Subscribed"),
    ("unsubscribed", "Unsubscribed"),
]


class SmsMarketingSubscription(models.Model):
    """A number's present consent to one type of text.

    It belongs to the number: it outlives the contact and does not follow a contact to a new
    number. Rows are written by ``engine.consent.record`` alone, together with the consent log.
    """

    _name = "sms.marketing.subscription"
    _inherit = "sms.marketing.engine.record"
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
    partner_ids = fields.Many2many("res.partner", string="Contacts", compute="_compute_partner_ids")

    # Carries the consent check of the audience and of every claim.
    _number_type_unique = models.UniqueIndex("(number, type_id)")
    _type_state = models.Index("(type_id, state)")

    def _compute_partner_ids(self):
        partners = self.env["res.partner"].search(
            [
                "|",
                ("mobile_e164", "in", self.mapped("number")),
                ("phone_e164", "in", self.mapped("number")),
            ]
        )
        for subscription in self:
            subscription.partner_ids = partners.filtered(
                lambda partner, number=subscription.number: (
                    number in (partner.mobile_e164, partner.phone_e164)
                )
            )

    @api.model
    def _how_it_comes_about(self):
        return self.env._(
            "A subscription changes only together with its line in the consent log. "
            "Use “Change consent” on the contact, a form, a keyword or an import."
        )

    def action_view_consents(self):
        self.ensure_one()
        action = self.env["ir.actions.actions"]._for_xml_id(
            "sms_marketing.action_sms_marketing_consent"
        )
        return {**action, "domain": [("number", "=", self.number)], "context": {}}
