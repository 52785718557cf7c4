"""Plivo, through its Messaging API.

Sources, on Plivo's documentation site: "Send a message" (`docs/messaging/api/message/
send-a-message`), "Message error codes" (`docs/messaging/concepts/error-codes`), "Message
status callbacks" (`docs/messaging/concepts/message-status-callbacks`), "Signature validation"
(`docs/messaging/concepts/signature-validation`).
"""

import base64
import hmac
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

from ..text.encoding import strip_control
from .answers import Answer, classify
from .base import SENDER_NAME, SENDER_NUMBER, SENDER_SHORT_CODE, register
from .errors import VerificationError
from .http_gateway import HttpGateway, Request, json_answer
from .reading import (
    form_fields,
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
    Outcome,
    Receipt,
    ReceiptStatus,
    Text,
    WebhookRequest,
)

#: `Status` of a status callback ("Message status callbacks").
STATUSES: dict[str, ReceiptStatus] = {
    "queued": ReceiptStatus.ACCEPTED,
    "sent": ReceiptStatus.ACCEPTED,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.DELIVERED,
    "undelivered": ReceiptStatus.UNDELIVERED,
    "failed": ReceiptStatus.REJECTED,
    "rejected": ReceiptStatus.REJECTED,
}

#: `ErrorCode` of a status callback ("Message error codes").
ERROR_CODES: dict[str, Reason] = {
    "10": Reason.INVALID_REQUEST,  # invalid message
    "20": Reason.UNREACHABLE,  # network error
    "30": Reason.SPAM,
    "40": Reason.SENDER_NOT_ALLOWED,  # invalid source number
    "50": Reason.INVALID_NUMBER,  # invalid destination number
    "60": Reason.SPAM,  # loop
    "70": Reason.INVALID_NUMBER,  # destination permanently unavailable
    "80": Reason.UNREACHABLE,  # destination temporarily unavailable
    "90": Reason.COUNTRY_NOT_ALLOWED,  # no route
    "100": Reason.BLOCKED,  # prohibited by the carrier
    "110": Reason.INVALID_REQUEST,  # too long
    "200": Reason.OPTED_OUT,  # the recipient texted STOP
    "300": Reason.GATEWAY_UNAVAILABLE,  # failed to dispatch
    "420": Reason.EXPIRED,
    "450": Reason.COUNTRY_NOT_ALLOWED,  # destination country barred
    "900": Reason.INSUFFICIENT_CREDIT,
    "910": Reason.CREDENTIALS,  # account disabled
    "1000": Reason.UNKNOWN,
}

#: Status of an answer -> reason ("Send a message", errors). 400 is about one of the fields.
ANSWERS: dict[int, Reason] = {
    400: Reason.INVALID_REQUEST,
    402: Reason.INSUFFICIENT_CREDIT,
}
CURRENCY = "USD"


