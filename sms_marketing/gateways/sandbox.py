"""The sandbox carrier: no network, no account, and every outcome on demand.

What happens to a text is decided by the last two digits of its number: the table `MAGIC`. All
other numbers are delivered, and one in four of them clicks the first link. Nothing is left to
chance: the same number always behaves in the same way.

`send` gives the outcomes at once. What the carrier and the phone do later is told by `events`;
whoever sends plays them when they are due.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from .base import SENDER_NAME, SENDER_NUMBER, SENDER_SHORT_CODE, Gateway, register
from .errors import MalformedRequest
from .reasons import Reason
from .values import (
    Accepted,
    Inbound,
    Outcome,
    Receipt,
    ReceiptStatus,
    Refused,
    Retry,
    Text,
    Unknown,
    WebhookRequest,
)


@dataclass(frozen=True, slots=True)
class Click:
    """A person opens a link of the text that has this reference; the first link is 0."""

    reference: str
    link: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens `delay` seconds after the text was handed over."""

    delay: float
    event: Receipt | Inbound | Click


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a number does.

    :param description: for people.
    :param outcome: of handing over; None is accepted.
    :param first_only: `outcome` holds for the first attempt only, later ones are accepted.
    :param receipts: (seconds, status, reason) in the order in which they come.
    :param reply: (seconds, body) of a text that the phone sends.
    :param click: seconds until the first link is opened.
    """

    description: str
    outcome: Refused | Retry | Unknown | None = None
    first_only: bool = False
    receipts: tuple[tuple[float, ReceiptStatus, Reason | None], ...] = ()
    reply: tuple[float, str] | None = None
    click: float | None = None


_ACCEPTED, _DELIVERED = ReceiptStatus.ACCEPTED, ReceiptStatus.DELIVERED
_UNDELIVERED, _REJECTED = ReceiptStatus.UNDELIVERED, ReceiptStatus.REJECTED

#: Last two digits of the number -> what happens. Delays in seconds.
MAGIC: Mapping[str, Behaviour] = MappingProxyType(
    {
        "86": Behaviour(
            "Accepted, then rejected by the network for its content",
            receipts=((2.0, _REJECTED, Reason.CONTENT_REJECTED),),
        ),
        "87": Behaviour(
            "Receipts in the wrong order: delivered twice, then accepted",
            receipts=((1.0, _DELIVERED, None), (1.5, _DELIVERED, None), (2.0, _ACCEPTED, None)),
        ),
        "88": Behaviour(
            "Delivered, and the first link is opened",
            receipts=((1.0, _DELIVERED, None),),
            click=4.0,
        ),
        "89": Behaviour("Accepted, and never a receipt"),
        "90": Behaviour(
            "Refused: the number does not exist",
            Refused(Reason.INVALID_NUMBER, "sandbox-90", "The number does not exist."),
        ),
        "91": Behaviour(
            "Refused: the carrier says that the number opted out",
            Refused(Reason.OPTED_OUT, "sandbox-91", "The number opted out at the carrier."),
        ),
        "92": Behaviour(
            "Too fast at the first attempt, then accepted and delivered",
            Retry(1.0, Reason.THROTTLED, "sandbox-92", "Too many texts at once."),
            first_only=True,
            receipts=((1.0, _DELIVERED, None),),
        ),
        "93": Behaviour(
            "Undelivered: the phone cannot be reached",
            receipts=((3.0, _UNDELIVERED, Reason.UNREACHABLE),),
        ),
        "94": Behaviour(
            "Undelivered: blocked by the carrier",
            receipts=((2.0, _UNDELIVERED, Reason.BLOCKED),),
        ),
        "95": Behaviour(
            "Undelivered: taken for spam by the carrier",
            receipts=((2.0, _UNDELIVERED, Reason.SPAM),),
        ),
        "96": Behaviour(
            "Outcome lost, and a late receipt tells that it was delivered",
            Unknown("The sandbox carrier gave no answer."),
            receipts=((6.0, _DELIVERED, None),),
        ),
        "97": Behaviour(
            "Outcome lost, and never a receipt",
            Unknown("The sandbox carrier gave no answer."),
        ),
        "98": Behaviour(
            "Delivered, and the phone answers STOP",
            receipts=((1.0, _DELIVERED, None),),
            reply=(3.0, "STOP"),
        ),
        "99": Behaviour(
            "Delivered, and the phone answers in its own words",
            receipts=((1.0, _DELIVERED, None),),
            reply=(4.0, "Thanks! Is this also open on Sunday? 🙂"),
        ),
    }
)

#: One in so many of the other numbers opens the first link.
CLICKERS = 4
#: Seconds until the other numbers' texts are delivered: between these.
DELIVERY_DELAY = (1.0, 3.0)
#: Seconds from the delivery to the click of those who click: between these.
CLICK_DELAY = (1.0, 4.0)


def behaviour(reference: str, number: str) -> Behaviour:
    """What a text with this reference to this number does."""
    magic = MAGIC.get(number[-2:])
    if magic is not None:
        return magic
    delivered = _between(DELIVERY_DELAY, _share("delivery", reference, number))
    click = None
    # By number alone, so that somebody who clicks is somebody who clicks in each message.
    if _share("clicker", number) < 1 / CLICKERS:
        click = delivered + _between(CLICK_DELAY, _share("click", reference, number))
    return Behaviour("Delivered", receipts=((delivered, _DELIVERED, None),), click=click)


@register
class SandboxGateway(Gateway):
    """A carrier without network, for trying everything out and for tests. No settings."""

    code: ClassVar[str] = "sandbox"
    label: ClassVar[str] = "Sandbox carrier"
    batch_size: ClassVar[int] = 200
    concurrency: ClassVar[int] = 200
    needs_public_url: ClassVar[bool] = False
    sender_kinds: ClassVar[frozenset[str]] = frozenset(
        {SENDER_NUMBER, SENDER_SHORT_CODE, SENDER_NAME}
    )

    def send(self, texts: Sequence[Text]) -> list[Outcome]:
        return [self._outcome(text) for text in texts]

    def events(self, text: Text) -> list[Event]:
        """What happens later to a text that was accepted or whose outcome was lost; by delay."""
        plan = behaviour(text.reference, text.number)
        if isinstance(plan.outcome, Refused):
            return []
        events = [
            Event(delay, self._receipt(text, status, reason))
            for delay, status, reason in plan.receipts
        ]
        if plan.click is not None:
            events.append(Event(plan.click, Click(text.reference)))
        if plan.reply is not None:
            delay, body = plan.reply
            reference = f"{_provider_reference(text)}-reply"
            events.append(Event(delay, Inbound(text.number, text.sender, body, reference)))
        return sorted(events, key=lambda event: event.delay)

    def parse_receipts(self, request: WebhookRequest) -> list[Receipt]:
        raise MalformedRequest("The sandbox carrier calls no webhook")

    def parse_inbound(self, request: WebhookRequest) -> list[Inbound]:
        raise MalformedRequest("The sandbox carrier calls no webhook")

    def _outcome(self, text: Text) -> Outcome:
        plan = behaviour(text.reference, text.number)
        if plan.outcome is not None and not (plan.first_only and text.attempt > 1):
            return plan.outcome
        return Accepted(_provider_reference(text), segments=text.segments)

    def _receipt(self, text: Text, status: ReceiptStatus, reason: Reason | None) -> Receipt:
        return Receipt(
            reference=text.reference,
            provider_reference=_provider_reference(text),
            status=status,
            reason=reason,
            code=f"sandbox-{text.number[-2:]}" if reason else "",
            detail=reason.label if reason else "",
            segments=text.segments,
        )


def _provider_reference(text: Text) -> str:
    return f"sandbox-{_digest('reference', text.reference)[:16]}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _share(*parts: str) -> float:
    """A number from 0 up to 1, spread evenly, the same for the same parts."""
    return int(_digest(*parts)[:12], 16) / 16**12


def _between(limits: tuple[float, float], share: float) -> float:
    return round(limits[0] + (limits[1] - limits[0]) * share, 2)
