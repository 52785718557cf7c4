"""MessageBird (now Bird), through its SMS API.

Sources, on MessageBird's developer site: "SMS Messaging" (`api/sms-messaging`: send a message,
handle a status report, receive a message, statuses and reasons), "API errors" (`api/#api-errors`),
"Verify HTTP requests" (`api/#verifying-http-requests`).
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import ClassVar

from ..text.encoding import strip_control
from .answers import Answer, classify
from .base import SENDER_NAME, SENDER_NUMBER, SENDER_SHORT_CODE, register
from .errors import VerificationError
from .http_gateway import Request, json_answer
from .lookup import HttpLookup, earliest, records
from .reading import (
    any_fields,
    iso_moment,
    known_status,
    money,
    phone_number,
    required,
    text,
    whole,
)
from .reasons import Reason
from .values import (
    Accepted,
    Inbound,
    LostText,
    Outcome,
    Receipt,
    ReceiptStatus,
    Text,
    WebhookRequest,
)

#: `datacoding` of a request by our encoding.
DATACODINGS = {"GSM-7": "plain", "UCS-2": "unicode"}

#: `code` of an answer ("API errors"). Not in it: 99, an error inside the platform.
CODES: dict[int, Reason] = {
    2: Reason.CREDENTIALS,  # request not allowed
    9: Reason.INVALID_REQUEST,  # missing parameters, or no recipient that may be texted
    10: Reason.INVALID_REQUEST,  # invalid parameters
    25: Reason.INSUFFICIENT_CREDIT,
}
#: The parameter that an error is about says more.
PARAMETERS = {"originator": Reason.SENDER_NOT_ALLOWED}

#: `status` of a status report ("SMS Messaging", statuses).
STATUSES: dict[str, ReceiptStatus] = {
    "scheduled": ReceiptStatus.ACCEPTED,
    "sent": ReceiptStatus.ACCEPTED,
    "buffered": ReceiptStatus.ACCEPTED,
    "delivered": ReceiptStatus.DELIVERED,
    "expired": ReceiptStatus.UNDELIVERED,
    "delivery_failed": ReceiptStatus.UNDELIVERED,
}

#: `statusReason` of a status report ("SMS Messaging", reasons).
REASONS: dict[str, Reason] = {
    "incorrect number": Reason.INVALID_NUMBER,
    "unknown subscriber": Reason.INVALID_NUMBER,
    "unavailable subscriber": Reason.UNREACHABLE,
    "expired": Reason.EXPIRED,
    "opted out": Reason.OPTED_OUT,
    "received network error": Reason.UNREACHABLE,
    "insufficient balance": Reason.INSUFFICIENT_CREDIT,
    "carrier rejected": Reason.BLOCKED,
    "capacity limit reached": Reason.THROTTLED,
    "generic delivery failure": Reason.UNKNOWN,
}

#: Signatures ("Verify HTTP requests"): algorithm of the JWT -> hash of its HMAC.
ALGORITHMS = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
#: Seconds that the clocks may differ.
LEEWAY = 60


@register
class MessageBirdGateway(HttpLookup):
    """Settings: `access_key`, and `signing_key` for signed webhooks."""

    code: ClassVar[str] = "messagebird"
    label: ClassVar[str] = "MessageBird (Bird)"
    server: ClassVar[str] = "https://rest.messagebird.com"
    sender_kinds: ClassVar[frozenset[str]] = frozenset(
        {SENDER_NUMBER, SENDER_SHORT_CODE, SENDER_NAME}
    )
    required_settings: ClassVar[tuple[str, ...]] = ("access_key",)
    secret_settings: ClassVar[tuple[str, ...]] = ("access_key", "signing_key")

    def request_for(self, text: Text) -> Request:
        message = {
            "originator": text.sender.lstrip("+"),
            "recipients": [text.number.lstrip("+")],
            "body": text.body,
            "datacoding": DATACODINGS[text.encoding],
            # Without a reference there are no reports.
            "reference": text.reference,
        }
        if self.account.callback_url:
            message["reportUrl"] = f"{self.account.callback_url}/receipt"
        return Request.json(f"{self.url}/messages", message, headers=self._headers)

    def read_answer(self, answer: Answer) -> Outcome:
        document = json_answer(answer)
        if answer.status == 201 and document.get("id"):
            return Accepted(reference=text(document["id"])[:100], segments=_parts(document))
        errors = document.get("errors")
        error = errors[0] if isinstance(errors, list) and errors else None
        if isinstance(error, dict) and 400 <= answer.status < 500:
            code = whole(error.get("code"))
            reason = PARAMETERS.get(text(error.get("parameter"))) or CODES.get(code)
            return self.refusal(answer, reason, str(code or ""))
        return classify(answer, self.secrets)

    def lookup_request(self, lost: LostText) -> Request:
        """ "SMS Messaging", list messages: filtered by recipient; each has the reference."""
        params = [
            ("recipient", lost.text.number.lstrip("+")),
            ("direction", "mt"),
            ("from", earliest(lost)),
            ("limit", "20"),
        ]
        return Request("GET", f"{self.url}/messages", params=params, headers=self._headers)

    def read_lookup(self, answer: Answer, lost: LostText) -> list[Receipt] | None:
        listed = records(json_answer(answer), "items") if answer.status == 200 else None
        return listed and [
            _record(record)
            for record in listed
            if record.get("reference") == lost.text.reference and text(record.get("id"))
        ]

    def check_request(self) -> Request:
        return Request("GET", f"{self.url}/balance", headers=self._headers)

    def read_check(self, answer: Answer) -> str | None:
        balance = json_answer(answer)
        if answer.status == 200 and balance.get("amount") is not None:
            amount = f"{text(balance['amount'])} {text(balance.get('type'))}".strip()
            return f"MessageBird accepts the access key; the balance is {amount}."
        return None

    def verify(self, request: WebhookRequest) -> None:
        key = self.setting("signing_key")
        if not key:
            return
        claims = read_token(request.headers.get("MessageBird-Signature-JWT") or "", key)
        body_hash = hashlib.sha256(request.body).hexdigest() if request.body else ""
        for claim, expected in (
            ("url_hash", hashlib.sha256(request.url.encode()).hexdigest()),
            ("payload_hash", body_hash),
        ):
            if not hmac.compare_digest(text(claims.get(claim)).encode(), expected.encode()):
                raise VerificationError(f"{claim} is wrong")

    def parse_receipts(self, request: WebhookRequest) -> list[Receipt]:
        fields = any_fields(request)
        told, message_id = required(fields, "status"), required(fields, "id")[:100]
        status = known_status(STATUSES, told)
        if status is None:
            return []
        failed = status == ReceiptStatus.UNDELIVERED
        why = fields.get("statusReason", "").strip().lower() or told
        price = money(fields.get("price[amount]"))
        currency = fields.get("price[currency]", "").upper()[:3]
        return [
            Receipt(
                reference=fields.get("reference") or None,
                provider_reference=message_id,
                status=status,
                reason=REASONS.get(why, Reason.UNKNOWN) if failed else None,
                code=fields.get("statusErrorCode", "")[:20] if failed else "",
                detail=f"MessageBird: {why[:100]}" if failed else "",
                occurred_at=iso_moment(fields.get("statusDatetime", "")),
                segments=whole(fields.get("messagePartCount")),
                price=price if currency else None,
                currency=currency if price is not None else None,
            )
        ]

    def parse_inbound(self, request: WebhookRequest) -> list[Inbound]:
        fields = any_fields(request)
        return [
            Inbound(
                number=phone_number(required(fields, "originator")),
                sender=phone_number(fields.get("recipient", "")),
                # Flow Builder calls it payload.
                body=strip_control(fields.get("body") or fields.get("payload", "")),
                reference=(fields.get("id") or fields.get("message_id", ""))[:100],
                received_at=iso_moment(fields.get("createdDatetime", "")),
            )
        ]

    @classmethod
    def setup_help(cls, callback_url: str) -> str:
        return _SETUP.format(inbound=f"{callback_url}/inbound")

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"AccessKey {self.setting('access_key')}"}


def _parts(document: Mapping) -> int | None:
    return whole(_recipient(document).get("messagePartCount"))


def _recipient(document: Mapping) -> dict:
    """The one recipient of a message; empty where there is none."""
    recipients = document.get("recipients")
    items = recipients.get("items") if isinstance(recipients, dict) else None
    item = items[0] if isinstance(items, list) and items else None
    return item if isinstance(item, dict) else {}


def _record(record: Mapping) -> Receipt:
    """A message as it is listed, as receipt; a status that is not known says that it was taken."""
    of_number = _recipient(record)
    told = text(of_number.get("status"))
    status = STATUSES.get(told, ReceiptStatus.ACCEPTED)
    failed = status == ReceiptStatus.UNDELIVERED
    why = text(of_number.get("statusReason")).strip().lower() or told
    listed = of_number.get("price") if isinstance(of_number.get("price"), dict) else {}
    price, currency = money(listed.get("amount")), text(listed.get("currency")).upper()[:3]
    return Receipt(
        reference=text(record["reference"]),
        provider_reference=text(record["id"])[:100],
        status=status,
        reason=REASONS.get(why, Reason.UNKNOWN) if failed else None,
        code=text(of_number.get("statusErrorCode"))[:20] if failed else "",
        detail=f"MessageBird: {why[:100]}" if failed else "",
        occurred_at=iso_moment(text(of_number.get("statusDatetime"))),
        segments=whole(of_number.get("messagePartCount")),
        price=price if currency else None,
        currency=currency if currency and price is not None else None,
    )


def read_token(token: str, key: str, now: float | None = None) -> dict:
    """The claims of a JSON Web Token (RFC 7519) that MessageBird signed with this key.

    :raises VerificationError: when it is none, not signed so, or not of now.
    """
    try:
        signed, _dot, given = token.rpartition(".")
        header, claims = (json.loads(_decode(part)) for part in signed.split("."))
        algorithm = ALGORITHMS[header["alg"]]
        begin, end = float(claims["nbf"]), float(claims["exp"])
        expected = hmac.digest(key.encode(), signed.encode("ascii"), algorithm)
        is_signed = hmac.compare_digest(expected, _decode(given))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise VerificationError("MessageBird-Signature-JWT is missing or no token") from None
    now = time.time() if now is None else now
    if not is_signed or claims.get("iss") != "MessageBird":
        raise VerificationError("MessageBird-Signature-JWT is wrong")
    if not begin - LEEWAY <= now <= end + LEEWAY:
        raise VerificationError("MessageBird-Signature-JWT is not of now")
    return claims


def _decode(part: str) -> bytes:
    return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)


_SETUP = """\
Receipts need no setting at MessageBird: each text says where its own go.

Texts from phones (STOP, …): in the Dashboard open Numbers > the number > SMS, or make a flow that \
starts with "SMS" and ends with "Forward to URL" (method POST), and enter:

    {inbound}

Signed webhooks: copy the signing key from Developers > Settings. Without it, it is the secret in \
the address alone that shows who calls.
"""
