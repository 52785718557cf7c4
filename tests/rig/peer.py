"""Campaigns of Odoo's own `mass_mailing_sms` and `sms_twilio`, as `ours` makes the add-on's.

They reach the faulty provider through the server-wide module `redirect_twilio` of `bench/addons`.
"""

from odoo import SUPERUSER_ID, api
from odoo.fields import Command

from rig.faulty import ACCOUNT

RECORDED = "SELECT sms_number, trace_status FROM mailing_trace WHERE mass_mailing_id = {campaign}"
MEANING = {"outgoing": "waiting", "process": "waiting", "pending": "sent", "sent": "sent"}

#: Seconds, about: two batches of ten, one text after the other, at 0.1 s.
SPAN = 2.6

QUEUE = "sms.ir_cron_sms_scheduler_action"


def set_up(env, url, numbers):
    """A Twilio account, contacts, no scheduled action but the queue's."""
    env["ir.cron"].search([("id", "!=", env.ref(QUEUE).id)]).active = False
    belgium = env.ref("base.be")
    env.company.write(
        {
            "country_id": belgium.id,
            "sms_provider": "twilio",
            "sms_twilio_account_sid": ACCOUNT,
            "sms_twilio_auth_token": "0" * 32,
            "sms_twilio_number_ids": [
                Command.create({"number": "+3225550000", "country_id": belgium.id})
            ],
        }
    )
    env["res.partner"].create(
        [
            {
                "name": f"Customer {number}",
                "phone": number,
                "country_id": belgium.id,
                "ref": "faults",
            }
            for number in numbers
        ]
    )
    env.cr.commit()


def campaign(env, numbers, start=True):
    """A mailing to these numbers, its texts in the queue; its id."""
    mailing = env["mailing.mailing"].create(
        {
            "subject": "Faults",
            "mailing_type": "sms",
            "body_plaintext": "Boots at half price",
            "mailing_model_id": env["ir.model"]._get_id("res.partner"),
            "mailing_domain": repr([("ref", "=", "faults"), ("phone", "in", numbers)]),
        }
    )
    mailing.action_send_sms()
    mailing.state = "done"
    env.cr.commit()
    return mailing.id


def work(registry):
    """Send what is in the queue, as its scheduled action: a batch, a commit, the next."""
    while True:
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            env["sms.sms"]._process_queue()
            cr.commit()
            if not env["sms.sms"].search_count(
                [("state", "=", "outgoing"), ("to_delete", "!=", True)]
            ):
                return


def time_passes(env):
    """Nothing of theirs waits for a time to pass."""
