"""A PostgreSQL cluster of a test's own, which may crash without harm to anybody else."""

import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from dev import postgres as programs

from .odoo import with_configuration
from .ports import free_ports

SUPERUSER = "odoo"
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "100",
    # Odoo's own and usual: what is committed survives the crash.
    "fsync": "on",
    "synchronous_commit": "on",
    "dynamic_shared_memory_type": "mmap",
    "timezone": "'UTC'",
    "lc_messages": "'C'",
}


class Cluster:
    """Context manager: a running cluster, deleted at the end.

    :param folder: where the server's log is written
    """

    def __init__(self, folder):
        self._log = Path(folder) / "postgresql.log"

    def __enter__(self):
        self._identity = {}
        self._home = Path(tempfile.mkdtemp(prefix="sms-marketing-test-postgres-"))
        if os.geteuid() == 0:
            # PostgreSQL does not run as root.
            account = _account()
            self._identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
            os.chown(self._home, account.pw_uid, account.pw_gid)
        self._data = self._home / "data"
        [self._port] = free_ports(1)
        self._password = secrets.token_urlsafe(16)
        password_file = self._home / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._password)
        if self._identity:
            shutil.chown(password_file, self._identity["user"], self._identity["group"])
        try:
            self._run(
                "initdb", "-D", self._data, "-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile",
                password_file, "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions", "--no-sync",
            )  # fmt: skip
            lines = "".join(f"{name} = {value}\n" for name, value in SETTINGS.items())
            with open(self._data / "postgresql.conf", "a") as configuration:
                configuration.write(f"{lines}port = {self._port}\n")
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exception):
        if (self._data / "postmaster.pid").exists():
            self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self._data)
        log = self._home / "postgresql.log"
        if log.exists():
            shutil.copy(log, self._log)
        shutil.rmtree(self._home, ignore_errors=True)

    def start(self):
        """Start it, after a crash too; it recovers what was committed."""
        log = self._home / "postgresql.log"
        self._run("pg_ctl", "start", "-w", "-t", "60", "-D", self._data, "-l", log)

    def crash(self):
        """Stop as a crash would: no checkpoint, every connection cut."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self._data)

    def machine(self, machine, folder):
        """The same machine, with this cluster instead of the shared one."""
        pg = {
            "host": "127.0.0.1",
            "port": self._port,
            "user": SUPERUSER,
            "password": self._password,
        }
        return with_configuration(
            replace(machine, pg=pg),
            Path(folder) / "odoo.conf",
            db_host="127.0.0.1",
            db_port=self._port,
            db_user=SUPERUSER,
            db_password=self._password,
        )

    def _run(self, program, *arguments):
        done = subprocess.run(
            [str(programs.binary(program)), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            # A server that stays in the background would keep a pipe open.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "TZ": "UTC"},
            **self._identity,
        )
        if done.returncode:
            log = self._home / "postgresql.log"
            end = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise RuntimeError(f"{program} ended with status {done.returncode}.\n{end}")


def copy_database(source, target, database):
    """Copy a database from one machine's PostgreSQL to another's, by dump and restore."""
    target.sql("postgres", f'CREATE DATABASE "{database}" TEMPLATE template0')
    with subprocess.Popen(
        [str(programs.binary("pg_dump")), "--no-owner", "-d", database],
        env=source.variables,
        stdout=subprocess.PIPE,
    ) as dump:
        subprocess.run(
            # In one transaction: thousands of commits would each wait for the disk.
            [
                str(programs.binary("psql")),
                "-X",
                "-q",
                "-1",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                database,
            ],
            env=target.variables,
            stdin=dump.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    if dump.returncode:
        raise RuntimeError(f"pg_dump ended with status {dump.returncode}.")


def _account():
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("There is no user `postgres` or `nobody` to run PostgreSQL.")
