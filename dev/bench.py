"""The measurements in `bench/`, one program after another against one served database.

Each prints goal and figure side by side and writes them to `.dev/bench/<name>.json`. They report;
none of them fails for being slow.
"""

import os
import subprocess

from . import parts
from .paths import DEV, ROOT
from .report import SetupError, note
from .serving import served

RESULTS = DEV / "bench"
PROGRAMS = ("editor",)


def run(environment):
    """Run the measurements, or those that BENCH names; returns the exit status.

    :param environment: an `Environment` with the add-on's database, not served
    """
    chosen = os.environ.get("BENCH", "").split() or PROGRAMS
    if unknown := set(chosen) - set(PROGRAMS):
        raise SetupError(
            f"BENCH: no measurement is called {', '.join(sorted(unknown))}. "
            f"There are: {', '.join(PROGRAMS)}."
        )
    if not parts.find(*parts.CHROMIUM.programs[0]):
        raise SetupError("Chromium is not installed. The editor is measured in it.")
    RESULTS.mkdir(exist_ok=True)
    failed = []
    with served(environment, log="bench.log"):
        for name in chosen:
            result = RESULTS / f"{name}.json"
            command = [environment.python, ROOT / "bench" / f"{name}.py"]
            command += ["--url", environment.base_url, "--json", result]
            if subprocess.run(
                list(map(str, command)), cwd=ROOT, env=environment.variables
            ).returncode:
                failed.append(name)
            else:
                note(f"written to {result.relative_to(ROOT)}")
    if failed:
        note(f"could not be measured: {', '.join(failed)}")
    return 1 if failed else 0
