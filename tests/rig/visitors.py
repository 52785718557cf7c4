"""Visitors of the public pages: those who sign up, those who try to break them, slow ones."""

import http.client
import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from urllib.parse import quote_from_bytes, urlencode

from odoo.addons.sms_marketing.engine.preference_links import PreferenceCodes

from .sign_ups import make_form

SLUG = "fair"

#: Parts of addresses, fields and headers that have been trouble somewhere.
HOSTILE = (
    b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"%00", b"%", b"../..", b"' OR 1=1--", b"{{7*7}}",
    b"9" * 400, b"-1", b"(" * 3000, b"\xf0\x9f\x98\x80" * 50, b"+1" + b"2" * 300, b"x" * 12,
    b"x" * 20, b"x" * 32,
)  # fmt: skip
ROUTES = (
    "/s/{0}",
    "/s/{token}{0}",
    "/sms/preferences/{0}",
    "/sms/preferences/{code}/confirm/{0}",
    "/sms/preferences/{code}?lang={0}&done={0}",
    "/sms/sign-up/{0}",
    "/sms/sign-up/fair?lang={0}&utm_source={0}",
    "/sms/sign-up/fair/code/{0}",
    "/sms/sign-up/fair/thanks?{0}={0}",
    "/sms_marketing/sign_up_form/{0}/page.png",
    "/sms_marketing/webhook/{0}/{0}/receipt",
    "/sms_marketing/webhook/1/{0}/inbound",
)
#: What only a visitor's own act may change.
EFFECTS = """
    SELECT (SELECT count(*) FROM sms_marketing_consent) || ' '
        || (SELECT count(*) FROM sms_marketing_recipient) || ' '
        || (SELECT count(*) FROM sms_marketing_sign_up) || ' '
        || (SELECT count(*) FROM sms_marketing_inbound) || ' '
        || (SELECT count(*) FROM res_partner)
"""


def prepare(env):
    """A sign-up page, and the secrets of one text that was sent; their ids and addresses."""
    made = make_form(env, slug=SLUG)
    env.company.country_id = env.ref("base.us")
    type_id, company_id = made["type"], env.company.id
    env.cr.execute(
        """
        INSERT INTO sms_marketing_recipient
               (kind, company_id, number, state, body, token, queued_at)
        VALUES ('answer', %s, '+12025550177', 'sent', 'Hello', 'k7Qm2xVb9TzA', now())
        RETURNING id
        """,
        [company_id],
    )
    [recipient_id] = env.cr.fetchone()
    env.cr.commit()
    code = PreferenceCodes(env).code(recipient_id)
    return {"type": type_id, "token": "k7Qm2xVb9TzA", "code": code}


def ask(place, method, path, body=None, headers=()):
    """One request, its bytes as given: (status, headers, content, seconds).

    :param place: (host, port)
    """
    begun = time.monotonic()
    connection = http.client.HTTPConnection(*place, timeout=60)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
            connection.putheader("Content-Type", "application/x-www-form-urlencoded")
        for name, value in headers:
            # Past the client's own checks: a robot has none.
            connection._output(name.encode() + b": " + value)
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        return answer.status, answer.headers, content, time.monotonic() - begun
    finally:
        connection.close()


def attack(places, made):
    """Every public route with every hostile part, and hostile headers.

    :return: (statuses seen, the longest wait in seconds, requests that failed)
    """
    requests = []
    for number, part in enumerate(HOSTILE):
        quoted = quote_from_bytes(part, safe="")
        # What a header can hold.
        raw = part.replace(b"\n", b"")
        for at, route in enumerate(ROUTES):
            path = route.format(quoted, token=made["token"], code=made["code"])
            method = ("GET", "POST", "HEAD")[(number + at) % 3]
            body = b"number=" + quoted.encode() * 3 if method == "POST" else None
            headers = [
                (name, raw) for name in ("User-Agent", "Accept-Language", "Cookie", "Referer")
            ]
            requests.append((places[at % len(places)], method, path, body, headers))

    def send(request):
        try:
            status, _headers, _content, seconds = ask(*request)
        except (OSError, http.client.HTTPException) as error:
            return 599, 0, f"{request[1]} {request[2][:80]}: {error!r}"
        problem = f"{request[1]} {request[2][:80]}: {status}" if status >= 500 else None
        return status, seconds, problem

    with ThreadPoolExecutor(4) as pool:
        seen = [*pool.map(send, requests)]
    statuses = {status for status, _seconds, _problem in seen}
    slowest = max(seconds for _status, seconds, _problem in seen)
    return statuses, slowest, [problem for _status, _seconds, problem in seen if problem]


class Visitor:
    """Fills in the sign-up page again and again, from one network or as one of many."""

    def __init__(self, place, made, headers=()):
        self._place, self._type = place, made["type"]
        _status, answered, content, _seconds = ask(
            place, "GET", f"/sms/sign-up/{SLUG}", None, headers
        )
        page = content.decode()
        self._hidden = {
            name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1]
            for name in ("csrf_token", "fingerprint")
        }
        self._cookie = answered["Set-Cookie"].partition(";")[0].encode()

    def sign_up(self, number, headers=()):
        """Ask for a code; 303 where one is sent, 429 where first something has to be solved."""
        body = urlencode({**self._hidden, "number": number, "type": self._type}).encode()
        status, _headers, content, _seconds = ask(
            self._place,
            "POST",
            f"/sms/sign-up/{SLUG}",
            body,
            [("Cookie", self._cookie), *headers],
        )
        assert status != 422, content[-3000:]
        return status


def numbers():
    """Numbers of which no two are of one block."""
    return (f"+1303{block}0100" for block in range(201, 999))


@contextmanager
def slow_clients(place, count):
    """So many connections that have announced a form and send next to nothing of it."""
    with ExitStack() as stack:
        for _client in range(count):
            connection = stack.enter_context(socket.create_connection(place))
            connection.sendall(
                f"POST /sms/sign-up/{SLUG} HTTP/1.1\r\nHost: x\r\n"
                "Content-Type: application/x-www-form-urlencoded\r\n"
                "Content-Length: 5000\r\n\r\nn".encode()
            )
        yield
