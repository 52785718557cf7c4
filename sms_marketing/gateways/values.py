"""What goes to a gateway and what comes back: plain values, without behaviour.

All times are naive datetimes in UTC, as Odoo stores them. Numbers are E.164 unless said otherwise.
Secrets and message bodies are left out of `repr`, because a `repr` ends up in logs.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from .reasons import Reason


@dataclass(frozen=True, slots=True)
class Account:
    """An account at a provider.

    :param settings: the provider's settings by name (`url`, `username`, …), secrets included.
    :param callback_url: public address of this account's webhooks, without a slash at the end;
        `/receipt` and `/inbound` are below it. Empty if there is none. It holds a secret.
    :param connect_timeout: seconds to wait for a connection.
    :param read_timeout: seconds to wait for an answer after the request was written.
    :param bridge: reaches a provider that lives among Odoo's records (`odoo_sms.Bridge`).
    """

    settings: Mapping[str, str] = field(repr=False)
    callback_url: str = field(default="", repr=False)
    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    bridge: object | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Text:
    """One SMS to hand over.

    :param reference: our own unguessable reference of the recipient; receipts bring it back.
    :param encoding: `GSM-7` or `UCS-2`.
    :param segments: how many segments we count.
    :param attempt: 1 for the first time that this text is handed over.
    :param begin_by: moment (`time.monotonic`) after which it may not be begun any more: who gets it
        may have said STOP since it was looked at. None: at any time.
    """

    reference: str
    number: str
    sender: str
    body: str = field(repr=False)
    encoding: str = "GSM-7"
    segments: int = 1
    attempt: int = 1
    begin_by: float | None = None

    @property
    def is_late(self) -> bool:
        """Whether it may not be begun any more."""
        return self.begin_by is not None and time.monotonic() > self.begin_by


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took the text. Price in `currency` (ISO 4217) for the whole text, if told."""

    reference: str | None = None
    segments: int | None = None
    price: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider refused this text for good: sending it again would not help."""

    reason: Reason
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """The text was certainly not taken. `after` is the provider's wish in seconds, if told."""

    after: float | None = None
    reason: Reason = Reason.GATEWAY_UNAVAILABLE
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The text may have been taken: it must not be sent again by itself."""

    detail: str = ""
    segments: int | None = None


Outcome = Accepted | Refused | Retry | Unknown


class ReceiptStatus(StrEnum):
    """What a delivery receipt says."""

    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A delivery receipt.

    It names its text by our `reference` or by `provider_reference`; `reason` is told only for
    undelivered and rejected texts.
    """

    reference: str | None = None
    provider_reference: str | None = None
    status: ReceiptStatus = ReceiptStatus.ACCEPTED
    reason: Reason | None = None
    code: str = ""
    detail: str = ""
    occurred_at: datetime | None = None
    segments: int | None = None
    price: Decimal | None = None
    currency: str | None = None

    def named(self, reference: str) -> Self:
        """The same receipt for the text that has this reference of ours."""
        return replace(self, reference=reference)


@dataclass(frozen=True, slots=True)
class LostText:
    """A text that was handed over and whose outcome was lost.

    :param lost_at: when it was given up; it was handed over before that.
    """

    text: Text
    lost_at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """What a provider's records have on a lost text.

    :param receipts: what they say. One with our reference is of this text; one without is of a
        text that looks the same, and the caller has to find out whose it is. None at all proves
        nothing: the provider may only not know yet.
    :param problem: why the provider could not be asked, without secrets; empty: it was.
    """

    receipts: tuple[Receipt, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """A text that came from a phone.

    :param number: the phone's number, E.164 where the provider's form allows it.
    :param sender: our number or short code that it was sent to.
    :param reference: the provider's identifier, empty if it gives none; the same text delivered
        twice has the same one.
    :param answered_as: `stop`, `start` or `help`, where the provider took the text for that and
        has answered it: it counts as such, whatever its words, and gets no second answer.
    """

    number: str
    sender: str
    body: str = field(repr=False)
    reference: str = ""
    received_at: datetime | None = None
    answered_as: str = ""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A request to a webhook, raw: signatures are made over raw bytes.

    :param url: the public address as the provider called it, query included.
    :param query: the part after `?`, percent-encoded as it came.
    """

    method: str
    url: str = field(repr=False)
    query: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    body: bytes = field(default=b"", repr=False)
    remote_address: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a webhook answers when all went well."""

    status: int = 200
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
