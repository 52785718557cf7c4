import math
import re
import secrets

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, sql

from ..gateways.base import gateway_classes
from .sms_marketing_gateway import PLACEHOLDER, WEBHOOK_SECRET

#: Characters that a secret may have: no provider's key comes near it.
LONGEST_SECRET = 4096
#: So short a webhook secret could be guessed.
SHORTEST_WEBHOOK_SECRET = 16

_is_url_safe = re.compile(r"[A-Za-z0-9_-]+").fullmatch

TIMEOUTS = ("connect_timeout", "read_timeout")
#: Seconds of both timeouts together.
MOST_SECONDS = 300
#: numbers of a gateway: the least and the greatest value
RANGES = {
    "rate": (0, 1_000_000),
    "connect_timeout": (0.01, MOST_SECONDS),
    "read_timeout": (0.01, MOST_SECONDS),
}

#: Settings of every gateway whose change stands in the chatter, besides those of its provider.
LOGGED_FIELDS = (
    "name",
    "provider",
    "company_id",
    "active",
    "rate",
    "fallback_gateway_id",
    "connect_timeout",
    "read_timeout",
    "public_url",
    "allowed_addresses",
)


class SmsMarketingGateway(models.Model):
    """Write-only secrets, checks before any SQL, and a trail of who changed which setting.

    Whatever is written to the field of a secret goes to ``sms.marketing.gateway.secret``; the
    field itself holds ``PLACEHOLDER``, or nothing. So no read, search, export, template or log of
    a statement can show it. Which fields are secrets, the classes of the providers say
    (``secret_settings``).
    """

    _inherit = "sms.marketing.gateway"

    missing_secrets = fields.Char(
        compute="_compute_missing_secrets", groups="sms_marketing.group_administrator"
    )

    @api.depends(lambda self: ("provider", *self._secret_fields()))
    def _compute_missing_secrets(self):
        for gateway in self:
            gateway.missing_secrets = gateway._labels(
                name
                for name in gateway._required_fields()
                if name in self._secret_fields() and not gateway[name]
            )

    @api.model
    def _secret_fields(self):
        """Names of the fields whose values are write-only."""
        names = [
            f"{code}_{setting}"
            for code, gateway_class in gateway_classes().items()
            for setting in gateway_class.secret_settings
        ]
        return [WEBHOOK_SECRET, *(name for name in names if name in self._fields)]

    def _secret_values(self):
        """The secrets of this gateway by the name of their field; for the engine only."""
        self.ensure_one()
        return self.env["sms.marketing.gateway.secret"].sudo().values_of(self)

    # ------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------

    @api.model
    def default_get(self, fields):
        # A default would be a value that anybody can read, and would come past `create`. (That of
        # the webhook's secret is a protected field's: its own, the placeholder.)
        hidden = set(self._secret_fields()) - {WEBHOOK_SECRET}
        return super().default_get([name for name in fields if name not in hidden])

    @api.model_create_multi
    def create(self, vals_list):
        given, public = [], []
        for vals in vals_list:
            values = {name: value for name, value in self._secrets_in(vals).items() if value}
            public.append(self._without_secrets(vals) | dict.fromkeys(values, PLACEHOLDER))
            given.append({WEBHOOK_SECRET: secrets.token_urlsafe(24), **values})
        gateways = super().create(public)
        store = self.env["sms.marketing.gateway.secret"].sudo().store
        for gateway, values in zip(gateways, given, strict=True):
            store(gateway, values)
        gateways._check_settings()
        return gateways

    def write(self, vals):
        given = self._secrets_in(vals)
        if WEBHOOK_SECRET in given and not given[WEBHOOK_SECRET]:
            raise UserError(
                self.env._("A gateway always has a webhook secret; rotate it to replace it.")
            )
        public = self._without_secrets(vals)
        public |= {name: value and PLACEHOLDER for name, value in given.items()}
        logged = [name for name in self._logged_fields() if name in public and name not in given]
        before = {gateway.id: {name: gateway[name] for name in logged} for gateway in self.sudo()}
        result = super().write(public)
        if given and self:
            self.env["sms.marketing.gateway.secret"].sudo().store(self, given)
        if public.keys() & self._checked_fields():
            self._check_settings()
        for gateway in self.sudo():
            changed = [name for name in logged if gateway[name] != before[gateway.id][name]]
            gateway._log_changes([*changed, *given])
        return result

    def copy_data(self, default=None):
        """A copy gets no secret: it is archived, as it cannot send, until they are entered."""
        hidden = self._secret_fields()
        rows = super().copy_data(default)
        for gateway, row in zip(self, rows, strict=True):
            dropped = [name for name in hidden if row.get(name) == PLACEHOLDER]
            for name in dropped:
                del row[name]
            has_secrets = any(gateway.sudo()[name] for name in hidden if name != WEBHOOK_SECRET)
            if has_secrets and "active" not in (default or {}):
                row["active"] = False
        return rows

    def copy(self, default=None):
        copies = super().copy(default)
        for original, copy in zip(self.sudo(), copies.sudo(), strict=True):
            missing = original._labels(
                name for name in self._secret_fields() if original[name] and not copy[name]
            )
            if missing:
                copy._message_log(
                    body=self.env._(
                        "Duplicated from “%(gateway)s”. Secrets are not copied; enter: "
                        "%(fields)s. Then unarchive this gateway.",
                        gateway=original.name,
                        fields=missing,
                    )
                )
        return copies

    def _secrets_in(self, vals):
        """Secrets to store; a value that is the placeholder leaves the secret as it is.

        :raises ValidationError: when one cannot be a secret
        """
        self._check_values(vals)
        given = {
            name: vals[name] or False
            for name in self._secret_fields()
            if name in vals and vals[name] != PLACEHOLDER
        }
        for name, value in given.items():
            label = self._labels([name])
            if not value:
                continue
            if not isinstance(value, str) or len(value) > LONGEST_SECRET:
                raise ValidationError(
                    self.env._(
                        "%(field)s: enter at most %(number)s characters.",
                        field=label,
                        number=LONGEST_SECRET,
                    )
                )
            if PLACEHOLDER[:2] in value:
                raise ValidationError(
                    self.env._(
                        "%(field)s: clear the field before you enter the new value.", field=label
                    )
                )
        chosen = given.get(WEBHOOK_SECRET)
        if chosen and (len(chosen) < SHORTEST_WEBHOOK_SECRET or not _is_url_safe(chosen)):
            raise ValidationError(
                self.env._(
                    "A webhook secret has at least %s letters, digits, hyphens and underscores.",
                    SHORTEST_WEBHOOK_SECRET,
                )
            )
        return given

    def _without_secrets(self, vals):
        hidden = self._secret_fields()
        return {name: value for name, value in vals.items() if name not in hidden}

    def _check_values(self, vals):
        """Refuse what PostgreSQL would refuse, before it is in a statement that would be logged.

        :raises ValidationError: for NUL characters and numbers out of range
        """
        for name, value in vals.items():
            field = self._fields.get(name)
            if isinstance(value, str) and "\0" in value:
                raise ValidationError(
                    self.env._("%s: NUL characters are not allowed.", self._labels([name]))
                )
            if field and field.type == "float":
                try:
                    usable = math.isfinite(float(value or 0))
                except (TypeError, ValueError, OverflowError):
                    usable = False
                if not usable:
                    raise ValidationError(self.env._("%s: enter a number.", self._labels([name])))
        for name, (least, most) in RANGES.items():
            if name in vals and not least <= float(vals[name] or 0) <= most:
                raise ValidationError(
                    self.env._(
                        "%(field)s: enter a number between %(least)s and %(most)s.",
                        field=self._labels([name]),
                        least=least,
                        most=most,
                    )
                )
        for gateway in self if vals.keys() & set(TIMEOUTS) else ():
            if sum(float(vals.get(name, gateway[name]) or 0) for name in TIMEOUTS) > MOST_SECONDS:
                raise ValidationError(
                    self.env._("Timeouts must be at most %s seconds together.", MOST_SECONDS)
                )

    # ------------------------------------------------------------
    # The trail
    # ------------------------------------------------------------

    def _logged_fields(self):
        return [*LOGGED_FIELDS, *self._provider_fields()]

    def _log_changes(self, names):
        """Say in the chatter who changed which settings; never a value."""
        self.ensure_one()
        if names:
            self._message_log(body=self.env._("Settings changed: %s", self._labels(names)))

    def _labels(self, names):
        """Fields as people know them, separated by commas."""
        return ", ".join(
            self._fields[name]._description_string(self.env) if name in self._fields else name
            for name in names
        )

    # ------------------------------------------------------------
    # Values of earlier versions
    # ------------------------------------------------------------

    def _register_hook(self):
        super()._register_hook()
        self._move_plain_secrets()

    @api.model
    def _move_plain_secrets(self):
        """Take secrets out of columns that hold them in plain, as up to version 19.0.1.0.

        Done whenever the registry is loaded: add-ons of other providers come after this one's
        migration, and may bring values of their own.
        """
        cr = self.env.cr
        store = self.env["sms.marketing.gateway.secret"]._table
        if not sql.column_exists(cr, store, "value"):
            return  # the database is older than this code, and about to be updated
        columns = sql.table_columns(cr, self._table)
        for name in self._secret_fields():
            if name not in columns:
                continue
            column = SQL.identifier(name)
            cr.execute(
                SQL(
                    """
                    WITH plain AS (
                        SELECT id, %(column)s AS value FROM sms_marketing_gateway
                         WHERE %(column)s <> '' AND %(column)s <> %(placeholder)s
                           FOR UPDATE
                    ), moved AS (
                        INSERT INTO sms_marketing_gateway_secret (gateway_id, name, value)
                        SELECT id, %(name)s, value FROM plain
                        ON CONFLICT (gateway_id, name) WHERE valid_until IS NULL
                        DO UPDATE SET value = EXCLUDED.value
                    )
                    UPDATE sms_marketing_gateway SET %(column)s = %(placeholder)s
                      FROM plain WHERE plain.id = sms_marketing_gateway.id
                    """,
                    column=column,
                    placeholder=PLACEHOLDER,
                    name=name,
                ),
                log_exceptions=False,
            )
