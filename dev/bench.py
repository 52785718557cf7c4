"""The measurements in `bench/`, one program after another.

Each prints goal and figure side by side and writes them to the file that `--json` names. They
report; none of them fails for being slow. What a program needs stands in `PROGRAMS`; it gets

* `--url`, the address of a served database with the add-on, which it shares with other programs;
* or, when it runs servers of its own, the machine as whole-system tests see it
  (`dev.testing.load`), to clone databases from;
* `--peer`, the name of a database with Odoo's own SMS apps, to be cloned too.

Rows of its JSON's list `rows` (`row`, `what`, `ours`, `peer`, `bare`, `goal`, each a text) are put
together in one table at the end, with the date and the machine.
"""

import datetime
import json
import os
import platform
import subprocess
from dataclasses import dataclass

from . import database, parts, testing
from .paths import DEV, ROOT
from .report import SetupError, note
from .serving import served

RESULTS = DEV / "bench"
COLUMNS = ("row", "what", "ours", "peer", "bare", "goal")


@dataclass(frozen=True)
class Program:
    """What a measurement needs: the served web client, Chromium, Odoo's own SMS apps."""

    served: bool = False
    browser: bool = False
    peer: bool = False


PROGRAMS = {
    "editor": Program(served=True, browser=True),
    "lanes": Program(),
    "dispatch": Program(peer=True),
    "faults": Program(peer=True),
    "audience": Program(peer=True),
    "receipts": Program(),
    "endurance": Program(),
}


def run(server, environment):
    """Run the measurements, or those that BENCH names; returns the exit status.

    :param server: the PostgreSQL server
    :param environment: an `Environment` with the add-on's database, not served
    """
    chosen = os.environ.get("BENCH", "").split() or list(PROGRAMS)
    if unknown := set(chosen) - set(PROGRAMS):
        raise SetupError(
            f"BENCH: no measurement is called {', '.join(sorted(unknown))}. "
            f"There are: {', '.join(PROGRAMS)}."
        )
    needs = [PROGRAMS[name] for name in chosen]
    if any(need.browser for need in needs) and not parts.find(*parts.CHROMIUM.programs[0]):
        raise SetupError("Chromium is not installed. The editor is measured in it.")
    peer = database.ensure_peer(server) if any(need.peer for need in needs) else None
    RESULTS.mkdir(exist_ok=True)
    description = testing.describe(server, environment.database)
    variables = environment.variables | {testing.VARIABLE: str(description)}
    failed = []
    try:
        # Nobody may use a database while it is cloned: first those that run servers of their own.
        for name in (name for name in chosen if not PROGRAMS[name].served):
            options = ["--peer", peer] if PROGRAMS[name].peer else []
            failed += _measure(name, options, environment, variables)
        if with_server := [name for name in chosen if PROGRAMS[name].served]:
            with served(environment, log="bench.log"):
                for name in with_server:
                    failed += _measure(
                        name, ["--url", environment.base_url], environment, variables
                    )
    finally:
        description.unlink()
    _print_table([name for name in chosen if name not in failed])
    if failed:
        note(f"could not be measured: {', '.join(failed)}")
    return 1 if failed else 0


def _measure(name, options, environment, variables):
    """Run one program; its name in a list if it failed."""
    result = RESULTS / f"{name}.json"
    result.unlink(missing_ok=True)
    command = [environment.python, ROOT / "bench" / f"{name}.py", *options, "--json", result]
    # The programs import from `dev` and from the tests' rig.
    folders = os.pathsep.join(map(str, (ROOT, ROOT / "tests")))
    status = subprocess.run(
        list(map(str, command)), cwd=ROOT, env=variables | {"PYTHONPATH": folders}
    ).returncode
    if status:
        return [name]
    note(f"written to {result.relative_to(ROOT)}")
    return []


def _print_table(names):
    """Print the rows of all programs as one table, which the README can show as it is."""
    rows = []
    for name in names:
        result = RESULTS / f"{name}.json"
        rows += json.loads(result.read_text()).get("rows", []) if result.is_file() else []
    if not rows:
        return
    lines = [["" if row.get(name) is None else str(row[name]) for name in COLUMNS] for row in rows]
    text = "\n".join(
        [
            f"{datetime.date.today():%d %B %Y}, {machine()}",
            "",
            f"| {' | '.join(COLUMNS)} |",
            f"|{'---|' * len(COLUMNS)}",
            *(f"| {' | '.join(line)} |" for line in lines),
        ]
    )
    print(f"\n{text}", flush=True)
    (RESULTS / "table.md").write_text(text + "\n")


def machine():
    """One line about the machine: cores, memory, Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    model = platform.machine()
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, Python {platform.python_version()}, "
        "PostgreSQL and providers on the same machine"
    )
