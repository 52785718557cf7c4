"""A campaign through everything that is real: Odoo, Kannel, SMPP, a played carrier, and back.

Odoo sends by its scheduled actions; receipts and texts from handsets come in through its webhook.
"""

import http.client
import random
from collections import Counter
from urllib.parse import urlsplit

import pytest
from rig import sending
from rig.carrier import UCS2, Carrier
from rig.kannel import Kannel, missing
from rig.listener import wait_until
from rig.odoo import Odoo, run_in_shell

RECIPIENTS = 510
#: Who sends STOP: the carrier delivers to this number (see `outcome_of`).
LEAVING = "+32470000123"
BODY = (
    "Hi {{ object.first_name ||| there }}, {{ object.function ||| boots }} at half price"
    " [only today] for you ~ €5:"
    " https://shop.example/boots?size={{ object.ref ||| any }}&colour=red#top"
)
GSM_LETTERS = "abc XYZ 0189@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡§¿^{}\\[~]|€"
UCS2_LETTERS = "Привет Ωß漢字 ê’…🙂👍🏽🇧🇪 +%&"

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())


def outcome_of(number):
    """What the carrier does with a number."""
    return {"7": "undelivered", "8": "refused", "9": "silent"}.get(number[-1], "delivered")


#: What the carrier does -> the state in which the recipient ends.
STATE_OF = {
    "delivered": "delivered",
    "undelivered": "undelivered",
    "refused": "undelivered",
    "silent": "sent",
}


def make_contacts(chance):
    """Contacts whose names and functions make texts of both encodings and of several lengths."""
    contacts = []
    for index in range(RECIPIENTS):
        letters = GSM_LETTERS if index % 2 else UCS2_LETTERS
        filling = "".join(chance.choices(letters, k=chance.choice((5, 20, 80, 160))))
        contacts.append(
            {
                "name": f"{'Zoé' if index % 2 else 'Зоя'}{index} Test",
                "function": f"{index}{filling}{index}",
                "ref": f"{index}",
                # Some as people write them; the country is Belgium.
                "phone" if index % 5 == 0 else "mobile": (
                    f"0470 {index // 10000:02d} {index // 100 % 100:02d} {index % 100:02d}"
                    if index % 3 == 0
                    else f"+32470{index:06d}"
                ),
            }
        )
    return contacts


def is_settled(machine, database, message):
    """Whether every text's last receipt has come, as far as the carrier gives one."""
    rows = machine.sql(
        database,
        "SELECT number, state FROM sms_marketing_recipient"
        f" WHERE message_id = {message} AND state <> 'skipped'",
    )
    found = dict(row.split("|") for row in rows)
    return bool(found) and all(
        state == STATE_OF[outcome_of(number)] for number, state in found.items()
    )


@pytest.fixture
def played(machine, clone_database, folder):
    """The whole chain, running: (odoo, campaign, carrier)."""
    database = clone_database()
    seed = random.randrange(10**6)
    print(f"the texts' seed: {seed}")
    campaign = run_in_shell(
        machine,
        database,
        folder,
        "inside.make_campaign",
        contacts=make_contacts(random.Random(seed)),
        body=BODY,
        sender=sending.SENDER,
    )
    with Odoo(machine, database, folder) as odoo, Carrier(outcome_of) as carrier:
        # Short links and webhooks lead to this server.
        parameter = "ir.config_parameter"
        odoo.call(parameter, "set_param", "web.base.url", odoo.url)
        odoo.call(parameter, "set_param", "web.base.url.freeze", "True")
        odoo.call("sms.marketing.gateway", "write", [campaign["gateway"]], {"public_url": odoo.url})
        shown = odoo.call("sms.marketing.gateway", "action_show_webhook_url", [campaign["gateway"]])
        # Kannel gets the lines that the gateway's page shows.
        with Kannel(carrier.port, shown["params"]["setup_help"]) as kannel:
            try:
                sending.point_at(odoo, campaign, kannel)
                yield odoo, campaign, carrier
            finally:
                (folder / "kannel.log").write_text(kannel.logs())


def test_campaign_through_kannel_and_back(machine, played):
    odoo, campaign, carrier = played
    recipients = check_first_campaign(machine, odoo, campaign, carrier)
    check_short_link(odoo, carrier)
    check_stop(odoo, carrier)
    check_second_campaign(machine, odoo, campaign, carrier)
    check_second_stop_is_not_answered(odoo, carrier)
    # Last, for the rollup of the receipts runs each minute.
    check_figures(odoo, campaign["message"], recipients)
    assert carrier.faults == []


def check_first_campaign(machine, odoo, campaign, carrier):
    message = campaign["message"]
    odoo.call("sms.marketing.message", "action_send", [message])
    assert wait_until(lambda: is_settled(machine, odoo.database, message), 240, 0.5), (
        sending.states(machine, odoo.database, campaign),
        f"{len(carrier.taken)} texts at the carrier",
    )
    recipients = recipients_of(odoo, message)
    assert len(recipients) == RECIPIENTS
    assert {one["number"] for one in recipients} == {
        f"+32470{index:06d}" for index in range(RECIPIENTS)
    }
    assert {one["state"] for one in recipients} == {"delivered", "undelivered", "sent"}
    check_carrier_has(carrier, recipients)
    assert {one["segments"] for one in recipients} >= {1, 2, 3, 4}
    assert set(carrier.refused) == {
        one["number"] for one in recipients if outcome_of(one["number"]) == "refused"
    }
    # The receipt may overtake the end of the lane, which closes the message.
    assert wait_until(lambda: sending.is_closed(machine, odoo.database, campaign), 30)
    return recipients


