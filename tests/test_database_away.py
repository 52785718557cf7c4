"""PostgreSQL crashes while a lane sends 500 texts, and is started again."""

import random
import time

import pytest
from rig import sending
from rig.listener import wait_until
from rig.odoo import Odoo
from rig.postgres import Cluster, copy_database
from rig.provider import SlowProvider

DELAY = 0.2

#: Everything that asks the database while it is away fails and says so; nothing else may. The
#: add-on's own loggers may only tell of the connection.
EXPECTED = [
    r"psycopg2\.(OperationalError|InterfaceError|DatabaseError|errors\.)",
    r"sms_marketing\.engine\.transactions: database went away during ",
    r"texts were interrupted while handed over: unknown",
    r"odoo\.sql_db: (Connection to the database failed|bad query)",
]


#: Seconds without any change after which nobody is sending any more. While the database is away
#: for a few seconds, the pauses between two tries are shorter.
QUIET = 20


def goes_on(machine, database, campaign, is_done):
    """Wait as long as states change; True when the message has come to its end."""
    before = None
    while (now := sending.states(machine, database, campaign)) != before:
        before = now
        if wait_until(is_done, QUIET, 0.2):
            return True
    return False


@pytest.fixture
def cluster(folder):
    with Cluster(folder) as cluster:
        yield cluster


def test_postgresql_crashes_in_the_middle_of_a_send(machine, clone_database, cluster, folder):
    database = clone_database()
    campaign = sending.make_campaign(machine, database, folder)
    own = cluster.machine(machine, folder)
    copy_database(machine, own, database)
    chance = random.Random()
    with (
        SlowProvider(folder, DELAY) as provider,
        Odoo(own, database, folder, expected=EXPECTED) as odoo,
    ):
        sending.point_at(odoo, campaign, provider)
        odoo.call("sms.marketing.message", "action_send", [campaign["message"]])

        def is_done():
            return sending.is_closed(own, database, campaign)

        count, away = chance.randint(110, 290), chance.uniform(1, 4)
        assert wait_until(lambda: len(provider.arrivals()) >= count, 60, 0.005)
        cluster.crash()
        print(f"crash at {count} arrivals, away for {away:.1f} s")
        time.sleep(away)
        at_provider = len(provider.arrivals())
        assert count <= at_provider < sending.RECIPIENTS, "the moment was missed"
        cluster.start()

        # The lane waits for the database and goes on by itself.
        if not goes_on(own, database, campaign, is_done):
            # It came to nothing at another moment than a hand-over: Odoo's cron threads end when
            # they find the database away, and whoever runs Odoo starts it again.
            print(f"started again at {dict(sending.states(own, database, campaign))}")
            odoo.stop()
            sending.let_leases_run_out(own, database)
            odoo.start()
            odoo.wake_crons()
            assert goes_on(own, database, campaign, is_done), "sending stands still"
        print(f"in the end: {dict(sending.states(own, database, campaign))}")
        sending.check_nobody_twice_nobody_lost(own, database, campaign, provider)
