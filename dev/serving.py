"""The web client of a database, for as long as somebody looks at it."""

import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

from .paths import DEV, LOGS
from .report import SetupError


@contextmanager
def served(environment, log):
    """Serve the web client of the environment's database while the block runs.

    :param str log: name of the file in `.dev/logs` that gets what the server writes
    """
    command = environment.odoo(
        "server", "--http-port", str(environment.port), "--max-cron-threads=0"
    )
    with open(LOGS / log, "ab") as output:
        server = subprocess.Popen(
            command, cwd=DEV, env=environment.variables, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_served(f"{environment.base_url}/web/health")
            yield
        finally:
            server.terminate()
            server.wait()


def _wait_until_served(url, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise SetupError("The web client does not come up.") from error
            time.sleep(0.3)
