"""The public routes of real servers: hostile requests, forged addresses, IPv6, slow clients."""

import time
from itertools import islice

import pytest
import rig.addon  # noqa: F401
from rig.front import Front
from rig.odoo import Odoo, run_in_shell
from rig.visitors import EFFECTS, Visitor, ask, attack, numbers, slow_clients

from odoo.addons.sms_marketing.engine.sign_up_limits import SOFT_LIMITS

#: Seconds in which each request is answered, on a busy machine; it takes a few hundredths.
SLOWEST = 10.0
#: Connections that hold a thread each; Odoo keeps as many as half of `db_maxconn`.
SLOW_CLIENTS = 20
#: What gateways log of calls that know no secret, and Odoo of forms without a token.
EXPECTED = (r"webhook call refused", r"CSRF", r"csrf")

SERVERS = {
    "threads, no proxy": (),
    "workers behind a proxy": ("--workers=3", "--proxy-mode"),
}
FREE = SOFT_LIMITS["sign_up_address"].most


@pytest.fixture(scope="module")
def prepared(machine, clone_database, module_folder):
    database = clone_database()
    return database, run_in_shell(machine, database, module_folder, "visitors.prepare")


@pytest.mark.parametrize("kind", SERVERS)
def test_public_routes(kind, machine, clone_database, folder, prepared):
    template, made = prepared
    database, is_behind_proxy = clone_database(template), "--proxy-mode" in SERVERS[kind]
    options = ("--http-interface=::", *SERVERS[kind])
    with Odoo(machine, database, folder, options=options, expected=EXPECTED) as odoo:
        both = [("127.0.0.1", odoo.port), ("::1", odoo.port)]
        before = odoo.sql(EFFECTS)
        statuses, slowest, problems = attack(both, made)
        assert not problems, problems[:5]
        assert statuses <= {200, 302, 303, 400, 404, 405, 413, 422, 429}
        assert slowest < SLOWEST
        assert odoo.sql(EFFECTS) == before

        # Whatever else came from here: the right link opens its page.
        status, _headers, content, _seconds = ask(both[1], "GET", f"/s/{made['code']}")
        assert status == 302
        status, _headers, content, _seconds = ask(
            both[1], "GET", f"/sms/preferences/{made['code']}"
        )
        assert status == 200 and b"177" in content
        check_addresses(odoo, both, made, is_behind_proxy)
        check_slow_clients(odoo, "--workers=3" in options)
        logged = odoo.log.read_text(errors="replace")
        assert "/sms/preferences/***" in logged and made["code"] not in logged


def check_addresses(odoo, both, made, is_behind_proxy):
    """One network is slowed down after some sign-ups, and cannot pass itself off as many."""
    fresh = numbers()

    def through(place, headers_of):
        """How many of a few more than are free got a code at once."""
        visitor = Visitor(place, made)
        return sum(
            visitor.sign_up(number, headers_of(at)) == 303
            for at, number in enumerate(islice(fresh, FREE + 3))
        )

    def forwarded(template):
        host = ("X-Forwarded-Host", b"www.example.com")
        return lambda at: [host, ("X-Forwarded-For", template.format(at).encode())]

    if is_behind_proxy:
        # The last address is the one that the proxy in front has seen; any before it are claims.
        assert through(both[0], forwarded("198.51.100.{}, 203.0.113.9")) == FREE
        # One IPv6 line has 2**64 addresses.
        assert through(both[0], forwarded("2001:db8:1:2::{}")) == FREE
        assert through(both[0], forwarded("2001:db8:{}::1")) == FREE + 3
        with Front(odoo.port) as front:
            place = ("127.0.0.1", front.port)
            assert through(place, forwarded("198.51.100.{}")) == FREE
    else:
        assert through(both[0], forwarded("198.51.100.{}")) == FREE, "nobody vouches for it"
        assert through(both[1], forwarded("2001:db8:{}::1")) == FREE, "::1 is another network"
        mapped = [("X-Real-IP", b"198.51.100.7"), ("Forwarded", b"for=198.51.100.7")]
        assert through(both[0], lambda _at: mapped) == 0


def check_slow_clients(odoo, has_workers):
    """Who sends a byte now and then holds nobody up.

    A worker reads one request at a time: in front of workers stands a proxy that reads a request
    to its end before it passes it on, as nginx does.
    """
    with Front(odoo.port) as front:
        place = ("127.0.0.1", front.port if has_workers else odoo.port)
        with slow_clients(place, SLOW_CLIENTS):
            time.sleep(0.2)
            for _visit in range(5):
                status, _headers, _content, seconds = ask(place, "GET", "/sms/sign-up/fair")
                assert status == 200
                assert seconds < SLOWEST
