"""Odoo's automation rules, inside Odoo (for `odoo.run_in_shell`)."""

from odoo import api


def contacts_of_rome(env):
    """Install automation rules, make one, and let it meet two contacts; what became of them.

    :return: {name of the contact: (marketing status, changes of it in the contact's log)}
    """
    env["ir.module.module"].search([("name", "=", "base_automation")]).button_immediate_install()
    env = api.Environment(env.cr, env.uid, env.context)
    env["base.automation"].create(
        {
            "name": "Contacts in Rome get marketing SMS",
            "model_id": env["ir.model"]._get_id("res.partner"),
            "trigger": "on_create_or_write",
            "trigger_field_ids": [(6, 0, env["ir.model.fields"]._get("res.partner", "city").ids)],
            "filter_domain": "[('city', '=', 'Rome')]",
            "action_server_ids": [
                (
                    0,
                    0,
                    {
                        "name": "Marketing status on",
                        "model_id": env["ir.model"]._get_id("res.partner"),
                        "state": "object_write",
                        "update_path": "sms_marketing",
                        "update_boolean_value": "true",
                        "usage": "base_automation",
                    },
                )
            ],
        }
    )
    partners = env["res.partner"].create([{"name": "Ada"}, {"name": "Bo", "city": "Oslo"}])
    env.cr.commit()
    partners[0].city = "Rome"
    env.cr.commit()
    return {partner.name: (partner.sms_marketing, _changes(partner)) for partner in partners}


def _changes(partner):
    values = partner.message_ids.sudo().tracking_value_ids
    return len(values.filtered(lambda value: value.field_id.name == "sms_marketing"))
