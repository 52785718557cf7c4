"""A gateway that another add-on brings, as `docs/adding-a-gateway.md` tells to write one."""

import hmac
import json
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rig import sending
from rig.listener import wait_until
from rig.odoo import Odoo, OdooError, run_in_shell, with_configuration

EXAMPLES = Path(__file__).parent / "example"
MODULE = "sms_marketing_pigeon"
KEY = "key-of-the-loft-4711"
NUMBERS = ["+32470000001", "+32470000002", "+32470000003"]
SENDER = "+3225550000"


@contextmanager
def loft():
    """The provider: yields its address and the letters that it took."""
    letters = []

    class Loft(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self._answer(200, {"pigeons": 7})

        def do_POST(self):
            letter = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if letter["to"] == NUMBERS[2]:
                self._answer(400, {"error": "no_such_number"})
                return
            letters.append(letter)
            self._answer(201, {"id": f"letter-{letter['to']}"})

        def _answer(self, status, document):
            if self.headers.get("Authorization") != f"Bearer {KEY}":
                status, document = 401, {"error": "who are you"}
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Loft)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", letters
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def with_example(machine, folder):
    """An Odoo that finds the example among its add-ons."""
    paths = f"{machine.addons_path},{EXAMPLES}"
    return with_configuration(machine, folder / "odoo.conf", addons_path=paths)


def test_gateway_of_another_addon(with_example, clone_database, folder):
    database = clone_database()
    campaign = run_in_shell(
        with_example,
        database,
        folder,
        "inside.make_campaign",
        contacts=[{"name": number, "mobile": number} for number in NUMBERS],
        body="Coo",
        sender=SENDER,
    )
    with (
        loft() as (address, letters),
        Odoo(with_example, database, folder, expected=["signature refused", "ir_cron"]) as odoo,
    ):
        odoo.call("ir.module.module", "update_list")
        odoo.change_module("button_immediate_install", MODULE)
        gateway, message = campaign["gateway"], campaign["message"]
        model = "sms.marketing.gateway"

        with pytest.raises(OdooError, match="Loft Address"):
            odoo.call(model, "write", [gateway], {"provider": "pigeon"})
        values = {"provider": "pigeon", "pigeon_url": address, "pigeon_key": "guess"}
        odoo.call(model, "write", [gateway], values | {"public_url": odoo.url})
        with pytest.raises(OdooError, match="401"):
            odoo.call(model, "action_test_connection", [gateway])
        odoo.call(model, "write", [gateway], {"pigeon_key": KEY})
        told = odoo.call(model, "action_test_connection", [gateway])
        assert "7 pigeons" in told["params"]["message"]
        # The add-on says which of its settings are secret, and nobody reads those back.
        [seen] = odoo.call(model, "read", [gateway], ["pigeon_url", "pigeon_key"])
        assert (seen["pigeon_url"], KEY in seen["pigeon_key"]) == (address, False)
        shown = odoo.call(model, "action_show_webhook_url", [gateway])["params"]
        assert f"{shown['url']}/inbound" in shown["setup_help"]

        odoo.call("sms.marketing.message", "action_send", [message])
        assert wait_until(
            lambda: sending.is_closed(with_example, database, campaign), sending.SEND_TIMEOUT, 0.2
        ), sending.states(with_example, database, campaign)
        assert {letter["to"] for letter in letters} == set(NUMBERS[:2])
        assert all(letter["from"] == SENDER and "Coo" in letter["text"] for letter in letters)
        assert reason_of(odoo, message, NUMBERS[2]) == "failed invalid_number"

        report = {"id": f"letter-{NUMBERS[0]}", "state": "landed"}
        assert bring(letters_to(letters, NUMBERS[0])["reports"], report, key="guess") == 403
        assert reason_of(odoo, message, NUMBERS[0]) == "sent"
        assert bring(letters_to(letters, NUMBERS[0])["reports"], report) == 200
        assert reason_of(odoo, message, NUMBERS[0]) == "delivered"
        lost = {"id": f"letter-{NUMBERS[1]}", "state": "lost", "error": "hawk"}
        assert bring(letters_to(letters, NUMBERS[1])["reports"], lost) == 200
        assert reason_of(odoo, message, NUMBERS[1]) == "undelivered unreachable"
        stop = {"id": "in-1", "from": NUMBERS[1], "to": SENDER, "text": "STOP"}
        assert bring(f"{shown['url']}/inbound", stop) == 200
        assert odoo.sql(
            f"SELECT DISTINCT state FROM sms_marketing_subscription WHERE number = '{NUMBERS[1]}'"
        ) == ["unsubscribed"]

        odoo.change_module("button_immediate_uninstall", MODULE)
        assert odoo.sql(
            f"SELECT provider, active FROM sms_marketing_gateway WHERE id = {gateway}"
        ) == ["sandbox|f"]
    assert KEY not in odoo.log.read_text()


def bring(address, document, key=KEY):
    """Call a webhook as the provider would; its status."""
    body = json.dumps(document).encode()
    signature = hmac.digest(key.encode(), body, "sha256").hex()
    headers = {"Content-Type": "application/json", "X-Pigeon-Signature": signature}
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers)) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def letters_to(letters, number):
    [letter] = [letter for letter in letters if letter["to"] == number]
    return letter


def reason_of(odoo, message, number):
    [row] = odoo.sql(
        "SELECT concat_ws(' ', state, reason) FROM sms_marketing_recipient"
        f" WHERE message_id = {message} AND number = '{number}'"
    )
    return row
