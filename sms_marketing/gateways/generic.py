"""Any other provider that takes a text by one HTTP request: an administrator describes it.

Address, header fields and body are templates with placeholders in double braces, such as
`{{ number }}` (`PLACEHOLDERS`, `OF_ACCOUNT`). A placeholder is replaced by a value, written as its
place needs it: percent-encoded in an address or form, as inside a string in JSON. Nothing is
evaluated.
"""

import json
import re
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import quote, urlsplit

from ..text.encoding import strip_control
from .answers import Answer, classify, excerpt
from .base import SENDER_NAME, SENDER_NUMBER, SENDER_SHORT_CODE, register
from .errors import ConfigurationError, MalformedRequest
from .http_gateway import HttpGateway, Request
from .reading import FORM, content_type, form_fields, json_document, phone_number, text
from .reasons import Reason
from .values import (
    Accepted,
    Account,
    Inbound,
    Outcome,
    Receipt,
    ReceiptStatus,
    Refused,
    Text,
    WebhookRequest,
)

#: placeholder -> its value for a text
PLACEHOLDERS: dict[str, Callable[[Text], str]] = {
    "number": lambda one: one.number,
    "digits": lambda one: one.number.lstrip("+"),
    "sender": lambda one: one.sender,
    "sender_digits": lambda one: one.sender.lstrip("+"),
    "text": lambda one: one.body,
    "reference": lambda one: one.reference,
    "encoding": lambda one: one.encoding,
    "segments": lambda one: str(one.segments),
}
#: Placeholders of the account.
OF_ACCOUNT = ("username", "secret", "receipt_url")
PLACEHOLDER = re.compile(r"\{\{\s*+(\w*+)\s*+\}\}")


def _percent_encoded(value: str) -> str:
    return quote(value, safe="")


#: `body_type` -> (content type, how a value is written in such a body)
BODY_TYPES: dict[str, tuple[str, Callable[[str], str]]] = {
    "json": ("application/json", lambda value: json.dumps(value, ensure_ascii=False)[1:-1]),
    "form": (FORM, _percent_encoded),
}
METHODS = ("POST", "GET", "PUT")


@register
class GenericGateway(HttpGateway):
    """Settings: see `models/sms_marketing_gateway_generic.py`."""

    code: ClassVar[str] = "generic"
    label: ClassVar[str] = "Generic HTTP"
    sender_kinds: ClassVar[frozenset[str]] = frozenset(
        {SENDER_NUMBER, SENDER_SHORT_CODE, SENDER_NAME}
    )
    required_settings: ClassVar[tuple[str, ...]] = ("url", "method", "body_type")
    secret_settings: ClassVar[tuple[str, ...]] = ("secret",)

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        if self.setting("method") not in METHODS or self.setting("body_type") not in BODY_TYPES:
            raise ConfigurationError("Generic HTTP: choose a method and a kind of body.")
        for name in ("url", "headers", "body"):
            check_placeholders(self.setting(name))
        self._headers = header_fields(self.setting("headers"))
        self._values = PLACEHOLDERS | {
            "username": lambda text: self.setting("username"),
            "secret": lambda text: self.setting("secret"),
            "receipt_url": self.receipt_url,
        }
        if self.setting("body_type") == "json" and self.setting("body"):
            check_json(self.setting("body"))

    @property
    def address(self) -> str:
        return checked_address(self.setting("url"))

    def request_for(self, text: Text) -> Request:
        def value(name: str) -> str:
            return self._values[name](text)

        kind, write = BODY_TYPES[self.setting("body_type")]
        body = fill(self.setting("body"), value, write)
        headers = {name: fill(line, value, _one_line) for name, line in self._headers.items()}
        return Request(
            self.setting("method"),
            fill(self.url, value, _percent_encoded),
            headers={"Content-Type": kind} | headers if body else headers,
            data=body.encode() or None,
        )

    def read_answer(self, answer: Answer) -> Outcome:
        if not answer.complete or answer.is_html or not 200 <= answer.status < 300:
            return classify(answer, self.secrets)
        path, wanted = self.setting("success_path"), self.setting("success_value")
        try:
            document = json.loads(answer.body)
        except (ValueError, RecursionError):
            document = None
        told = value_at(document, path) if path else answer.text
        if path and not told:
            # Nothing where the administrator says that success is told: not the words we know.
            return classify(answer, self.secrets)
        if wanted and (told != wanted if path else wanted not in told):
            return Refused(Reason.UNKNOWN, told[:50] if path else "", excerpt(answer, self.secrets))
        reference = value_at(document, self.setting("reference_path"))
        return Accepted(reference[:100] or None)

    def check_request(self) -> Request:
        parts = urlsplit(self.url)
        return Request("GET", f"{parts.scheme}://{parts.netloc}/")

    def read_check(self, answer: Answer) -> str | None:
        return (
            f"The server answers (HTTP {answer.status}). Whether it takes texts, only a text can "
            "tell: send a test message."
        )

    def parse_receipts(self, request: WebhookRequest) -> list[Receipt]:
        field = CallFields(request)
        told = field.required(self.setting("receipt_status") or "status")
        reference = field.get(self.setting("receipt_reference") or "reference")
        provider_reference = field.get(self.setting("receipt_id"))[:100]
        if not reference and not provider_reference:
            raise MalformedRequest("there is no reference of a text")
        status = ReceiptStatus.ACCEPTED
        if told.lower() in words(self.setting("delivered_words")):
            status = ReceiptStatus.DELIVERED
        elif told.lower() in words(self.setting("undelivered_words")):
            status = ReceiptStatus.UNDELIVERED
        failed = status == ReceiptStatus.UNDELIVERED
        return [
            Receipt(
                reference=reference or None,
                provider_reference=provider_reference or None,
                status=status,
                reason=Reason.UNKNOWN if failed else None,
                code=told[:50] if failed else "",
            )
        ]

    def parse_inbound(self, request: WebhookRequest) -> list[Inbound]:
        field = CallFields(request)
        return [
            Inbound(
                number=phone_number(field.required(self.setting("inbound_number") or "from")),
                sender=phone_number(field.get(self.setting("inbound_sender") or "to")),
                body=strip_control(field.get(self.setting("inbound_text") or "text")),
                reference=field.get(self.setting("inbound_id") or "id")[:100],
            )
        ]

    @classmethod
    def setup_help(cls, callback_url: str) -> str:
        return _SETUP.format(receipt=f"{callback_url}/receipt", inbound=f"{callback_url}/inbound")


