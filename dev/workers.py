"""Tests in several processes: how many, and (as a plugin of pytest) a log file for each."""

import os
from pathlib import Path

#: More would each need a database and a browser of its own, and gain little.
MOST = 4


def options():
    """Return pytest's options for as many processes as there are cores; a file stays in one."""
    count = min(os.cpu_count() or 1, MOST)
    return ["-p", __name__, "-n", str(count), "--dist", "loadfile"] if count > 1 else []


def log_of(path, worker):
    """Return where a process logs of which the run was told to log to `path`."""
    return path.with_stem(f"{path.stem}-{worker}") if worker else path


def logs(path):
    """Return the log files that a run with the log file `path` has written."""
    return [*path.parent.glob(path.name), *path.parent.glob(f"{path.stem}-gw*{path.suffix}")]


def pytest_configure(config):
    """Let each process log to a file of its own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if config.option.log_file:
        config.option.log_file = str(log_of(Path(config.option.log_file), worker))
