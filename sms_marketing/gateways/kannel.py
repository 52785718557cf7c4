"""Kannel, the open-source SMS gateway, through the HTTP interface of its smsbox.

Source: Kannel 1.4.5 User's Guide, chapters "Using SMS services" (`sendsms`, `sms-service`,
escape codes) and "Delivery reports"; answers as `gw/smsbox.c` gives them.

Kannel must be told where texts from phones go: `service_configuration` writes those lines.
How receipts and inbound texts are read is in `kannel_webhooks.py`.
"""

import re
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import quote, urlsplit

from . import kannel_webhooks
from .answers import Answer, classify, excerpt, retry_after
from .base import SENDER_NAME, SENDER_NUMBER, SENDER_SHORT_CODE, register
from .errors import ConfigurationError
from .http_gateway import HttpGateway, Request
from .reasons import Reason
from .values import (
    Accepted,
    Inbound,
    Outcome,
    Receipt,
    Refused,
    Retry,
    Text,
    WebhookRequest,
)

#: `coding` of sendsms by our encoding: 0 is the GSM alphabet, 2 is UCS-2.
CODING = {"GSM-7": "0", "UCS-2": "2"}

#: All kinds of receipts: delivered 1, undelivered 2, buffered 4, accepted 8, rejected 16.
DLR_MASK = "31"

#: Bodies with which smsbox says that it keeps the text: now, or until a carrier is connected.
ACCEPTED_ANSWERS = ("0: Accepted for delivery", "3: Queued for later delivery")

#: What smsbox refuses for good, this text only: (status, start of its body) -> reason.
REFUSED_ANSWERS: dict[tuple[int, str], Reason] = {
    (400, "Missing receiver"): Reason.INVALID_NUMBER,
    (400, "Empty receiver number"): Reason.INVALID_NUMBER,
    (400, "Number(s) has/have been denied"): Reason.BLOCKED,
    (400, "Sender missing"): Reason.SENDER_NOT_ALLOWED,
    (400, "Charset or body misformed"): Reason.INVALID_REQUEST,
    (400, "Coding field misformed"): Reason.INVALID_REQUEST,
    (400, "DLR-URL field misformed"): Reason.INVALID_REQUEST,
    (400, "DLR-Mask field misformed"): Reason.INVALID_REQUEST,
}

#: What smsbox certainly did not take, but may take later: queues full, carrier stopped.
RETRY_ANSWERS: dict[tuple[int, str], Reason] = {
    (503, "Temporal failure, try again later."): Reason.GATEWAY_UNAVAILABLE,
    # Whatever it says: each number gets this while an operator has stopped the carrier's
    # connection (`stop-smsc`), and a campaign must not be lost to that.
    (403, "Not routable. Do not try again."): Reason.GATEWAY_UNAVAILABLE,
    (403, "Authorization failed"): Reason.CREDENTIALS,
    (404, "Unknown request."): Reason.GATEWAY_UNAVAILABLE,
}


@register
class KannelGateway(HttpGateway):
    """Settings: `url` (the whole address of sendsms), `username`, `password` (of sendsms-user)."""

    code: ClassVar[str] = "kannel"
    label: ClassVar[str] = "Kannel"
    sender_kinds: ClassVar[frozenset[str]] = frozenset(
        {SENDER_NUMBER, SENDER_SHORT_CODE, SENDER_NAME}
    )
    required_settings: ClassVar[tuple[str, ...]] = ("url", "username", "password")
    secret_settings: ClassVar[tuple[str, ...]] = ("password",)

    @property
    def address(self) -> str:
        return sendsms_url(self.account.settings["url"])

    def parse_receipts(self, request: WebhookRequest) -> list[Receipt]:
        receipt = kannel_webhooks.parse_receipt(request)
        return [receipt] if receipt else []

    def parse_inbound(self, request: WebhookRequest) -> list[Inbound]:
        return [kannel_webhooks.parse_inbound(request)]

    @classmethod
    def setup_help(cls, callback_url: str) -> str:
        return service_configuration(callback_url)

    def request_for(self, text: Text) -> Request:
        return Request("GET", self.url, params=self._parameters(text))

    def read_answer(self, answer: Answer) -> Outcome:
        return read_answer(answer, self.secrets)

    def check_request(self) -> Request:
        # smsbox looks at the login first, and then misses the receiver.
        login = [(name, self.account.settings[name]) for name in ("username", "password")]
        return Request("GET", self.url, params=login)

    def read_check(self, answer: Answer) -> str | None:
        if answer.status == 400 and answer.text.startswith("Missing receiver"):
            return "Kannel accepts the login."
        return None

    def _parameters(self, text: Text) -> list[tuple[str, str]]:
        parameters = [
            ("username", self.account.settings["username"]),
            ("password", self.account.settings["password"]),
            ("from", text.sender),
            ("to", text.number),
            ("text", text.body),
            ("coding", CODING[text.encoding]),
            ("charset", "UTF-8"),
        ]
        if self.account.callback_url:
            parameters += [
                ("dlr-mask", DLR_MASK),
                ("dlr-url", receipt_url(self.account.callback_url, text.reference)),
            ]
        return parameters


