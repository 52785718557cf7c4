"""Kannel, started for a test: bearerbox and smsbox, unprivileged, on free loopback ports.

The bearerbox is connected over SMPP to a carrier on the loopback (`carrier.py`). Programs come
from Debian's package `kannel`.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from .ports import answers, free_ports

#: Account that runs Kannel when we are root; it has no rights anywhere.
UNPRIVILEGED_USER = "nobody"
#: Seconds for Kannel to start and to be connected to the carrier.
START_TIMEOUT = 20.0
#: Seconds before it is killed: a bearerbox that had traffic takes half a minute to end by itself.
STOP_TIMEOUT = 2.0

PROGRAMS = {"bearerbox": "kannel", "smsbox": "kannel"}


class KannelError(Exception):
    """Kannel did not start; the message holds the end of its logs."""


def missing() -> str:
    """What has to be installed before Kannel can run, for people; empty if nothing."""
    lacking = sorted({package for name, package in PROGRAMS.items() if not _program(name)})
    return f"Debian package not installed: {', '.join(lacking)}" if lacking else ""


@dataclass
class Kannel:
    """Context manager: a running Kannel.

    :param carrier_port: where the carrier's SMPP listens on 127.0.0.1.
    :param service: lines that bring inbound texts to us, from `service_configuration`.
    :param username: of the sendsms-user.
    """

    carrier_port: int
    service: str
    username: str = "odoo"
    password: str = "kannel-test"
    folder: Path = field(init=False)
    sendsms_url: str = field(init=False)

    def __enter__(self):
        if lacking := missing():
            raise KannelError(lacking)
        self.folder = Path(tempfile.mkdtemp(prefix="kannel-"))
        self._admin_port, self._box_port, self._sendsms_port = free_ports(3)
        self.sendsms_url = f"http://127.0.0.1:{self._sendsms_port}/cgi-bin/sendsms"
        configuration = self.folder / "kannel.conf"
        configuration.write_text(self._configuration())
        self._own(self.folder, configuration)
        self._processes = []
        try:
            # No smsbox before the bearerbox listens, and no text before the carrier is bound.
            self._start("bearerbox", configuration)
            self._wait("the bearerbox", lambda: answers(self._box_port))
            self._start("smsbox", configuration)
            self._wait("the smsbox", lambda: answers(self._sendsms_port))
            self._wait("the connection to the carrier", self._is_bound)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        for process in reversed(self._processes):
            process.terminate()
        for process in reversed(self._processes):
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if not any(exception):
            shutil.rmtree(self.folder, ignore_errors=True)

    def status(self) -> str:
        """What the bearerbox says of itself, in XML; empty while it cannot be asked."""
        address = f"http://127.0.0.1:{self._admin_port}/status.xml?password={self.password}"
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                return answer.read().decode("utf-8", "replace")
        except (OSError, urllib.error.URLError):
            return ""

    def logs(self) -> str:
        """The end of each log."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            lines = path.read_text(errors="replace").splitlines()[-40:]
            parts.append("\n".join([f"--- {path}", *lines]))
        return "\n".join(parts)

    def _is_bound(self) -> bool:
        return "<status>online" in self.status()

    def _start(self, name, configuration):
        command = [_program(name), "-v", "4", str(configuration)]
        who = {"user": UNPRIVILEGED_USER, "group": _group(), "extra_groups": []}
        with open(self.folder / f"{name}.out.log", "wb") as output:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **(who if os.geteuid() == 0 else {}),
            )
        self._processes.append(process)

    def _wait(self, what, is_ready):
        deadline = time.monotonic() + START_TIMEOUT
        while not is_ready():
            dead = [process.args[0] for process in self._processes if process.poll() is not None]
            if dead or time.monotonic() > deadline:
                why = f"{dead[0]} ended" if dead else "it took too long"
                raise KannelError(f"Waited for {what}, but {why}.\n{self.logs()}")
            time.sleep(0.05)

    def _own(self, *paths):
        if os.geteuid() == 0:
            user = pwd.getpwnam(UNPRIVILEGED_USER)
            for path in paths:
                os.chown(path, user.pw_uid, user.pw_gid)

    def _configuration(self):
        return _CONFIGURATION.format(
            admin_port=self._admin_port,
            box_port=self._box_port,
            sendsms_port=self._sendsms_port,
            carrier_port=self.carrier_port,
            username=self.username,
            password=self.password,
            folder=self.folder,
            service=self.service,
        )


def _program(name: str) -> str | None:
    # Debian puts them where an ordinary user's PATH does not look.
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def _group() -> int:
    return pwd.getpwnam(UNPRIVILEGED_USER).pw_gid


_CONFIGURATION = """\
group = core
admin-port = {admin_port}
admin-interface = 127.0.0.1
admin-password = {password}
admin-deny-ip = "*.*.*.*"
admin-allow-ip = "127.0.0.1"
smsbox-port = {box_port}
smsbox-interface = 127.0.0.1
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-file = "{folder}/bearerbox.log"
log-level = 1
dlr-storage = internal

group = smsc
smsc = smpp
smsc-id = carrier
host = 127.0.0.1
port = {carrier_port}
transceiver-mode = true
smsc-username = kannel
smsc-password = kannel
system-type = "VMA"
reconnect-delay = 1
max-pending-submits = 50

group = smsbox
smsbox-id = odoo
bearerbox-host = 127.0.0.1
bearerbox-port = {box_port}
sendsms-port = {sendsms_port}
sendsms-interface = 127.0.0.1
log-file = "{folder}/smsbox.log"
log-level = 1
http-request-retry = 20
http-queue-delay = 1
max-pending-requests = 20

group = smsbox-route
smsbox-id = odoo
smsc-id = carrier

group = sendsms-user
username = {username}
password = {password}
concatenation = true
max-messages = 12

{service}
"""
