"""`kill -9` of Odoo in the middle of a send of 500, at three moments, and a start after it."""

import random
import time

import pytest
from rig import sending
from rig.listener import wait_until
from rig.odoo import Odoo
from rig.provider import SlowProvider

#: Seconds that the provider takes for a text. A lane hands over 64 at once.
DELAY = 0.2

#: What the log says of the crash once Odoo is up again.
EXPECTED = [r"texts were interrupted while handed over: unknown"]


@pytest.fixture(scope="module")
def prepared(machine, clone_database, module_folder):
    """A database with the campaign as a draft, and the campaign's ids."""
    database = clone_database()
    return database, sending.make_campaign(machine, database, module_folder)


def at_the_start(provider, chance):
    """While the audience is written, or the first batch is claimed and begins to be handed over."""
    moment = chance.uniform(0.02, 0.5)
    time.sleep(moment)
    return f"{moment:.3f} s after the button", range(0, 300)


def early(provider, chance):
    """While the first batches are handed over."""
    count = chance.randint(5, 150)
    assert wait_until(lambda: len(provider.arrivals()) >= count, 60, 0.005)
    return f"at {count} arrivals", range(count, 400)


def while_recording(provider, chance):
    """When some batches have been answered and the outcomes of one are being written."""
    assert wait_until(lambda: len(provider.arrivals()) >= 270, 60, 0.005)
    moment = DELAY + chance.uniform(-0.02, 0.08)
    time.sleep(moment)
    return f"{moment:.3f} s after the arrival of the last text of a batch", range(270, 500)


@pytest.mark.parametrize("choose", [at_the_start, early, while_recording])
def test_kill_in_the_middle_of_a_send(machine, clone_database, prepared, folder, choose):
    template, campaign = prepared
    database = clone_database(template)
    chance = random.Random()
    with (
        SlowProvider(folder, DELAY) as provider,
        Odoo(machine, database, folder, expected=EXPECTED) as odoo,
    ):
        sending.point_at(odoo, campaign, provider)
        odoo.call("sms.marketing.message", "action_send", [campaign["message"]])
        moment, possible = choose(provider, chance)
        odoo.kill()
        # What was on its way to the provider still arrives.
        time.sleep(2 * DELAY)
        arrived = len(provider.arrivals())
        before = sending.states(machine, database, campaign)
        print(f"killed {moment}: {arrived} texts at the provider, {dict(before)}")
        assert arrived in possible, "the moment was missed"
        assert not sending.is_closed(machine, database, campaign)

        sending.let_leases_run_out(machine, database)
        odoo.start()
        odoo.wake_crons()
        assert wait_until(
            lambda: sending.is_closed(machine, database, campaign), sending.SEND_TIMEOUT, 0.2
        ), sending.states(machine, database, campaign)

        after = sending.states(machine, database, campaign)
        print(f"after the restart: {dict(after)}")
        assert after["unknown"] == before["sending"]
        sending.check_nobody_twice_nobody_lost(machine, database, campaign, provider)
        if choose is early:  # receipts of 500 take a while, and are the same at every moment
            sending.check_receipts_settle(machine, database, campaign, provider)


def test_ordinary_restart_leaves_nothing_unknown(machine, clone_database, prepared, folder):
    """SIGTERM, as every restart of Odoo: the batch in hand is finished before the server ends."""
    template, campaign = prepared
    database = clone_database(template)
    with (
        SlowProvider(folder, DELAY) as provider,
        Odoo(machine, database, folder) as odoo,
    ):
        sending.point_at(odoo, campaign, provider)
        odoo.call("sms.marketing.message", "action_send", [campaign["message"]])
        assert wait_until(lambda: len(provider.arrivals()) >= 120, 60, 0.005)
        odoo.stop()
        stopped = sending.states(machine, database, campaign)
        print(f"after the stop: {dict(stopped)}")
        assert stopped["sending"] == stopped["unknown"] == 0
        assert stopped["queued"] > 0, "the stop came too late to show anything"
        assert stopped["sent"] == len(provider.arrivals())

        odoo.start()
        odoo.wake_crons()
        assert wait_until(
            lambda: sending.is_closed(machine, database, campaign), sending.SEND_TIMEOUT, 0.2
        ), sending.states(machine, database, campaign)
        assert sending.states(machine, database, campaign) == {"sent": sending.RECIPIENTS}
        sending.check_nobody_twice_nobody_lost(machine, database, campaign, provider)
