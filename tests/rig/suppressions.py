"""What carriers say of one number, to several transactions at once; for `odoo.run_in_shell`."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from odoo.addons.sms_marketing.engine import consent, suppression
from odoo.addons.sms_marketing.engine.transactions import own_transaction
from odoo.addons.sms_marketing.gateways.reasons import Reason


def report_at_once(env, *, numbers, callers):
    """Each number is said not to exist, and then opts out, so many times at once.

    :return: the names of errors, the numbers on Odoo's blacklist by a carrier's word, and the ones
        that are there by a STOP
    """
    env.company.sms_marketing_fill_blacklist = True
    gateway = env["sms.marketing.gateway"].create({"name": "Sandbox of invalid numbers"})
    env["sms.marketing.subscription.type"].search([]).active = False
    gateway_id, company_id = gateway.id, gateway.company_id.id
    stopped = [number.replace("+1303", "+1202") for number in numbers]
    env.cr.commit()
    together = Barrier(callers)

    def at_once(work, number):
        together.wait(60)
        try:
            # No second try: a web request has none either for what is no conflict of locks.
            with own_transaction(env.registry) as own:
                own["phone.blacklist"].search([], limit=1)  # what is read once takes no time here
                together.wait(60)
                work(own, number)
                # The others come to the same number before this one's entry is there for them.
                time.sleep(0.05)
        except Exception as error:
            return type(error).__name__
        return None

    def report(own, number):
        suppression.apply(own, [(number, gateway_id, Reason.INVALID_NUMBER)])

    def stop(own, number):
        company = own["res.company"].browse(company_id)
        consent.unsubscribe_everywhere(own, [number], company, method="keyword")

    errors = []
    with ThreadPoolExecutor(callers) as pool:
        for work, each in ((report, numbers), (stop, stopped)):
            for number in each:
                for caller in [pool.submit(at_once, work, number) for _caller in range(callers)]:
                    errors.append(caller.result(60))
    env.cr.commit()
    env.invalidate_all()
    entries = env["phone.blacklist"].search([], order="number")
    by_stop = entries.filtered("sms_marketing_company_ids")
    return {
        "errors": sorted({error for error in errors if error}),
        "listed": [number for number in (entries - by_stop).mapped("number") if number in numbers],
        "stopped": [
            number.replace("+1202", "+1303")
            for number in by_stop.mapped("number")
            if number in stopped
        ],
    }
