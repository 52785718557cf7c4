"""Infobip, through its SMS API, version 3.

Sources, on Infobip's documentation site: "Send SMS messages" (`docs/api/channels/sms/outbound-sms/
send-sms-messages`), "Receive outbound SMS message reports", "Receive inbound SMS messages", "Error
code reference" and "Response status codes" (`docs/developer-resources/api-fundamentals`).

Several texts go in one call: "Send SMS messages" takes "customized messages to thousands of
recipients in one go", each with its own `messageId`, callback data and status.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar
from urllib.parse import urlsplit

from ..text.encoding import strip_control
from .answers import Answer, classify
from .base import SENDER_NAME, SENDER_NUMBER, SENDER_SHORT_CODE, register
from .errors import ConfigurationError, MalformedRequest
from .http_gateway import Request, json_answer
from .lookup import HttpLookup, records
from .many import HttpMany
from .reading import (
    iso_moment,
    json_document,
    known_status,
    money,
    phone_number,
    readable,
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

#: `status.groupName` ("Response status codes", status groups).
STATUS_GROUPS: dict[str, ReceiptStatus] = {
    "ACCEPTED": ReceiptStatus.ACCEPTED,
    "PENDING": ReceiptStatus.ACCEPTED,
    "DELIVERED": ReceiptStatus.DELIVERED,
    "UNDELIVERABLE": ReceiptStatus.UNDELIVERED,
    "EXPIRED": ReceiptStatus.UNDELIVERED,
    "REJECTED": ReceiptStatus.REJECTED,
}

#: `status.name` of a text that was not taken or not delivered ("Response status codes").
STATUS_NAMES: dict[str, Reason] = {
    "UNDELIVERABLE_REJECTED_OPERATOR": Reason.BLOCKED,
    "UNDELIVERABLE_NOT_DELIVERED": Reason.UNREACHABLE,
    "EXPIRED_EXPIRED": Reason.EXPIRED,
    "EXPIRED_DLR_UNKNOWN": Reason.UNKNOWN,
    "REJECTED_NETWORK": Reason.COUNTRY_NOT_ALLOWED,
    "REJECTED_PREFIX_MISSING": Reason.COUNTRY_NOT_ALLOWED,
    "REJECTED_DND": Reason.BLOCKED,
    "REJECTED_SOURCE": Reason.SENDER_NOT_ALLOWED,
    "REJECTED_SENDER": Reason.SENDER_NOT_ALLOWED,
    "REJECTED_NOT_ENOUGH_CREDITS": Reason.INSUFFICIENT_CREDIT,
    "REJECTED_DESTINATION": Reason.BLOCKED,
    "REJECTED_PREPAID_PACKAGE_EXPIRED": Reason.INSUFFICIENT_CREDIT,
    "REJECTED_DESTINATION_NOT_REGISTERED": Reason.BLOCKED,
    "REJECTED_ROUTE_NOT_AVAILABLE": Reason.COUNTRY_NOT_ALLOWED,
    "REJECTED_FLOODING_FILTER": Reason.SPAM,
    "REJECTED_DUPLICATE_MESSAGE_ID": Reason.INVALID_REQUEST,
    "REJECTED_INVALID_UDH": Reason.INVALID_REQUEST,
    "REJECTED_MESSAGE_TOO_LONG": Reason.INVALID_REQUEST,
    "MISSING_TO": Reason.INVALID_REQUEST,
    "INVALID_DESTINATION_ADDRESS": Reason.INVALID_NUMBER,
}

#: `error.name` ("Error code reference"); it says more than the status.
ERROR_NAMES: dict[str, Reason] = {
    "EC_UNKNOWN_SUBSCRIBER": Reason.INVALID_NUMBER,
    "EC_UNIDENTIFIED_SUBSCRIBER": Reason.INVALID_NUMBER,
    "EC_ABSENT_SUBSCRIBER": Reason.UNREACHABLE,
    "EC_ABSENT_SUBSCRIBER_SM": Reason.UNREACHABLE,
    "EC_SUBSCRIBER_BUSY_FOR_MT_SMS": Reason.UNREACHABLE,
    "EC_ILLEGAL_SUBSCRIBER": Reason.BLOCKED,
    "EC_CALL_BARRED": Reason.BLOCKED,
    "EC_TELESERVICE_NOT_PROVISIONED": Reason.LANDLINE,
    "EC_INVALID_DESTINATION_ADDRESS": Reason.INVALID_NUMBER,
    "EC_BLACKLISTED_DESTINATIONADDRESS": Reason.BLOCKED,
    "EC_BLACKLISTED_SENDERADDRESS": Reason.SENDER_NOT_ALLOWED,
    "EC_DEST_ADDRESS_BLACKLISTED": Reason.BLOCKED,
    "EC_SOURCE_ADDRESS_BLACKLISTED": Reason.SENDER_NOT_ALLOWED,
    "EC_SPAM_FILTER": Reason.SPAM,
    "EC_USER_UNSUBSCRIBED": Reason.OPTED_OUT,
    "EC_NOT_ENOUGH_CREDITS": Reason.INSUFFICIENT_CREDIT,
}


@register
class InfobipGateway(HttpMany, HttpLookup):
    """Settings: `base_url` (each account has its own) and `api_key`."""

    code: ClassVar[str] = "infobip"
    label: ClassVar[str] = "Infobip"
    sender_kinds: ClassVar[frozenset[str]] = frozenset(
        {SENDER_NUMBER, SENDER_SHORT_CODE, SENDER_NAME}
    )
    required_settings: ClassVar[tuple[str, ...]] = ("base_url", "api_key")
    secret_settings: ClassVar[tuple[str, ...]] = ("api_key",)
    # Infobip takes thousands. Few, so that an answer that is lost leaves few unknown, and one that
    # comes is far from `http.MAX_ANSWER_BYTES`.
    texts_per_call: ClassVar[int] = 32

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._headers = {"Authorization": f"App {self.setting('api_key')}"}

    @property
    def address(self) -> str:
        return self.server or base_url(self.setting("base_url"))

    def request_for(self, text: Text) -> Request:
        return self.request_for_many([text])

    def request_for_many(self, texts: Sequence[Text]) -> Request:
        """Each text is a message of its own: with its words, its identifier, its callback data."""
        return Request.json(
            f"{self.url}/sms/3/messages",
            {"messages": [self._message(text) for text in texts]},
            headers=self._headers,
        )

    def answer_of_each(self, answer: Answer, texts: Sequence[Text]) -> list[Answer]:
        """By `messageId`, which is ours, not by place."""
        found: dict[str, list] = {_message_id(each): [] for each in texts}
        for message in records(json_answer(answer), "messages") or ():
            found.get(text(message.get("messageId")), []).append(message)
        alone = (found[_message_id(each)] for each in texts)
        return [
            replace(answer, body=json.dumps({"messages": said if len(said) == 1 else []}).encode())
            for said in alone
        ]

    def read_answer(self, answer: Answer) -> Outcome:
        messages = json_answer(answer).get("messages")
        message = messages[0] if isinstance(messages, list) and messages else None
        if not 200 <= answer.status < 300 or not isinstance(message, dict):
            return classify(answer, self.secrets)
        group, name = _status(message)
        status = STATUS_GROUPS.get(group)
        if status is None:
            return classify(answer, self.secrets)
        if status in (ReceiptStatus.ACCEPTED, ReceiptStatus.DELIVERED):
            details = message.get("details")
            return Accepted(
                reference=text(message.get("messageId"))[:100] or None,
                segments=whole(details.get("messageCount")) if isinstance(details, dict) else None,
            )
        return self.refusal(answer, STATUS_NAMES.get(name, Reason.UNKNOWN), name[:50])

    def lookup_request(self, lost: LostText) -> Request:
        """ "Get outbound SMS message logs", filtered by `messageId`, which is ours: of 48 hours.

        Not the delivery reports, which Infobip gives out once only.
        """
        params = [("messageId", _message_id(lost.text))]
        return Request("GET", f"{self.url}/sms/3/logs", params=params, headers=self._headers)

    def read_lookup(self, answer: Answer, lost: LostText) -> list[Receipt] | None:
        listed = records(json_answer(answer), "results") if answer.status == 200 else None
        return listed and [
            # Logs do not repeat the callback data, by which receipts name a text.
            self._receipt(record).named(lost.text.reference)
            for record in listed
            if record.get("messageId") == _message_id(lost.text)
        ]

    def check_request(self) -> Request:
        return Request("GET", f"{self.url}/account/1/balance", headers=self._headers)

    def read_check(self, answer: Answer) -> str | None:
        balance = json_answer(answer)
        if answer.status == 200 and balance.get("balance") is not None:
            amount = f"{text(balance['balance'])} {text(balance.get('currency'))}".strip()
            return f"Infobip accepts the API key; the balance is {amount}."
        return None

    def parse_receipts(self, request: WebhookRequest) -> list[Receipt]:
        return readable(self._told, _results(request))

    def parse_inbound(self, request: WebhookRequest) -> list[Inbound]:
        return [
            Inbound(
                number=phone_number(required(_texts(result), "from")),
                sender=phone_number(text(result.get("to"))),
                # `cleanText` lacks the keyword: it is `text` that was written.
                body=strip_control(text(result.get("text"))),
                reference=required(_texts(result), "messageId")[:100],
                received_at=iso_moment(text(result.get("receivedAt"))),
            )
            for result in _results(request)
        ]

    @classmethod
    def setup_help(cls, callback_url: str) -> str:
        return _SETUP.format(inbound=f"{callback_url}/inbound")

    def _message(self, text: Text) -> dict:
        message = {
            "sender": text.sender.lstrip("+"),
            "destinations": [{"to": text.number.lstrip("+"), "messageId": _message_id(text)}],
            "content": {"text": text.body},
            "webhooks": {"callbackData": text.reference},
        }
        if self.account.callback_url:
            message["webhooks"]["delivery"] = {"url": f"{self.account.callback_url}/receipt"}
        return message

    def _told(self, result: Mapping) -> Receipt | None:
        """The receipt in a result of a call; None: its status is not known."""
        group, _name = _status(result)
        told = required({"status.groupName": group}, "status.groupName")
        return self._receipt(result) if known_status(STATUS_GROUPS, told) else None

    def _receipt(self, result: Mapping) -> Receipt:
        group, name = _status(result)
        status = STATUS_GROUPS.get(group)
        if status is None:
            raise MalformedRequest(f"“status.groupName” is not known: {group[:20]!r}")
        failed = status in (ReceiptStatus.UNDELIVERED, ReceiptStatus.REJECTED)
        error = result.get("error")
        error_name = text(error.get("name")) if isinstance(error, dict) else ""
        reason = ERROR_NAMES.get(error_name) or STATUS_NAMES.get(name) or Reason.UNKNOWN
        price = result.get("price") if isinstance(result.get("price"), dict) else {}
        segments = whole(result.get("messageCount") or result.get("smsCount"))
        each, currency = money(price.get("pricePerMessage")), text(price.get("currency"))[:3]
        is_priced = each is not None and segments and currency
        return Receipt(
            reference=text(result.get("callbackData")) or None,
            provider_reference=required(_texts(result), "messageId")[:100],
            status=status,
            reason=reason if failed else None,
            code=(error_name if error_name in ERROR_NAMES else name)[:50] if failed else "",
            detail=f"Infobip: {group}" if failed else "",
            occurred_at=iso_moment(text(result.get("doneAt"))),
            segments=segments,
            price=each * segments if is_priced else None,
            currency=currency.upper() if is_priced else None,
        )


def base_url(value: str) -> str:
    """An account's base URL, with or without `https://`, checked.

    :raises ConfigurationError: when it is none, or not Infobip's.
    """
    value = value if "://" in value else f"https://{value}"
    try:
        parts = urlsplit(value)
        host = (parts.hostname or "").lower()
        # No login, no port, no path.
        is_plain = (parts.scheme, parts.netloc.lower(), parts.path.strip("/")) == (
            "https",
            host,
            "",
        )
        is_plain = is_plain and not parts.query and not parts.fragment
    except ValueError:
        host, is_plain = "", False
    if not is_plain or not re.fullmatch(r"([a-z0-9-]+\.)?api([.-][a-z0-9-]+)?\.infobip\.com", host):
        raise ConfigurationError(
            "Infobip: the base URL looks like xxxxx.api.infobip.com, as the account's home page "
            "shows it."
        )
    return f"https://{host}"


def _message_id(text: Text) -> str:
    """Infobip refuses an identifier that it has seen: that of each attempt is another one."""
    return f"{text.reference}-{text.attempt}"


def _status(message: Mapping) -> tuple[str, str]:
    status = message.get("status")
    if not isinstance(status, dict):
        return "", ""
    return text(status.get("groupName")), text(status.get("name"))


def _results(request: WebhookRequest) -> list[dict]:
    results = json_document(request.body).get("results")
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise MalformedRequest("“results” is missing")
    return results


def _texts(result: Mapping) -> dict[str, str]:
    return {name: text(result.get(name)) for name in ("from", "messageId")}


_SETUP = """\
Receipts need no setting at Infobip: each text says where its own go.

Texts from phones (STOP, …): in the Infobip Portal open Channels and Numbers > Numbers > the \
number > SMS > keyword "default", and enter as "Forward to HTTP" (renderer MO_JSON_2):

    {inbound}

Infobip does not sign its calls: it is the secret in the address that shows who calls. Limit the \
addresses that may call, if you know Infobip's, with "Allowed Addresses".
"""
