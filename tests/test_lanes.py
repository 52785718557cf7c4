"""Two lanes in two processes on one database, and STOPs that come in while a campaign goes out."""

import random
import threading
import time
import urllib.request
import uuid
from collections import Counter
from urllib.parse import urlencode

import pytest
from rig import sending
from rig.lanes import run_lanes
from rig.listener import wait_until
from rig.odoo import Odoo, run_in_shell
from rig.provider import SlowProvider

LANE_BATCH = 20
STOPS = 80
CALLERS = 8
AT_ONCE = 64


@pytest.fixture(scope="module")
def prepared(machine, clone_database, module_folder):
    """A database with the campaign as a draft, and the campaign's ids."""
    database = clone_database()
    return database, sending.make_campaign(machine, database, module_folder)


def test_two_lanes_share_the_work(machine, clone_database, prepared, folder):
    template, campaign = prepared
    database = clone_database(template)
    with SlowProvider(folder, delay=0.1) as provider:
        # As the button and the clock do; here no server runs that could send by itself.
        started = run_in_shell(
            machine,
            database,
            folder,
            "inside.start_now",
            message=campaign["message"],
            gateway=campaign["gateway"],
            kannel={
                "kannel_url": provider.sendsms_url,
                "kannel_username": provider.username,
                "kannel_password": provider.password,
            },
        )
        assert started == 1
        assert sending.states(machine, database, campaign) == {"queued": sending.RECIPIENTS}
        handled = run_lanes(machine, database, folder, count=2, batch_size=LANE_BATCH)
        arrived = [arrival.number for arrival in provider.arrivals()]

    print(f"texts by lane: {handled}")
    assert sum(handled) == sending.RECIPIENTS
    assert min(handled) >= LANE_BATCH, "one lane did all the work"
    assert sorted(arrived) == sorted(sending.numbers())
    assert sending.states(machine, database, campaign) == {"sent": sending.RECIPIENTS}
    assert sending.is_closed(machine, database, campaign)


def test_nobody_is_texted_after_the_answer_to_his_stop(machine, clone_database, prepared, folder):
    template, campaign = prepared
    database = clone_database(template)
    chance = random.Random()
    with (
        SlowProvider(folder, delay=0.6) as provider,
        Odoo(machine, database, folder) as odoo,
    ):
        sending.point_at(odoo, campaign, provider)
        odoo.call("sms.marketing.message", "action_send", [campaign["message"]])
        assert wait_until(lambda: provider.arrivals(), 60, 0.01)
        answered = send_stops(odoo, campaign, chance.sample(sending.numbers(), STOPS))
        assert wait_until(
            lambda: sending.is_closed(machine, database, campaign), sending.SEND_TIMEOUT, 0.2
        )
        # The confirmations go out too.
        assert wait_until(lambda: len(texts_of(provider, "opted out")) == STOPS, 60, 0.2)
        campaign_texts = texts_of(provider, "half price")
        confirmations = texts_of(provider, "opted out")

    assert len(answered) == STOPS
    assert_none_late(campaign_texts, answered, "the answer to the STOP")
    assert_none_late(campaign_texts, dict(confirmations), "the confirmation of the STOP")

    arrived = [number for number, _at in campaign_texts]
    spared = numbers_skipped(machine, database, campaign)
    print(f"{len(spared)} of {STOPS} STOPs came before the text, {len(arrived)} texts went out")
    assert len(set(arrived)) == len(arrived)
    assert spared == set(sending.numbers()) - set(arrived)
    assert spared <= set(answered)
    assert 5 < len(spared) < STOPS, "hardly any STOP raced with the campaign"
    assert Counter(number for number, _at in confirmations) == Counter(answered.keys())


def test_nor_where_texts_wait_for_a_slow_provider(machine, clone_database, prepared, folder):
    """Texts in hand for longer than the answer to a STOP can wait: they are not begun then."""
    template, campaign = prepared
    database = clone_database(template)
    with (
        SlowProvider(folder, delay=11) as provider,
        Odoo(machine, database, folder) as odoo,
    ):
        sending.point_at(odoo, campaign, provider)
        odoo.call("sms.marketing.message", "action_send", [campaign["message"]])

        def waiting():
            claimed = sending.numbers_in(machine, database, campaign, "sending")
            return claimed - {arrival.number for arrival in provider.arrivals()}

        # The last of them wait behind twice as many as may be at the provider at once.
        assert wait_until(lambda: len(waiting()) > AT_ONCE + 2 * CALLERS, 90, 0.1)
        answered = send_stops(odoo, campaign, sorted(waiting())[-2 * CALLERS :])
        assert wait_until(lambda: len(texts_of(provider, "opted out")) == 2 * CALLERS, 90, 0.2)
        confirmed = dict(texts_of(provider, "opted out"))
        # Those who had to wait have had their turn.
        seen = len(texts_of(provider, "half price"))
        assert wait_until(lambda: len(texts_of(provider, "half price")) > seen, 90, 0.2)
        campaign_texts = texts_of(provider, "half price")

    assert len(answered) == 2 * CALLERS
    assert_none_late(campaign_texts, answered, "the answer to the STOP")
    assert_none_late(campaign_texts, confirmed, "the confirmation of the STOP")


def assert_none_late(texts, moments, what):
    """Nobody has got one of these texts after the moment that is given for the number."""
    late = {
        number: f"{arrived - moments[number]:.3f} s"
        for number, arrived in texts
        if number in moments and arrived > moments[number]
    }
    assert not late, f"texted after {what}: {late}"


def send_stops(odoo, campaign, numbers):
    """STOP from each number through the webhook, some at a time; {number: when it was answered}."""
    address = f"{odoo.url}/sms_marketing/webhook/{campaign['gateway']}/{campaign['secret']}/inbound"
    answered, waiting, failed = {}, list(numbers), []

    def call():
        while waiting:
            try:
                number = waiting.pop()
            except IndexError:
                return
            query = urlencode(
                {
                    "from": number,
                    "to": sending.SENDER,
                    "text": "STOP",
                    "coding": "0",
                    "id": str(uuid.uuid4()),
                    "at": int(time.time()),
                }
            )
            try:
                with urllib.request.urlopen(f"{address}?{query}", timeout=60) as answer:
                    answer.read()
            except OSError as error:
                failed.append(error)
            else:
                answered[number] = time.time()

    threads = [threading.Thread(target=call) for _number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed
    return answered


def texts_of(provider, words):
    """(number, when) of each text at the provider that has these words in it."""
    return [
        (arrival.number, arrival.at) for arrival in provider.arrivals() if words in arrival.text
    ]


def numbers_skipped(machine, database, campaign):
    """The numbers that sending left out because they had opted out."""
    return set(
        machine.sql(
            database,
            "SELECT number FROM sms_marketing_recipient WHERE state = 'skipped'"
            f" AND reason = 'unsubscribed' AND message_id = {campaign['message']}",
        )
    )
