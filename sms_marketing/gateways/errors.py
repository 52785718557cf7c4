"""Typed errors of the gateways.

Three families, named by what the caller has to do:

* `ConfigurationError`: a person must mend the account. It stands outside the other families, so
  that code which treats a failed send as an outcome never hides a wrong set-up.
* `SendError`: one hand-over went wrong. It never leaves `Gateway.send`, which turns it into an
  outcome; providers' code raises and catches it.
* `WebhookError`: an incoming request must be refused.
"""

from .reasons import Reason


class ConfigurationError(Exception):
    """The account's settings cannot work; the message says which one and how to mend it."""


class SendError(Exception):
    """One text was not handed over as it should. `detail` never holds a secret."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotTaken(SendError):
    """The provider certainly did not take the text: it may be sent again."""

    def __init__(self, detail: str, reason: Reason = Reason.GATEWAY_UNAVAILABLE) -> None:
        super().__init__(detail)
        self.reason = reason


class OutcomeLost(SendError):
    """The request was written and no usable answer came: the text may have been taken."""


class WebhookError(Exception):
    """A request to a webhook that is not acted upon."""


class VerificationError(WebhookError):
    """The provider's signature is missing or wrong: answer 403."""


class MalformedRequest(WebhookError):
    """The request is not what the provider documents: answer 400. The message says what is."""
