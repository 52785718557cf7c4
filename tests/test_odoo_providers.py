"""Odoo's own SMS providers as a gateway, unchanged: IAP, `sms_twilio`, an add-on of a third party.

Each sends a campaign over HTTP to a player of its service, and brings its reports to its own
controller.
"""

import base64
import hmac
import importlib.util
import json
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
from rig.internet import Host
from rig.listener import wait_until
from rig.odoo import Odoo, OdooError, run_in_shell, with_configuration

ROOT = Path(__file__).resolve().parents[1]
SENDER = "+3225550000"
TAKEN, LATE, REFUSED, SILENT, BROKEN = (f"+3247000000{digit}" for digit in range(1, 6))
NUMBERS = [TAKEN, LATE, REFUSED, SILENT, BROKEN]
SID = "AC" + "0123456789abcdef" * 2
TOKEN = "twilio-auth-token-4711"
#: What a lane says of a gateway that took nothing.
DOWN = r"gateway \d+ is down"
#: Odoo's client of IAP translates its errors where no language is known.
NO_LANGUAGE = "no translation language detected"


def prepare(machine, clone_database, folder):
    database = clone_database()
    campaign = run_in_shell(
        machine,
        database,
        folder,
        "inside.make_campaign",
        contacts=[{"name": number, "mobile": number} for number in NUMBERS],
        body="Boots at half price",
        sender=SENDER,
    )
    return database, campaign


def send(odoo, campaign):
    """Send the campaign through the company's own provider, until nothing is on its way."""
    gateway, message = campaign["gateway"], campaign["message"]
    values = {"provider": "odoo", "public_url": odoo.url}
    odoo.call("sms.marketing.gateway", "write", [gateway], values)
    odoo.call("ir.config_parameter", "set_param", "web.base.url", odoo.url)
    odoo.call("sms.marketing.message", "action_send", [message])
    assert wait_until(
        lambda: (
            len(reasons(odoo)) == 5
            and not any("sending" in state for state in reasons(odoo).values())
        ),
        90,
        0.2,
    )


def reasons(odoo):
    """number -> state and reason of its text."""
    rows = odoo.sql(
        "SELECT number, concat_ws(' ', state, reason) FROM sms_marketing_recipient"
        " WHERE state <> 'queued' OR attempt > 0"
    )
    return dict(row.split("|") for row in rows)


def bring(url, data, headers):
    """Status of a call of a webhook."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def bring_json(url, **parameters):
    """What a JSON-RPC route answers."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "params": parameters}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def check_odoo_sends_none_of_it(odoo, texts_at_provider):
    """Odoo's own queue, and the buttons of its list of texts, leave our rows alone."""
    before = texts_at_provider()
    rows = odoo.call("sms.sms", "search", [["to_delete", "in", [True, False]]])
    assert rows
    for method in ("action_set_outgoing", "resend_failed", "send"):
        # They answer nothing, which the RPC of a web client is not given: it says so.
        try:
            odoo.call("sms.sms", method, rows)
        except OdooError as error:
            assert "None" in str(error) or "marshal" in str(error), error
    assert odoo.sql("SELECT count(*) FROM sms_sms WHERE state = 'outgoing'") == ["0"]
    assert odoo.sql("SELECT count(*) FROM sms_sms WHERE number IS NOT NULL") == ["0"]
    assert texts_at_provider() == before


