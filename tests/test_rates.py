"""Rate limits, measured where the texts arrive: two lanes in two processes, one provider."""

import pytest
from rig import sending
from rig.lanes import run_lanes
from rig.odoo import run_in_shell
from rig.provider import SlowProvider

#: Seconds of the windows in which arrivals are counted, and by how much a machine with other
#: things to do may blur them: share of the rate, and texts.
WINDOWS = (0.5, 1.0, 2.0)
BLUR, ODD_TEXTS = 0.1, 3


@pytest.fixture(scope="module")
def prepared(machine, clone_database, module_folder):
    """A database with the campaign as a draft, and the campaign's ids."""
    database = clone_database()
    return database, sending.make_campaign(machine, database, module_folder)


@pytest.mark.parametrize(
    "gateway_rate, sender_rate",
    [(80, 0), (0, 80), (80, 200)],
    ids=["gateway", "sender", "the slower of both"],
)
def test_rate_holds_over_processes(
    machine, clone_database, prepared, folder, gateway_rate, sender_rate
):
    template, campaign = prepared
    database = clone_database(template)
    rate = min(filter(None, (gateway_rate, sender_rate)))
    machine.sql(database, f"UPDATE sms_marketing_sender SET rate = {sender_rate}")
    with SlowProvider(folder, delay=0.2) as provider:
        run_in_shell(
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
                "rate": gateway_rate,
            },
        )
        handled = run_lanes(machine, database, folder, count=2)
        arrivals = sorted(arrival.at for arrival in provider.arrivals())

    assert len(arrivals) == sending.RECIPIENTS
    assert sending.states(machine, database, campaign) == {"sent": sending.RECIPIENTS}
    fastest = {window: most_within(arrivals, window) for window in WINDOWS}
    took = arrivals[-1] - arrivals[0]
    print(f"by lane {handled}, {len(arrivals) / took:.1f} a second, most in a window {fastest}")
    assert min(handled) > sending.RECIPIENTS / 5, "one lane did nearly all"
    for window, most in fastest.items():
        assert most <= rate * window * (1 + BLUR) + ODD_TEXTS, f"too fast in {window} s"


def most_within(moments, window):
    """The most of these moments that lie within a window of so many seconds."""
    most, first = 0, 0
    for last, moment in enumerate(moments):
        while moments[first] < moment - window:
            first += 1
        most = max(most, last - first + 1)
    return most
