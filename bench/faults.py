"""Faults: texts at the provider against what was recorded, ours beside Odoo's own SMS apps.

`make bench BENCH=faults` runs it. For each fault one side after the other sends a campaign through
the same faulty provider (`tests/rig/faulty.py`, 0.1 s a text); a fifth of the numbers meet the
gateway's faults. The time-out is five seconds on both sides. Then it counts:

    sent, unknown, not sent, waiting    what the side has recorded in the end
    twice     texts that somebody got again
    lost      recorded as sent, or not at all, and never at the provider
    denied    at the provider, and recorded as not sent or still waiting: trying again doubles them
"""

import argparse
import itertools
import json
import os
import random
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rig.faulty import FAULTS, FaultyProvider, verdict
from rig.listener import wait_until
from rig.odoo import Odoo, run_in_shell, with_configuration
from rig.postgres import Cluster, copy_database

from dev import database as databases
from dev import testing
from dev.testing import TestSetup

ADDONS = Path(__file__).resolve().parent / "addons"
COLUMNS = ("taken", "sent", "unknown", "not sent", "waiting", "twice", "lost", "denied")
BAD = ("twice", "lost", "denied", "waiting")

#: Seconds without any change after which nobody is sending any more.
QUIET = 75


@dataclass(frozen=True)
class Side:
    """One of the two: its module in the rig, its machine, how much it is given to send.

    The peer sends one text after the other, so it gets fewer.
    """

    name: str
    label: str
    machine: TestSetup
    database: str
    gateway_texts: int
    lane_texts: int
    server_texts: int
    recorded: str
    meaning: dict


def sides(machine, peer, folder):
    """The add-on, and Odoo's own apps with Twilio's address redirected."""
    redirected = with_configuration(
        machine,
        folder / "peer.conf",
        addons_path=f"{machine.addons_path},{ADDONS}",
        server_wide_modules="base,rpc,web,redirect_twilio",
    )
    waiting = {"queued": "waiting", "sending": "waiting", "unknown": "unknown"}
    return [
        Side(
            "ours",
            "sms_marketing",
            machine,
            machine.database,
            60,
            10_000,
            1000,
            "SELECT number, state FROM sms_marketing_recipient WHERE message_id = {campaign}",
            waiting | dict.fromkeys(("sent", "delivered", "undelivered"), "sent"),
        ),
        Side(
            "peer",
            "sms_twilio",
            redirected,
            peer,
            60,
            400,
            100,
            "SELECT sms_number, trace_status FROM mailing_trace WHERE mass_mailing_id = {campaign}",
            {"outgoing": "waiting", "process": "waiting", "pending": "sent", "sent": "sent"},
        ),
    ]


