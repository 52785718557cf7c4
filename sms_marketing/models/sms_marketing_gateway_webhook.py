import hmac
import ipaddress
from dataclasses import dataclass, field

from odoo import api, models, tools

from ..gateways.base import get_gateway_class
from ..gateways.values import Account


@dataclass(frozen=True, slots=True)
class Webhook:
    """What a call of a gateway's webhook is checked and read with; holds secrets."""

    provider: str
    secret: str = field(repr=False)
    account: Account = field(repr=False)
    networks: tuple

    def lets_in(self, secret, address):
        """Whether somebody at this network address who knows this secret may call."""
        return hmac.compare_digest(secret.encode(), self.secret.encode()) and (
            not self.networks or _is_in(address, self.networks)
        )

    def connect(self):
        """A working instance of the provider's class; the caller closes it."""
        return get_gateway_class(self.provider)(self.account)


class SmsMarketingGateway(models.Model):
    """What webhooks need of a gateway, kept in the process: a receipt costs one statement."""

    _inherit = "sms.marketing.gateway"

    @api.model
    @tools.ormcache("gateway_id")
    def _webhook(self, gateway_id):
        """The ``Webhook`` of a gateway; None where there is none.

        An archived one takes no new message, but its texts are out: phones answer STOP to them,
        and their receipts come for days.
        """
        gateway = self.sudo().browse(gateway_id).exists()
        if not gateway or not gateway.webhook_secret:
            return None
        return Webhook(
            provider=gateway.provider,
            secret=gateway.webhook_secret,
            account=gateway._account(),
            networks=tuple(gateway._allowed_networks()),
        )

    @api.model_create_multi
    def create(self, vals_list):
        gateways = super().create(vals_list)
        self.env.registry.clear_cache()
        return gateways

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()


def _is_in(address, networks):
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    # A server that listens for both names IPv4 callers ::ffff:10.0.0.1.
    caller = getattr(caller, "ipv4_mapped", None) or caller
    return any(caller in network for network in networks)
