"""The interface of a gateway, and the registry of providers.

To add a provider: one module with one subclass of `Gateway`, decorated with `register`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Self

from .errors import ConfigurationError
from .reasons import Reason
from .values import (
    Accepted,
    Account,
    Acknowledgement,
    Finding,
    Inbound,
    LostText,
    Outcome,
    Receipt,
    ReceiptStatus,
    Refused,
    Retry,
    Text,
    Unknown,
    WebhookRequest,
)

__all__ = [
    "SENDER_NAME",
    "SENDER_NUMBER",
    "SENDER_SHORT_CODE",
    "Accepted",
    "Account",
    "Acknowledgement",
    "Finding",
    "Gateway",
    "Inbound",
    "LostText",
    "Outcome",
    "Reason",
    "Receipt",
    "ReceiptStatus",
    "Refused",
    "Retry",
    "Text",
    "Unknown",
    "WebhookRequest",
    "gateway_classes",
    "get_gateway_class",
    "register",
]

SENDER_NUMBER = "number"
SENDER_SHORT_CODE = "short_code"
SENDER_NAME = "name"

#: Seconds that one request may take at the least: add-ons with a client of their own do not go by
#: the account's time-outs.
LEAST_ROUND = 30.0


class Gateway(ABC):
    """One account at one provider, ready to send. Use it as a context manager, or `close()` it.

    An instance is used by one caller at a time, unless its class says `is_shareable`; it may hand
    over concurrently by itself.

    :raises ConfigurationError: from the constructor, when the account cannot work.
    """

    #: Value of the `provider` field.
    code: ClassVar[str]
    #: Name for people.
    label: ClassVar[str]
    #: How many texts a caller should pass to one `send`.
    batch_size: ClassVar[int] = 100
    #: How many requests run at the same time.
    concurrency: ClassVar[int] = 1
    #: Whether `send` may be called by several threads at once; they share `concurrency`.
    is_shareable: ClassVar[bool] = False
    #: Whether the provider can be asked later what became of a text (`lookup`).
    supports_lookup: ClassVar[bool] = False
    #: Whether receipts and inbound texts need an address that the provider can reach.
    needs_public_url: ClassVar[bool] = True
    #: Which kinds of sender the provider can send from.
    sender_kinds: ClassVar[frozenset[str]] = frozenset({SENDER_NUMBER})
    #: What a webhook answers.
    acknowledgement: ClassVar[Acknowledgement] = Acknowledgement()
    #: Settings that must not be empty.
    required_settings: ClassVar[tuple[str, ...]] = ()
    #: Settings whose value is never shown or logged; their fields are write-only.
    secret_settings: ClassVar[tuple[str, ...]] = ()

    def __init__(self, account: Account) -> None:
        for name in self.required_settings:
            if not account.settings.get(name):
                raise ConfigurationError(f"{self.label}: fill in the setting “{name}”.")
        self.account = account

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @classmethod
    def rounds(cls, callers: int) -> int:
        """Requests that a `send` of `batch_size` texts may have to wait for, one after another.

        :param callers: who send at once, where the class lets them in together.
        """
        texts = max(cls.batch_size, cls.concurrency) * (callers if cls.is_shareable else 1)
        return -(-texts // cls.concurrency)

    def longest_send(self, callers: int) -> float:
        """Seconds that a `send` of `batch_size` texts takes at the most.

        After them nothing of it is written any more, so that who has died over it can be told.
        """
        seconds = self.account.connect_timeout + self.account.read_timeout
        return self.rounds(callers) * max(seconds, LEAST_ROUND)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Values that must never be seen in a detail or a log."""
        settings = self.account.settings
        values = [settings.get(name, "") for name in self.secret_settings]
        values += [self.account.callback_url, self.account.callback_url.rpartition("/")[2]]
        return tuple(value for value in values if value)

    @abstractmethod
    def send(self, texts: Sequence[Text]) -> list[Outcome]:
        """Hand texts over: one outcome for each, in the same order.

        Never raises for what a text or the provider did.

        :raises ConfigurationError: the account cannot work, and nothing was handed over.
        """

    def lookup(self, texts: Sequence[LostText]) -> list[Finding]:
        """Ask the provider what became of texts: one finding for each, in the same order.

        Nothing is sent. Never raises for what the provider did.
        """
        return [Finding()] * len(texts)

    def test_connection(self) -> str:
        """Find out whether the account works, without sending: a sentence for the administrator.

        Empty when there is nothing to find out.

        :raises ConfigurationError: when it does not work; the message says why.
        """
        return ""

    def verify(self, request: WebhookRequest) -> None:
        """Check the provider's own signature; providers without one accept all.

        :raises VerificationError: when it is missing or wrong.
        """
        return

    @abstractmethod
    def parse_receipts(self, request: WebhookRequest) -> list[Receipt]:
        """Delivery receipts in a request; one with a status that nobody knows is left out.

        :raises MalformedRequest: when the request is not what the provider documents.
        """

    @abstractmethod
    def parse_inbound(self, request: WebhookRequest) -> list[Inbound]:
        """Texts from phones in a request.

        :raises MalformedRequest: when the request is not what the provider documents.
        """

    @classmethod
    def setup_help(cls, callback_url: str) -> str:
        """What the administrator has to enter at the provider, ready to copy; may be empty."""
        return ""

    def close(self) -> None:
        """Let go of connections and threads. Nothing, for a gateway that has none."""
        return


_GATEWAYS: dict[str, type[Gateway]] = {}


def register(gateway: type[Gateway]) -> type[Gateway]:
    """Class decorator: make a gateway known by its `code`. A code belongs to one class."""
    known = _GATEWAYS.get(gateway.code)
    if known is not None and known.__qualname__ != gateway.__qualname__:
        raise ConfigurationError(f"Two gateways call themselves “{gateway.code}”.")
    _GATEWAYS[gateway.code] = gateway
    return gateway


def gateway_classes() -> dict[str, type[Gateway]]:
    """All registered classes by their `code`, those of add-ons that are not installed included."""
    return dict(_GATEWAYS)


def get_gateway_class(code: str) -> type[Gateway]:
    """The class registered as `code`.

    :raises ConfigurationError: when no installed add-on brings it.
    """
    try:
        return _GATEWAYS[code]
    except KeyError:
        raise ConfigurationError(
            f"No gateway “{code}” is installed. Known: {', '.join(sorted(_GATEWAYS))}."
        ) from None