def read_answer(answer: Answer, secrets: Sequence[str] = ()) -> Outcome:
    """Outcome of what sendsms answered."""
    words = answer.text
    if answer.complete and not answer.is_html:
        if 200 <= answer.status < 300 and words.startswith(ACCEPTED_ANSWERS):
            return Accepted()
        code, detail = str(answer.status), excerpt(answer, secrets)
        for (status, start), reason in REFUSED_ANSWERS.items():
            if answer.status == status and words.startswith(start):
                return Refused(reason, code, detail)
        for (status, start), reason in RETRY_ANSWERS.items():
            if answer.status == status and words.startswith(start):
                return Retry(retry_after(answer.headers), reason, code, detail)
        if answer.status == 400 and words.endswith(("rejected", "rejected.")):
            return Refused(Reason.INVALID_REQUEST, code, detail)
    return classify(answer, secrets)


def sendsms_url(url: str) -> str:
    """The address of sendsms, checked. Without a path, Kannel's usual one is taken.

    :raises ConfigurationError: when it is not an HTTP address or has a query of its own.
    """
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            "Kannel: the address of sendsms must look like http://localhost:13013/cgi-bin/sendsms."
        )
    if parts.query or parts.fragment or parts.username or parts.password:
        raise ConfigurationError(
            "Kannel: the address of sendsms must have no user name, “?” or “#” in it."
        )
    return parts._replace(path=parts.path.rstrip("/") or "/cgi-bin/sendsms").geturl()


def receipt_url(callback_url: str, reference: str) -> str:
    """The `dlr-url` of one text. Kannel fills in its escape codes (%d, %A, …) when it calls.

    %d kind of receipt, %A the carrier's words, %F the carrier's message id, %T seconds since 1970.
    """
    return (
        f"{_literal(callback_url)}/receipt?reference={_literal(quote(reference, safe=''))}"
        "&type=%d&answer=%A&id=%F&at=%T"
    )


def inbound_url(callback_url: str) -> str:
    """The `post-url` of Kannel's sms-service. Kannel fills in its escape codes when it calls.

    %c coding of the text, %I Kannel's identifier, %T seconds since 1970. The text is the body of
    the call, the numbers are in its header fields: web servers log addresses.
    """
    return f"{_literal(callback_url)}/inbound?coding=%c&id=%I&at=%T"


def _literal(part: str) -> str:
    """A part of an address in which Kannel must not see escape codes."""
    return part.replace("%", "%%")


def service_configuration(callback_url: str) -> str:
    """Lines for Kannel's configuration that bring texts from phones (STOP, …) to us.

    `max-messages = 0` and `omit-empty = true` keep Kannel from sending our HTTP answer to the phone
    as a text.
    """
    if re.search(r"[\s\"\\]", callback_url):
        raise ConfigurationError("Kannel: the callback address must have no spaces or quotes.")
    return _CONFIGURATION.format(post_url=inbound_url(callback_url))


_CONFIGURATION = """\
# Texts from phones go to Odoo. The next lines are one group; leave an empty line after it.
group = sms-service
keyword = default
catch-all = true
post-url = "{post_url}"
send-sender = true
max-messages = 0
omit-empty = true

# In the group "smsbox": keep trying while Odoo is away (seconds apart, number of times).
#   http-request-retry = 100
#   http-queue-delay = 10
# and not to call so often at once that an Odoo without workers runs out of database connections.
#   max-pending-requests = 20
# In the group "sendsms-user" of this account: let long texts go out in several segments.
#   concatenation = true
#   max-messages = 12
# If texts from phones stay queued in the bearerbox, give the smsbox an smsbox-id and add:
#   group = smsbox-route
#   smsbox-id = (the same)
#   smsc-id = (that of the carrier)

# Calls with receipts are GET requests: their query string has the carrier's words in it, which can
# begin with those of the text. Odoo's own log leaves it out. In the log of a web server in front of
# Odoo, leave out the query string of /sms_marketing/webhook/ (docs/operations.md).
"""
