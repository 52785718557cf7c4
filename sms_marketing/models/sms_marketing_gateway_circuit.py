from markupsafe import escape
from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import frozendict, plaintext2html

ACTIVITY = "sms_marketing.mail_activity_gateway_down"
SIGN_UP_ACTIVITY = "sms_marketing.mail_activity_sign_up_limit"


class SmsMarketingGateway(models.Model):
    """How fast a gateway is used, what happens while it is down, and which one stands in.

    ``engine.circuit`` writes what is read-only here.
    """

    _name = "sms.marketing.gateway"
    _inherit = ["sms.marketing.gateway", "mail.thread", "mail.activity.mixin"]
    _protected = frozendict(
        failures=0,
        failed_recipient=0,
        tries=0,
        down_since=False,
        down_detail=False,
        next_try_at=False,
        paused_until=False,
    )

    rate = fields.Float(
        string="Texts a Second",
        digits=(16, 2),
        help="No more texts than this are handed over in a second, however many machines send. "
        "0: no limit.",
    )
    fallback_gateway_id = fields.Many2one(
        "sms.marketing.gateway",
        string="If It Is Down",
        ondelete="restrict",
        index="btree_not_null",
        check_company=True,
        domain="[('id', '!=', id)]",
        help="This gateway stands in while the other one takes nothing: it gets what has "
        "certainly not gone out, from one of its own senders. What may have arrived is never "
        "sent again.",
    )
    failures = fields.Integer(readonly=True, copy=False, help="Texts in a row that it did not take")
    # Whose text was the last of these; no relation, as only `engine.circuit` asks for it.
    failed_recipient = fields.Integer(string="Recipient", readonly=True, copy=False)
    tries = fields.Integer(readonly=True, copy=False)
    down_since = fields.Datetime(readonly=True, copy=False)
    down_detail = fields.Char(string="Last Error", readonly=True, copy=False)
    next_try_at = fields.Datetime(string="Next Try", readonly=True, copy=False)
    paused_until = fields.Datetime(
        readonly=True, copy=False, help="The provider asked to be left alone until then."
    )

    _rate = models.Constraint("CHECK (rate >= 0)", "A rate is texts a second, 0 or more.")

    @api.constrains("fallback_gateway_id")
    def _check_fallback(self):
        if self._has_cycle("fallback_gateway_id"):
            raise ValidationError(
                self.env._("Gateways cannot stand in for each other in a circle.")
            )

    def action_try_now(self):
        """Ask a gateway that is down again with the next text, without waiting for its time."""
        self.check_access("write")
        self.sudo().write({"next_try_at": fields.Datetime.now(), "paused_until": False})
        self.env["sms.marketing.message"]._trigger_dispatch()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "info",
                "message": self.env._("One text that waits is handed to it now."),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _administrators(self):
        """Who is told that a gateway is down: the administrators of its company."""
        return self._administrators_of(self.company_id)

    @api.model
    def _administrators_of(self, company):
        return self.env["res.users"].search(
            [
                ("all_group_ids", "in", self.env.ref("sms_marketing.group_administrator").id),
                ("company_ids", "in", company.id),
                ("share", "=", False),
            ]
        )

    def _tell_administrators(self, words):
        """Ask the company's SMS administrators to look at what its public pages are used for."""
        self._tell_company(self, words)

    @api.model
    def _tell_company(self, record, words):
        """An activity for each administrator of a record's company, and a note."""
        for user in self._administrators_of(record.company_id):
            record.activity_schedule(SIGN_UP_ACTIVITY, user_id=user.id, note=plaintext2html(words))
        record.message_post(body=words)

    def _tell_down(self):
        """Ask the administrators to look after a gateway that takes nothing."""
        self.ensure_one()
        words = self.env._(
            "“%(gateway)s” takes no texts: %(detail)s. What it has not taken waits%(where)s.",
            gateway=self.name,
            detail=self.down_detail or self.env._("no answer"),
            where=self.env._(", or goes by “%s”", self.fallback_gateway_id.name)
            if self.fallback_gateway_id
            else "",
        )
        for user in self._administrators():
            # A note is HTML; names and a provider's words are not.
            self.activity_schedule(ACTIVITY, user_id=user.id, note=escape(words))
        self.message_post(body=words)

    def _tell_back(self):
        """Say that the gateway takes texts again, and end what was asked for."""
        self.ensure_one()
        self.activity_unlink([ACTIVITY])
        self.message_post(body=self.env._("“%s” takes texts again.", self.name))
