"""Preference links get a secret of their own; those in texts already sent can still stop texts."""

from odoo import SUPERUSER_ID, api

from odoo.addons.sms_marketing.engine.preference_links import (
    LAST_OLD_RECIPIENT,
    OLD_MARK,
    PLACEHOLDER,
)


def migrate(cr, version):
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    cr.execute("SELECT max(id) FROM sms_marketing_recipient")
    [last] = cr.fetchone()
    if last and not env["ir.config_parameter"].get_param(LAST_OLD_RECIPIENT):
        env["ir.config_parameter"].set_param(LAST_OLD_RECIPIENT, str(last))
    # Texts kept on their rows no longer show the old links. Those that still wait get new ones.
    cr.execute(
        """
        UPDATE sms_marketing_recipient
           SET body = replace(body, '/s/' || token || %(mark)s, '/s/' || %(placeholder)s)
         WHERE token IS NOT NULL AND position('/s/' || token || %(mark)s IN body) > 0
        """,
        {"mark": OLD_MARK, "placeholder": PLACEHOLDER},
    )
