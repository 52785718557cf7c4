"""Two processes schedule two messages at the same moment: the last segments go to one of them."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from rig.odoo import Odoo, OdooError, run_in_shell

ROUNDS = 8


@pytest.fixture
def two_servers(machine, clone_database, folder):
    """The database's two drafts, and two servers that know it."""
    database = clone_database()
    messages = run_in_shell(
        machine, database, folder, "allowances.two_messages", allowance=5, contacts=3
    )
    for name in ("one", "other"):
        (folder / name).mkdir()
    with (
        Odoo(machine, database, folder / "one") as one,
        Odoo(machine, database, folder / "other") as other,
    ):
        yield messages, (one, other)


def test_the_last_segments_are_reserved_once(two_servers):
    messages, servers = two_servers
    barrier = Barrier(2)

    def schedule(server, message):
        barrier.wait()
        try:
            server.call("sms.marketing.message", "action_schedule", [message])
        except OdooError as error:
            return str(error)
        return "scheduled"

    for _round in range(ROUNDS):
        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(schedule, servers, messages))
        refused, accepted = answers
        assert accepted == "scheduled"
        assert "3 segments, 1 more than are left" in refused
        assert "3 reserved" in refused
        [won] = servers[0].sql("SELECT id FROM sms_marketing_message WHERE state = 'scheduled'")
        servers[0].call("sms.marketing.message", "action_unschedule", [int(won)])
