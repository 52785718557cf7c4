"""Codes for test numbers, asked for and tried by many at once; for `odoo.run_in_shell`."""

import re
from concurrent.futures import ThreadPoolExecutor

from odoo.addons.sms_marketing.engine import verification
from odoo.addons.sms_marketing.engine.transactions import in_own_transaction

NUMBER = "+12025550166"


def ask_at_once(env, *, callers):
    """Ask so many times at once, each in a transaction of its own, for a code to one number.

    :return: how many codes were sent, and how many wrong tries at once the last one counted
        before it was dead; whether it, the right one, was still taken after these
    """
    gateway = env["sms.marketing.gateway"].create({"name": "Sandbox of codes"})
    sender = env["sms.marketing.sender"].create({"value": "+12025550123", "gateway_id": gateway.id})
    saved = env["sms.marketing.test.number"].create({"label": "Phone", "number": NUMBER})
    env.cr.commit()

    def at_once(work):
        with ThreadPoolExecutor(callers) as pool:
            calls = [pool.submit(in_own_transaction, env.registry, work) for _ in range(callers)]
            return [call.result() for call in calls]

    spent = at_once(lambda own: verification.send_code(own, saved.id, sender.id, env.uid))
    env.cr.rollback()
    env.invalidate_all()
    texts = env["sms.marketing.recipient"].search([("number", "=", NUMBER)])
    # All are written by now; which of them was the last, the lock has decided, not the id.
    codes = {re.search(r": ([0-9]{6}) is", text.body)[1] for text in texts}
    wrong = next(code for code in ("111111", "222222", "333333", "444444") if code not in codes)
    right_guesses = at_once(lambda own: verification.verify(own, saved.id, wrong, env.uid))
    taken = [
        in_own_transaction(
            env.registry, lambda own, code=code: verification.verify(own, saved.id, code, env.uid)
        )
        for code in codes
    ]
    env.cr.rollback()
    env.invalidate_all()
    return {
        "sent": spent.count(None),
        "texts": len(texts),
        "tries": saved.sudo().code_tries,
        "taken": any(right_guesses) or any(taken),
        "verified": bool(saved.verified_at),
    }
