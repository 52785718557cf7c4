"""A provider that is asked about unknown texts by two machines at once; for `odoo.run_in_shell`."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Barrier, Lock, Thread
from urllib.parse import parse_qsl, urlsplit

from odoo import sql_db
from odoo.fields import Command

from odoo.addons.sms_marketing.engine import consent, lookup, receipts, schedule
from odoo.addons.sms_marketing.engine.transactions import in_own_transaction
from odoo.addons.sms_marketing.gateways.sinch import SinchGateway
from odoo.addons.sms_marketing.gateways.values import Receipt, ReceiptStatus

from .inside import without_quiet_hours


class Sinch:
    """Lists every text that it is asked about but those whose reference it is to deny.

    :param look: called at each question
    """

    def __init__(self, denied=(), look=lambda: None):
        self.asked = Counter()
        self._lock = Lock()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                reference = dict(parse_qsl(urlsplit(self.path).query))["client_reference"]
                with provider._lock:
                    provider.asked[reference] += 1
                    look()
                batch = {"id": f"batch of {reference}", "client_reference": reference}
                body = json.dumps({"batches": [] if reference in denied else [batch]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                raise AssertionError("a lookup sends nothing")

            def log_message(self, *_arguments):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self):
        Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exception):
        self._server.shutdown()
        self._server.server_close()


def lost_texts(env, amount):
    """A message to so many contacts whose texts all are unknown, and may be asked about now."""
    without_quiet_hours(env)
    gateway = env["sms.marketing.gateway"].create(
        {
            "name": "Sinch",
            "provider": "sinch",
            "sinch_region": "eu",
            "sinch_service_plan": "plan",
            "sinch_api_token": "token",
        }
    )
    sender = env["sms.marketing.sender"].create({"value": "+12025550123", "gateway_id": gateway.id})
    partners = env["res.partner"].create(
        [
            {
                "name": f"Customer {index}",
                "mobile": f"+1303{200 + index // 80}00{index % 80:02d}",
                "country_id": env.ref("base.us").id,
                "sms_marketing": True,
            }
            for index in range(amount)
        ]
    )
    subscription_type = env["sms.marketing.subscription.type"].create({"name": "Offers of a test"})
    consent.record(
        env,
        [
            consent.ConsentChange(
                number, subscription_type.id, "subscribed", method="form", explanation="paper"
            )
            for number in partners.mapped("mobile_e164")
        ],
    )
    message = env["sms.marketing.message"].create(
        {
            "name": "Lost",
            "body": "Hello",
            "sender_id": sender.id,
            "subscription_type_id": subscription_type.id,
            "include_partner_ids": [Command.set(partners.ids)],
        }
    )
    message.action_send()
    env.cr.commit()
    schedule.start_due(env.registry)
    env.cr.rollback()
    env.cr.execute(
        "UPDATE sms_marketing_recipient SET state = 'unknown', attempt = 1,"
        " settled_at = now() AT TIME ZONE 'UTC' - interval '5 minutes',"
        " lookup_at = now() AT TIME ZONE 'UTC' - interval '3 minutes' WHERE message_id = %s",
        [message.id],
    )
    env.cr.commit()
    env.invalidate_all()
    return message


def ask_at_once(env, *, amount):
    """Two machines ask while receipts of a third of the texts come in, and a person settles some.

    :return: how often texts were asked about, and the states of those that were delivered, known
        to the provider only, denied by it, and said by a person to be sent
    """
    message = lost_texts(env, amount)
    texts = message.recipient_ids.sudo().sorted("id")
    delivered, known, denied, settled = (texts[part::4] for part in range(4))
    tokens = delivered.mapped("token")
    together = Barrier(4)

    def ask():
        together.wait(60)
        return lookup.run(env.registry, 60)[0]

    def receive():
        together.wait(60)
        for token in tokens:
            receipt = Receipt(reference=token, status=ReceiptStatus.DELIVERED)
            in_own_transaction(
                env.registry,
                lambda own, receipt=receipt: receipts.receive(
                    own, message.sender_id.gateway_id.id, [receipt]
                ),
            )

    def settle():
        together.wait(60)
        for one in settled.ids:
            in_own_transaction(
                env.registry,
                lambda own, one=one: lookup_settles(own, one),
            )

    with Sinch(set((denied | settled).mapped("token"))) as provider:
        SinchGateway.server = provider.url
        env.cr.commit()
        with ThreadPoolExecutor(4) as pool:
            work = [pool.submit(one) for one in (ask, ask, receive, settle)]
            [done.result() for done in work]
        asked = provider.asked
    env.cr.rollback()
    env.invalidate_all()
    return {
        "most": max(asked.values()),
        "delivered": dict(Counter(delivered.mapped("state"))),
        "known": dict(Counter(known.mapped("state"))),
        "denied": dict(Counter(denied.mapped("state"))),
        "settled": dict(Counter(settled.mapped("state"))),
        "left": env["sms.marketing.receipt"].search_count([]),
    }


def lookup_settles(env, recipient_id):
    """A person says that a text was sent, who may be too late."""
    recipient = env["sms.marketing.recipient"].browse(recipient_id)
    if recipient.state == "unknown":
        recipient.action_was_sent()


def transactions_while_asking(env, *, amount):
    """The most transactions that lay open and idle at the moments when the provider was asked."""
    lost_texts(env, amount)
    seen = []
    watcher = sql_db.db_connect(env.cr.dbname).cursor()
    watcher._cnx.autocommit = True

    def look():
        watcher.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE 'idle in transaction%'"
        )
        seen.append(watcher.fetchone()[0])

    with Sinch(look=look) as provider:
        SinchGateway.server = provider.url
        env.cr.commit()
        asked, _remains = lookup.run(env.registry, 60)
    watcher.close()
    return {"asked": asked, "open": max(seen)}
