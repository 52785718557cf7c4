"""Sign-ups on a public page by many at once: inside Odoo (for `odoo.run_in_shell`), and by HTTP."""

import re
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import requests
from odoo.fields import Command

from odoo.addons.sms_marketing.engine import sign_up
from odoo.addons.sms_marketing.engine.transactions import in_own_transaction

NUMBER = "+12025550166"


def make_form(env, slug=None):
    """A public page for one kind of texts; its ids.

    :param slug: the last part of its address
    """
    gateway = env["sms.marketing.gateway"].create({"name": "Sandbox of sign-ups"})
    sender = env["sms.marketing.sender"].create({"value": "+12025550123", "gateway_id": gateway.id})
    wanted = env["sms.marketing.subscription.type"].create({"name": "Offers"})
    form = env["sms.marketing.sign.up.form"].create(
        {
            "name": "Fair",
            "sender_id": sender.id,
            "choice_ids": [Command.create({"type_id": wanted.id})],
            **({"slug": slug} if slug else {}),
        }
    )
    env.cr.commit()
    return {"form": form.id, "type": wanted.id}


def number_at(index):
    """A number; no twenty of these are of one block of a thousand."""
    block, last = divmod(index, 15)
    return f"+1303{block + 201}0{last:03d}"


def ask_at_once(env, *, callers):
    """Ask so many times at once for codes to one number, then from one network for many numbers.

    :return: how many were let through of each, how many texts there are, and what became of the
        right code when it was typed by all at once
    """
    made = make_form(env)
    form = env["sms.marketing.sign.up.form"].browse(made["form"])
    wanted = env["sms.marketing.subscription.type"].browse(made["type"])

    # So many that only the limits of a number and of a network are met.
    env.company.sms_marketing_codes_a_day = 5000
    env.cr.commit()

    def ask(number, network):
        def work(own):
            asked = sign_up.Request(number, "Ann", ((wanted.id, "I agree"),), network)
            return sign_up.ask(form.with_env(own), asked)

        return in_own_transaction(env.registry, work)

    with ThreadPoolExecutor(callers) as pool:
        of_number = [*pool.map(lambda at: ask(NUMBER, f"192.0.2.{at}"), range(callers))]
        of_network = [
            *pool.map(lambda at: ask(number_at(at), "203.0.113.9"), range(1, 30 * callers))
        ]
    texts = env["sms.marketing.recipient"].search([("kind", "=", "verification")])
    [token, *_others] = filter(None, of_number)
    found = env["sms.marketing.sign.up"].search([("token", "=", token)])
    codes = {re.search(r"[0-9]{6}", text.body)[0] for text in texts if text.number == NUMBER}

    def confirm(code):
        return in_own_transaction(
            env.registry, lambda own: sign_up.confirm(found.with_env(own), code, "192.0.2.1")
        )

    with ThreadPoolExecutor(callers) as pool:
        taken = [*pool.map(confirm, sorted(codes) * 2)]
    env.cr.rollback()
    env.invalidate_all()
    return {
        "of_number": sum(map(bool, of_number)),
        "of_network": sum(map(bool, of_network)),
        "texts": dict(Counter(text.number == NUMBER for text in texts)).get(True, 0),
        "confirmed": sum(taken),
        "consents": env["sms.marketing.consent"].search_count([("number", "=", NUMBER)]),
        "contacts": env["res.partner"].search_count([("mobile_e164", "=", NUMBER)]),
    }


def post_many(url, subscription_type, posts, clients):
    """Fill in the page at an address so often, each time for another number from another network.

    :param url: of the page, of a server in proxy mode
    :return: {HTTP status: how many}
    """
    own = threading.local()

    def page():
        """The session of this client, and what the form on its page holds."""
        if not hasattr(own, "session"):
            own.session = requests.Session()
            shown = own.session.get(url, timeout=60).text
            names = ("csrf_token", "fingerprint")
            own.hidden = {
                name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', shown)[1] for name in names
            }
        return own.session

    def post(at):
        answer = page().post(
            url,
            data={
                **own.hidden,
                "number": number_at(at),
                "name": "Ann",
                "type": str(subscription_type),
            },
            headers={
                "X-Forwarded-For": f"198.51.{at // 200}.{at % 200 + 1}",
                "X-Forwarded-Host": "www.example.com",
            },
            allow_redirects=False,
            timeout=60,
        )
        return answer.status_code

    with ThreadPoolExecutor(clients) as pool:
        return dict(Counter(pool.map(post, range(posts))))
