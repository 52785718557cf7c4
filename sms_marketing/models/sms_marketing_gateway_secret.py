from odoo import api, fields, models
from odoo.tools import SQL, sql


class SmsMarketingGatewaySecret(models.Model):
    """The secrets of gateways: passwords, tokens, and the secret part of webhook URLs.

    Nobody has access, and the values are in a column that is no field: the ORM, and with it every
    RPC, report, template and export, can at most tell which secrets are set. They are read and
    written by the methods below, in statements that are never written to Odoo's log. A row with
    ``valid_until`` is a webhook secret that has been replaced and is accepted until then.
    """

    _name = "sms.marketing.gateway.secret"
    _description = "SMS Gateway Secret"
    _order = "id"
    _rec_name = "name"
    _log_access = False

    gateway_id = fields.Many2one(
        "sms.marketing.gateway", required=True, readonly=True, ondelete="cascade", index=True
    )
    name = fields.Char(string="Field", required=True, readonly=True)
    valid_until = fields.Datetime(readonly=True)

    _current = models.UniqueIndex("(gateway_id, name) WHERE valid_until IS NULL")

    def init(self):
        if not sql.column_exists(self.env.cr, self._table, "value"):
            self.env.cr.execute(
                SQL("ALTER TABLE %s ADD COLUMN value text", SQL.identifier(self._table))
            )

    @api.private
    def values_of(self, gateway):
        """Secrets of a gateway that are in force, by the name of their field."""
        self._execute(
            SQL(
                "SELECT name, value FROM sms_marketing_gateway_secret"
                " WHERE gateway_id = %s AND valid_until IS NULL",
                gateway.id,
            )
        )
        return dict(self.env.cr.fetchall())

    @api.private
    def replaced(self, gateway, name):
        """Values of a secret that have been replaced but are still accepted: (value, until)."""
        self._execute(
            SQL(
                "SELECT value, valid_until FROM sms_marketing_gateway_secret"
                " WHERE gateway_id = %s AND name = %s"
                "   AND valid_until > now() AT TIME ZONE 'UTC' ORDER BY id",
                gateway.id,
                name,
            )
        )
        return self.env.cr.fetchall()

    @api.private
    def store(self, gateways, values):
        """Give gateways secrets; an empty value removes one.

        Whatever can go wrong with the gateways' other values, or by concurrent changes of them,
        goes wrong in statements before, which hold no secret: a statement that fails stands in
        PostgreSQL's log.

        :param values: secret by the name of its field
        """
        gateways.flush_recordset()
        self._execute(
            SQL(
                "UPDATE sms_marketing_gateway"
                "   SET write_date = now() AT TIME ZONE 'UTC', write_uid = %s WHERE id IN %s",
                self.env.uid,
                tuple(gateways.ids),
            )
        )
        gateways.invalidate_recordset(["write_date", "write_uid"])
        emptied = [name for name, value in values.items() if not value]
        if emptied:
            self._execute(
                SQL(
                    "DELETE FROM sms_marketing_gateway_secret"
                    " WHERE gateway_id IN %s AND name IN %s AND valid_until IS NULL",
                    tuple(gateways.ids),
                    tuple(emptied),
                )
            )
        for name, value in values.items():
            if value:
                self._execute(
                    SQL(
                        "INSERT INTO sms_marketing_gateway_secret (gateway_id, name, value)"
                        " SELECT id, %s, %s FROM sms_marketing_gateway WHERE id IN %s"
                        " ON CONFLICT (gateway_id, name) WHERE valid_until IS NULL"
                        " DO UPDATE SET value = EXCLUDED.value",
                        name,
                        value,
                        tuple(gateways.ids),
                    )
                )

    @api.private
    def retire(self, gateway, name, valid_until):
        """A secret is about to be replaced; the old value is accepted until ``valid_until``."""
        self._execute(
            SQL(
                "UPDATE sms_marketing_gateway_secret SET valid_until = %s"
                " WHERE gateway_id = %s AND name = %s AND valid_until IS NULL",
                valid_until,
                gateway.id,
                name,
            )
        )

    @api.private
    def revoke(self, gateways, name=None):
        """Remove replaced values, of one secret or all, whose time is not over yet."""
        self._execute(
            SQL(
                "DELETE FROM sms_marketing_gateway_secret WHERE gateway_id IN %s"
                " AND valid_until IS NOT NULL %s",
                tuple(gateways.ids),
                SQL("AND name = %s", name) if name else SQL(),
            )
        )

    @api.autovacuum
    def _gc_replaced_secrets(self):
        self._execute(
            SQL(
                "DELETE FROM sms_marketing_gateway_secret"
                " WHERE valid_until < now() AT TIME ZONE 'UTC'"
            )
        )

    def _execute(self, statement):
        """Run a statement that may hold secrets: if it fails, Odoo's log must not show it."""
        self.env.cr.execute(statement, log_exceptions=False)
