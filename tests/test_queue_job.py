"""Two Odoo processes with the real job runner on one database share a campaign, and one may die."""

import time

import pytest
from rig import sending
from rig.job_servers import ADDON, job_servers, lanes, runner_of
from rig.listener import wait_until
from rig.provider import SlowProvider

from dev import database as databases

#: Seconds that the provider takes for a text: the campaign lasts long enough to be shared.
DELAY = 0.8

#: The runner tells of the process that it could not reach, and of the job that it found dead.
KILLED = [
    r"texts were interrupted while handed over: unknown",
    r"Re-queued dead job",
    r"was requested to run job",
    r"exception in GET http://",
]


@pytest.fixture(scope="module")
def prepared(machine, clone_database, module_folder):
    """A database with both add-ons and the campaign as a draft, and the campaign's ids."""
    database = clone_database()
    databases.run_odoo(database, ["-i", ADDON])
    return database, sending.make_campaign(machine, database, module_folder)


def test_two_processes_share_a_campaign(machine, clone_database, prepared, folder):
    template, campaign = prepared
    database = clone_database(template)
    with (
        SlowProvider(folder, DELAY) as provider,
        job_servers(machine, database, folder) as servers,
    ):
        sending.point_at(servers[0], campaign, provider)
        servers[0].call("sms.marketing.message", "action_send", [campaign["message"]])
        assert wait_until(
            lambda: sending.is_closed(machine, database, campaign), sending.SEND_TIMEOUT, 0.2
        ), sending.states(machine, database, campaign)
        assert wait_until(lambda: not lanes(machine, database, "started"), 60, 0.2)

        done = lanes(machine, database, "done")
        print(f"texts by process: {done}")
        assert set(done) == {server.pid for server in servers}
        assert sum(done.values()) == sending.RECIPIENTS
        assert min(done.values()) > 0, "one process did all the work"
        assert sending.states(machine, database, campaign) == {"sent": sending.RECIPIENTS}
        sending.check_nobody_twice_nobody_lost(machine, database, campaign, provider)


@pytest.mark.parametrize("victim", ["runner", "other"])
def test_the_other_process_finishes(machine, clone_database, prepared, folder, victim):
    """`kill -9` of one process; the worst case is the one whose job runner hands out the jobs."""
    template, campaign = prepared
    database = clone_database(template)
    with (
        SlowProvider(folder, DELAY) as provider,
        job_servers(machine, database, folder, expected=KILLED) as servers,
    ):
        sending.point_at(servers[0], campaign, provider)
        servers[0].call("sms.marketing.message", "action_send", [campaign["message"]])
        pids = {server.pid for server in servers}
        assert wait_until(lambda: set(lanes(machine, database, "started")) == pids, 60, 0.05)
        assert wait_until(lambda: len(provider.arrivals()) >= 40, 60, 0.05)
        runner = runner_of(machine, database, servers)
        [other] = set(servers) - {runner}
        killed, survivor = (runner, other) if victim == "runner" else (other, runner)
        killed.kill()
        print(f"killed at {len(provider.arrivals())} arrivals")

        def nothing_waits():
            return not sending.states(machine, database, campaign)["queued"]

        assert wait_until(nothing_waits, sending.SEND_TIMEOUT, 0.2)
        # What the survivor has in hand is recorded within seconds; the rest is the dead lanes'.
        assert wait_until(
            lambda: not set(lanes(machine, database, "started")) & {survivor.pid}, 90, 0.2
        )
        time.sleep(2 * DELAY)
        left = sending.states(machine, database, campaign)
        sending.let_leases_run_out(machine, database)
        # The scheduled action looks every minute: this saves the minute.
        machine.sql(
            database, "UPDATE ir_cron SET nextcall = now() WHERE cron_name LIKE '%start and send'"
        )
        survivor.wake_crons()
        assert wait_until(
            lambda: sending.is_closed(machine, database, campaign), sending.SEND_TIMEOUT, 0.2
        ), sending.states(machine, database, campaign)

        after = sending.states(machine, database, campaign)
        print(f"when all was claimed: {dict(left)}; in the end: {dict(after)}")
        assert after["unknown"] == left["sending"]

        def dead_lanes_are_through():
            # A runner without news looks for dead jobs once a minute: this saves the minute.
            machine.sql(database, "NOTIFY queue_job, 'news'")
            return not lanes(machine, database, "started")

        # The lanes that died were started again, by the one that is left, and found nothing.
        assert wait_until(dead_lanes_are_through, 90, 1)
        assert set(lanes(machine, database, "done")) == {survivor.pid}
        sending.check_nobody_twice_nobody_lost(machine, database, campaign, provider)
