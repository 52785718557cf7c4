"""What happens once, at removal."""

from odoo.tools import SQL

from .models.sms_marketing_message import KEY, LANES


def uninstall_hook(env):
    """Take away our waiting jobs, which nobody could run any more, and our setting."""
    env.cr.execute(
        SQL("DELETE FROM queue_job WHERE identity_key LIKE %s AND state <> 'started'", f"{KEY}%")
    )
    env["ir.config_parameter"].search([("key", "=", LANES)]).unlink()
