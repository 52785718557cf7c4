"""Sinch, through its SMS REST API (also called XMS).

Sources, on Sinch's developer site: "SMS API reference" (`docs/sms/api-reference`) with its parts
"Batches", "Delivery reports" (statuses and error codes), "Inbounds" and "Webhooks" (callbacks,
HMAC authentication).
"""

import base64
import hmac
from typing import ClassVar
from urllib.parse import quote

from ..text.encoding import strip_control
from .answers import Answer
from .base import SENDER_NAME, SENDER_NUMBER, SENDER_SHORT_CODE, register
from .errors import ConfigurationError, MalformedRequest, VerificationError
from .http_gateway import Request, json_answer
from .lookup import HttpLookup, earliest, records
from .reading import (
    iso_moment,
    json_document,
    known_status,
    phone_number,
    required,
    text,
    whole,
)
from .reasons import Reason
from .values import (
    Accepted,
    Account,
    Inbound,
    LostText,
    Outcome,
    Receipt,
    ReceiptStatus,
    Text,
    WebhookRequest,
)

#: Where service plans live ("SMS API reference", base URLs).
REGIONS = ("us", "eu", "au", "br", "ca")

#: `status` of a delivery report ("Delivery reports").
STATUSES: dict[str, ReceiptStatus] = {
    "queued": ReceiptStatus.ACCEPTED,
    "dispatched": ReceiptStatus.ACCEPTED,
    "unknown": ReceiptStatus.ACCEPTED,  # nothing is known of what became of it
    "delivered": ReceiptStatus.DELIVERED,
    "failed": ReceiptStatus.UNDELIVERED,
    "expired": ReceiptStatus.UNDELIVERED,
    "deleted": ReceiptStatus.UNDELIVERED,
    "rejected": ReceiptStatus.REJECTED,
    "aborted": ReceiptStatus.REJECTED,
    "cancelled": ReceiptStatus.REJECTED,
}

#: `code` of a delivery report ("Delivery reports", error codes).
REPORT_CODES: dict[str, Reason] = {
    "402": Reason.COUNTRY_NOT_ALLOWED,  # unroutable
    "403": Reason.UNKNOWN,  # internal error
    "404": Reason.UNREACHABLE,  # temporary failure
    "405": Reason.INVALID_REQUEST,  # parameter without a value
    "406": Reason.EXPIRED,  # before it reached the carrier
    "407": Reason.UNKNOWN,  # cancelled
    "408": Reason.BLOCKED,  # internal reject
    "410": Reason.SENDER_NOT_ALLOWED,  # no default sender
    "411": Reason.INVALID_REQUEST,  # too many segments
    "412": Reason.COUNTRY_NOT_ALLOWED,  # region not provisioned
    "413": Reason.CREDENTIALS,  # account blocked
}
#: Reason by `status`, where the code tells none.
STATUS_REASONS = {"expired": Reason.EXPIRED, "rejected": Reason.BLOCKED}

#: `code` of an answer that refuses ("Batches", errors): 400 is about this text, 403 about the plan.
ANSWERS: dict[tuple[int, str], Reason] = {
    (400, "syntax_invalid_json"): Reason.INVALID_REQUEST,
    (400, "syntax_invalid_parameter_format"): Reason.INVALID_REQUEST,
    (400, "syntax_constraint_violation"): Reason.INVALID_REQUEST,
}

REPORT = "recipient_delivery_report_sms"
INBOUND = ("mo_text", "mo_binary", "mo_media")


