"""P1: from "send" to every recipient's text ready to hand over, by number of contacts.

`make bench BENCH=audience` runs it: a message with one token and one link to a list with a rule,
in copies of a database. Beside it Odoo's own `mass_mailing_sms` with as many contacts as are common
to both, and the bare limit: one INSERT … SELECT of the same rows, indexes included (bare), and the
same where the table has the foreign keys of recipients (bound).

    request   what the click on "send" waits for
    start     the recipients are written, each with its number and moment or its reason
    texts     the lanes write the texts, batch by batch
    claims    beside it: what the lanes do to hand them over: they take the recipients under lock,
              look at everything once more that forbids a text, and write texts and leases down.
              It is in P2 and P3, and so it is with the peer, whose queue takes its texts then
    peak      the most memory that the process had resident (MiB)
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from rig.odoo import run_in_shell

from dev import database as databases
from dev import testing

TIMES_FASTER = 40
MOST_GROWTH_OF_COST = 1.3
MOST_MEMORY = 64


def measure(machine, database, folder, function, **values):
    """Run a function of the rig's module in a fresh copy of a database."""
    copy = f"sms_marketing_audience_{os.getpid()}"
    try:
        databases.clone(machine.server, database, copy, quiet=True)
        return run_in_shell(machine, copy, folder, f"audience.{function}", timeout=7200, **values)
    finally:
        machine.drop(copy)


def middle(runs, what, name):
    """The median of one figure over the runs."""
    return statistics.median(run[what][name] for run in runs)


def cost(size, runs):
    """Milliseconds a recipient, from the click to the written text."""
    texts = statistics.median(run["texts"]["seconds"] / run["texts"]["written"] for run in runs)
    prepared = middle(runs, "request", "seconds") + middle(runs, "start", "seconds")
    return 1000 * (prepared / size + texts)


def peak(runs):
    """The most memory resident at any step (MiB)."""
    steps = ("request", "start", "texts", "claims")
    return statistics.median(max(run[step]["peak"] for step in steps) for run in runs)


def show(ours, peer, common):
    """Print the table of figures."""
    print(
        f"{'contacts':>10}{'request':>10}{'start':>10}{'bare':>10}{'bound':>10}{'texts':>10}"
        f"{'ms each':>10}{'queries':>10}{'a batch':>10}{'peak':>10}{'claims':>10}"
    )
    for size, runs in ours.items():
        batches = [run["texts"]["queries"] / run["texts"]["batches"] for run in runs]
        queries = middle(runs, "request", "queries") + middle(runs, "start", "queries")
        texts, claims = (
            statistics.median(run[what]["seconds"] * size / run[what]["written"] for run in runs)
            for what in ("texts", "claims")
        )
        print(
            f"{size:>10,}"
            + "".join(
                f"{middle(runs, what, 'seconds'):>9.2f}s"
                for what in ("request", "start", "bare", "bound")
            )
            + f"{texts:>9.2f}s{cost(size, runs):>10.3f}{queries:>10.0f}"
            f"{statistics.median(batches):>10.1f}{peak(runs):>10.0f}{claims:>9.2f}s"
        )
    if peer:
        seconds = statistics.median(run["seconds"] for run in peer)
        queries = statistics.median(run["queries"] for run in peer)
        most = statistics.median(run["peak"] for run in peer)
        print(
            f"Odoo's own, {common:,}: {seconds:.1f}s, {1000 * seconds / common:.3f} ms each, "
            f"{queries / common:.2f} queries each, peak {most:.0f} MiB"
        )


def rows(ours, peer, common):
    """Rows of the common table."""
    small, *_more, large = ours
    found = [
        {
            "row": "P1",
            "what": f"a recipient's cost at {large:,} against {small:,}",
            "ours": f"{cost(large, ours[large]) / cost(small, ours[small]):.2f} times",
            "goal": f"at most {MOST_GROWTH_OF_COST} times",
        },
        {
            "row": "P1",
            "what": f"memory at {large:,} beyond that at {small:,}",
            "ours": f"{peak(ours[large]) - peak(ours[small]):+.0f} MiB",
            "goal": f"less than {MOST_MEMORY} MiB",
        },
    ]
    if not peer:
        return found
    runs = ours[common]
    theirs = statistics.median(run["seconds"] for run in peer)
    mine = cost(common, runs) * common / 1000
    return [
        {
            "row": "P1",
            "what": f"{common:,} texts ready to hand over",
            "ours": f"{mine:.2f} s",
            "peer": f"{theirs:.1f} s ({theirs / mine:.0f} times)",
            "bare": f"{middle(runs, 'bare', 'seconds'):.2f} s; with foreign keys "
            f"{middle(runs, 'bound', 'seconds'):.2f} s",
            "goal": f"{TIMES_FASTER} times faster than the peer",
        },
        *found,
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", help="a database with Odoo's own SMS apps; else only ours")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--common", type=int, default=20_000, help="contacts on both sides")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="contacts"
    )
    parser.add_argument(
        "--written", type=int, default=100_000, help="of so many the texts are written, at most"
    )
    options = parser.parse_args()
    machine = testing.load()
    sizes = sorted({*options.sizes, *([options.common] if options.peer else [])})
    with tempfile.TemporaryDirectory(prefix="audience-", dir=machine.dev) as folder:
        found = measure(
            machine,
            machine.database,
            Path(folder),
            "ours",
            sizes=sizes,
            runs=options.runs,
            written=options.written,
        )
        ours = {int(size): runs for size, runs in found.items()}
        peer = []
        for _run in range(options.runs if options.peer else 0):
            peer.append(measure(machine, options.peer, Path(folder), "peer", size=options.common))
    show(ours, peer, options.common)
    if options.json:
        figures = {"ours": ours, "peer": peer, "rows": rows(ours, peer, options.common)}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