@register
class PlivoGateway(HttpGateway):
    """Settings: `auth_id`, `auth_token` (also signs Plivo's calls), and if wished `powerpack`

    (UUID of a pool of senders from which Plivo chooses, instead of ours).
    """

    code: ClassVar[str] = "plivo"
    label: ClassVar[str] = "Plivo"
    server: ClassVar[str] = "https://api.plivo.com"
    sender_kinds: ClassVar[frozenset[str]] = frozenset(
        {SENDER_NUMBER, SENDER_SHORT_CODE, SENDER_NAME}
    )
    required_settings: ClassVar[tuple[str, ...]] = ("auth_id", "auth_token")
    secret_settings: ClassVar[tuple[str, ...]] = ("auth_token",)

    def request_for(self, text: Text) -> Request:
        powerpack = self.setting("powerpack")
        fields = {
            "powerpack_uuid" if powerpack else "src": powerpack or text.sender.lstrip("+"),
            "dst": text.number.lstrip("+"),
            "text": text.body,
        }
        if receipts := self.receipt_url(text):
            fields |= {"url": receipts, "method": "POST"}
        return Request.json(f"{self._account_url}Message/", fields, auth=self._login)

    def read_answer(self, answer: Answer) -> Outcome:
        document = json_answer(answer)
        ids = document.get("message_uuid")
        if answer.status == 202 and isinstance(ids, list) and ids:
            return Accepted(reference=text(ids[0])[:100] or None)
        if document.get("error"):
            return self.refusal(answer, ANSWERS.get(answer.status), str(answer.status))
        return classify(answer, self.secrets)

    def check_request(self) -> Request:
        return Request("GET", self._account_url, auth=self._login)

    def read_check(self, answer: Answer) -> str | None:
        credit = json_answer(answer).get("cash_credits")
        if answer.status == 200 and credit is not None:
            return f"Plivo accepts the login; the credit is {text(credit)} {CURRENCY}."
        return None

    def verify(self, request: WebhookRequest) -> None:
        """Either of the two signatures: which one Plivo sends differs by product and account."""
        token = self.setting("auth_token")
        fields = form_fields(request.body) if request.method == "POST" else {}
        for version, sign in SIGNATURES.items():
            nonce = request.headers.get(f"X-Plivo-Signature-{version}-Nonce") or ""
            expected = sign(token, request.method, request.url, fields, nonce)
            # After a change of the token, both sign for a while.
            for given in (request.headers.get(f"X-Plivo-Signature-{version}") or "").split(","):
                if nonce and hmac.compare_digest(expected, given.strip().encode()):
                    return
        raise VerificationError("X-Plivo-Signature-V3 (or V2) is missing or wrong")

    def parse_receipts(self, request: WebhookRequest) -> list[Receipt]:
        fields = self._fields(request)
        told, message_id = required(fields, "Status").lower(), required(fields, "MessageUUID")[:100]
        status = known_status(STATUSES, told)
        if status is None:
            return []
        failed = status in (ReceiptStatus.UNDELIVERED, ReceiptStatus.REJECTED)
        code = fields.get("ErrorCode", "").strip()
        price = money(fields.get("TotalAmount"))
        return [
            Receipt(
                reference=fields.get("reference") or None,
                provider_reference=message_id,
                status=status,
                reason=ERROR_CODES.get(code, Reason.UNKNOWN) if failed else None,
                code=code[:20] if failed else "",
                detail=f"Plivo: {told}" if failed else "",
                segments=whole(fields.get("Units")),
                price=price,
                currency=CURRENCY if price is not None else None,
            )
        ]

    def parse_inbound(self, request: WebhookRequest) -> list[Inbound]:
        fields = self._fields(request)
        return [
            Inbound(
                number=phone_number(required(fields, "From")),
                sender=phone_number(fields.get("To", "")),
                body=strip_control(fields.get("Text", "")),
                reference=required(fields, "MessageUUID")[:100],
            )
        ]

    @classmethod
    def setup_help(cls, callback_url: str) -> str:
        return _SETUP.format(inbound=f"{callback_url}/inbound")

    @property
    def _login(self) -> tuple[str, str]:
        return self.setting("auth_id"), self.setting("auth_token")

    @property
    def _account_url(self) -> str:
        return f"{self.url}/v1/Account/{quote(self.setting('auth_id'), safe='')}/"

    @staticmethod
    def _fields(request: WebhookRequest) -> dict[str, str]:
        fields = form_fields(request.query)
        return fields | form_fields(request.body) if request.method == "POST" else fields


def signature_v2(token: str, method: str, url: str, fields: Mapping[str, str], nonce: str) -> bytes:
    """HMAC-SHA256 of the address without its query, and the nonce."""
    return _sign(token, urlsplit(url)._replace(query="", fragment="").geturl() + nonce)


def signature_v3(token: str, method: str, url: str, fields: Mapping[str, str], nonce: str) -> bytes:
    """HMAC-SHA256 of the address, its parameters in order, the form's in order, and the nonce."""
    parts = urlsplit(url)
    signed = parts._replace(query="", fragment="").geturl()
    query = sorted(parse_qsl(parts.query, keep_blank_values=True))
    if query or fields:
        signed += "?" + "&".join(f"{name}={value}" for name, value in query)
    if query and fields:
        signed += "."
    signed += "".join(name + fields[name] for name in sorted(fields))
    return _sign(token, f"{signed}.{nonce}")


def _sign(token: str, signed: str) -> bytes:
    data = signed.encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(token.encode(), data, "sha256"))


SIGNATURES = {"V3": signature_v3, "V2": signature_v2}

_SETUP = """\
Receipts need no setting at Plivo: each text says where its own go.

Texts from phones (STOP, …): in the Plivo Console open Messaging > Applications > XML, make an \
application with this "Message URL" and the method POST, and assign your numbers (or your \
Powerpack) to it:

    {inbound}

Plivo signs its calls with the auth token; there is nothing to switch on.
"""