def check_carrier_has(carrier, recipients, before=0):
    """Each number that the carrier takes has its text exactly once, byte for byte."""
    taken = carrier.taken[before:]
    by_number = {one["number"]: one for one in recipients}
    wanted = {number for number in by_number if outcome_of(number) != "refused"}
    assert Counter(text.number for text in taken) == Counter(wanted)
    for text in taken:
        row = by_number[text.number]
        assert text.text.encode() == row["text"].encode()
        assert text.sender == sending.SENDER
        is_ucs2 = text.coding == UCS2
        assert is_ucs2 == (int(text.number[-6:]) % 2 == 0)
        # Kannel cuts surrogate pairs in two, we do not: it can need one segment less.
        assert text.parts in (row["segments"], row["segments"] - is_ucs2)
        assert "{{ object" not in text.text
        assert "https://shop.example" not in text.text, "a link was not shortened"


def check_figures(odoo, message, recipients):
    """The page's figures, once the rollup has run, are those of the rows."""
    names = ["considered_count", "sent_count", "delivered_count", "undelivered_count"]
    names += ["waiting_count", "not_sent_count", "unknown_count", "segment_count"]
    counts = Counter(one["state"] for one in recipients)
    wanted = {
        "considered_count": RECIPIENTS,
        "sent_count": RECIPIENTS,
        "delivered_count": counts["delivered"],
        "undelivered_count": counts["undelivered"],
        "waiting_count": 0,
        "not_sent_count": 0,
        "unknown_count": 0,
        "segment_count": sum(one["segments"] for one in recipients),
    }

    def figures():
        [values] = odoo.call("sms.marketing.message", "read", [message], names)
        return {name: values[name] for name in names}

    wait_until(lambda: figures() == wanted, 90, 1)
    assert figures() == wanted


def check_short_link(odoo, carrier):
    """The link of a text that a handset got leads to its target, and the click is kept."""
    text = next(text for text in carrier.taken if text.number == LEAVING)
    start = text.text.index(f"{odoo.url}/s/")
    link = text.text[start:].split()[0]
    connection = http.client.HTTPConnection("127.0.0.1", odoo.port, timeout=30)
    connection.request("GET", urlsplit(link).path, headers={"User-Agent": "handset"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert answer.status == 302
    target = urlsplit(answer.headers["Location"])
    assert f"{target.scheme}://{target.netloc}{target.path}" == "https://shop.example/boots"
    assert f"size={int(LEAVING[-6:])}&colour=red" in target.query
    assert target.fragment == "top"
    clicks = odoo.sql(
        "SELECT recipient.number FROM sms_marketing_click click"
        " JOIN sms_marketing_recipient recipient ON recipient.id = click.recipient_id"
    )
    assert clicks == [LEAVING]


def answers_to(carrier, number):
    """Confirmations that a handset got."""
    return [text for text in carrier.taken if text.number == number and "opted out" in text.text]


def stops_from(odoo, number):
    """How many STOPs of a number Odoo has taken."""
    [count] = odoo.sql(
        f"SELECT count(*) FROM sms_marketing_inbound WHERE number = '{number}' AND action = 'stop'"
    )
    return int(count)


def check_stop(odoo, carrier):
    assert carrier.handset_sends(LEAVING, sending.SENDER, "Stop, please") is True
    assert wait_until(lambda: odoo.sql("SELECT 1 FROM sms_marketing_inbound"), 30)
    # Words around it: a person answers that, no machine does.
    assert stops_from(odoo, LEAVING) == 0
    assert carrier.handset_sends(LEAVING, sending.SENDER, " stop. ") is True
    assert wait_until(lambda: stops_from(odoo, LEAVING) == 1, 30)
    states = odoo.sql(
        f"SELECT DISTINCT state FROM sms_marketing_subscription WHERE number = '{LEAVING}'"
    )
    assert states == ["unsubscribed"]
    assert wait_until(lambda: answers_to(carrier, LEAVING), 60, 0.2)


def check_second_campaign(machine, odoo, campaign, carrier):
    """The same text to the same list: who has left is left out, everybody else gets it."""
    before, refused_before = len(carrier.taken), len(carrier.refused)
    message = odoo.call("sms.marketing.message", "copy", [campaign["message"]])
    message = message[0] if isinstance(message, list) else message
    odoo.call("sms.marketing.message", "action_send", [message])
    assert wait_until(lambda: is_settled(machine, odoo.database, message), 240, 0.5)
    recipients = recipients_of(odoo, message)
    [left_out] = [one for one in recipients if one["state"] == "skipped"]
    assert (left_out["number"], left_out["reason"]) == (LEAVING, "unsubscribed")
    reached = [one for one in recipients if one["state"] != "skipped"]
    assert len(reached) == RECIPIENTS - 1
    check_carrier_has(carrier, reached, before)
    assert len(carrier.refused) == 2 * refused_before


def check_second_stop_is_not_answered(odoo, carrier):
    assert carrier.handset_sends(LEAVING, sending.SENDER, "STOP") is True
    assert wait_until(lambda: stops_from(odoo, LEAVING) == 2, 30)
    answers = odoo.sql(
        f"SELECT state FROM sms_marketing_recipient WHERE kind = 'answer' AND number = '{LEAVING}'"
    )
    assert len(answers) == 1, "a second confirmation was queued"
    # A campaign of hundreds went out in between: a repeated first one would have come by now.
    assert len(answers_to(carrier, LEAVING)) == 1


def recipients_of(odoo, message):
    """All recipients of a message as the page shows them."""
    return odoo.call(
        "sms.marketing.recipient",
        "search_read",
        [["message_id", "=", message]],
        ["number", "state", "reason", "segments", "text"],
    )
