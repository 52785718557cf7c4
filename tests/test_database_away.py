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
        count, away = chance.randint(110, 290), chance.uniform(1, 4)
        assert wait_until(lambda: len(provider.arrivals()) >= count, 60, 0.005)
        cluster.crash()
        print(f"crash at {count} arrivals, away for {away:.1f} s")
        time.sleep(away)
        at_provider = len(provider.arrivals())
        assert count <= at_provider < sending.RECIPIENTS, "the moment was missed"
        cluster.start()

        # What the lane had in its hands is recorded by the same process: it waits and tries again.
        def nobody_is_in_between():
            states = sending.states(own, database, campaign)
            return states["sent"] >= at_provider and not states["sending"]

        assert wait_until(nobody_is_in_between, 60, 0.2), (
            f"{at_provider} texts were at the provider",
            sending.states(own, database, campaign),
        )
        if not sending.is_closed(own, database, campaign):
            # Odoo's cron threads end when they find the database away: whoever runs Odoo starts
            # it again. Its lanes go on where they were.
            odoo.stop()
            odoo.start()
            odoo.wake_crons()
        assert wait_until(
            lambda: sending.is_closed(own, database, campaign), sending.SEND_TIMEOUT, 0.2
        ), sending.states(own, database, campaign)
        print(f"in the end: {dict(sending.states(own, database, campaign))}")
        sending.check_nobody_twice_nobody_lost(own, database, campaign, provider)
