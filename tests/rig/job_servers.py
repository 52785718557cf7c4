"""Several Odoo processes behind a balancer, with the job runner of `queue_job`, on one database."""

from contextlib import ExitStack, contextmanager

from .balancer import Balancer
from .listener import wait_until
from .odoo import Odoo

ADDON = "sms_marketing_queue_job"


@contextmanager
def job_servers(machine, database, folder, *, count=2, capacity=4, expected=()):
    """So many servers, each with a job runner, of which one is elected.

    :param capacity: of the channel: lanes that work at once, in all processes together
    """
    with Balancer() as balancer, ExitStack() as running:
        servers = []
        for number in range(count):
            own = folder / f"server{number}"
            own.mkdir()
            server = Odoo(
                machine,
                database,
                own,
                expected=expected,
                options=["--load", "base,web,queue_job"],
                variables={
                    "ODOO_QUEUE_JOB_CHANNELS": f"root:{capacity},root.sms_marketing:{capacity}",
                    "ODOO_QUEUE_JOB_HOST": "127.0.0.1",
                    "ODOO_QUEUE_JOB_PORT": str(balancer.port),
                },
            )
            servers.append(server)
        balancer.ports += [server.port for server in servers]
        for server in servers:
            running.enter_context(server)
        # A runner begins five seconds after its server.
        assert wait_until(lambda: runner_of(machine, database, servers), 30)
        yield servers


def runner_of(machine, database, servers):
    """The server whose job runner is the elected one, or None."""
    names = machine.sql(
        database,
        "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
        f" WHERE locktype = 'advisory' AND granted AND datname = '{database}'",
    )
    return next((server for server in servers if server.name in names), None)


def lanes(machine, database, state):
    """{process id: texts} of the lanes in a state."""
    rows = machine.sql(
        database,
        "SELECT worker_pid, sum(COALESCE(NULLIF(result, ''), '0')::int) FROM queue_job"
        f" WHERE method_name = '_job_lane' AND state = '{state}' GROUP BY worker_pid",
    )
    return {int(pid): int(texts) for pid, texts in (row.split("|") for row in rows)}
