from odoo import models
from odoo.fields import Command

from ..engine.review import ERROR, WARNING, Finding
from ..gateways.errors import ConfigurationError
from .sms_marketing_message_allowance import ADMINISTRATOR


class SmsMarketingMessage(models.Model):
    """Whether a message's senders and their gateways can send it, and to everybody."""

    _inherit = "sms.marketing.message"

    def _review_sender(self, facts):
        """Whether every sender that would get a share of the texts can send at all."""
        if not self.sender_id:
            text = self.env._("Choose a sender.")
            return [Finding(ERROR, "no_sender", text, self._mend_sender())]
        if not self.sender_id.active or not self.sender_id.sudo().gateway_id.active:
            text = self.env._("The sender or its gateway is archived. Choose another sender.")
            return [Finding(ERROR, "sender_archived", text, self._mend_sender())]
        findings = []
        for sender in self._senders() - self.sender_id:
            if not sender.sudo().gateway_id.active:
                text = self.env._(
                    "The gateway of “%s” is archived: its share of the texts could not go out. "
                    "Choose other further senders.",
                    sender.display_name,
                )
                mend = self._mend_further_senders()
                findings.append(Finding(ERROR, "sender_archived", text, mend))
        for gateway in self.sudo()._senders().gateway_id.filtered("active"):
            try:
                gateway._connect().close()
            except ConfigurationError as error:
                # What is wrong with its settings may quote them.
                text = (
                    self.env._(
                        "Gateway “%(gateway)s” cannot be used: %(error)s",
                        gateway=gateway.name,
                        error=error,
                    )
                    if self.env.user.has_group(ADMINISTRATOR)
                    else self.env._(
                        "Gateway “%s” cannot be used. Choose another sender, or ask an "
                        "administrator to check its settings.",
                        gateway.name,
                    )
                )
                mend = self._mend_gateway(gateway)
                findings.append(Finding(ERROR, "gateway_unusable", text, mend))
        return findings

    def _review_further_senders(self, facts):
        """Whether further senders get no share, as they have been archived since."""
        archived = self._archived_further_senders()
        if not archived:
            return []
        text = self.env._(
            "Archived senders get no share of the texts, the others get theirs: %s.",
            ", ".join(archived.mapped("display_name")),
        )
        # The form does not show them, so that nobody could take them out there.
        mend = {"label": self.env._("Take them out"), "method": "action_drop_archived_senders"}
        return [Finding(WARNING, "further_sender_archived", text, mend)]

    def action_drop_archived_senders(self):
        """Mends the warning of ``_review_further_senders``."""
        self.ensure_one()
        self.check_access("write")
        self.pool_ids = [Command.unlink(one.id) for one in self._archived_further_senders()]

    def _archived_further_senders(self):
        further = self.with_context(active_test=False).pool_ids - self.sender_id
        return further.filtered(lambda sender: not sender.active)

    def _review_gateways_down(self, facts):
        """Whether a gateway has taken no texts of late, so that they would wait."""
        findings = []
        for gateway in self.sudo()._senders().gateway_id.filtered("down_since"):
            values = {
                "gateway": gateway.name,
                "moment": self._review_date(gateway.down_since),
                "other": gateway.fallback_gateway_id.name,
            }
            text = (
                self.env._(
                    "Gateway “%(gateway)s” has taken no texts since %(moment)s. Until it does, "
                    "they go by “%(other)s”.",
                    **values,
                )
                if gateway.fallback_gateway_id
                else self.env._(
                    "Gateway “%(gateway)s” has taken no texts since %(moment)s. Until it does, "
                    "they wait.",
                    **values,
                )
            )
            findings.append(Finding(WARNING, "gateway_down", text, self._mend_gateway(gateway)))
        return findings

    def _review_left_out_by_country(self, facts):
        barred = (facts.counts or {}).get("country", 0)
        if not barred or not facts.recipients:
            return []
        text = self.env._(
            "%(count)s contacts are left out, as sender %(sender)s may not send to their country.",
            count=barred,
            sender=self.sender_id.display_name,
        )
        return [Finding(WARNING, "left_out_by_country", text, self._mend_sender())]

    # ------------------------------------------------------------
    # Buttons
    # ------------------------------------------------------------

    def _mend_sender(self):
        return {"label": self.env._("Choose a sender"), "page": "settings", "field": "sender_id"}

    def _mend_further_senders(self):
        return {"label": self.env._("Choose senders"), "page": "settings", "field": "pool_ids"}

    def _mend_gateway(self, gateway):
        """The button to a gateway for those who may change it; others choose another sender."""
        if self.env.user.has_group(ADMINISTRATOR) and (
            mend := self._mend_by_opening(self.env._("Open the gateway"), gateway)
        ):
            return mend
        if gateway == self.sender_id.sudo().gateway_id:
            return self._mend_sender()
        return self._mend_further_senders()
