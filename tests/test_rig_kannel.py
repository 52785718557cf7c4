"""Our gateway, a real Kannel, real SMPP, a played carrier, and back: without Odoo around it."""

import os
import random
import signal
import subprocess
import sys
from collections import Counter

import pytest
import rig.addon  # noqa: F401
from rig.carrier import UCS2, Carrier
from rig.kannel import Kannel, missing
from rig.listener import Listener, wait_until
from rig.provider import SlowProvider

from odoo.addons.sms_marketing.gateways.base import (
    Accepted,
    Account,
    Reason,
    ReceiptStatus,
    Retry,
    Text,
    WebhookRequest,
)
from odoo.addons.sms_marketing.gateways.kannel import KannelGateway, service_configuration
from odoo.addons.sms_marketing.text.encoding import is_gsm
from odoo.addons.sms_marketing.text.segments import analyse

TEXTS = 500
SENDER = "+3225550000"
HANDSET = "+32470999999"
needs_kannel = pytest.mark.skipif(bool(missing()), reason=missing())

#: All that is hard about the alphabet: extension characters, spaces and line ends that must stay.
GSM_LETTERS = "abc XYZ  0189\n@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡§¿^{}\\[~]|€"
UCS2_LETTERS = "Привет Ωß漢字 ê’…\n🙂👍🏽🇧🇪 +%&"


def outcome_of(number: str) -> str:
    """What the carrier does with a number."""
    return {"7": "undelivered", "8": "refused", "9": "silent"}.get(number[-1], "delivered")


@pytest.fixture(scope="module")
def chain():
    """Everything between our gateway and the handset, and back to our webhooks."""
    with Listener() as listener, Carrier(outcome_of) as carrier:
        # A percent sign in our own address must not be taken for one of Kannel's escape codes.
        callback = f"{listener.url}/sms_marketing/webhook/1/se%20cret"
        with Kannel(carrier.port, service_configuration(callback)) as kannel:
            settings = {
                "url": kannel.sendsms_url,
                "username": kannel.username,
                "password": kannel.password,
            }
            with KannelGateway(Account(settings, callback)) as gateway:
                yield gateway, listener, carrier


def receipts_of(gateway, listener):
    return [
        receipt
        for request in _requests(listener, "receipt")
        for receipt in gateway.parse_receipts(request)
    ]


def inbound_of(gateway, listener):
    return [
        inbound
        for request in _requests(listener, "inbound")
        for inbound in gateway.parse_inbound(request)
    ]


def _requests(listener, subject):
    return [
        WebhookRequest(call.method, call.path, call.query, headers=call.headers, body=call.body)
        for call in listener.calls_of(f"/sms_marketing/webhook/1/se%20cret/{subject}")
    ]


def make_texts():
    """Texts of one to several segments, half of them in each encoding, each to its own number."""
    chance = random.Random(2)
    texts = []
    for index in range(TEXTS):
        start, letters = (f"{index} ", GSM_LETTERS) if index % 2 else (f"{index}… ", UCS2_LETTERS)
        body = start + "".join(chance.choices(letters, k=chance.choice((5, 60, 150, 250))))
        found = analyse(body)
        number, reference = f"+32470{index:06d}", f"reference-{index}"
        texts.append(Text(reference, number, SENDER, body, found.encoding, found.segments))
    return texts


