"""A real Odoo server in a process of its own: web server and cron threads, on a free port."""

import contextlib
import http.cookiejar
import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

from dev.database import problems_in

from .ports import free_ports

START_TIMEOUT = 120.0
STOP_TIMEOUT = 20.0
CHANGE_ATTEMPTS = 120
TESTS = Path(__file__).resolve().parents[1]
#: What Odoo itself logs when it stops: it closes the connections of scheduled actions that its cron
#: threads begin at that very moment.
STOPPING = "odoo.service.server: Initiating shutdown"
STARTED = " odoo: Odoo version "
CLOSED = re.compile(
    r"(connection|cursor) already closed|connection does not belong to the pool"
    r"|connection pointer is NULL"
)


class OdooError(Exception):
    """What Odoo answered instead of a result, or that it did not come up."""


class Odoo:
    """Context manager: a server for one database, and calls to it as the web client makes them.

    :param machine: `dev.testing.TestSetup`
    :param database: its name
    :param folder: where `odoo.log` is written; restarts write to the same file
    :param expected: patterns of errors and warnings in the log that the test provokes
    :param options: of the command line
    :param variables: of the process's environment, beside the machine's
    """

    def __init__(self, machine, database, folder, *, expected=(), options=(), variables=None):
        self.options = options
        self.variables = variables or {}
        self.machine = machine
        self.database = database
        self.log = Path(folder) / "odoo.log"
        self.expected = [re.compile(pattern) for pattern in expected]
        [self.port] = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, error, *_more):
        self.stop()
        if error is None:
            self.check_log()

    # ------------------------------------------------------------
    # The process
    # ------------------------------------------------------------

    def start(self):
        """Start the server and wait until it serves and its cron threads listen."""
        name = self.name
        command = self.machine.odoo(
            self.database,
            "server",
            "--http-port",
            self.port,
            "--logfile",
            self.log,
            *self.options,
        )
        with open(self.log.with_suffix(".out"), "ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=self.machine.dev,
                env=self.machine.variables | {"PGAPPNAME": name} | self.variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_for_start(lambda: self.answers())
            # Only then: a trigger that comes before they listen would be seen a minute later.
            self._wait_for_start(lambda: self._listening(name) >= 2)
            self.log_in()
        except BaseException:
            self.stop()
            raise

    @property
    def name(self):
        """What its connections are called in `pg_stat_activity`."""
        return f"odoo-test-{self.port}"

    @property
    def is_running(self):
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self):
        """The process's id, of the latest start."""
        return self._process.pid

    def kill(self):
        """`kill -9` for the whole process group."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def stop(self):
        """Have the server end; kill it if it does not."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            pass
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)

    def wake_crons(self):
        """Have the cron threads look for work now.

        After a start they look when told, and else a minute later: this saves the minute.
        """
        self.machine.sql("postgres", f"NOTIFY cron_trigger, '{self.database}'")

    def check_log(self):
        """Fail on errors, tracebacks and the add-on's warnings that nobody expected."""
        running, *ends = self.log.read_text(errors="replace").split(STOPPING)
        found = problems_in(running)
        for end in ends:  # one for each stop; a restart writes on in the same log
            stopping, _started, running = end.partition(STARTED)
            found += [one for one in problems_in(stopping) if not CLOSED.search(one)]
            found += problems_in(running)
        found = [one for one in found if not any(known.search(one) for known in self.expected)]
        assert not found, "\n".join([f"unexpected in {self.log}:", *found[:10]])

    def answers(self):
        """Whether the web server answers for the database."""
        try:
            with urllib.request.urlopen(f"{self.url}/web/health", timeout=START_TIMEOUT) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def _listening(self, name):
        [count] = self.machine.sql(
            "postgres",
            "SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres'"
            f" AND application_name = '{name}' AND state = 'idle' AND query = 'COMMIT'",
        )
        return int(count)

    def _wait_for_start(self, is_ready):
        deadline = time.monotonic() + START_TIMEOUT
        while not is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                end = self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""
                raise OdooError(f"Odoo did not start.\n{end}\nThe log: {self.log}")
            time.sleep(0.1)

    # ------------------------------------------------------------
    # Calls
    # ------------------------------------------------------------

    def log_in(self, login="admin", password="admin"):
        """Open a session, as the web client does."""
        self._opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        )
        self._post(
            "/web/session/authenticate",
            {"db": self.database, "login": login, "password": password},
        )

    def call(self, model, method, *arguments, **options):
        """Call a method; the first argument is the ids, if the method works on records."""
        return self._post(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": arguments, "kwargs": options},
        )

    def change_module(self, method, name):
        """Install, remove or update a module, and log in anew.

        Odoo refuses while a scheduled action runs and asks to try again later: so do we.

        :param method: `button_immediate_install` or another of `ir.module.module`
        """
        [module] = self.call("ir.module.module", "search", [["name", "=", name]])
        for _attempt in range(CHANGE_ATTEMPTS):
            try:
                self.call("ir.module.module", method, [module])
                break
            except OdooError as error:
                if "processing a scheduled action" not in str(error):
                    raise
                time.sleep(0.5)
        else:
            raise OdooError(f"{method} of {name}: scheduled actions never ended")
        self.log_in()

    def sql(self, statement):
        """Rows of a statement as text, columns parted by |; runs beside the server."""
        return self.machine.sql(self.database, statement)

    def _post(self, path, parameters):
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps({"jsonrpc": "2.0", "id": 1, "params": parameters}).encode(),
            headers={"Content-Type": "application/json"},
        )
        with self._opener.open(request, timeout=300) as answer:
            content = json.load(answer)
        if "error" in content:
            data = content["error"].get("data", {})
            raise OdooError(f"{path}: {data.get('message')}\n{data.get('debug')}")
        return content.get("result")


