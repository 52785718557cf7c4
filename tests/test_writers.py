"""Receipts, STOPs and clicks come in on eight connections while lanes send: no work is lost.

What PostgreSQL refuses under concurrency is counted: deadlocks by its own statistics, failures of
serialization by the server's log, and statements that waited for another one's lock.
"""

import re
import threading
from urllib.parse import urlencode

from rig import sending
from rig.callers import call_all, twilio_request
from rig.listener import wait_until
from rig.locks import LockWaits
from rig.odoo import Odoo, run_in_shell
from rig.provider import SlowProvider
from rig.received import TOKEN

RECEIPTS, STOPS, CLICKS = 400, 60, 200
#: kind of call -> connections at once; eight in all, beside the server's two lanes' threads
WRITERS = {"receipts": 4, "stops": 2, "clicks": 2}
REFUSED = re.compile(r"could not serialize|deadlock detected|retry \d+ of")


def get(path, port):
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()


def test_nothing_is_lost_among_eight_writers(machine, clone_database, folder):
    database = clone_database()
    campaign = sending.make_campaign(machine, database, folder)
    expected = ["odoo.sql_db: bad query", "odoo.service.model", "odoo.http"]
    with (
        SlowProvider(folder, delay=0.05) as provider,
        Odoo(machine, database, folder, expected=expected) as odoo,
    ):
        taken = run_in_shell(
            machine, database, folder, "received.taken", texts=RECEIPTS, public_url=odoo.url
        )
        sending.point_at(odoo, campaign, provider)
        before = deadlocks(odoo)
        gone = set(
            odoo.sql("SELECT number FROM sms_marketing_subscription WHERE state = 'unsubscribed'")
        )
        odoo.call("sms.marketing.message", "action_send", [campaign["message"]])
        assert wait_until(lambda: len(provider.arrivals()) > 20, 60, 0.05)
        numbers = sending.numbers()[-STOPS:]
        tokens = odoo.sql(
            "SELECT token FROM sms_marketing_recipient WHERE state <> 'queued'"
            f" AND message_id = {campaign['message']} ORDER BY id LIMIT 20"
        )
        calls = {
            # Each text is reported twice, on whichever connections: taken, and delivered.
            "receipts": [
                receipt(taken, reference, status)
                for reference in taken["references"]
                for status in ("sent", "delivered")
            ],
            "stops": [stop(odoo, campaign, number) for number in numbers],
            # All on a few texts, so that they meet.
            "clicks": [get(f"/s/{tokens[n % len(tokens)]}", odoo.port) for n in range(CLICKS)],
        }
        answers = {}

        def work(kind):
            answers[kind] = call_all(odoo.port, calls[kind], WRITERS[kind])[1]

        threads = [threading.Thread(target=work, args=(kind,)) for kind in calls]
        with LockWaits(machine, database) as waits:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert wait_until(
                lambda: sending.is_closed(machine, database, campaign), sending.SEND_TIMEOUT, 0.2
            )
        refused = len(REFUSED.findall(odoo.log.read_text()))
        print(
            f"refused by PostgreSQL and done again: {refused}, deadlocks {deadlocks(odoo) - before}"
            f", statements that waited for a lock: {waits.count}"
        )

        assert {kind: {status for status, _s in told} for kind, told in answers.items()} == {
            "receipts": {200},
            "stops": {200},
            "clicks": {302},
        }
        assert odoo.sql(
            "SELECT state, count(*) FROM sms_marketing_recipient"
            f" WHERE message_id = {taken['message']} GROUP BY state"
        ) == [f"delivered|{RECEIPTS}"]
        assert odoo.sql("SELECT count(*) FROM sms_marketing_click") == [str(CLICKS)]
        stopped = odoo.sql(
            "SELECT DISTINCT number FROM sms_marketing_subscription WHERE state = 'unsubscribed'"
        )
        assert sorted(set(stopped) - gone) == sorted(numbers)
        arrived = [arrival.number for arrival in provider.arrivals() if "half" in arrival.text]
        assert len(set(arrived)) == len(arrived)
        counts = sending.states(machine, database, campaign)
        assert counts["sent"] == len(arrived)
        assert counts["sent"] + counts["skipped"] == sending.RECIPIENTS
        assert odoo.sql("SELECT count(*) FROM sms_marketing_receipt") == ["0"]


def deadlocks(odoo):
    [count] = odoo.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(count)


def receipt(taken, reference, status):
    fields = {"MessageSid": f"SM{reference}", "MessageStatus": status}
    url = f"{taken['callback']}/receipt?reference={reference}"
    return twilio_request(url, TOKEN, fields)


def stop(odoo, campaign, number):
    fields = {"from": number, "to": sending.SENDER, "text": "STOP", "coding": "0", "id": number}
    path = f"/sms_marketing/webhook/{campaign['gateway']}/{campaign['secret']}/inbound"
    return get(f"{path}?{urlencode(fields)}", odoo.port)
