"""Vonage (once Nexmo), through its SMS API.

Sources, on Vonage's developer site: "SMS API reference" (`api/sms`), "Troubleshooting SMS"
(`messaging/sms/guides/troubleshooting-sms`), "Delivery receipts" (`messaging/sms/guides/
delivery-receipts`), "Signing messages" (`getting-started/concepts/signing-messages`).
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import ClassVar

from ..text.encoding import strip_control
from .answers import Answer, classify
from .base import SENDER_NAME, SENDER_NUMBER, SENDER_SHORT_CODE, register
from .errors import ConfigurationError, MalformedRequest, VerificationError
from .http_gateway import HttpGateway, Request, json_answer
from .reading import (
    any_fields,
    iso_moment,
    known_status,
    money,
    phone_number,
    required,
    text,
)
from .reasons import Reason
from .values import (
    Accepted,
    Account,
    Inbound,
    Outcome,
    Receipt,
    ReceiptStatus,
    Text,
    WebhookRequest,
)

#: `type` of a request by our encoding.
TYPES = {"GSM-7": "text", "UCS-2": "unicode"}

#: `status` of a text in an answer ("Troubleshooting SMS"); "0" is success. Not in it: 5, an error
#: inside the platform, which does not tell whether the text was taken.
STATUSES: dict[str, Reason] = {
    "1": Reason.THROTTLED,
    "2": Reason.INVALID_REQUEST,  # missing parameter
    "3": Reason.INVALID_REQUEST,  # invalid parameter
    "4": Reason.CREDENTIALS,
    "6": Reason.INVALID_REQUEST,  # cannot be processed, such as an unknown prefix
    "7": Reason.BLOCKED,  # number barred
    "8": Reason.CREDENTIALS,  # account barred
    "9": Reason.INSUFFICIENT_CREDIT,
    "10": Reason.THROTTLED,  # too many connections
    "11": Reason.CREDENTIALS,  # account not enabled for this API
    "12": Reason.INVALID_REQUEST,  # too long
    "14": Reason.CREDENTIALS,  # invalid signature
    "15": Reason.SENDER_NOT_ALLOWED,
    "22": Reason.INVALID_REQUEST,  # network code
    "23": Reason.INVALID_REQUEST,  # callback address
    "29": Reason.BLOCKED,  # demo account, number not on its list
    "32": Reason.CREDENTIALS,  # signature and secret at once
    "33": Reason.INVALID_NUMBER,  # number deactivated
}
INTERNAL_ERROR = "5"

#: `status` of a receipt ("Delivery receipts").
RECEIPT_STATUSES: dict[str, ReceiptStatus] = {
    "accepted": ReceiptStatus.ACCEPTED,
    "buffered": ReceiptStatus.ACCEPTED,
    "unknown": ReceiptStatus.ACCEPTED,  # nothing is known yet of what became of it
    "delivered": ReceiptStatus.DELIVERED,
    "expired": ReceiptStatus.UNDELIVERED,
    "failed": ReceiptStatus.UNDELIVERED,
    "rejected": ReceiptStatus.REJECTED,
}

#: `err-code` of a receipt ("Delivery receipts", error codes).
ERROR_CODES: dict[str, Reason] = {
    "1": Reason.UNKNOWN,
    "2": Reason.UNREACHABLE,  # absent subscriber, for a while
    "3": Reason.INVALID_NUMBER,  # absent subscriber, for good
    "4": Reason.BLOCKED,  # barred by the user
    "5": Reason.UNREACHABLE,  # portability error
    "6": Reason.SPAM,
    "7": Reason.UNREACHABLE,  # handset busy
    "8": Reason.UNREACHABLE,  # network error
    "9": Reason.BLOCKED,  # illegal number: the network does not let it receive
    "10": Reason.CONTENT_REJECTED,
    "11": Reason.COUNTRY_NOT_ALLOWED,  # unroutable
    "12": Reason.UNREACHABLE,
    "13": Reason.BLOCKED,  # subscriber's age
    "14": Reason.BLOCKED,  # number blocked by the carrier
    "15": Reason.UNREACHABLE,  # the phone's prepaid credit is used up
    "16": Reason.THROTTLED,  # quota
    "39": Reason.SENDER_NOT_ALLOWED,
    "50": Reason.BLOCKED,  # entity filter
    "51": Reason.SENDER_NOT_ALLOWED,  # header filter
    "52": Reason.CONTENT_REJECTED,
    "53": Reason.OPTED_OUT,  # consent filter
    "54": Reason.BLOCKED,  # regulation
    "99": Reason.UNKNOWN,
}
EXPIRED = "expired"

#: Ways in which an account signs ("Signing messages"); the first is not an HMAC.
MD5_HASH = "md5_hash"
HASHES = {
    "md5": hashlib.md5,
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha512": hashlib.sha512,
}


@register
class VonageGateway(HttpGateway):
    """Settings: `api_key`, `api_secret`; for signed webhooks `signature_secret` and

    `signature_method` (`md5_hash`, or the hash of an HMAC: `md5`, `sha1`, `sha256`, `sha512`).
    """

    code: ClassVar[str] = "vonage"
    label: ClassVar[str] = "Vonage"
    server: ClassVar[str] = "https://rest.nexmo.com"
    sender_kinds: ClassVar[frozenset[str]] = frozenset(
        {SENDER_NUMBER, SENDER_SHORT_CODE, SENDER_NAME}
    )
    required_settings: ClassVar[tuple[str, ...]] = ("api_key", "api_secret")
    secret_settings: ClassVar[tuple[str, ...]] = ("api_secret", "signature_secret")

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        method = self.setting("signature_method")
        if self.setting("signature_secret") and method not in (MD5_HASH, *HASHES):
            raise ConfigurationError("Vonage: choose how the account signs its webhooks.")

    def request_for(self, text: Text) -> Request:
        callback = self.account.callback_url
        fields = {
            "api_key": self.setting("api_key"),
            "api_secret": self.setting("api_secret"),
            "from": text.sender.lstrip("+"),
            "to": text.number.lstrip("+"),
            "text": text.body,
            "type": TYPES[text.encoding],
            "client-ref": text.reference,
            "callback": f"{callback}/receipt" if callback else "",
        }
        return Request.form(f"{self.url}/sms/json", fields)

    def read_answer(self, answer: Answer) -> Outcome:
        parts = json_answer(answer).get("messages")
        parts = (
            [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
        )
        if not 200 <= answer.status < 300 or not parts:
            return classify(answer, self.secrets)
        statuses = [text(part.get("status")) for part in parts]
        if "0" in statuses:
            # Of a long text each segment has its own entry: once one is taken, it is on its way.
            prices = [money(part.get("message-price")) for part in parts]
            price = None if None in prices else sum(prices)
            return Accepted(
                reference=text(parts[0].get("message-id"))[:100] or None,
                segments=len(parts),
                price=price,
                currency=CURRENCY if price is not None else None,
            )
        if statuses[0] == INTERNAL_ERROR or statuses[0] not in STATUSES:
            return classify(answer, self.secrets)
        return self.refusal(answer, STATUSES[statuses[0]], statuses[0])

    def check_request(self) -> Request:
        login = (self.setting("api_key"), self.setting("api_secret"))
        return Request("GET", f"{self.url}/account/get-balance", auth=login)

    def read_check(self, answer: Answer) -> str | None:
        balance = json_answer(answer).get("value")
        if answer.status == 200 and balance is not None:
            return f"Vonage accepts the login; the balance is {text(balance)} {CURRENCY}."
        return None

    def verify(self, request: WebhookRequest) -> None:
        secret = self.setting("signature_secret")
        if not secret:
            return
        try:
            fields = any_fields(request)
        except MalformedRequest as error:
            raise VerificationError(str(error)) from error
        given = fields.pop("sig", "").lower()
        expected = signature(secret, self.setting("signature_method"), fields)
        if not hmac.compare_digest(expected.encode(), given.encode()):
            raise VerificationError("“sig” is missing or wrong")

    def parse_receipts(self, request: WebhookRequest) -> list[Receipt]:
        fields = any_fields(request)
        told, message_id = required(fields, "status"), required(fields, "messageId")[:100]
        status = known_status(RECEIPT_STATUSES, told)
        if status is None:
            return []
        failed = status in (ReceiptStatus.UNDELIVERED, ReceiptStatus.REJECTED)
        code = fields.get("err-code", "").strip()
        reason = ERROR_CODES.get(code, Reason.EXPIRED if told == EXPIRED else Reason.UNKNOWN)
        return [
            Receipt(
                # Price and segments are those of the answer: a receipt is for one segment only.
                reference=fields.get("client-ref") or None,
                provider_reference=message_id,
                status=status,
                reason=reason if failed else None,
                code=code[:20] if failed else "",
                detail=f"Vonage: {told}" if failed else "",
                occurred_at=iso_moment(fields.get("message-timestamp", "")),
            )
        ]

    def parse_inbound(self, request: WebhookRequest) -> list[Inbound]:
        fields = any_fields(request)
        return [
            Inbound(
                number=phone_number(required(fields, "msisdn")),
                sender=phone_number(fields.get("to", "")),
                body=strip_control(fields.get("text", "")),
                reference=required(fields, "messageId")[:100],
                received_at=iso_moment(fields.get("message-timestamp", "")),
            )
        ]

    @classmethod
    def setup_help(cls, callback_url: str) -> str:
        return _SETUP.format(inbound=f"{callback_url}/inbound")


#: Vonage writes prices and balances in euro.
CURRENCY = "EUR"


def signature(secret: str, method: str, fields: Mapping[str, str]) -> str:
    """What `sig` must be, in small letters, for all other fields ("Signing messages")."""
    signed = "".join(
        f"&{name}={fields[name].replace('&', '_').replace('=', '_')}" for name in sorted(fields)
    ).encode("utf-8", "surrogatepass")
    if method == MD5_HASH:
        return hashlib.md5(signed + secret.encode(), usedforsecurity=False).hexdigest()
    return hmac.new(secret.encode(), signed, HASHES[method]).hexdigest()


_SETUP = """\
Receipts need no setting at Vonage: each text says where its own go.

Texts from phones (STOP, …): in the Vonage Dashboard open Numbers > Your numbers > the number, and \
enter as "Inbound SMS Webhook URL":

    {inbound}

Signed webhooks: in the Dashboard open API Settings, look up "Signature secret" and "Signature \
method", and enter both here; ask Vonage's support to sign webhooks if it does not yet. Without \
them it is the secret in the address alone that shows who calls.
"""
