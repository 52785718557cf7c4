import hmac
import ipaddress
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from odoo import api, fields, models, tools

from ..gateways.base import get_gateway_class
from ..gateways.values import Account
from .sms_marketing_gateway import WEBHOOK_SECRET

#: How long a webhook secret is still accepted after it was rotated: providers call with the old one
#: for texts that are out, and until the new one is entered there.
GRACE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Webhook:
    """What a call of a gateway's webhook is checked and read with; holds secrets."""

    provider: str
    #: secret -> moment (naive UTC) until which it is accepted; None: for good
    secrets: dict = field(repr=False)
    account: Account = field(repr=False)
    networks: tuple

    def lets_in(self, secret, address):
        """Whether somebody at this network address who knows this secret may call."""
        now = datetime.now(UTC).replace(tzinfo=None)
        known = [
            hmac.compare_digest(secret.encode(), own.encode()) and (not until or now < until)
            for own, until in self.secrets.items()
        ]
        return any(known) and (not self.networks or _is_in(address, self.networks))

    def url_with(self, secret):
        """Address of the webhook as a provider was given it that calls with this secret."""
        return f"{self.account.callback_url.rpartition('/')[0]}/{secret}"

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
        current = gateway and gateway._secret_values().get(WEBHOOK_SECRET)
        if not current:
            return None
        replaced = self.env["sms.marketing.gateway.secret"].replaced(gateway, WEBHOOK_SECRET)
        return Webhook(
            provider=gateway.provider,
            secrets={**dict(replaced), current: None},
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

    # ------------------------------------------------------------
    # The webhook's address
    # ------------------------------------------------------------

    old_webhook_secret_until = fields.Datetime(
        string="Old URL Accepted Until",
        compute="_compute_old_webhook_secret_until",
        groups="sms_marketing.group_administrator",
    )

    @api.depends("webhook_secret")
    def _compute_old_webhook_secret_until(self):
        store = self.env["sms.marketing.gateway.secret"]
        for gateway in self:
            replaced = store.replaced(gateway._origin, WEBHOOK_SECRET) if gateway._origin else []
            gateway.old_webhook_secret_until = max((until for _, until in replaced), default=False)

    def action_show_webhook_url(self):
        """Show the whole address, to enter at the provider. That it was shown is logged."""
        self.ensure_one()
        self.check_access("write")
        self.sudo()._message_log(body=self.env._("Webhook URL shown to %s.", self.env.user.name))
        return self._show_webhook_url()

    def action_rotate_webhook_secret(self):
        """Make a new webhook address and show it; the old one works for another day."""
        self.ensure_one()
        self.check_access("write")
        until = fields.Datetime.now() + GRACE
        store = self.env["sms.marketing.gateway.secret"].sudo()
        store.retire(self, WEBHOOK_SECRET, until)
        store.store(self, {WEBHOOK_SECRET: secrets.token_urlsafe(24)})
        self.env.registry.clear_cache()
        self.sudo()._message_log(
            body=self.env._("Webhook URL rotated. The old one is accepted until %s UTC.", until)
        )
        return self._show_webhook_url()

    def action_revoke_old_webhook_urls(self):
        """Accept no webhook address any more but the present one."""
        self.ensure_one()
        self.check_access("write")
        self.env["sms.marketing.gateway.secret"].sudo().revoke(self, WEBHOOK_SECRET)
        self.env.registry.clear_cache()
        self.sudo()._message_log(body=self.env._("Old webhook URLs revoked."))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _show_webhook_url(self):
        url = self._account().callback_url
        return {
            "type": "ir.actions.client",
            "tag": "sms_marketing_webhook_url",
            "params": {"url": url, "setup_help": self._setup_help(url) or ""},
        }


def _is_in(address, networks):
    try:
        caller = ipaddress.ip_address(address)
    except ValueError:
        return False
    # A server that listens for both names IPv4 callers ::ffff:10.0.0.1.
    caller = getattr(caller, "ipv4_mapped", None) or caller
    return any(caller in network for network in networks)
