"""`make demo`: the main job on the demo database, then the web client until Ctrl-C.

The job itself needs Odoo: `demo_job` does it in a child process. This file starts that child and
the web server, and stops them.
"""

import contextlib
import signal
import subprocess
import time
import urllib.error
import urllib.request

from .database import problems_in
from .paths import DEV, LOGS
from .report import note, step, warn

#: Run by Odoo's shell, which reads it from its standard input and ends with its exit status.
BOOTSTRAP = """
import sys
sys.path.insert(0, {root!r})
from dev import demo_job
raise SystemExit(demo_job.main(env, {base_url!r}))
"""

START_SECONDS = 120
STOP_SECONDS = 30


def run(environment):
    """Do the main job and, if wanted, serve the web client; return the exit status.

    The status is not 0 when the job breaks off or its figures do not add up.
    """
    status = _run_job(environment)
    if status or not environment.serve:
        return status
    return _serve(environment)


def _run_job(environment):
    log = _fresh_log(f"demo-{environment.database}.log")
    command = environment.odoo("shell", "--no-http", "--logfile", log)
    code = BOOTSTRAP.format(root=str(environment.root), base_url=environment.base_url)
    with _child(command, environment, stdin=subprocess.PIPE) as process:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(code.encode())
            process.stdin.close()
        try:
            status = process.wait()
        except KeyboardInterrupt:
            warn("stopped; what has been sent stays sent, and the next run makes a new campaign")
            return 130
    problems = problems_in(log.read_text(errors="replace")) if log.is_file() else []
    for problem in problems:
        warn(problem)
    if status or problems:
        warn(f"the demo failed (status {status}); the log is {log}")
    return status or (1 if problems else 0)


def _serve(environment):
    log = _fresh_log(f"demo-{environment.database}-web.log")
    arguments = ("--http-port", str(environment.port), "--logfile", str(log))
    try:
        with _child(environment.odoo("server", *arguments), environment) as process:
            with step("Starting the web client"):
                ready = _wait_until_ready(process, environment.base_url)
            if not ready:
                tail = log.read_text(errors="replace")[-2000:] if log.is_file() else ""
                warn(f"the web client did not start; {log} ends with\n{tail}")
                return 1
            print(
                f"\n    Open      {environment.base_url}\n"
                "    Log in    admin, password admin\n"
                "    Look at   the menu “Marketing SMS”\n"
                "    Stop      Ctrl-C\n",
                flush=True,
            )
            status = process.wait()
            warn(f"the web client ended by itself with status {status}; the log is {log}")
            return status or 1
    except KeyboardInterrupt:
        note("stopped")
        return 0


def _wait_until_ready(process, base_url):
    end = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            with urllib.request.urlopen(f"{base_url}/web/login", timeout=30) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    return False


@contextlib.contextmanager
def _child(command, environment, **options):
    """Run a command in a process group of its own, and end it when the block is left.

    Ctrl-C so reaches only this process, which passes it on once: Odoo takes a second one as an
    order to break off.
    """
    process = subprocess.Popen(
        command, cwd=DEV, env=environment.variables, process_group=0, **options
    )
    try:
        yield process
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            if process.poll() is not None:
                break
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=STOP_SECONDS)


def _fresh_log(name):
    log = LOGS / name
    log.unlink(missing_ok=True)
    return log