class CallFields:
    """Fields of a call by name (query, form) or by path (JSON)."""

    def __init__(self, request: WebhookRequest) -> None:
        self._plain = form_fields(request.query)
        self._document: object = None
        if content_type(request) == "application/json":
            self._document = json_document(request.body)
        elif request.method == "POST":
            self._plain |= form_fields(request.body)

    def get(self, name: str) -> str:
        """A field, empty if there is none."""
        return (value_at(self._document, name) or self._plain.get(name, "")).strip()

    def required(self, name: str) -> str:
        """A field that must not be empty.

        :raises MalformedRequest: when it is.
        """
        value = self.get(name)
        if not value:
            raise MalformedRequest(f"“{name}” is missing")
        return value


def value_at(document: object, path: str) -> str:
    """What stands at a path such as `messages.0.id` of a JSON document, as text; else empty."""
    for step in path.split("."):
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and re.fullmatch("[0-9]{1,3}", step):
            document = document[int(step)] if int(step) < len(document) else None
        else:
            return ""
    return text(document)


def fill(template: str, value: Callable[[str], str], write: Callable[[str], str]) -> str:
    """A template with its placeholders replaced, once: a value is never read as a template.

    :param value: the value of a placeholder, by its name
    :param write: how a value is written where it stands
    """
    return PLACEHOLDER.sub(lambda found: write(value(found[1])), template)


def words(listed: str) -> set[str]:
    """Words of a list separated by commas, in small letters."""
    return {word.strip().lower() for word in listed.split(",") if word.strip()}


def check_placeholders(template: str) -> None:
    """:raises ConfigurationError: when a placeholder is none of ours, or braces are left over."""
    known = {*PLACEHOLDERS, *OF_ACCOUNT}
    unknown = [found[0] for found in PLACEHOLDER.finditer(template) if found[1] not in known]
    rest = PLACEHOLDER.sub("", template)
    if unknown or "{{" in rest:
        shown = ", ".join(f"{{{{ {name} }}}}" for name in sorted(known))
        raise ConfigurationError(
            f"Generic HTTP: {unknown[0] if unknown else 'a double brace'} is no placeholder. "
            f"There are: {shown}."
        )


def check_json(template: str) -> None:
    """:raises ConfigurationError: when a body would not be JSON once it is filled in."""
    values = dict.fromkeys((*PLACEHOLDERS, *OF_ACCOUNT), '+a"b\\\n') | {"segments": "1"}
    try:
        json.loads(fill(template, values.__getitem__, BODY_TYPES["json"][1]))
    except ValueError as error:
        raise ConfigurationError(
            "Generic HTTP: the body is not JSON once it is filled in (placeholders stand inside "
            f"quotes): {error}."
        ) from None


def checked_address(template: str) -> str:
    """The template of the address.

    :raises ConfigurationError: when it is no HTTP address, or a placeholder is in its host.
    """
    try:
        parts = urlsplit(template)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        usable = usable and not re.search(r"[{}\s@]", parts.netloc)
    except ValueError:
        usable = False
    if not usable:
        raise ConfigurationError(
            "Generic HTTP: the address must look like https://api.example.com/send, without a "
            "login and without placeholders in the server's name."
        )
    return template


def header_fields(lines: str) -> dict[str, str]:
    """Header fields, one a line, such as `Authorization: Bearer {{ secret }}`.

    :raises ConfigurationError: when a line is none.
    """
    fields = {}
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_|~-]+", name.strip()):
            raise ConfigurationError("Generic HTTP: write one header field a line, as Name: value.")
        fields[name.strip()] = value.strip()
    return fields


def _one_line(value: str) -> str:
    return " ".join(value.split())


_SETUP = """\
Receipts: put {{{{ receipt_url }}}} where the provider takes the address for them with each text; \
it holds our reference. Or enter this address at the provider, and say in which field our \
reference (or the provider's) comes back:

    {receipt}

Texts from phones (STOP, …):

    {inbound}

Both take GET, forms and JSON. It is the secret in the address that shows who calls.
"""
