"""Running other programs, with their output kept in a log file."""

import os
import shlex
import signal
import subprocess

from .paths import LOGS
from .report import SetupError


def run(command, *, log, cwd=None, env=None, hint=""):
    """Run a command with its output in `.dev/logs/<log>`; raise with its last lines if it fails."""
    path = LOGS / log
    with open(path, "ab") as output:
        output.write(f"\n$ {shlex.join(map(str, command))}\n".encode())
        output.flush()
        try:
            result = subprocess.run(
                list(map(str, command)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=env,
            )
        except FileNotFoundError as error:
            raise SetupError(f"{command[0]} is not installed. {hint}".strip()) from error
    if result.returncode:
        tail = "\n".join(path.read_text(errors="replace").splitlines()[-15:])
        raise SetupError(
            f"`{shlex.join(map(str, command))}` failed (status {result.returncode}).\n{tail}\n"
            f"The whole output is in {path}. {hint}".rstrip()
        )


def foreground(command, *, cwd=None, env=None):
    """Run a command on the terminal and return its exit status.

    Ctrl-C reaches the command too; it is left to end by itself in its own way.
    """
    process = subprocess.Popen(list(map(str, command)), cwd=cwd, env=env)
    try:
        while True:
            try:
                status = process.wait()
            except KeyboardInterrupt:
                continue
            return 128 - status if status < 0 else status
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def environment(**changes):
    """Return this process's environment with changes; None removes a variable."""
    env = dict(os.environ)
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = str(value)
    return env


def raise_on_terminate():
    """Turn SIGTERM and SIGHUP into SystemExit, so that what was started is stopped.

    SIGINT keeps its meaning even where a shell has started us with it ignored.
    """

    def leave(number, _frame):
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    signal.signal(signal.SIGINT, signal.default_int_handler)
