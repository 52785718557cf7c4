"""Lanes in processes of their own, as on machines of their own, that begin together."""

import subprocess

from .listener import wait_until
from .odoo import script_for, shell_command


def run_lanes(machine, database, folder, count, batch_size=None):
    """Run lanes in processes of their own, which begin together; texts that each has handled."""
    go = folder / "go"
    lanes = []
    try:
        for number in range(count):
            ready, result = folder / f"ready{number}", folder / f"result{number}"
            values = {"batch_size": batch_size, "ready": str(ready), "go": str(go)}
            process = subprocess.Popen(
                shell_command(machine, database, folder / f"lane{number}.log"),
                stdin=subprocess.PIPE,
                cwd=machine.dev,
                env=machine.variables,
                stdout=subprocess.DEVNULL,
                text=True,
            )
            lanes.append((process, ready, result))
            process.stdin.write(script_for("inside", "run_lane", values, result))
            process.stdin.close()
        assert wait_until(lambda: all(ready.exists() for _process, ready, _result in lanes), 120)
        go.touch()
        assert [process.wait(180) for process, _ready, _result in lanes] == [0] * count
        return [int(result.read_text()) for _process, _ready, result in lanes]
    finally:
        for process, _ready, _result in lanes:
            process.kill()
            process.wait()
