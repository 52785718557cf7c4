"""Lanes as jobs: texts a second by processes and lanes, at a provider that answers in 300 ms.

`make bench BENCH=lanes` runs it: real servers with the job runner of `queue_job` behind a balancer
(`tests/rig/job_servers.py`), one campaign each, timed from the first text to the last. The first
line is a server without job queue: its scheduled action.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

from rig.faulty import FaultyProvider
from rig.job_servers import ADDON, job_servers, lanes
from rig.listener import wait_until
from rig.odoo import Odoo, run_in_shell

from dev import database as databases
from dev import testing

DELAY = 0.3

#: Here servers are stopped as soon as the last text has gone; what they log then is no matter.
ANY = ("",)
CASES = ((0, 1), (1, 1), (1, 2), (1, 4), (2, 2), (2, 4))


def measure(machine, prepared, folder, processes, capacity, texts):
    """Texts a second of one campaign, and how many each process handed over."""
    database = f"sms_marketing_lanes_{os.getpid()}"
    folder.mkdir()
    databases.clone(machine.server, prepared, database, quiet=True)
    try:
        with FaultyProvider(folder, DELAY) as provider:
            if processes:
                machine.sql(
                    database,
                    "INSERT INTO ir_config_parameter (key, value)"
                    f" VALUES ('sms_marketing_queue_job.lanes', '{capacity}')",
                )
                servers = job_servers(
                    machine, database, folder, count=processes, capacity=capacity, expected=ANY
                )
            else:
                servers = Odoo(machine, database, folder, expected=ANY)
            with servers as running:
                first = running[0] if processes else running
                [gateway] = first.call(
                    "sms.marketing.gateway", "search", [["provider", "=", "generic"]]
                )
                first.call(
                    "sms.marketing.gateway", "write", [gateway], {"generic_url": provider.url}
                )
                [draft] = first.call("sms.marketing.message", "search", [["name", "=", "Faults"]])
                first.call("sms.marketing.message", "action_send", [draft])
                if not wait_until(lambda: len(provider.arrivals()) >= texts, 300, 0.5):
                    raise SystemExit(f"only {len(provider.arrivals())} of {texts} texts went out")
                wait_until(lambda: not processes or not lanes(machine, database, "started"), 60)
                shared = lanes(machine, database, "done") if processes else {}
            moments = sorted(arrival.at for arrival in provider.arrivals())
            return len(moments) / (moments[-1] - moments[0]), sorted(shared.values())
    finally:
        machine.drop(database)


def name(figure):
    """What was measured, in words."""
    if not figure["processes"]:
        return "one scheduled action, no job queue"
    return f"{figure['lanes']} lanes in {figure['processes']} processes"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--texts", type=int, default=6000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    machine = testing.load()
    figures = []
    with tempfile.TemporaryDirectory(prefix="lanes-", dir=machine.dev) as folder:
        folder = Path(folder)
        prepared = f"sms_marketing_lanes_{os.getpid()}_prepared"
        databases.clone(machine.server, machine.database, prepared, quiet=True)
        try:
            run_in_shell(
                machine, prepared, folder, "faults.draft", side="ours", texts=options.texts
            )
            with_jobs = f"{prepared}_jobs"
            databases.clone(machine.server, prepared, with_jobs, quiet=True)
            databases.run_odoo(with_jobs, ["-i", ADDON])
            print(f"{'processes':>10}{'lanes':>7}{'texts a second':>16}  shared (last run)")
            for number, (processes, capacity) in enumerate(CASES):
                runs = [
                    measure(
                        machine,
                        with_jobs if processes else prepared,
                        folder / f"{number}_{run}",
                        processes,
                        capacity,
                        options.texts,
                    )
                    for run in range(options.runs)
                ]
                rate = round(statistics.median(one for one, _shared in runs))
                label = processes or "no queue"
                print(f"{label:>10}{capacity:>7}{rate:>16}  {runs[-1][1]}", flush=True)
                figures.append(
                    {
                        "processes": processes,
                        "lanes": capacity,
                        "texts_a_second": rate,
                        "shared": runs[-1][1],
                    }
                )
        finally:
            machine.drop(prepared)
            machine.drop(f"{prepared}_jobs")
    if options.json:
        table = [
            {
                "row": "B19",
                "what": f"texts a second at 300 ms: {name(one)}",
                "ours": one["texts_a_second"],
            }
            for one in figures
        ]
        options.json.write_text(json.dumps({"figures": figures, "rows": table}, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
