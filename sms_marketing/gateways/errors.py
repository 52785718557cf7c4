"""Typed errors of the gateways.

Three families, named by what the caller has to do:

* `ConfigurationError`: a person must mend the account. It stands outside the other families, so
  that code which treats a failed send as an outcome never hides a wrong set-up.
* `SendError`: one hand-over went wrong. It never leaves `Gateway.send`, which turns it into an
  outcome; providers' code raises and catches it.
* `WebhookError`: an incoming request must be refused.
"""

from typing import ClassVar

from .reasons import Reason
from .values import Retry


class ConfigurationError(Exception):
    """The account's settings cannot work; the message says which one and how to mend it."""


class SendError(Exception):
    """One text was not handed over as it should. `detail` never holds a secret."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotTaken(SendError):
    """The provider certainly did not take the text: it may be sent again."""

    #: Seconds after which; None: as usual.
    after: ClassVar[float | None] = None

    def __init__(self, detail: str, reason: Reason | None = Reason.GATEWAY_UNAVAILABLE) -> None:
        super().__init__(detail)
        self.reason = reason

    @property
    def outcome(self) -> Retry:
        """What it means for the text."""
        return Retry(self.after, self.reason, detail=self.detail)


class NotBegun(NotTaken):
    """Its turn came too late: no word of it was written, and nothing is wrong with the provider."""

    after: ClassVar[float | None] = 0

    def __init__(self) -> None:
        super().__init__("Its turn came too late", reason=None)


class OutcomeLost(SendError):
    """The request was written and no usable answer came: the text may have been taken."""


class WebhookError(Exception):
    """A request to a webhook that is not acted upon."""


class VerificationError(WebhookError):
    """The provider's signature is missing or wrong: answer 403."""


class MalformedRequest(WebhookError):
    """The request is not what the provider documents: answer 400. The message says what is."""
