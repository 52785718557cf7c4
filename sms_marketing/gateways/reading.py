"""Reading what providers call us with: fields, JSON, numbers and times, from bytes of strangers."""

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from ..text.encoding import log_line
from ..text.numbers import LONGEST, to_e164
from .errors import MalformedRequest
from .values import Receipt, ReceiptStatus, WebhookRequest

_logger = logging.getLogger(__name__)

#: Words that no status is known for, in the parts of the call that is read: one line for all.
_unknown_words: ContextVar[list | None] = ContextVar("unknown status words", default=None)

#: Times further ahead than this are a clock that is wrong, or no time at all.
_LATEST = timedelta(days=1)
_EARLIEST = datetime(2000, 1, 1)
#: Characters of a time; more are none.
_LONGEST_MOMENT = 100
FORM = "application/x-www-form-urlencoded"


def raw_fields(data: bytes) -> dict[str, bytes]:
    """Fields of a query or form; of a repeated one the first. Values stay bytes."""
    fields: dict[str, bytes] = {}
    for pair in data.split(b"&"):
        name, found, value = pair.partition(b"=")
        if found:
            fields.setdefault(decode(_unquote(name)), _unquote(value))
    return fields


def form_fields(data: bytes) -> dict[str, str]:
    """Fields of a query or form as text; of a repeated one the first."""
    return {name: decode(value) for name, value in raw_fields(data).items()}


def content_type(request: WebhookRequest) -> str:
    """Such as `application/json`: in small letters, without parameters."""
    return (request.headers.get("Content-Type") or "").partition(";")[0].strip().lower()


def json_document(data: bytes) -> dict:
    """The JSON object in a body.

    :raises MalformedRequest: when it is none.
    """
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        raise MalformedRequest("the body is not JSON") from None
    if not isinstance(document, dict):
        raise MalformedRequest("the body is not a JSON object")
    return document


def any_fields(request: WebhookRequest) -> dict[str, str]:
    """Fields of a call in whatever way the provider was set up: query, form or JSON body.

    :raises MalformedRequest: when a JSON body is none.
    """
    fields = form_fields(request.query)
    if content_type(request) == "application/json":
        document = json_document(request.body)
        fields |= {name: text(value) for name, value in document.items()}
    elif request.method == "POST":
        fields |= form_fields(request.body)
    return fields


def text(value: object) -> str:
    """A JSON value as text, without NUL; null, lists and objects are empty."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        # Half a surrogate pair is no character, and PostgreSQL takes none, nor NUL.
        return str(value).encode("utf-8", "replace").decode().replace("\x00", "")
    return ""


def required(fields: Mapping[str, str | bytes], name: str):
    """A field that must not be empty.

    :raises MalformedRequest: when it is.
    """
    value = fields.get(name, "").strip()
    if not value:
        raise MalformedRequest(f"“{name}” is missing")
    return value


def known_status(statuses: Mapping[Any, ReceiptStatus], told: str | int) -> ReceiptStatus | None:
    """The status that a provider's word stands for; None, and a line in the log: a new word.

    Providers add words. Refused, the call would come again and again, and bring nothing else.
    """
    status = statuses.get(told)
    if status is None:
        words = _unknown_words.get()
        if words is None:
            _log_unknown([told])
        else:
            words.append(told)
    return status


def _log_unknown(words):
    _logger.warning(
        "%d receipts with a status that is not known are passed over, such as %.20r",
        len(words),
        words[0],
    )


def readable(read: Callable[[Mapping], Receipt | None], parts: Sequence[Mapping]) -> list[Receipt]:
    """The receipts in the parts of a call; a part that is none costs only itself.

    :param read: gives the receipt of a part, None for one that says nothing
    :raises MalformedRequest: when all parts are malformed.
    """
    receipts, errors, unknown = [], [], []
    collected = _unknown_words.set(unknown)
    try:
        for part in parts:
            try:
                receipts.append(read(part))
            except MalformedRequest as error:
                errors.append(error)
    finally:
        _unknown_words.reset(collected)
    if unknown:
        _log_unknown(unknown)
    if errors and len(errors) == len(parts):
        raise errors[0]
    if errors:
        _logger.warning(
            "%d of %d receipts of a call are malformed: %s",
            len(errors),
            len(parts),
            log_line(errors[0]),
        )
    return [receipt for receipt in receipts if receipt]


def decode(value: bytes) -> str:
    """Text that should be UTF-8; phones' 8-bit texts can be Latin-1. PostgreSQL takes no NUL."""
    try:
        words = value.decode("utf-8")
    except UnicodeDecodeError:
        words = value.decode("latin-1")
    return words.replace("\x00", "")


def phone_number(value: str) -> str:
    """E.164 where the number is international, with or without + or 00; else as it came."""
    value = value[:LONGEST].strip()
    digits = re.sub(r"[\s().-]", "", value)
    if re.fullmatch(r"\+[0-9]{1,20}", digits):
        return digits
    if re.fullmatch(r"00[1-9][0-9]{1,18}", digits):
        return f"+{digits[2:]}"
    if re.fullmatch(r"[1-9][0-9]{6,14}", digits):
        return to_e164(f"+{digits}", None) or digits
    return value[:40]


def seconds_moment(value: str) -> datetime | None:
    """Naive UTC time of seconds since 1970, or None where it is missing or cannot be true."""
    if not re.fullmatch("[0-9]{1,10}", value):
        return None
    return plausible(datetime.fromtimestamp(int(value), UTC))


def iso_moment(value: str) -> datetime | None:
    """Naive UTC time of an ISO 8601 time; without an offset it is UTC. None where it is none."""
    # Some write the offset as +0000, which Python's parser takes from 3.11 on; fractions too.
    try:
        return plausible(datetime.fromisoformat(value[:_LONGEST_MOMENT].strip()))
    except ValueError:
        return None


def mail_moment(value: str) -> datetime | None:
    """Naive UTC time of a time as mails have it (RFC 2822), or None where it is none."""
    try:
        return plausible(parsedate_to_datetime(value[:_LONGEST_MOMENT].strip()))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def plausible(moment: datetime) -> datetime | None:
    """The moment as naive UTC, or None where it cannot be true."""
    try:
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        return None
    moment = moment.replace(microsecond=0)
    latest = datetime.now(UTC).replace(tzinfo=None) + _LATEST
    return moment if _EARLIEST <= moment <= latest else None


def whole(value: object) -> int | None:
    """A positive whole number up to 999, such as a count of segments, or None."""
    digits = text(value).strip()
    number = int(digits) if re.fullmatch("[0-9]{1,3}", digits) else 0
    return number or None


def money(value: object) -> Decimal | None:
    """An amount without its sign (some providers write what they take as negative), or None."""
    try:
        amount = abs(Decimal(text(value)[:50].strip()))
    except ArithmeticError:
        return None
    return amount if amount.is_finite() and amount < 10_000 else None


def _unquote(value: bytes) -> bytes:
    return unquote_to_bytes(value.replace(b"+", b" "))
