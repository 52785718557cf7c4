"""Campaigns of the add-on for the table of faults; the other side is `peer`.

Both modules have the same functions. They run inside an Odoo shell.
"""

from odoo.fields import Command

from odoo.addons.sms_marketing.engine import consent, schedule
from odoo.addons.sms_marketing.engine.dispatch import Lane

#: Statement that tells number and state, and what the states mean.
RECORDED = "SELECT number, state FROM sms_marketing_recipient WHERE message_id = {campaign}"
MEANING = {
    "queued": "waiting",
    "sending": "waiting",
    "sent": "sent",
    "delivered": "sent",
    "undelivered": "sent",
    "unknown": "unknown",
}

#: Seconds, about: how long a lane takes for two batches of a provider that answers in 0.1 s.
SPAN = 1.0

#: `sms_twilio` waits as long.
TIME_OUT = 5


def set_up(env, url, numbers):
    """A gateway to the faulty provider, contacts with consent, no other scheduled action."""
    ours = env["ir.model.data"].search(
        [("module", "=", "sms_marketing"), ("model", "=", "ir.cron")]
    )
    env["ir.cron"].search([("id", "not in", ours.mapped("res_id"))]).active = False
    env["sms.marketing.quiet.hours"].search([]).unlink()
    env["sms.marketing.quiet.hours"].create({"opens": 0, "closes": 24})
    gateway = env["sms.marketing.gateway"].create(
        {
            "name": "Faulty provider",
            "provider": "generic",
            "generic_url": url,
            "generic_method": "POST",
            "generic_body_type": "form",
            "generic_body": "To={{ number }}&From={{ sender }}&Body={{ text }}",
            "generic_success_path": "status",
            "generic_success_value": "queued",
            "generic_reference_path": "sid",
            "connect_timeout": TIME_OUT,
            "read_timeout": TIME_OUT,
        }
    )
    env["sms.marketing.sender"].create({"value": "+3225550000", "gateway_id": gateway.id})
    env["res.partner"].create(
        [
            {
                "name": f"Customer {number}",
                "mobile": number,
                "country_id": env.ref("base.be").id,
                "sms_marketing": True,
                "ref": "faults",
            }
            for number in numbers
        ]
    )
    kind = env["sms.marketing.subscription.type"].create({"name": "Faults"})
    consent.record(
        env,
        [
            consent.ConsentChange(
                number, kind.id, "subscribed", method="form", explanation="on paper"
            )
            for number in numbers
        ],
    )
    env.cr.commit()


def draft(env, numbers):
    """A draft of a message to these numbers."""
    return env["sms.marketing.message"].create(
        {
            "name": "Faults",
            "body": "Boots at half price",
            "sender_id": env["sms.marketing.sender"].search([("value", "=", "+3225550000")]).id,
            "subscription_type_id": env["sms.marketing.subscription.type"]
            .search([("name", "=", "Faults")])
            .id,
            "include_partner_ids": [
                Command.set(
                    env["res.partner"]
                    .search([("ref", "=", "faults"), ("mobile_e164", "in", numbers)])
                    .ids
                )
            ],
        }
    )


def campaign(env, numbers, start=True):
    """A message to these numbers, started (its recipients are written); its id.

    :param start: False leaves the start to the scheduled action
    """
    message = draft(env, numbers)
    message.action_send()
    env.cr.commit()
    if start:
        schedule.start_due(env.registry)
        while schedule.write_next(env.registry):
            pass
    return message.id


def work(registry):
    """Send what is due, as one lane."""
    Lane(registry).run()


def time_passes(env):
    """As if leases had run out: minutes that nobody wants to wait."""
    env.cr.execute(
        "UPDATE sms_marketing_recipient SET lease_until = now() AT TIME ZONE 'UTC'"
        " - interval '1 second' WHERE state = 'sending'"
    )
    env.cr.commit()