class Bench:
    """What the measurements share: databases, folders, the provider."""

    def __init__(self, folder):
        self.folder = folder
        self._names = (f"sms_marketing_faults_{os.getpid()}_{n}" for n in itertools.count(1))

    @contextmanager
    def at_work(self, side):
        """A fresh database of a side, a folder and the faulty provider."""
        name = next(self._names)
        folder = self.folder / name
        folder.mkdir()
        databases.clone(side.machine.server, side.database, name, quiet=True)
        try:
            with FaultyProvider(folder, delay=0.1) as provider:
                os.environ["FAKE_TWILIO"] = provider.server
                yield name, folder, provider
        finally:
            side.machine.drop(name)

    def in_shell(self, side, job, **values):
        """One of the jobs of `rig/faults.py`."""
        with self.at_work(side) as (database, folder, provider):
            return run_in_shell(
                side.machine,
                database,
                folder,
                f"faults.{job}",
                timeout=1800,
                side=side.name,
                server=provider.server,
                url=provider.url,
                arrivals=str(folder / "arrivals.jsonl"),
                **values,
            )

    def of_server(self, side, interrupt, cluster=None):
        """A whole server sends; `interrupt(odoo)` comes over it at a random moment."""
        with self.at_work(side) as (database, folder, provider):
            campaign = run_in_shell(
                side.machine,
                database,
                folder,
                "faults.prepare",
                side=side.name,
                url=provider.url,
                texts=side.server_texts,
            )
            machine = side.machine
            if cluster:
                machine = cluster.machine(machine, folder)
                copy_database(side.machine, machine, database)
            asked = [f"+32470{index:06d}" for index in range(side.server_texts)]

            def recorded():
                rows = machine.sql(database, side.recorded.format(campaign=campaign))
                pairs = (row.split("|") for row in rows)
                return {number: side.meaning.get(state, "not sent") for number, state in pairs}

            def settled():
                # A message that is due has no recipients yet.
                states = recorded()
                return states and "waiting" not in states.values()

            odoo = Odoo(machine, database, folder)
            odoo.start()
            try:
                odoo.wake_crons()
                count = random.randint(1, side.server_texts // 2)
                wait_until(lambda: len(provider.arrivals()) >= count, 60, 0.005)
                interrupt(odoo)
                time.sleep(0.5)
                self._let_it_finish(side, machine, database, odoo, settled, provider)
            finally:
                odoo.stop()
            taken = [arrival.number for arrival in provider.arrivals()]
            return verdict(asked, taken, recorded())

    def _let_it_finish(self, side, machine, database, odoo, settled, provider):
        """Start the server again if need be, and wait as long as anything happens."""
        for attempt in range(2):
            if side.name == "ours":
                # As if the minutes of the leases had passed.
                machine.sql(
                    database,
                    "UPDATE sms_marketing_recipient SET lease_until = now() AT TIME ZONE 'UTC'"
                    " - interval '1 second' WHERE state = 'sending'",
                )
            if not odoo.is_running:
                odoo.start()
            odoo.wake_crons()
            before = None
            while (now := len(provider.arrivals())) != before:
                before = now
                if wait_until(settled, QUIET if attempt else QUIET // 2, 0.3):
                    return
            odoo.stop()


def add(verdicts):
    """The counts of several runs together."""
    return {name: sum(one[name] for one in verdicts) for name in verdicts[0]}


def measure(side, bench, options):
    """{fault: verdict} of one side."""
    table = {}

    def show(fault, seen):
        table[fault] = seen
        print(line(fault, seen), flush=True)

    print(f"\n{side.label}\n{'':44}" + "".join(f"{name:>9}" for name in ("asked", *COLUMNS)))
    faults = [fault for fault in FAULTS if not options.only or fault in options.only]
    if faults:
        seen = bench.in_shell(side, "gateway_faults", faults=faults, texts=side.gateway_texts)
        for fault, one in seen.items():
            show(f"gateway {fault}" if fault != "none" else "no fault", one)
    if options.only and "kills" not in options.only:
        return table
    seen = bench.in_shell(side, "lane_kills", kills=options.kills, texts=side.lane_texts)
    show("kill -9 of a lane", seen)
    seen = [bench.of_server(side, lambda odoo: odoo.kill()) for _ in range(options.server_kills)]
    show(f"kill -9 of the server, {options.server_kills} times", add(seen))

    seen = []
    for number in range(options.crashes):
        folder = bench.folder / f"cluster_{side.name}_{number}"
        folder.mkdir()
        with Cluster(folder) as cluster:

            def crash(_odoo, cluster=cluster):
                cluster.crash()
                time.sleep(2)
                cluster.start()

            seen.append(bench.of_server(side, crash, cluster))
    if seen:
        show(f"PostgreSQL stopped (immediate), {options.crashes} times", add(seen))
    return table


def line(fault, seen):
    # How often a lane was killed before it was through differs from run to run.
    fault += f", {seen['kills']} times" if "kills" in seen else ""
    counts = (seen["asked"], *(seen[name] for name in COLUMNS))
    return f"  {fault:42}" + "".join(f"{count:>9}" for count in counts)


def rows(tables):
    """Rows of the common table: what went wrong on each side."""

    def told(seen):
        found = [f"{seen[name]} {name}" for name in BAD if seen[name]]
        told = [f"{seen[name]} {name}" for name in ("not sent", "unknown") if seen[name]]
        kills = f", {seen['kills']} kills" if "kills" in seen else ""
        return f"{', '.join((found or ['exact']) + told)} (of {seen['asked']}{kills})"

    ours, peer = tables["ours"], tables["peer"]
    return [
        {
            "row": "Faults",
            "what": fault,
            "ours": told(seen),
            "peer": told(peer[fault]) if fault in peer else "",
            "goal": "0 twice, 0 lost",
        }
        for fault, seen in ours.items()
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", required=True, help="a database with Odoo's own SMS apps")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--kills", type=int, default=20, help="of a lane")
    parser.add_argument("--server-kills", type=int, default=3)
    parser.add_argument("--crashes", type=int, default=2, help="of PostgreSQL")
    parser.add_argument("--only", nargs="*", help="these faults of the gateway, and `kills`")
    options = parser.parse_args()
    machine = testing.load()
    with tempfile.TemporaryDirectory(prefix="faults-", dir=machine.dev) as folder:
        bench = Bench(Path(folder))
        tables = {
            side.name: measure(side, bench, options)
            for side in sides(replace(machine), options.peer, Path(folder))
        }
    if options.json:
        figures = {"tables": tables, "rows": rows(tables)}
        options.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
