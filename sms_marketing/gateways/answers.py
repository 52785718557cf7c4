"""What an HTTP answer says about whether a text was taken.

Rules that hold for every provider. A provider reads its own words first and asks here about the
rest. The question is never "did it work" but "can the text have been taken".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import quote, quote_plus

from .reasons import Reason
from .values import Refused, Retry, Unknown

#: Longest wish of a provider that we follow, seconds.
MAX_RETRY_AFTER = 3600.0
#: Longest detail that is kept, characters.
MAX_DETAIL = 200

#: Statuses by which the server says that the request as such was not acted upon (RFC 9110).
#: 408: it did not come completely. 303 is not among them: it follows work that was done.
NOT_FOUND_HERE = frozenset({300, 301, 302, 304, 305, 307, 308, 404, 405, 406, 408, 410, 421, 426})
LOGIN_REFUSED = frozenset({401, 403, 407})
#: The request was too long, and will be the next time: content, address, header fields.
TOO_LONG = frozenset({413, 414, 431})


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, bounded in size.

    :param complete: whether the whole body came and was read.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    complete: bool = True

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()

    @property
    def is_html(self) -> bool:
        """Whether a page came, which is how proxies and strangers answer, not gateways."""
        return bool(re.match(r"\s*<(!doctype|html|head|body|\?xml)", self.text[:200], re.I))


def classify(answer: Answer, secrets: Iterable[str] = ()) -> Refused | Retry | Unknown:
    """Outcome of an answer in which the provider's own words were not recognized."""
    status = answer.status
    code = str(status)
    detail = excerpt(answer, secrets)
    after = retry_after(answer.headers)
    if status == 429:
        return Retry(after, Reason.THROTTLED, code, detail)
    if status == 503 and after is not None:
        return Retry(after, Reason.GATEWAY_UNAVAILABLE, code, detail)
    if status in LOGIN_REFUSED:
        return Retry(after, Reason.CREDENTIALS, code, detail)
    if status in TOO_LONG:
        return Refused(Reason.INVALID_REQUEST, code, detail)
    if status in NOT_FOUND_HERE or 400 <= status < 500:
        return Retry(after, Reason.GATEWAY_UNAVAILABLE, code, detail)
    return Unknown(detail)


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Seconds that a `Retry-After` header asks for, as seconds or as a date.

    Capped, never negative. None when there is no such header, or it cannot be read.
    """
    value = (headers.get("Retry-After") or "").strip()
    if not value:
        return None
    if re.fullmatch(r"[0-9]{1,9}", value):
        seconds = float(value)
    else:
        try:
            moment = parsedate_to_datetime(value)
        except (TypeError, ValueError, IndexError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - (now or datetime.now(UTC))).total_seconds()
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def excerpt(answer: Answer, secrets: Iterable[str] = ()) -> str:
    """Status and first words of an answer on one line, without mark-up and without secrets."""
    if answer.is_html:
        words = re.sub(
            r"<(script|style)\b.*?(</\1>|$)|<[^>]*>?", " ", answer.text, flags=re.I | re.S
        )
    else:
        words = answer.text
    words = scrub(words, secrets)
    if not answer.complete:
        words += " [incomplete answer]"
    return f"HTTP {answer.status}: {words}"[:MAX_DETAIL].strip(": ")


def scrub(words: str, secrets: Iterable[str] = ()) -> str:
    """`words` on one line, printable, with each secret (also percent-encoded) blotted out."""
    for secret in sorted(set(secrets), key=len, reverse=True):
        for form in {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}:
            words = words.replace(form, "***")
    words = "".join(letter if letter.isprintable() else " " for letter in words)
    return " ".join(words.split())
