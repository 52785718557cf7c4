from dataclasses import replace

from odoo import fields, models

from ..engine.odoo_bridge import OdooBridge


class SmsMarketingGateway(models.Model):
    """Odoo's own SMS provider of the company as a gateway."""

    _inherit = "sms.marketing.gateway"

    provider = fields.Selection(
        selection_add=[("odoo", "Odoo's own SMS provider")],
        ondelete={"odoo": lambda gateways: gateways._retire()},
    )

    def _account(self):
        account = super()._account()
        if self.provider == "odoo":
            account = replace(account, bridge=OdooBridge(self.sudo()))
        return account
