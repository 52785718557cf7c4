"""What whole-system tests use: where Odoo and PostgreSQL are, and databases to work on."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from . import database, parts, postgres
from .paths import ADDON_DIR, DEV, ODOO_CONF, PYTHON, ROOT
from .report import SetupError

VARIABLE = "SMS_MARKETING_TEST"


@dataclass
class TestSetup:
    """The machine as whole-system tests see it. Paths are text, None where a part is missing.

    `database` has the add-on and demo data: clone it, do not change it. `pg` holds host, port,
    user, password.
    """

    __test__ = False

    root: str
    dev: str
    python: str
    odoo_conf: str
    addons_path: str
    database: str
    pg: dict
    chromium: str | None
    kannel: dict

    @property
    def server(self):
        """The PostgreSQL server."""
        return postgres.Server(**self.pg)

    @property
    def variables(self):
        """A process environment with PostgreSQL's variables and programs."""
        return server_environment(self.server)

    def clone(self, name):
        """Make a database `name`, a fresh copy of the one with the add-on; return its name."""
        database.drop(self.server, name)
        database.clone(self.server, self.database, name, quiet=True)
        return name

    def drop(self, name):
        """Delete a database and its files."""
        database.drop(self.server, name)

    def sql(self, name, statement):
        """Run one SQL statement on a database; return its rows as text, columns parted by |."""
        return postgres.sql(self.server, statement, name)

    def odoo(self, name, command, *arguments):
        """Return a command line of Odoo (`server`, `shell`) for the database `name`."""
        base = [self.python, "-m", "odoo", command, "-c", self.odoo_conf, "-d", name]
        return [*base, *map(str, arguments)]


def load():
    """Return the set-up that `make test` (or `python3 -m dev pytest`) describes."""
    path = os.environ.get(VARIABLE)
    if not path:
        raise SetupError(
            "Whole-system tests are started by `make test TESTS=tests/…` "
            "or `python3 -m dev pytest DATABASE tests/…`."
        )
    return TestSetup(**json.loads(Path(path).read_text()))


def describe(server, database_name):
    """Write the description of this machine for tests; return the file's path."""
    data = TestSetup(
        root=str(ROOT),
        dev=str(DEV),
        python=str(PYTHON),
        odoo_conf=str(ODOO_CONF),
        addons_path=_addons_path(),
        database=database_name,
        pg={name: getattr(server, name) for name in ("host", "port", "user", "password")},
        chromium=_text(parts.find(*parts.CHROMIUM.programs[0])),
        kannel={name: _text(parts.find(name)) for name in ("bearerbox", "smsbox", "fakesmsc")},
    )
    path = DEV / f"test-{os.getpid()}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(asdict(data), indent=1))
    return path


def server_environment(server):
    """Return this process's environment with PostgreSQL's variables and programs."""
    programs = str(postgres.binary("psql").parent)
    path = os.pathsep.join((programs, os.environ.get("PATH", "")))
    return dict(os.environ, **server.variables(), PATH=path)


def _addons_path():
    for line in ODOO_CONF.read_text().splitlines():
        if line.startswith("addons_path = "):
            return line.removeprefix("addons_path = ")
    return str(ADDON_DIR.parent)


def _text(path):
    return str(path) if path else None
