"""Two lanes as scheduled actions in one server, while receipts of their texts come back."""

import random
import threading
import time
import urllib.request

import pytest
from rig import sending
from rig.listener import wait_until
from rig.odoo import Odoo, OdooError
from rig.provider import SlowProvider

#: Seconds after a text within which its receipt comes.
RECEIPT_AFTER = (0.02, 1.0)
CALLERS = 4
#: Seconds that the provider takes: the other cron thread begins a second or two after the first.
DELAY = 0.5
#: So slow that pressing the buttons is over before the sending is, on a busy machine too.
DELAY_WHILE_PRESSED = 1.5
PAUSES = 15
LEAST_PAUSES = 5
TROUBLE = ("deadlock", "could not serialize")


@pytest.fixture(scope="module")
def prepared(machine, clone_database, module_folder):
    """A database with the campaign as a draft, and the campaign's ids; two lanes are on."""
    database = clone_database()
    campaign = sending.make_campaign(machine, database, module_folder)
    machine.sql(
        database,
        "UPDATE ir_cron SET active = TRUE WHERE id = (SELECT res_id FROM ir_model_data"
        " WHERE module = 'sms_marketing' AND name = 'ir_cron_dispatch_2')",
    )
    return database, campaign


def test_lanes_and_receipts_do_not_hinder_each_other(machine, clone_database, prepared, folder):
    template, campaign = prepared
    database = clone_database(template)
    with SlowProvider(folder, DELAY) as provider, Odoo(machine, database, folder) as odoo:
        sending.point_at(odoo, campaign, provider)
        odoo.call("sms.marketing.message", "action_send", [campaign["message"]])
        receipts = Receipts(provider)
        assert wait_until(
            lambda: sending.is_closed(machine, database, campaign), sending.SEND_TIMEOUT, 0.2
        ), sending.states(machine, database, campaign)
        receipts.finish()
        assert wait_until(
            lambda: (
                sending.states(machine, database, campaign) == {"delivered": sending.RECIPIENTS}
            ),
            30,
            0.2,
        ), sending.states(machine, database, campaign)
        lanes = machine.sql(
            database,
            "SELECT count(DISTINCT cron_id) FROM ir_cron_progress progress"
            " JOIN ir_cron ON ir_cron.id = cron_id"
            " WHERE cron_name LIKE 'Marketing SMS: start and send%' AND done > 0",
        )
    arrived = [arrival.number for arrival in provider.arrivals()]
    assert sorted(arrived) == sorted(sending.numbers()), "nobody twice, nobody left out"
    assert not receipts.failed, receipts.failed[:5]
    assert lanes == ["2"], "one lane did it all"
    log = odoo.log.read_text()
    assert not [word for word in TROUBLE if word in log]


def test_paused_and_resumed_while_it_is_sent(machine, clone_database, prepared, folder):
    """Whoever presses a button never meets the locks of the lanes."""
    template, campaign = prepared
    database = clone_database(template)
    with (
        SlowProvider(folder, DELAY_WHILE_PRESSED) as provider,
        Odoo(machine, database, folder) as odoo,
    ):
        sending.point_at(odoo, campaign, provider)
        odoo.call("sms.marketing.message", "action_send", [campaign["message"]])
        assert wait_until(provider.arrivals, sending.SEND_TIMEOUT, 0.02)
        pauses = 0
        try:
            for _round in range(PAUSES):
                odoo.call("sms.marketing.message", "action_pause", [campaign["message"]])
                time.sleep(random.uniform(0, 0.1))
                odoo.call("sms.marketing.message", "action_resume", [campaign["message"]])
                time.sleep(random.uniform(0, 0.1))
                pauses += 1
        except OdooError as error:
            # A slow machine may send all before the last round: that alone is no fault.
            assert sending.is_closed(machine, database, campaign), error
            assert not [word for word in TROUBLE if word in str(error)], error
        assert pauses >= LEAST_PAUSES, "it was sent too soon"
        assert wait_until(
            lambda: sending.is_closed(machine, database, campaign), sending.SEND_TIMEOUT, 0.2
        ), sending.states(machine, database, campaign)
    arrived = [arrival.number for arrival in provider.arrivals()]
    assert sorted(arrived) == sorted(sending.numbers()), "nobody twice, nobody left out"


class Receipts:
    """Calls the receipt address of each arrival a moment after it, in threads."""

    def __init__(self, provider):
        self._provider = provider
        self._lock = threading.Lock()
        self._called = 0
        self._over = threading.Event()
        self.failed = []
        self._threads = [threading.Thread(target=self._run) for _number in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def finish(self):
        """Call for all that have arrived, and end."""
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _run(self):
        while True:
            is_over = self._over.is_set()
            with self._lock:
                arrivals = self._provider.arrivals()
                arrival = arrivals[self._called] if self._called < len(arrivals) else None
                self._called += arrival is not None
            if arrival is None:
                if is_over:
                    return
                time.sleep(0.02)
                continue
            wait = arrival.at + random.uniform(*RECEIPT_AFTER) - time.time()
            time.sleep(max(wait, 0))
            address = arrival.receipt_url.replace("%d", "1").replace("%A", "ACK%2F")
            address = address.replace("%F", "7").replace("%T", str(int(time.time())))
            try:
                with urllib.request.urlopen(address.replace("%%", "%"), timeout=30):
                    pass
            except OSError as error:
                self.failed.append(str(error))
