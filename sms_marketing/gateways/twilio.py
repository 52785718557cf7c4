"""Twilio Programmable Messaging.

Sources, on Twilio's documentation site: "Messages resource" (`docs/messaging/api/
message-resource`), "Error and warning dictionary" (`docs/api/errors`), "Webhooks security"
(`docs/usage/webhooks/webhooks-security`).
"""

import base64
import hmac
import re
from typing import ClassVar
from urllib.parse import urlsplit

from ..text.encoding import strip_control
from .answers import Answer, classify
from .base import SENDER_NAME, SENDER_NUMBER, SENDER_SHORT_CODE, register
from .errors import ConfigurationError, VerificationError
from .http_gateway import Request, json_answer
from .lookup import HttpLookup, may_be_of, records
from .reading import (
    form_fields,
    known_status,
    mail_moment,
    money,
    phone_number,
    required,
    text,
    whole,
)
from .reasons import Reason
from .values import (
    Accepted,
    Account,
    Acknowledgement,
    Inbound,
    LostText,
    Outcome,
    Receipt,
    ReceiptStatus,
    Text,
    WebhookRequest,
)

#: `MessageStatus` of a status callback ("Messages resource", status values).
STATUSES: dict[str, ReceiptStatus] = {
    "accepted": ReceiptStatus.ACCEPTED,
    "scheduled": ReceiptStatus.ACCEPTED,
    "queued": ReceiptStatus.ACCEPTED,
    "sending": ReceiptStatus.ACCEPTED,
    "sent": ReceiptStatus.ACCEPTED,
    # Part of a long text has arrived: what becomes of the rest, a later word may say.
    "partially_delivered": ReceiptStatus.ACCEPTED,
    "delivered": ReceiptStatus.DELIVERED,
    "read": ReceiptStatus.DELIVERED,
    "undelivered": ReceiptStatus.UNDELIVERED,
    "failed": ReceiptStatus.REJECTED,
    "canceled": ReceiptStatus.REJECTED,
}

#: Error codes of answers and of status callbacks ("Error and warning dictionary").
CODES: dict[int, Reason] = {
    14107: Reason.THROTTLED,  # message rate limit exceeded
    20003: Reason.CREDENTIALS,  # authenticate
    20005: Reason.CREDENTIALS,  # account not active
    20404: Reason.CREDENTIALS,  # not found: no such account
    20429: Reason.THROTTLED,  # too many requests
    21211: Reason.INVALID_NUMBER,  # invalid To
    21212: Reason.SENDER_NOT_ALLOWED,  # invalid From
    21265: Reason.INVALID_NUMBER,  # To is a short code
    21266: Reason.INVALID_REQUEST,  # To is From
    21408: Reason.COUNTRY_NOT_ALLOWED,  # region not enabled for the account
    21601: Reason.SENDER_NOT_ALLOWED,  # From cannot text
    21602: Reason.INVALID_REQUEST,  # body required
    21603: Reason.SENDER_NOT_ALLOWED,  # From required
    21604: Reason.INVALID_REQUEST,  # To required
    21605: Reason.INVALID_REQUEST,  # body too long
    21606: Reason.SENDER_NOT_ALLOWED,  # From cannot text, or is not the account's
    21607: Reason.SENDER_NOT_ALLOWED,  # trial account, From is not its trial number
    21608: Reason.BLOCKED,  # trial account, number not verified
    21609: Reason.INVALID_REQUEST,  # status callback is no URL
    21610: Reason.OPTED_OUT,  # the recipient texted STOP
    21611: Reason.THROTTLED,  # the sender's queue is full
    21612: Reason.COUNTRY_NOT_ALLOWED,  # no route from this sender to this number
    21614: Reason.INVALID_NUMBER,  # not a mobile number
    21616: Reason.SENDER_NOT_ALLOWED,  # From is not clear without its country
    21617: Reason.INVALID_REQUEST,  # body longer than 1,600 characters
    21619: Reason.INVALID_REQUEST,  # neither body nor media
    21635: Reason.LANDLINE,  # To is a landline
    21657: Reason.SENDER_NOT_ALLOWED,  # From is no sender for this destination
    21659: Reason.SENDER_NOT_ALLOWED,  # From is not a Twilio number
    21660: Reason.SENDER_NOT_ALLOWED,  # From belongs to another account
    21661: Reason.SENDER_NOT_ALLOWED,  # From cannot send texts
    21701: Reason.CREDENTIALS,  # no such messaging service
    21703: Reason.SENDER_NOT_ALLOWED,  # messaging service without a fitting sender
    21704: Reason.SENDER_NOT_ALLOWED,  # messaging service without senders
    21705: Reason.CREDENTIALS,  # no messaging service's SID
    21730: Reason.GATEWAY_UNAVAILABLE,  # maintenance
    30001: Reason.THROTTLED,  # queue overflow
    30002: Reason.CREDENTIALS,  # account suspended
    30003: Reason.UNREACHABLE,  # handset off or out of reach
    30004: Reason.BLOCKED,  # the recipient or the carrier blocks it
    30005: Reason.INVALID_NUMBER,  # unknown or no longer in service
    30006: Reason.LANDLINE,  # landline or unreachable carrier
    30007: Reason.SPAM,  # filtered by the carrier
    30008: Reason.UNKNOWN,  # unknown error
    30010: Reason.INSUFFICIENT_CREDIT,  # price above the limit that was set
    30017: Reason.UNREACHABLE,  # carrier network congestion
    30022: Reason.THROTTLED,  # carrier's rate limit of registered US traffic
    30023: Reason.THROTTLED,  # carrier's daily limit
    30024: Reason.SENDER_NOT_ALLOWED,  # sender not provisioned at the carrier
    30027: Reason.THROTTLED,  # carrier's daily limit for the brand
    30032: Reason.SENDER_NOT_ALLOWED,  # toll-free number not verified
    30034: Reason.SENDER_NOT_ALLOWED,  # sender not registered for US traffic
    30036: Reason.EXPIRED,  # validity period over
    30039: Reason.SPAM,  # message loop
}

