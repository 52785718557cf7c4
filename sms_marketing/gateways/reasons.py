"""The closed vocabulary of why a provider or carrier did not deliver a text.

Each provider maps its own codes to these in a dictionary. What it cannot map becomes `UNKNOWN`,
with the provider's code kept beside it.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a text was refused, put off or not delivered. The value is what is stored."""

    INVALID_NUMBER = "invalid_number"
    UNREACHABLE = "unreachable"
    OPTED_OUT = "opted_out"
    BLOCKED = "blocked"
    SPAM = "spam"
    CONTENT_REJECTED = "content_rejected"
    LANDLINE = "landline"
    SENDER_NOT_ALLOWED = "sender_not_allowed"
    COUNTRY_NOT_ALLOWED = "country_not_allowed"
    INSUFFICIENT_CREDIT = "insufficient_credit"
    CREDENTIALS = "credentials"
    THROTTLED = "throttled"
    GATEWAY_UNAVAILABLE = "gateway_unavailable"
    EXPIRED = "expired"
    INVALID_REQUEST = "invalid_request"
    UNKNOWN = "unknown"

    @property
    def label(self) -> str:
        """English label for people."""
        return LABELS[self]


LABELS: dict[Reason, str] = {
    Reason.INVALID_NUMBER: "The number does not exist",
    Reason.UNREACHABLE: "The phone could not be reached",
    Reason.OPTED_OUT: "The carrier says that the number opted out",
    Reason.BLOCKED: "Blocked by the carrier",
    Reason.SPAM: "Taken for spam by the carrier",
    Reason.CONTENT_REJECTED: "The carrier refused the content",
    Reason.LANDLINE: "The number is a landline",
    Reason.SENDER_NOT_ALLOWED: "The sender may not be used",
    Reason.COUNTRY_NOT_ALLOWED: "The gateway does not send to this country or network",
    Reason.INSUFFICIENT_CREDIT: "The account at the gateway has no credit left",
    Reason.CREDENTIALS: "The gateway refused the login",
    Reason.THROTTLED: "Sent too fast for the gateway",
    Reason.GATEWAY_UNAVAILABLE: "The gateway could not be reached",
    Reason.EXPIRED: "Not delivered in time",
    Reason.INVALID_REQUEST: "The gateway did not accept the request",
    Reason.UNKNOWN: "Unknown reason",
}
