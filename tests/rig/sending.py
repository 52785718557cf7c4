"""What the tests of interrupted sending share: a campaign to 500 numbers, and who judges it.

The judge is the provider's file of arrivals, which no crash of Odoo or PostgreSQL touches.
"""

from collections import Counter

from .odoo import run_in_shell

RECIPIENTS = 500
SENDER = "+3225550000"
BODY = "Dear {{ object.first_name ||| customer }}, boots at half price: https://shop.example/boots"

#: Seconds within which a send of 500, begun or resumed, is over even on a busy machine.
SEND_TIMEOUT = 150


def numbers():
    """The numbers of the campaign's contacts, E.164."""
    return [f"+32470{index:06d}" for index in range(RECIPIENTS)]


def make_campaign(machine, database, folder):
    """Write contacts, consent and a draft message into a database; ids as `inside` gives them."""
    contacts = [
        {"name": f"Customer{index} Test", "mobile": number}
        for index, number in enumerate(numbers())
    ]
    return run_in_shell(
        machine,
        database,
        folder,
        "inside.make_campaign",
        contacts=contacts,
        body=BODY,
        sender=SENDER,
    )


def point_at(odoo, campaign, carrier):
    """Have the campaign's gateway use a carrier's `sendsms_url`, and call back to this Odoo."""
    odoo.call(
        "sms.marketing.gateway",
        "write",
        [campaign["gateway"]],
        {
            "kannel_url": carrier.sendsms_url,
            "kannel_username": carrier.username,
            "kannel_password": carrier.password,
            "public_url": odoo.url,
        },
    )


def states(machine, database, campaign):
    """How many recipients of the campaign are in each state."""
    rows = machine.sql(
        database,
        "SELECT state, count(*) FROM sms_marketing_recipient"
        f" WHERE message_id = {campaign['message']} GROUP BY state",
    )
    return Counter({state: int(count) for state, count in (row.split("|") for row in rows)})


def is_closed(machine, database, campaign):
    """Whether the message has come to its end."""
    return machine.sql(
        database, f"SELECT state FROM sms_marketing_message WHERE id = {campaign['message']}"
    ) == ["sent"]


def numbers_in(machine, database, campaign, *wanted):
    """The numbers of recipients in these states."""
    listed = ", ".join(f"'{state}'" for state in wanted)
    return set(
        machine.sql(
            database,
            "SELECT number FROM sms_marketing_recipient"
            f" WHERE message_id = {campaign['message']} AND state IN ({listed})",
        )
    )


def let_leases_run_out(machine, database):
    """Let the time pass after which a dead lane's texts are given up.

    A lease lasts for minutes, as the slowest hand-over that its gateway's time-outs allow: the
    tests put it back instead of waiting.
    """
    machine.sql(
        database,
        "UPDATE sms_marketing_recipient SET lease_until = now() AT TIME ZONE 'UTC'"
        " - interval '1 second' WHERE state = 'sending'",
    )


def check_nobody_twice_nobody_lost(machine, database, campaign, provider):
    """The assertions about a send that was interrupted and went on."""
    arrived = [arrival.number for arrival in provider.arrivals()]
    twice = [number for number, count in Counter(arrived).items() if count > 1]
    assert not twice, f"texted twice: {twice}"
    counts = states(machine, database, campaign)
    sent = numbers_in(machine, database, campaign, "sent")
    unknown = numbers_in(machine, database, campaign, "unknown")
    assert sent | unknown == set(numbers()), f"lost on the way: {counts}"
    assert sum(counts.values()) == RECIPIENTS, counts
    assert set(arrived) <= sent | unknown
    assert sent <= set(arrived), f"sent, but never at the provider: {sent - set(arrived)}"


def check_receipts_settle(machine, database, campaign, provider):
    """After receipts of all texts that arrived: these are delivered, the others stay unknown."""
    arrived = {arrival.number for arrival in provider.arrivals()}
    assert provider.send_receipts() == len(arrived)
    assert numbers_in(machine, database, campaign, "delivered") == arrived
    assert numbers_in(machine, database, campaign, "unknown") == set(numbers()) - arrived
    without = machine.sql(
        database,
        "SELECT count(*) FROM sms_marketing_recipient WHERE state = 'delivered'"
        f" AND segments IS NULL AND message_id = {campaign['message']}",
    )
    assert without == ["0"], "delivered texts without a count of segments"