#: `OptOutType` of a text that a Messaging Service with Advanced Opt-Out has acted on and answered,
#: in whatever language ("Track opt-out, opt-in and help messages").
OPT_OUT_TYPES = {"STOP": "stop", "START": "start", "HELP": "help"}

#: Messages of a number that are looked at for a lost text; the newest come first.
LOOKUP_PAGE = 20

#: setting -> (what it is called, form of its values): the patterns of Twilio's API description.
SIDS = {
    "account_sid": ("Account SID", "AC[0-9a-fA-F]{32}"),
    "api_key": ("API key", "SK[0-9a-fA-F]{32}"),
    "messaging_service": ("Messaging Service SID", "MG[0-9a-fA-F]{32}"),
}


@register
class TwilioGateway(HttpLookup):
    """Settings: `account_sid`, `auth_token` (signs Twilio's calls to us), and if wished `api_key`

    with `api_secret` (log in with these instead) and `messaging_service` (Twilio chooses the sender
    from its pool, instead of ours).
    """

    code: ClassVar[str] = "twilio"
    label: ClassVar[str] = "Twilio"
    server: ClassVar[str] = "https://api.twilio.com"
    sender_kinds: ClassVar[frozenset[str]] = frozenset(
        {SENDER_NUMBER, SENDER_SHORT_CODE, SENDER_NAME}
    )
    required_settings: ClassVar[tuple[str, ...]] = ("account_sid", "auth_token")
    secret_settings: ClassVar[tuple[str, ...]] = ("auth_token", "api_secret")
    # Twilio takes words in an answer for a text to the phone: an empty TwiML document is none.
    acknowledgement: ClassVar[Acknowledgement] = Acknowledgement(
        body=b"<Response/>", content_type="text/xml"
    )

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        for name, (label, pattern) in SIDS.items():
            if self.setting(name) and not re.fullmatch(pattern, self.setting(name)):
                raise ConfigurationError(
                    f"Twilio: the {label} starts with {pattern[:2]} and has 34 characters."
                )
        if bool(self.setting("api_key")) != bool(self.setting("api_secret")):
            raise ConfigurationError("Twilio: API key and API secret belong together.")
        self._login = (
            (self.setting("api_key"), self.setting("api_secret"))
            if self.setting("api_key")
            else (self.setting("account_sid"), self.setting("auth_token"))
        )
        self._messages = (
            f"{self.url}/2010-04-01/Accounts/{self.setting('account_sid')}/Messages.json"
        )

    def request_for(self, text: Text) -> Request:
        service = self.setting("messaging_service")
        fields = {
            "To": text.number,
            "From": "" if service else text.sender,
            "MessagingServiceSid": service,
            "Body": text.body,
            "StatusCallback": self.receipt_url(text),
        }
        return Request.form(self._messages, fields, auth=self._login)

    def read_answer(self, answer: Answer) -> Outcome:
        document = json_answer(answer)
        if answer.status == 201 and document.get("sid"):
            price = money(document.get("price"))
            return Accepted(
                reference=text(document["sid"]),
                segments=whole(document.get("num_segments")),
                price=price,
                currency=text(document.get("price_unit")).upper() or None if price else None,
            )
        code = whole_code(document.get("code"))
        if 400 <= answer.status < 500 and code:
            return self.refusal(answer, CODES.get(code), str(code))
        return classify(answer, self.secrets)

    def lookup_request(self, lost: LostText) -> Request:
        """ "Messages resource", read multiple messages: filtered by To and From.

        There is no field for a reference of ours. The filter by day is left alone: it goes by
        when a message was sent, which one that still waits at Twilio was not.
        """
        params = [("To", lost.text.number), ("PageSize", str(LOOKUP_PAGE))]
        if not self.setting("messaging_service"):
            params.append(("From", lost.text.sender))
        return Request("GET", self._messages, params=params, auth=self._login)

    def read_lookup(self, answer: Answer, lost: LostText) -> list[Receipt] | None:
        listed = records(json_answer(answer), "messages") if answer.status == 200 else None
        return listed and [
            self._record(record)
            for record in listed
            if text(record.get("direction")).startswith("outbound")
            and text(record.get("to")) == lost.text.number
            and lost.text.body
            and text(record.get("body")) == lost.text.body
            and text(record.get("sid"))
            and text(record.get("status")) in STATUSES
            and may_be_of(lost, mail_moment(text(record.get("date_created"))))
        ]

    def check_request(self) -> Request:
        # Not the account itself: standard API keys may not read that.
        return Request("GET", self._messages, params=[("PageSize", "1")], auth=self._login)

    def read_check(self, answer: Answer) -> str | None:
        if answer.status == 200 and "messages" in json_answer(answer):
            return f"Twilio accepts the login to account {self.setting('account_sid')}."
        return None

    def verify(self, request: WebhookRequest) -> None:
        given = (request.headers.get("X-Twilio-Signature") or "").encode()
        fields = form_fields(request.body) if request.method == "POST" else {}
        token = self.setting("auth_token")
        if not any(
            hmac.compare_digest(signature(token, url, fields), given)
            for url in address_forms(request.url)
        ):
            raise VerificationError("X-Twilio-Signature is missing or wrong")

    def parse_receipts(self, request: WebhookRequest) -> list[Receipt]:
        fields = self._fields(request)
        told, sid = required(fields, "MessageStatus"), required(fields, "MessageSid")[:100]
        status = known_status(STATUSES, told)
        if status is None:
            return []
        code = whole_code(fields.get("ErrorCode"))
        failed = status in (ReceiptStatus.UNDELIVERED, ReceiptStatus.REJECTED)
        return [
            Receipt(
                reference=fields.get("reference") or None,
                provider_reference=sid,
                status=status,
                reason=CODES.get(code, Reason.UNKNOWN) if failed else None,
                code=str(code) if failed and code else "",
                detail=f"Twilio: {told}" if failed else "",
            )
        ]

    def parse_inbound(self, request: WebhookRequest) -> list[Inbound]:
        fields = self._fields(request)
        return [
            Inbound(
                number=phone_number(required(fields, "From")),
                sender=phone_number(fields.get("To", "")),
                body=strip_control(fields.get("Body", "")),
                reference=required(fields, "MessageSid")[:100],
                answered_as=OPT_OUT_TYPES.get(fields.get("OptOutType", "").upper(), ""),
            )
        ]

    @classmethod
    def setup_help(cls, callback_url: str) -> str:
        return _SETUP.format(inbound=f"{callback_url}/inbound")

    @staticmethod
    def _record(record: dict) -> Receipt:
        """A message resource as receipt; which of our texts it is, it does not say."""
        status = STATUSES[text(record["status"])]
        failed = status in (ReceiptStatus.UNDELIVERED, ReceiptStatus.REJECTED)
        code = whole_code(record.get("error_code"))
        price = money(record.get("price"))
        return Receipt(
            provider_reference=text(record["sid"])[:100],
            status=status,
            reason=CODES.get(code, Reason.UNKNOWN) if failed else None,
            code=str(code) if failed and code else "",
            detail=f"Twilio: {record['status']}" if failed else "",
            occurred_at=mail_moment(text(record.get("date_updated"))),
            segments=whole(record.get("num_segments")),
            price=price,
            currency=text(record.get("price_unit")).upper()[:3] or None if price else None,
        )

    @staticmethod
    def _fields(request: WebhookRequest) -> dict[str, str]:
        fields = form_fields(request.query)
        return fields | form_fields(request.body) if request.method == "POST" else fields


