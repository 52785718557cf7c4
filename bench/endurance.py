"""P2b: minutes of sending by Odoo's own cron threads, with a receipt for each text coming back.

`make bench BENCH=endurance` runs it: a real server with stock settings, one lane, a provider that
answers in 50 ms and calls back 20 to 1,000 ms after each text. Texts and receipts share the
server's process, as they do for who has one server. `--seconds 60` is a short run; with `--workers`
lanes have a process of their own, and what is left is what the machine's cores can do.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from fast_provider import FastProvider
from rig.listener import wait_until
from rig.odoo import Odoo, run_in_shell

from dev import database as databases
from dev import testing
from dev.bench import RESULTS

DELAY = 0.05
#: More texts a second than will go out.
MOST = 1000
GOAL = 0.9
#: What is not to be found in the log.
TROUBLE = ("deadlock detected", "could not serialize")


def watch(machine, database, odoo, provider, draft, seconds):
    """Send for so many seconds.

    :return: texts and receipts a second of each minute, and what was amiss at the end
    """
    odoo.call("sms.marketing.gateway", "write", [draft["gateway"]], {"generic_url": provider.url})
    odoo.call("sms.marketing.gateway", "write", [draft["gateway"]], {"public_url": odoo.url})
    odoo.call("sms.marketing.message", "action_send", [draft["message"]])
    if not wait_until(provider.count, 300, 0.2):
        raise SystemExit("no text went out")
    minutes = []
    end = time.monotonic() + seconds
    began, texts, receipts = time.monotonic(), 0, 0
    while time.monotonic() < end:
        time.sleep(max(min(60, end - time.monotonic()), 0.1))
        took = time.monotonic() - began
        now_texts, now_receipts = provider.count(), sum(provider.receipts())
        minutes.append(((now_texts - texts) / took, (now_receipts - receipts) / took))
        print(f"  {minutes[-1][0]:>10.0f}{minutes[-1][1]:>12.0f}", flush=True)
        began, texts, receipts = time.monotonic(), now_texts, now_receipts
    odoo.call("sms.marketing.message", "action_cancel", [draft["message"]])
    _wait_for_the_end(machine, database)
    recorded = set(
        machine.sql(
            database,
            "SELECT number FROM sms_marketing_recipient"
            " WHERE state IN ('sent', 'delivered', 'undelivered')",
        )
    )
    came = provider.numbers()
    [deadlocks] = machine.sql(
        database, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    )
    log = odoo.log.read_text(errors="replace")
    return minutes, {
        "texts at the provider": sum(came.values()),
        "recorded as taken": len(recorded),
        "doubled": sum(times - 1 for times in came.values()),
        "lost": len(recorded - set(came)),
        "taken and not recorded": len(set(came) - recorded),
        "receipts still to come": sum(came.values()) - sum(provider.receipts()),
        "receipts refused": provider.receipts()[1],
        "deadlocks": int(deadlocks),
        **{word: log.count(word) for word in TROUBLE},
    }


def _wait_for_the_end(machine, database):
    """Until nothing is on its way any more."""
    for _second in range(120):
        [sending] = machine.sql(
            database, "SELECT count(*) FROM sms_marketing_recipient WHERE state = 'sending'"
        )
        if sending == "0":
            return
        time.sleep(1)
    raise SystemExit(f"{sending} texts are still on their way")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument(
        "--workers", type=int, default=0, help="of the web server; 0: threads, as Odoo comes"
    )
    options = parser.parse_args()
    machine = testing.load()
    workers = ("--workers", str(options.workers))
    database = f"sms_marketing_endurance_{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="endurance-", dir=machine.dev) as folder:
        folder = Path(folder)
        databases.clone(machine.server, machine.database, database, quiet=True)
        try:
            draft = run_in_shell(
                machine,
                database,
                folder,
                "audience.enduring",
                size=MOST * options.seconds,
                timeout=1200,
            )
            print("P2b  texts and receipts a second, minute by minute")
            with (
                FastProvider(folder, DELAY, receipts=True) as provider,
                Odoo(machine, database, folder, expected=("",), options=workers) as odoo,
            ):
                minutes, end = watch(machine, database, odoo, provider, draft, options.seconds)
        finally:
            machine.drop(database)
    rate = statistics.median(texts for texts, _receipts in minutes)
    slowest = min(texts for texts, _receipts in minutes)
    called = statistics.median(receipts for _texts, receipts in minutes)
    print(f"  median {rate:.0f}, slowest minute {slowest:.0f}; {end}")
    row = {
        "row": "P2b",
        "what": f"texts a second for {options.seconds // 60} minutes under cron, with receipts",
        "ours": f"{rate:.0f} (slowest minute {slowest:.0f}), with {called:.0f} receipts a second; "
        f"deadlocks {end['deadlocks']}, doubled {end['doubled']}, lost {end['lost']}, "
        f"{end['receipts still to come']} receipts still to come",
        "goal": f"{GOAL:.0%} of our own P2" + _of_p2(rate),
    }
    if options.json:
        figures = {"minutes": minutes, "end": end, "rows": [row]}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


def _of_p2(rate):
    """The share of our P2, where it has been measured on this machine."""
    result = RESULTS / "dispatch.json"
    if not result.is_file():
        return ""
    own = json.loads(result.read_text())["figures"]["P2"]["medians"]["ours"]
    return f" ({rate / own:.0%} of {own:.0f})"


if __name__ == "__main__":
    sys.exit(main())