@needs_kannel
def test_texts_arrive_as_written_and_receipts_come_back(chain):
    gateway, listener, carrier = chain
    texts = make_texts()
    by_number = {text.number: text for text in texts}
    by_reference = {text.reference: text for text in texts}
    assert Counter(text.encoding for text in texts) == {"GSM-7": 250, "UCS-2": 250}
    assert {text.segments for text in texts} >= {1, 2, 3}

    outcomes = []
    for start in range(0, TEXTS, gateway.batch_size):
        outcomes += gateway.send(texts[start : start + gateway.batch_size])
    assert outcomes == [Accepted()] * TEXTS

    taken_numbers = {number for number in by_number if outcome_of(number) != "refused"}
    assert wait_until(lambda: len(carrier.taken) >= len(taken_numbers), 60)
    assert carrier.faults == []
    assert {taken.number for taken in carrier.taken} == taken_numbers
    assert len(carrier.taken) == len(taken_numbers), "a number got a text twice"
    for taken in carrier.taken:
        text = by_number[taken.number]
        assert taken.text.encode() == text.body.encode()
        assert taken.sender == SENDER
        assert (taken.coding == UCS2) == (not is_gsm(text.body))
        # Kannel cuts surrogate pairs in two, we do not: it can need one segment less.
        assert taken.parts in (text.segments, text.segments - (text.encoding == "UCS-2"))

    expected = {"delivered": ReceiptStatus.DELIVERED, "undelivered": ReceiptStatus.UNDELIVERED}
    wanted = {
        (text.reference, expected[outcome_of(text.number)])
        for text in texts
        if outcome_of(text.number) in expected
    }
    wanted |= {
        (text.reference, ReceiptStatus.ACCEPTED) for text in texts if text.number in taken_numbers
    }
    wanted |= {
        (text.reference, ReceiptStatus.REJECTED)
        for text in texts
        if outcome_of(text.number) == "refused"
    }

    def came():
        return {(receipt.reference, receipt.status) for receipt in receipts_of(gateway, listener)}

    wait_until(lambda: came() >= wanted, 60)
    assert came() == wanted
    for receipt in receipts_of(gateway, listener):
        assert receipt.occurred_at is not None
        if receipt.status == ReceiptStatus.REJECTED:
            # Of a text in several parts Kannel does not pass on why it was refused.
            told = (Reason.INVALID_NUMBER, "0x0000000b")
            is_single = by_reference[receipt.reference].segments == 1
            assert (receipt.reason, receipt.code) == (told if is_single else (Reason.UNKNOWN, ""))
        elif receipt.status == ReceiptStatus.UNDELIVERED:
            assert (receipt.reason, receipt.code) == (Reason.UNREACHABLE, "UNDELIV 001")
        else:
            assert receipt.reason is None


@needs_kannel
@pytest.mark.parametrize(
    "body",
    ["STOP", " stop.  now\nplease €{} ", "Стоп † ਊ 🙂 ", "Stop – s’il vous plaît"],
)
def test_a_handset_s_text_arrives_as_written(chain, body):
    gateway, listener, carrier = chain
    before = len(inbound_of(gateway, listener))
    sent = len(carrier.taken)
    assert carrier.handset_sends(HANDSET, SENDER, body)
    assert wait_until(lambda: len(inbound_of(gateway, listener)) > before, 20)
    [inbound] = inbound_of(gateway, listener)[before:]
    assert (inbound.number, inbound.sender, inbound.body) == (HANDSET, SENDER, body)
    assert inbound.reference
    assert inbound.received_at is not None
    # Kannel must not send our HTTP answer to the phone as a text.
    assert not wait_until(lambda: len(carrier.taken) > sent, 0.5)


@needs_kannel
def test_wrong_password_takes_nothing(chain):
    gateway, _listener, carrier = chain
    sent = len(carrier.taken)
    settings = dict(gateway.account.settings, password="wrong")
    with KannelGateway(Account(settings, gateway.account.callback_url)) as stranger:
        [outcome] = stranger.send([Text("x", HANDSET, SENDER, "Hello")])
    assert isinstance(outcome, Retry)
    assert outcome.reason == Reason.CREDENTIALS
    assert not wait_until(lambda: len(carrier.taken) > sent, 0.5)


CALLER = """
import sys
import rig.addon
from odoo.addons.sms_marketing.gateways.base import Account, Text
from odoo.addons.sms_marketing.gateways.kannel import KannelGateway
settings = {"url": sys.argv[1], "username": "odoo", "password": "provider-test"}
with KannelGateway(Account(settings)) as gateway:
    gateway.send([Text(str(i), f"+32470{i:06d}", "Shop", "Hello") for i in range(400)])
"""


def test_slow_provider_outlives_its_caller(tmp_path):
    with SlowProvider(tmp_path, delay=0.2) as provider:
        caller = subprocess.Popen(
            [sys.executable, "-c", CALLER, provider.sendsms_url],
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
        )
        wait_until(lambda: len(provider.arrivals()) >= 40 or caller.poll() is not None, 60)
        assert caller.poll() is None
        os.kill(caller.pid, signal.SIGKILL)
        caller.wait(10)
        arrivals = provider.arrivals()
        # What was on its way when its caller was killed still arrives.
        while wait_until(lambda seen=arrivals: provider.arrivals() != seen, 0.5):
            arrivals = provider.arrivals()
        assert 40 <= len(arrivals) < 400
        numbers = [arrival.number for arrival in arrivals]
        assert len(set(numbers)) == len(numbers)
    assert len(provider.arrivals()) == len(arrivals)
