"""Two messages to the same numbers, claimed by two lanes at once; for `odoo.run_in_shell`."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from odoo.fields import Command

from odoo.addons.sms_marketing.engine import consent, frequency, schedule
from odoo.addons.sms_marketing.engine.dispatch import Lane
from odoo.addons.sms_marketing.engine.transactions import in_own_transaction

from .inside import without_quiet_hours

BATCH = 10


def send_two_at_once(env, *, contacts, with_lock=True):
    """Send two messages of two subscription types, under a cap of one text a week.

    :param with_lock: False leaves the numbers' lock out, to show that the test would see it
    :return: texts sent, the most that one number got, and how many were stopped by the cap
    """
    without_quiet_hours(env)
    gateway = env["sms.marketing.gateway"].create({"name": "Sandbox of caps"})
    sender = env["sms.marketing.sender"].create({"value": "+12025550123", "gateway_id": gateway.id})
    partners = env["res.partner"].create(
        [
            {
                "name": f"Customer {index}",
                "mobile": f"+1303{200 + index // 80}00{index % 80:02d}",
                "country_id": env.ref("base.us").id,
                "sms_marketing": True,
            }
            for index in range(contacts)
        ]
    )
    messages = env["sms.marketing.message"]
    for name in ("Offers", "Events"):
        subscription_type = env["sms.marketing.subscription.type"].create({"name": name})
        consent.record(
            env,
            [
                consent.ConsentChange(
                    number, subscription_type.id, "subscribed", method="form", explanation="paper"
                )
                for number in partners.mapped("mobile_e164")
            ],
        )
        messages += messages.create(
            {
                "name": name,
                "body": "Hello",
                "sender_id": sender.id,
                "subscription_type_id": subscription_type.id,
                "include_partner_ids": [Command.set(partners.ids)],
            }
        )
    messages.action_send()
    env.cr.commit()
    assert schedule.start_due(env.registry) == 2
    # Set now, so that neither audience could leave anybody out.
    env.company.write({"sms_marketing_cap_texts": 1, "sms_marketing_cap_days": 7})
    env.cr.commit()
    if not with_lock:
        frequency.lock_numbers = lambda *_arguments: None

    together = Barrier(2)

    def send(message_id):
        lane = Lane(env.registry, BATCH)
        for _batch in range(contacts // BATCH):
            ways, _pause = in_own_transaction(env.registry, lane._ways)
            together.wait(60)
            for way in ways:
                if way.source.message_id == message_id:
                    lane._try_take(way)
            lane._settle()

    with ThreadPoolExecutor(2) as pool:
        for lane in [pool.submit(send, message_id) for message_id in messages.ids]:
            lane.result()
    env.cr.rollback()
    env.invalidate_all()
    texts = messages.recipient_ids
    sent = texts.filtered(lambda one: one.state == "sent")
    return {
        "sent": len(sent),
        "most": max(len(of_number) for of_number in sent.grouped("number").values()),
        "stopped": len(texts.filtered(lambda one: one.reason == "frequency_cap")),
    }
