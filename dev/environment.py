"""What the demo gets to work with."""

import os
from dataclasses import dataclass
from pathlib import Path

from .paths import ODOO_CONF, PYTHON, ROOT


@dataclass(frozen=True)
class Environment:
    """A database with the add-on, and how to run Odoo on it.

    `serve` tells whether the web client is to be served at the end; `is_new` whether the database
    was made by this run. `variables` is a whole process environment, PostgreSQL's included.
    """

    database: str
    variables: dict
    port: int
    serve: bool
    is_new: bool
    root: Path = ROOT
    python: Path = PYTHON
    odoo_conf: Path = ODOO_CONF

    @property
    def base_url(self):
        """The address of the web client, once it is served."""
        return f"http://127.0.0.1:{self.port}"

    def odoo(self, command, *arguments):
        """Return a command line of Odoo (`server`, `shell`) for this database."""
        base = [self.python, "-m", "odoo", command, "-c", self.odoo_conf, "-d", self.database]
        return [str(part) for part in (*base, *arguments)]


def serve_wanted():
    """Tell whether SERVE allows to serve the web client; anything but 0, no, false does."""
    return os.environ.get("SERVE", "1").strip().lower() not in ("0", "no", "false")
