from odoo import fields, models

from ..engine.personalize import token_values
from ..text.links import absolute, fill
from ..text.template import compile_template


class SmsMarketingLink(models.Model):
    """One target address of one message; each recipient has a short link of its own to it."""

    _name = "sms.marketing.link"
    _description = "SMS Link"
    _order = "message_id, position"
    _rec_name = "target"

    message_id = fields.Many2one(
        "sms.marketing.message", required=True, readonly=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="message_id.company_id", store=True)
    position = fields.Integer(required=True, readonly=True)
    target = fields.Text(required=True, readonly=True, help="As written, tokens included.")
    click_ids = fields.One2many("sms.marketing.click", "link_id")
    click_count = fields.Integer(compute="_compute_click_count")

    _message_position_unique = models.UniqueIndex("(message_id, position)")

    def _compute_click_count(self):
        counts = dict(
            self.env["sms.marketing.click"]._read_group(
                [("link_id", "in", self.ids)], ["link_id"], ["__count"]
            )
        )
        for link in self:
            link.click_count = counts.get(link, 0)

    def _target_for(self, recipient):
        """The target with the recipient's own values in place of tokens."""
        self.ensure_one()
        tokens = compile_template(self.target).tokens
        if not tokens:
            return absolute(self.target)
        partner = recipient.partner_id
        values = token_values(
            self.env, {token.path for token in tokens}, partner.ids, self.company_id.id
        ).get(partner.id, {})
        defaults = self.env["sms.marketing.token.default"]._defaults(self.company_id)
        return absolute(
            fill(
                self.target,
                {
                    token.source: values.get(token.path)
                    or token.default
                    or defaults.get(token.path, "")
                    for token in tokens
                },
            )
        )
