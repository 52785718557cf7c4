"""What Kannel calls us with: delivery receipts and texts from phones.

Sources: Kannel 1.4.5 User's Guide, "Delivery reports" and "sms-service"; SMPP 3.4 specification,
section 5.1.3 (command status) and appendix B (form of a delivery receipt).
"""

import re

from ..text.encoding import strip_control
from .answers import MAX_DETAIL, scrub
from .errors import MalformedRequest
from .reading import decode, known_status, phone_number, raw_fields, required, seconds_moment
from .reasons import Reason
from .values import Inbound, Receipt, ReceiptStatus, WebhookRequest

#: `%d`, the kind of receipt.
RECEIPT_TYPES: dict[int, ReceiptStatus] = {
    1: ReceiptStatus.DELIVERED,
    2: ReceiptStatus.UNDELIVERED,
    4: ReceiptStatus.ACCEPTED,  # buffered at the carrier
    8: ReceiptStatus.ACCEPTED,  # the carrier took it
    16: ReceiptStatus.REJECTED,  # the carrier refused it
}

#: Final states in a carrier's receipt, `stat:` (SMPP 3.4, appendix B).
STATE_REASONS: dict[str, Reason] = {
    "UNDELIV": Reason.UNREACHABLE,
    "EXPIRED": Reason.EXPIRED,
    "REJECTD": Reason.BLOCKED,
    "DELETED": Reason.UNKNOWN,
    "UNKNOWN": Reason.UNKNOWN,
}

#: Command status with which a carrier refuses a text, as in `NACK/0x0000000b/…` (SMPP 3.4, 5.1.3).
COMMAND_STATUS_REASONS: dict[int, Reason] = {
    0x01: Reason.INVALID_REQUEST,  # ESME_RINVMSGLEN
    0x02: Reason.INVALID_REQUEST,  # ESME_RINVCMDLEN
    0x03: Reason.INVALID_REQUEST,  # ESME_RINVCMDID
    0x0A: Reason.SENDER_NOT_ALLOWED,  # ESME_RINVSRCADR
    0x0B: Reason.INVALID_NUMBER,  # ESME_RINVDSTADR
    0x0D: Reason.CREDENTIALS,  # ESME_RBINDFAIL
    0x0E: Reason.CREDENTIALS,  # ESME_RINVPASWD
    0x0F: Reason.CREDENTIALS,  # ESME_RINVSYSID
    0x14: Reason.THROTTLED,  # ESME_RMSGQFUL
    0x43: Reason.INVALID_REQUEST,  # ESME_RINVESMCLASS
    0x48: Reason.SENDER_NOT_ALLOWED,  # ESME_RINVSRCTON
    0x49: Reason.SENDER_NOT_ALLOWED,  # ESME_RINVSRCNPI
    0x50: Reason.INVALID_NUMBER,  # ESME_RINVDSTTON
    0x51: Reason.INVALID_NUMBER,  # ESME_RINVDSTNPI
    0x58: Reason.THROTTLED,  # ESME_RTHROTTLED
    0x62: Reason.INVALID_REQUEST,  # ESME_RINVEXPIRY
}

#: `%c`, the coding of an inbound text. An SMSC that does not say leaves it empty or -1.
TEXT_CODINGS = frozenset({"", "-1", "0", "1"})
UCS2_CODING = "2"

#: field -> header field of a `post-url` call that holds it
NUMBER_HEADERS = {"from": "X-Kannel-From", "to": "X-Kannel-To"}

#: Characters of a carrier's words (`%A`) that are read.
LONGEST_ANSWER = 1000


def parse_receipt(request: WebhookRequest) -> Receipt | None:
    """The receipt in a call of our `dlr-url`; None: of a kind that we do not know.

    :raises MalformedRequest: when our reference is missing, or the kind is no number.
    """
    fields = raw_fields(request.query)
    reference = decode(required(fields, "reference"))
    kind = decode(required(fields, "type"))
    if not re.fullmatch("[0-9]{1,3}", kind):
        raise MalformedRequest(f"“type” is not a kind of receipt that Kannel has: {kind[:20]!r}")
    status = known_status(RECEIPT_TYPES, int(kind))
    if status is None:
        return None
    answer = decode(fields.get("answer", b""))[:LONGEST_ANSWER]
    code, reason = _read_carrier_words(answer)
    failed = status in (ReceiptStatus.UNDELIVERED, ReceiptStatus.REJECTED)
    return Receipt(
        reference=reference,
        provider_reference=decode(fields.get("id", b""))[:100] or None,
        status=status,
        reason=(reason or Reason.UNKNOWN) if failed else None,
        code=code,
        detail=scrub(_without_text(answer))[:MAX_DETAIL],
        occurred_at=seconds_moment(decode(fields.get("at", b""))),
    )


def parse_inbound(request: WebhookRequest) -> Inbound:
    """The text in a call of our `post-url` (see `kannel.service_configuration`).

    The text is the body, and the numbers are header fields. A `get-url` with all of it in its query
    string, as earlier versions set it up, is understood too.

    :raises MalformedRequest: when the number or the text is missing, or the coding is not known.
    """
    fields = raw_fields(request.query)
    coding = decode(fields.get("coding", b"")).strip()
    if "text" not in fields and request.method == "POST":
        fields["text"] = request.body
        for name, header in NUMBER_HEADERS.items():
            fields[name] = (request.headers.get(header) or "").encode()
    raw = fields.get("text")
    if raw is None:
        raise MalformedRequest("“text” is missing: see the post-url that the gateway's form shows")
    if coding == UCS2_CODING:
        body = raw.decode("utf-16-be", "replace")
    elif coding in TEXT_CODINGS:
        body = decode(raw)
    else:
        raise MalformedRequest(f"“coding” is not one that Kannel has: {coding[:20]!r}")
    return Inbound(
        number=phone_number(decode(required(fields, "from"))),
        sender=phone_number(decode(fields.get("to", b""))),
        body=strip_control(body),
        reference=decode(fields.get("id", b""))[:100],
        received_at=seconds_moment(decode(fields.get("at", b""))),
    )


def _without_text(answer: str) -> str:
    """A carrier's receipt without the first words of the text itself, in which it ends."""
    return re.split(r"\btext:", answer, maxsplit=1, flags=re.I)[0]


def _read_carrier_words(answer: str) -> tuple[str, Reason | None]:
    """Code and reason in `%A`: `NACK/0x0000000b/…` or `id:… stat:UNDELIV err:001 text:…`."""
    refusal = re.match(r"NACK/(0x[0-9a-f]{1,8}|[0-9]{1,9})(?=/|$)", answer, re.I)
    if refusal:
        number = int(refusal[1], 0) if refusal[1].lower().startswith("0x") else int(refusal[1])
        return f"0x{number:08x}", COMMAND_STATUS_REASONS.get(number)
    receipt = _without_text(answer)
    state = re.search(r"\bstat:([A-Z]{1,10})", receipt, re.I)
    error = re.search(r"\berr:([0-9A-Z]{1,10})", receipt, re.I)
    words = [match[1].upper() for match in (state, error) if match]
    return " ".join(words), STATE_REASONS.get(words[0]) if state else None