def test_iap(machine, clone_database, folder):
    database, campaign = prepare(machine, clone_database, folder)
    words = {TAKEN: "success", LATE: "processing", REFUSED: "wrong_number_format"}
    words |= {SILENT: None, BROKEN: "server_error"}
    calls = []

    def answer(heard):
        call = json.loads(heard.body)["params"]
        calls.append(call)
        results = [
            {"uuid": one["uuid"], "state": words[one["number"]], "credit": 1}
            for message in call["messages"]
            for one in message["numbers"]
            if words[one["number"]]
        ]
        return 200, json.dumps({"jsonrpc": "2.0", "id": 1, "result": results})

    with (
        Host("sms.api.odoo.com", folder, answer) as iap,
        Odoo(machine, database, folder, expected=["SMS provider sms.tools", DOWN]) as odoo,
    ):
        odoo.call("ir.config_parameter", "set_param", "sms.endpoint", iap.url)
        send(odoo, campaign)
        [call] = calls
        [message] = call["messages"]
        assert "Boots" in message["content"]
        uuids = {one["number"]: one["uuid"] for one in message["numbers"]}
        assert set(uuids) == set(NUMBERS)
        assert reasons(odoo) == {
            TAKEN: "sent",
            LATE: "sent",
            REFUSED: "failed invalid_number",
            SILENT: "unknown",
            BROKEN: "unknown",
        }

        def report(status, *numbers):
            of_numbers = [uuids[number] for number in numbers]
            statuses = [{"sms_status": status, "uuids": of_numbers}]
            assert bring_json(call["webhook_url"], message_statuses=statuses)["result"] == "OK"

        report("delivered", TAKEN, SILENT)
        report("sent", TAKEN)
        report("sent", BROKEN)
        report("expired", LATE)
        report("expired", LATE)
        assert reasons(odoo) == {
            TAKEN: "delivered",
            LATE: "undelivered expired",
            REFUSED: "failed invalid_number",
            SILENT: "delivered",
            BROKEN: "sent",
        }
        check_odoo_sends_none_of_it(odoo, lambda: len(iap.heard))


def test_iap_that_is_away_was_handed_nothing(machine, clone_database, folder):
    database, campaign = prepare(machine, clone_database, folder)
    with Odoo(machine, database, folder, expected=[NO_LANGUAGE, DOWN]) as odoo:
        odoo.call("ir.config_parameter", "set_param", "sms.endpoint", "http://127.0.0.1:9")
        send(odoo, campaign)
        assert set(reasons(odoo).values()) == {"queued gateway_unavailable"}


def test_iap_that_hangs_up_may_have_taken_all(machine, clone_database, folder):
    database, campaign = prepare(machine, clone_database, folder)
    with (
        Host("sms.api.odoo.com", folder, lambda heard: None) as iap,
        Odoo(
            machine, database, folder, expected=["SMS provider sms.tools", NO_LANGUAGE, DOWN]
        ) as odoo,
    ):
        odoo.call("ir.config_parameter", "set_param", "sms.endpoint", iap.url)
        send(odoo, campaign)
        assert reasons(odoo) == dict.fromkeys(NUMBERS, "unknown")
        assert len(iap.heard) == 1


def test_sms_twilio(machine, clone_database, folder, monkeypatch):
    contract = load_contract()
    database, campaign = prepare(machine, clone_database, folder)
    taken = {}

    def answer(heard):
        fields = dict(parse_qsl(heard.body.decode()))
        number = fields["To"]
        if number == REFUSED:
            return 400, '{"code": 21211, "message": "Invalid To", "status": 400}'
        if number == SILENT:
            return None
        if number == BROKEN:
            return 502, "<html>Bad gateway</html>"
        taken[number] = fields
        return 201, json.dumps({"sid": f"SM{len(taken):032d}", "status": "queued"})

    with Host("api.twilio.com", folder, answer) as twilio:
        for name, value in twilio.variables.items():
            monkeypatch.setenv(name, value)
        expected = ["Twilio SMS", "SMS provider sms_twilio", "ir_cron"]
        with Odoo(machine, database, folder, expected=expected) as odoo:
            odoo.change_module("button_immediate_install", "sms_twilio")
            [company] = odoo.call("res.company", "search", [], limit=1)
            # Odoo checks reports of a text that it does not know with the public user's account.
            [other] = odoo.call("res.company", "create", [{"name": "Another company"}])
            [public] = odoo.sql("SELECT res_id FROM ir_model_data WHERE name = 'public_user'")
            values = {"company_ids": [[4, other]], "company_id": other}
            odoo.call("res.users", "write", [int(public)], values)
            belgium = odoo.sql("SELECT id FROM res_country WHERE code = 'BE'")[0]
            odoo.call(
                "res.company",
                "write",
                [company],
                {
                    "sms_provider": "twilio",
                    "sms_twilio_account_sid": SID,
                    "sms_twilio_auth_token": TOKEN,
                    "sms_twilio_number_ids": [
                        [0, 0, {"number": SENDER, "country_id": int(belgium)}]
                    ],
                },
            )
            send(odoo, campaign)
            assert reasons(odoo) == {
                TAKEN: "sent",
                LATE: "sent",
                REFUSED: "failed invalid_number",
                SILENT: "unknown",
                BROKEN: "unknown",
            }
            for heard in twilio.heard:
                contract.check_request(
                    unittest.TestCase(),
                    "twilio_api_v2010.json",
                    "/2010-04-01/Accounts/{AccountSid}/Messages.json",
                    heard,
                )
            assert odoo.sql("SELECT count(*) FROM sms_tracker WHERE sms_twilio_sid LIKE 'SM%'") == [
                "2"
            ]
            report_twilio(taken[TAKEN], 200, MessageStatus="delivered", SmsStatus="delivered")
            report_twilio(
                taken[LATE],
                200,
                MessageStatus="undelivered",
                SmsStatus="undelivered",
                ErrorCode="30007",
            )
            report_twilio(taken[LATE], 404, token="guess", SmsStatus="delivered")
            assert reasons(odoo)[TAKEN] == "delivered"
            assert reasons(odoo)[LATE] == "undelivered blocked"
            check_odoo_sends_none_of_it(odoo, lambda: len(twilio.heard))


