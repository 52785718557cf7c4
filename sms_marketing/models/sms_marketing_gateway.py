import ipaddress

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import frozendict

from ..gateways.base import get_gateway_class
from ..gateways.errors import ConfigurationError
from ..gateways.values import Account
from .sms_marketing_protected import GENERATED

#: The field of the secret part of the webhook's address.
WEBHOOK_SECRET = "webhook_secret"
#: What the field of a secret holds instead of it: the ORM knows whether it is set, and no more.
PLACEHOLDER = "••••••••"

#: Types of fields that can be a provider's setting; a class is handed them as text.
SETTING_TYPES = ("char", "text", "selection")


class SmsMarketingGateway(models.Model):
    """An account at a provider that carries texts.

    ``provider`` selects a class of ``gateways/``. A provider's own settings are the fields whose
    names start with its code: an add-on that brings a provider adds a value to the selection, its
    fields, and one class, as the files beside this one do.
    """

    _name = "sms.marketing.gateway"
    _inherit = "sms.marketing.guarded"
    _description = "SMS Gateway"
    _order = "sequence, id"
    _protected = frozendict(webhook_secret=GENERATED, sandbox_played_until=False)

    name = fields.Char(required=True)
    provider = fields.Selection(
        [("sandbox", "Sandbox carrier (no network)")],
        required=True,
        default="sandbox",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    sender_ids = fields.One2many("sms.marketing.sender", "gateway_id", string="Senders")

    connect_timeout = fields.Float(
        default=5.0, help="Seconds to wait for the provider to accept a connection."
    )
    read_timeout = fields.Float(
        default=30.0, help="Seconds to wait for the provider's answer to a text."
    )
    public_url = fields.Char(
        string="Public Address",
        help="Where the provider reaches this Odoo, if it is not the usual web address.",
    )
    webhook_secret = fields.Char(
        default=PLACEHOLDER, groups="sms_marketing.group_administrator", copy=False
    )
    callback_url = fields.Char(
        string="Webhook URL",
        compute="_compute_callback_url",
        groups="sms_marketing.group_administrator",
        help="The secret part is hidden; use “Show webhook URL” to copy the whole address.",
    )
    allowed_addresses = fields.Char(
        help="Network addresses that may call the webhook, such as 127.0.0.1, 10.0.0.0/8, "
        "separated by commas. Empty: every address that knows the secret.",
    )
    setup_help = fields.Text(
        compute="_compute_setup_help", groups="sms_marketing.group_administrator"
    )

    sandbox_played_until = fields.Datetime(readonly=True, copy=False)

    _timeouts = models.Constraint(
        "CHECK (connect_timeout > 0 AND read_timeout > 0"
        " AND connect_timeout + read_timeout <= 300)",
        "Time-outs are seconds, above zero and five minutes together at the most.",
    )

    @api.depends("webhook_secret", "public_url")
    def _compute_callback_url(self):
        for gateway in self:
            gateway.callback_url = gateway._callback_url(PLACEHOLDER) if gateway.id else False

    @api.depends("provider", "callback_url")
    def _compute_setup_help(self):
        for gateway in self:
            gateway.setup_help = gateway.callback_url and gateway._setup_help(gateway.callback_url)

    def _callback_url(self, secret):
        """The address of this gateway's webhooks with a secret; `/receipt`, `/inbound` follow."""
        self.ensure_one()
        base = (self.public_url or self.get_base_url()).rstrip("/")
        return f"{base}/sms_marketing/webhook/{self._origin.id}/{secret}"

    def _setup_help(self, callback_url):
        """What the provider has to be told; False where the settings cannot work."""
        self.ensure_one()
        try:
            return get_gateway_class(self.provider).setup_help(callback_url)
        except ConfigurationError:
            return False

    @api.constrains("allowed_addresses")
    def _check_allowed_addresses(self):
        for gateway in self:
            try:
                gateway._allowed_networks()
            except ValueError as error:
                raise ValidationError(
                    self.env._(
                        "“%(addresses)s” is not a list of network addresses: %(error)s",
                        addresses=gateway.allowed_addresses,
                        error=error,
                    )
                ) from error

    def _check_settings(self):
        """Whether gateways that are in use have what their providers need.

        Called once their secrets are stored, which is after all constraints. An archived one is
        looked at when it comes back: a copy has no secrets yet.

        :raises ValidationError: when a setting is missing or cannot work
        """
        for gateway in self.sudo().filtered("active"):
            missing = [name for name in gateway._required_fields() if not gateway[name]]
            if missing:
                raise ValidationError(
                    self.env._(
                        "Gateway “%(gateway)s” needs: %(fields)s.",
                        gateway=gateway.name,
                        fields=gateway._labels(missing),
                    )
                )
            try:
                gateway._connect().close()
                get_gateway_class(gateway.provider).setup_help(gateway.callback_url)
            except ConfigurationError as error:
                raise ValidationError(str(error)) from error

    @api.model
    def _checked_fields(self):
        """Names of the fields on which ``_check_settings`` depends."""
        return {"provider", "public_url", "active", *self._provider_fields()}

    def _required_fields(self):
        """Names of the fields that the provider cannot do without."""
        self.ensure_one()
        if not self.provider:
            return []
        required = get_gateway_class(self.provider).required_settings
        return [f"{self.provider}_{setting}" for setting in required]

    def _allowed_networks(self):
        """The allow-list as networks; raises ValueError for what is none."""
        return [
            ipaddress.ip_network(part.strip(), strict=False)
            for part in (self.allowed_addresses or "").split(",")
            if part.strip()
        ]

    @api.model
    def _provider_fields(self, provider=None):
        """Names of the settings of one provider, or of all."""
        codes = [provider] if provider else dict(self._fields["provider"].selection)
        return [
            name
            for name, field in self._fields.items()
            if field.type in SETTING_TYPES and name.startswith(tuple(f"{code}_" for code in codes))
        ]

    def _account(self):
        """This gateway's settings as the plain ``Account`` that a gateway class works with."""
        self.ensure_one()
        gateway = self.sudo()
        hidden = dict.fromkeys(self._secret_fields(), "") | gateway._secret_values()
        return Account(
            settings={
                name.removeprefix(f"{gateway.provider}_"): hidden.get(name, gateway[name]) or ""
                for name in self._provider_fields(gateway.provider)
            },
            callback_url=gateway._callback_url(hidden[WEBHOOK_SECRET]),
            connect_timeout=gateway.connect_timeout,
            read_timeout=gateway.read_timeout,
        )

    def _connect(self):
        """A working instance of the provider's class; the caller closes it."""
        self.ensure_one()
        return get_gateway_class(self.provider)(self._account())

    def action_test_connection(self):
        """Ask the provider whether the account works; nothing is sent."""
        self.ensure_one()
        self.check_access("write")
        try:
            with self._connect() as carrier:
                told = carrier.test_connection()
        except ConfigurationError as error:
            raise UserError(str(error)) from error
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "title": self.env._("The connection works"),
                "message": told or self.env._("This gateway needs no connection."),
            },
        }

    def _retire(self):
        """For the uninstallation of an add-on: its gateways send nothing any more."""
        for provider, gateways in self.grouped("provider").items():
            hidden = set(self._secret_fields()) & set(self._provider_fields(provider))
            gateways.write({"provider": "sandbox", "active": False, **dict.fromkeys(hidden, False)})
