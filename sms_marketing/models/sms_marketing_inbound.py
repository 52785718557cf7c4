from odoo import fields, models
from odoo.exceptions import AccessError

from ..engine import stop_wishes
from ..engine.stop_wishes import DECISIONS
from ..engine.vocabulary import KEYWORD_ACTIONS


class SmsMarketingInbound(models.Model):
    """One text from a contact, appended by ``engine.inbound``.

    What reads like a wish to stop waits for a person to decide; nothing else of a row changes.
    """

    _name = "sms.marketing.inbound"
    _inherit = [
        "sms.marketing.engine.record",
        "sms.marketing.contact.record",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _mail_post_access = "read"
    _log_access = False  # not inherited from an abstract model
    _description = "Incoming SMS"
    _order = "received_at desc, id desc"
    _rec_name = "number"

    gateway_id = fields.Many2one(
        "sms.marketing.gateway", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True)
    sender_id = fields.Many2one(
        "sms.marketing.sender", string="Written to", readonly=True, ondelete="set null"
    )
    number = fields.Char(string="From", required=True, readonly=True)
    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True, index=True)
    body = fields.Text(readonly=True)
    action = fields.Selection(KEYWORD_ACTIONS, string="Keyword", readonly=True)
    message_id = fields.Many2one(
        "sms.marketing.message",
        string="In Answer to",
        readonly=True,
        index=True,
        ondelete="set null",
    )
    reference = fields.Char(readonly=True, help="The gateway's own name for this text.")
    received_at = fields.Datetime(required=True, readonly=True)

    review_state = fields.Selection(
        [("to_review", "To review"), ("done", "Reviewed")], string="Review", readonly=True
    )
    stop_wish = fields.Selection(
        [("strong", "Strong"), ("weak", "Weak")],
        string="Wish to Stop",
        readonly=True,
        help="How much the text reads like a wish to stop. While a strong one waits for review, "
        "its number gets no marketing.",
    )
    stop_phrase = fields.Char(
        string="Suggested by", readonly=True, help="The words that read like a wish to stop."
    )
    decision = fields.Selection(DECISIONS, readonly=True)
    reviewed_by_id = fields.Many2one("res.users", string="Reviewed by", readonly=True)
    reviewed_at = fields.Datetime(string="Reviewed on", readonly=True)

    # The list of what waits, and the check of audience and claims; reviewed texts are not in it.
    _to_review = models.Index("(company_id, number) WHERE review_state = 'to_review'")
    _number = models.Index("(number, id)")
    _reference_unique = models.UniqueIndex("(gateway_id, reference) WHERE reference IS NOT NULL")

    def action_opt_out(self):
        """Opt these numbers out of all texts of the company; the log says who decided it."""
        stop_wishes.opt_out(self._reviewed_by_manager())

    def action_no_wish(self):
        """These texts are no wish to stop: their numbers get marketing as before."""
        for inbound in self._reviewed_by_manager():
            stop_wishes.settle(
                self.env, inbound.number, inbound.company_id, "no_wish", self.env.user, inbound
            )

    def _reviewed_by_manager(self):
        """Those of the texts that wait for review, for whom may decide on consent."""
        self.check_access("read")
        if not self.env.user.has_group("sms_marketing.group_manager"):
            raise AccessError(self.env._("Only managers of Marketing SMS decide on consent."))
        return self.sudo().filtered(lambda inbound: inbound.review_state == "to_review")
