from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..text.keywords import normalise
from ..text.reserved_words import reserved_keys


class SmsMarketingSubscriptionType(models.Model):
    """A kind of text that people can agree to, such as "Offers" or "Event news"."""

    _name = "sms.marketing.subscription.type"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Subscription Type"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    description = fields.Text(
        string="Public Description",
        translate=True,
        help="What people read when they choose what to get: what you send and how often.",
    )
    frequency = fields.Char(
        translate=True,
        help="How often you text, such as “up to 4 texts a month”: people read it when they sign "
        "up and when they ask for help.",
    )
    double_opt_in = fields.Boolean(
        string="Double Opt-in",
        help="Who signs up is asked by text to confirm it, and gets nothing else before.",
    )
    double_opt_in_days = fields.Integer(
        string="Days to Confirm",
        default=7,
        help="A confirmation that comes later does not count.",
    )
    double_opt_in_text = fields.Char(
        string="Text that Asks to Confirm",
        translate=True,
        help="No marketing in it. Empty: a sentence with the company, the type and its frequency.",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    cap_texts = fields.Integer(
        string="Frequency Cap",
        help="At most so many texts of this type to one number within the days of the cap; 0: no "
        "cap of its own. The company's cap holds in addition.",
    )
    cap_days = fields.Integer(string="Days of the Frequency Cap", default=7)
    subscribed_count = fields.Integer(compute="_compute_subscribed_count")

    _cap = models.Constraint(
        "CHECK (cap_texts >= 0 AND cap_days BETWEEN 1 AND 366)",
        "A frequency cap counts texts within 1 to 366 days; 0 texts means that there is no cap.",
    )

    _double_opt_in_days_positive = models.Constraint(
        "CHECK (double_opt_in_days > 0)", "Give people at least one day to confirm."
    )

    @api.constrains("double_opt_in_text")
    def _check_double_opt_in_text(self):
        """Who does not read what to reply cannot confirm."""
        keywords = self.env["sms.marketing.keyword"].sudo()
        for subscription_type in self:
            text = subscription_type.double_opt_in_text
            found = keywords.search(
                [
                    ("action", "in", ("start", "confirm")),
                    ("company_id", "in", [subscription_type.company_id.id, False]),
                ]
            )
            effective = found.filtered(lambda keyword: not keyword.overruled)
            words = reserved_keys("start") | set(effective.mapped("normalised"))
            if text and not words & {normalise(word) for word in text.split()}:
                raise ValidationError(
                    self.env._(
                        "The text that asks to confirm must name a word to reply, such as YES."
                    )
                )

    @api.constrains("company_id")
    def _check_company_of_subscriptions(self):
        """Consent was given to one company; it cannot be handed to another with the type."""
        for subscription_type in self:
            if (
                self.env["sms.marketing.subscription"]
                .sudo()
                .search_count(
                    [
                        ("type_id", "=", subscription_type.id),
                        ("company_id", "!=", subscription_type.company_id.id),
                    ],
                    limit=1,
                )
            ):
                raise ValidationError(
                    self.env._(
                        "People agreed to “%s” of the company that it has; make a new type for "
                        "another company.",
                        subscription_type.name,
                    )
                )

    def _compute_subscribed_count(self):
        # sudo: a figure, with the numbers that the user may not see.
        counts = dict(
            self.env["sms.marketing.subscription"]
            .sudo()
            ._read_group(
                [("type_id", "in", self.ids), ("state", "=", "subscribed")],
                ["type_id"],
                ["__count"],
            )
        )
        for subscription_type in self:
            subscription_type.subscribed_count = counts.get(subscription_type, 0)

    def action_view_subscriptions(self):
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(
            "sms_marketing.action_sms_marketing_subscription"
        )
        return {**action, "domain": [("type_id", "=", self.id)], "context": {}}