def shell_command(machine, database, log):
    """The command of an Odoo shell that takes a script on its standard input."""
    return machine.odoo(database, "shell", "--no-http", "--logfile", log)


def run_in_shell(machine, database, folder, function, timeout=300, **values):
    """Run `rig.<module>.<function>(env, **values)` in an Odoo shell and return what it returns.

    :param function: `module.function`, of a module beside this one
    :param values: what JSON can hold, and so must the result be
    """
    module, name = function.split(".")
    result = Path(folder) / f"{name}.json"
    result.unlink(missing_ok=True)
    done = subprocess.run(
        shell_command(machine, database, Path(folder) / "shell.log"),
        input=script_for(module, name, values, result),
        cwd=machine.dev,
        env=machine.variables,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    if done.returncode or not result.exists():
        raise OdooError(f"{function} failed:\n{done.stderr[-4000:]}\nLogs: {folder}")
    return json.loads(result.read_text())


def script_for(module, name, values, result):
    """The script that `run_in_shell` hands over."""
    return (
        "import json, sys\nfrom pathlib import Path\n"
        f"sys.path.insert(0, {str(TESTS)!r})\n"
        f"from rig import {module}\n"
        f"result = {module}.{name}(env, **json.loads({json.dumps(values)!r}))\n"
        "env.cr.commit()\n"
        f"Path({str(result)!r}).write_text(json.dumps(result))\n"
    )


def with_configuration(machine, path, **changes):
    """The same machine with a configuration file of its own, in which some options differ."""
    lines = dict(
        line.split(" = ", 1)
        for line in Path(machine.odoo_conf).read_text().splitlines()
        if " = " in line
    )
    lines.update({name: str(value) for name, value in changes.items()})
    path = Path(path)
    path.touch(mode=0o600)
    path.write_text("[options]\n" + "".join(f"{name} = {lines[name]}\n" for name in lines))
    return replace(machine, odoo_conf=str(path))