@register
class SinchGateway(HttpLookup):
    """Settings: `region`, `service_plan`, `api_token`; `webhook_secret` for signed callbacks."""

    code: ClassVar[str] = "sinch"
    label: ClassVar[str] = "Sinch"
    sender_kinds: ClassVar[frozenset[str]] = frozenset(
        {SENDER_NUMBER, SENDER_SHORT_CODE, SENDER_NAME}
    )
    required_settings: ClassVar[tuple[str, ...]] = ("region", "service_plan", "api_token")
    secret_settings: ClassVar[tuple[str, ...]] = ("api_token", "webhook_secret")

    def __init__(self, account: Account) -> None:
        if account.settings.get("region") not in ("", None, *REGIONS):
            raise ConfigurationError(f"Sinch: the region is one of {', '.join(REGIONS)}.")
        super().__init__(account)
        plan = quote(self.setting("service_plan"), safe="")
        self._batches = f"{self.url}/xms/v1/{plan}/batches"
        self._headers = {"Authorization": f"Bearer {self.setting('api_token')}"}

    @property
    def address(self) -> str:
        return self.server or f"https://{self.setting('region')}.sms.api.sinch.com"

    def request_for(self, text: Text) -> Request:
        batch = {
            "from": text.sender.lstrip("+"),
            "to": [text.number.lstrip("+")],
            "body": text.body,
            "client_reference": text.reference,
            "delivery_report": "per_recipient",
        }
        if receipts := self.receipt_url(text):
            batch["callback_url"] = receipts
        # Words in the form ${…} are Sinch's own placeholders only when parameters are sent.
        return Request.json(self._batches, batch, headers=self._headers)

    def read_answer(self, answer: Answer) -> Outcome:
        document = json_answer(answer)
        if answer.status == 201 and document.get("id"):
            return Accepted(reference=text(document["id"])[:100])
        code = text(document.get("code"))
        return self.refusal(answer, ANSWERS.get((answer.status, code)), code)

    def lookup_request(self, lost: LostText) -> Request:
        """ "Batches", list batches: filtered by `client_reference`; those of a day by default.

        Not the list of delivery reports, which has those alone that are finished.
        """
        params = [
            ("client_reference", lost.text.reference),
            ("start_date", earliest(lost)),
            ("page_size", "5"),
        ]
        return Request("GET", self._batches, params=params, headers=self._headers)

    def read_lookup(self, answer: Answer, lost: LostText) -> list[Receipt] | None:
        listed = records(json_answer(answer), "batches") if answer.status == 200 else None
        return listed and [
            # What became of it, its delivery report says.
            Receipt(lost.text.reference, text(record["id"])[:100], ReceiptStatus.ACCEPTED)
            for record in listed
            if record.get("client_reference") == lost.text.reference
            and text(record.get("id"))
            and record.get("canceled") is not True
        ]

    def check_request(self) -> Request:
        return Request("GET", self._batches, params=[("page_size", "1")], headers=self._headers)

    def read_check(self, answer: Answer) -> str | None:
        if answer.status == 200 and "batches" in json_answer(answer):
            return f"Sinch accepts the token of service plan {self.setting('service_plan')}."
        return None

    def verify(self, request: WebhookRequest) -> None:
        secret = self.setting("webhook_secret")
        if not secret:
            return
        header = "X-Sinch-Webhook-Signature"
        nonce = request.headers.get(f"{header}-Nonce") or ""
        timestamp = request.headers.get(f"{header}-Timestamp") or ""
        given = (request.headers.get(header) or "").encode()
        expected = signature(secret, request.body, nonce, timestamp)
        if not nonce or not timestamp or not hmac.compare_digest(expected, given):
            raise VerificationError(f"{header} is missing or wrong")

    def parse_receipts(self, request: WebhookRequest) -> list[Receipt]:
        report = json_document(request.body)
        fields = {name: text(value) for name, value in report.items()}
        if required(fields, "type") != REPORT:
            raise MalformedRequest(f"“type” is not {REPORT}: {fields['type'][:40]!r}")
        told, batch_id = required(fields, "status").lower(), required(fields, "batch_id")[:100]
        status = known_status(STATUSES, told)
        if status is None:
            return []
        failed = status in (ReceiptStatus.UNDELIVERED, ReceiptStatus.REJECTED)
        code = fields.get("code", "")
        reason = REPORT_CODES.get(code) or STATUS_REASONS.get(told, Reason.UNKNOWN)
        moment = fields.get("operator_status_at") or fields.get("at", "")
        return [
            Receipt(
                reference=fields.get("client_reference") or None,
                provider_reference=batch_id,
                status=status,
                reason=reason if failed else None,
                code=code[:20] if failed else "",
                detail=f"Sinch: {told}" if failed else "",
                occurred_at=iso_moment(moment),
                segments=whole(fields.get("number_of_message_parts")),
            )
        ]

    def parse_inbound(self, request: WebhookRequest) -> list[Inbound]:
        document = json_document(request.body)
        fields = {name: text(value) for name, value in document.items()}
        if required(fields, "type") not in INBOUND:
            raise MalformedRequest(f"“type” is not known: {fields['type'][:40]!r}")
        return [
            Inbound(
                number=phone_number(required(fields, "from")),
                sender=phone_number(fields.get("to", "")),
                # Of bytes and pictures there is no text.
                body=strip_control(fields.get("body", "")) if fields["type"] == "mo_text" else "",
                reference=required(fields, "id")[:100],
                received_at=iso_moment(fields.get("received_at", "")),
            )
        ]

    @classmethod
    def setup_help(cls, callback_url: str) -> str:
        return _SETUP.format(inbound=f"{callback_url}/inbound")


def signature(secret: str, body: bytes, nonce: str, timestamp: str) -> bytes:
    """What `X-Sinch-Webhook-Signature` must be ("Webhooks", HMAC authentication)."""
    signed = body + f".{nonce}.{timestamp}".encode()
    return base64.b64encode(hmac.digest(secret.encode(), signed, "sha256"))


_SETUP = """\
Receipts need no setting at Sinch: each text says where its own go.

Texts from phones (STOP, …): in the Sinch Dashboard open SMS > APIs > your service plan > Callback \
URLs, and enter:

    {inbound}

Signed callbacks: Sinch switches HMAC authentication on for a service plan when asked; enter its \
secret here as "Webhook Secret". Without it, it is the secret in the address alone that shows who \
calls.
"""
