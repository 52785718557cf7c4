"""P2 and P3: texts a second through a provider that answers in 50 ms, and at once.

`make bench BENCH=dispatch` runs it: one lane, Odoo's own `sms_twilio`, and bare HTTP clients that
do nothing but the calls, one after another against one provider (`bench/fast_provider.py`), again
and again. All of ours and of the bare ones have as many calls under way at once.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bare_clients import CLIENTS
from fast_provider import FastProvider
from rig.odoo import run_in_shell, with_configuration

from dev import database as databases
from dev import testing

ADDONS = Path(__file__).resolve().parent / "addons"
CONCURRENCY = 64


@dataclass(frozen=True)
class Case:
    """A row of the budgets: times the peer, and share of the fastest bare client, to reach."""

    row: str
    delay: float
    texts: int
    peer_texts: int
    times_peer: float
    share_of_bare: float


CASES = (
    Case("P2", 0.05, 6000, 60, 50, 0.9),
    Case("P3", 0.0, 20000, 400, 4, 0.6),
)


def measure(machine, template, side, folder, url, texts):
    """What `rig.dispatching.send` tells, in a fresh copy of a database."""
    database = f"sms_marketing_dispatch_{os.getpid()}"
    databases.clone(machine.server, template, database, quiet=True)
    variables = dict(os.environ, FAKE_TWILIO=url.removesuffix("/send"))
    os.environ.update(variables)
    try:
        return run_in_shell(
            machine, database, folder, "dispatching.send", side=side, url=url, texts=texts
        )
    finally:
        machine.drop(database)


def one_run(machine, peer, folder, case):
    """Figures of one round: {name: texts a second}, and our memory."""
    with FastProvider(folder, case.delay) as provider:
        figures = {}
        for name, client in CLIENTS.items():
            figures[name] = client(provider.url, case.texts // 2, CONCURRENCY)
        ours = measure(machine, machine.database, "ours", folder, provider.url, case.texts)
        figures["ours"], figures["memory"] = ours["rate"], ours["memory"]
        if peer:
            told = measure(*peer, "peer", folder, provider.url, case.peer_texts)
            figures["peer"] = told["rate"]
    return figures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--peer", help="a database with Odoo's own SMS apps")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rows", default="P2 P3")
    options = parser.parse_args()
    machine = testing.load()
    found, table = {}, []
    with tempfile.TemporaryDirectory(prefix="dispatch-", dir=machine.dev) as folder:
        folder = Path(folder)
        redirected = with_configuration(
            machine,
            folder / "peer.conf",
            addons_path=f"{machine.addons_path},{ADDONS}",
            server_wide_modules="base,rpc,web,redirect_twilio",
        )
        peer = (redirected, options.peer) if options.peer else None
        for case in (case for case in CASES if case.row in options.rows.split()):
            runs = [one_run(machine, peer, folder, case) for _run in range(options.runs)]
            medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            found[case.row] = {"medians": medians, "runs": runs, "concurrency": CONCURRENCY}
            table.append(_row(case, medians))
    if options.json:
        options.json.write_text(json.dumps({"figures": found, "rows": table}, indent=2) + "\n")


def _row(case, medians):
    """Print a case and return it as a row of the table."""
    bare = max(CLIENTS, key=medians.get)
    share = medians["ours"] / medians[bare]
    print(f"{case.row}  texts a second, {case.delay * 1000:.0f} ms, {CONCURRENCY} calls at once")
    for name, rate in sorted(medians.items(), key=lambda item: item[1]):
        if name != "memory":
            print(f"  {name:14}{rate:>8.0f}")
    print(f"  ours: {share:.0%} of {bare} (goal {case.share_of_bare:.0%})", end="")
    goal = f"{case.share_of_bare:.0%} of bare"
    ours = f"{medians['ours']:.0f} ({share:.0%} of bare"
    if "peer" in medians:
        times = medians["ours"] / medians["peer"]
        print(f", {times:.0f} times the peer (goal {case.times_peer})", end="")
        ours += f", {times:.0f} × peer"
        goal += f", {case.times_peer} × peer"
    print(f"; memory grew by {medians['memory']:.1f} MiB", flush=True)
    return {
        "row": case.row,
        "what": f"texts a second, provider answers in {case.delay * 1000:.0f} ms",
        "ours": f"{ours})",
        "peer": f"{medians['peer']:.0f}" if "peer" in medians else "",
        "bare": f"{medians[bare]:.0f} ({bare})",
        "goal": goal,
    }


if __name__ == "__main__":
    sys.exit(main())
