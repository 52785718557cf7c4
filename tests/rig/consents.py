"""One number's consent, changed by several at once; for `odoo.run_in_shell`."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from odoo.addons.sms_marketing.engine import consent, inbound
from odoo.addons.sms_marketing.engine.transactions import in_own_transaction
from odoo.addons.sms_marketing.gateways.values import Inbound

SENDER = "+12025550123"


def stop_at_once(env, *, numbers, callers):
    """STOP from each number so many times at once, from some that were never heard of.

    :return: by number how many confirmations are queued and the log's (previous state, state), and
        the states in which the numbers are
    """
    gateway = env["sms.marketing.gateway"].create({"name": "Sandbox of STOPs"})
    env["sms.marketing.sender"].create({"value": SENDER, "gateway_id": gateway.id})
    env["sms.marketing.subscription.type"].search([]).active = False
    wanted = env["sms.marketing.subscription.type"].create({"name": "Offers"})
    consent.record(
        env,
        [
            consent.ConsentChange(
                number, wanted.id, "subscribed", method="form", explanation="paper"
            )
            for number in numbers[::2]
        ],
    )
    env.cr.commit()
    together = Barrier(callers)

    def stop(number):
        def work(own):
            text = Inbound(number, SENDER, "STOP")
            inbound.receive(own, own["sms.marketing.gateway"].browse(gateway.id), text)

        together.wait(60)
        in_own_transaction(env.registry, work)

    with ThreadPoolExecutor(callers) as pool:
        for number in numbers:
            for caller in [pool.submit(stop, number) for _caller in range(callers)]:
                caller.result(60)
    env.cr.commit()
    env.invalidate_all()
    confirmations = env["sms.marketing.recipient"].search([("kind", "=", "answer")])
    log = env["sms.marketing.consent"].search(
        [("type_id", "=", wanted.id), ("method", "=", "keyword")], order="id"
    )
    return {
        "confirmations": {
            number: len(confirmations.filtered(lambda one, number=number: one.number == number))
            for number in numbers
        },
        "log": {
            number: [
                (line.previous_state or None, line.state) for line in log if line.number == number
            ]
            for number in numbers
        },
        "states": env["sms.marketing.subscription"]
        .search([("type_id", "=", wanted.id)])
        .mapped("state"),
    }