def report_twilio(fields, status, token=TOKEN, **report):
    """Bring a status callback as Twilio signs it."""
    url = fields["StatusCallback"]
    signed = url + "".join(name + report[name] for name in sorted(report))
    signature = base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()
    headers = {"X-Twilio-Signature": signature}
    assert bring(url, urlencode(report).encode(), headers) == status


def test_provider_of_a_third_party(machine, clone_database, folder):
    paths = f"{machine.addons_path},{ROOT / 'tests' / 'example'}"
    machine = with_configuration(machine, folder / "odoo.conf", addons_path=paths)
    database, campaign = prepare(machine, clone_database, folder)
    letters = {}
    words = {TAKEN: "sent", LATE: "sent", REFUSED: "no_such_window", SILENT: "sent"}
    words |= {BROKEN: "hoo"}

    def answer(heard):
        letter = json.loads(heard.body)
        letters[letter["to"]] = letter
        if letter["to"] == SILENT:
            return 200, "the owl says nothing"
        word = words[letter["to"]]
        return 200, json.dumps({"word": word, "owl": f"owl-{letter['to']}"})

    with (
        Host("owlery.example", folder, answer) as owlery,
        Odoo(machine, database, folder, expected=["SMS provider sms_owl_post", "ir_cron"]) as odoo,
    ):
        odoo.call("ir.module.module", "update_list")
        odoo.change_module("button_immediate_install", "sms_owl_post")
        odoo.call("ir.config_parameter", "set_param", "sms_owl_post.url", owlery.url)
        told = odoo.call("sms.marketing.gateway", "write", [campaign["gateway"]], {"name": "Owls"})
        send(odoo, campaign)
        told = odoo.call("sms.marketing.gateway", "action_test_connection", [campaign["gateway"]])
        assert "SmsApiOwl" in told["params"]["message"]
        assert reasons(odoo) == {
            TAKEN: "sent",
            LATE: "sent",
            REFUSED: "failed invalid_number",
            SILENT: "unknown",
            BROKEN: "unknown",
        }
        reports = f"{odoo.url}/sms_owl_post/report"
        uuids = {number: letter["uuid"] for number, letter in letters.items()}
        seen = bring_json(reports, uuid=uuids[TAKEN], word="seen")
        assert seen["result"] == f"owl-{TAKEN}"
        bring_json(reports, uuid=uuids[LATE], word="hawk")
        bring_json(reports, uuid=uuids[BROKEN], word="flying")
        assert reasons(odoo)[TAKEN] == "delivered"
        assert reasons(odoo)[LATE] == "undelivered unreachable"
        assert reasons(odoo)[BROKEN] == "sent"
        check_odoo_sends_none_of_it(odoo, lambda: len(owlery.heard))


def load_contract():
    """The check against API descriptions that the add-on's own tests use."""
    path = ROOT / "sms_marketing" / "tests" / "provider_contract.py"
    spec = importlib.util.spec_from_file_location("provider_contract", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        module.description("twilio_api_v2010.json")
    except unittest.SkipTest as reason:
        pytest.skip(str(reason))
    return module
