"""What tests run inside an Odoo shell: `odoo.run_in_shell` calls these with its environment."""

import time
from pathlib import Path

from odoo.fields import Command

from odoo.addons.sms_marketing.engine import consent, schedule
from odoo.addons.sms_marketing.engine.dispatch import Lane


def without_quiet_hours(env):
    """Tests run at night too. Hours that came with demo data stay that record."""
    hours = env["sms.marketing.quiet.hours"].search([])
    always = {"opens": 0, "closes": 24}
    hours.write(always)
    if not hours.filtered(lambda one: not one.country_id):
        hours.create(always)


def make_campaign(env, *, contacts, body, sender, name="Autumn"):
    """A Kannel gateway, a sender, contacts with consent, a list of them and a draft message.

    :param contacts: list of values of contacts; their country is Belgium
    :param sender: the number that the texts come from
    :return: ids of `gateway`, `list`, `message` and `type`, and the gateway's `secret`
    """
    # Odoo's other scheduled actions would call services on the internet.
    ours = env["ir.model.data"].search(
        [("module", "=", "sms_marketing"), ("model", "=", "ir.cron")]
    )
    env["ir.cron"].search([("id", "not in", ours.mapped("res_id"))]).active = False
    belgium = env.ref("base.be")
    # Whatever the hour at which the tests run.
    without_quiet_hours(env)
    gateway = env["sms.marketing.gateway"].create(
        {
            "name": "Kannel",
            "provider": "kannel",
            # Nobody listens on port 9; `point_at` gives the address once it is known.
            "kannel_url": "http://127.0.0.1:9/cgi-bin/sendsms",
            "kannel_username": "odoo",
            "kannel_password": "not known yet",
        }
    )
    own_number = env["sms.marketing.sender"].create({"value": sender, "gateway_id": gateway.id})
    partners = env["res.partner"].create(
        [{"country_id": belgium.id, "sms_marketing": True, **values} for values in contacts]
    )
    subscription_type = env["sms.marketing.subscription.type"].create({"name": "Offers of a test"})
    consent.record(
        env,
        [
            consent.ConsentChange(
                partner.mobile_e164 or partner.phone_e164,
                subscription_type.id,
                "subscribed",
                method="form",
                legal_basis="written_consent",
                explanation="signed at the counter",
            )
            for partner in partners
        ],
    )
    contact_list = env["sms.marketing.list"].create(
        {"name": "Customers", "partner_ids": [Command.set(partners.ids)]}
    )
    message = env["sms.marketing.message"].create(
        {
            "name": name,
            "body": body,
            "sender_id": own_number.id,
            "subscription_type_id": subscription_type.id,
            "include_list_ids": [Command.set(contact_list.ids)],
        }
    )
    return {
        "gateway": gateway.id,
        "list": contact_list.id,
        "message": message.id,
        "type": subscription_type.id,
        "secret": gateway._secret_values()["webhook_secret"],
    }


def run_lane(env, *, batch_size, ready, go):
    """Work as one lane until nothing is due, once the file `go` is there.

    :return: number of texts that this lane took in hand
    """
    # This transaction must not stay open beside those of the lane.
    env.cr.commit()
    Path(ready).touch()
    while not Path(go).exists():
        time.sleep(0.01)
    handled, _remains = Lane(env.registry, batch_size).run()
    return handled


def start_now(env, *, message, gateway, kannel):
    """Send a message as its button does, and start it, but hand nothing over.

    :param kannel: the gateway's settings
    :return: number of messages started
    """
    env["sms.marketing.gateway"].browse(gateway).write(kannel)
    env["sms.marketing.message"].browse(message).action_send()
    env.cr.commit()
    return schedule.start_due(env.registry)