def signature(auth_token: str, url: str, fields: dict[str, str]) -> bytes:
    """What `X-Twilio-Signature` must be ("Webhooks security", validating requests)."""
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    digest = hmac.digest(auth_token.encode(), signed.encode("utf-8", "surrogatepass"), "sha1")
    return base64.b64encode(digest)


def address_forms(url: str) -> set[str]:
    """The address with and without its port: Twilio signs either, by scheme and product."""
    parts = urlsplit(url)
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    host = parts.netloc.rpartition("@")[2]
    plain = re.sub(r":[0-9]+$", "", host)
    return {url, *(parts._replace(netloc=form).geturl() for form in (plain, f"{plain}:{port}"))}


def whole_code(value: object) -> int | None:
    """An error code, as number or as text, or None."""
    digits = text(value).strip()
    return int(digits) if re.fullmatch("[0-9]{1,9}", digits) else None


_SETUP = """\
Receipts need no setting at Twilio: each text says where its own go.

Texts from phones (STOP, …): in the Twilio Console open the number (Phone Numbers > Manage > \
Active numbers > Messaging), or the Messaging Service (Integration), and enter as "A message comes \
in" / "Request URL", with HTTP POST:

    {inbound}

The auth token is needed even with an API key: Twilio signs its calls with it.
"""
