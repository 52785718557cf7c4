"""Odoo's own SMS providers: credits bought from Odoo (IAP), `sms_twilio`, add-ons of third parties.

They plug into `res.company._get_sms_api_class()` and work on Odoo's records, so the records' layer
hands this gateway a `Bridge`: it asks the provider and says, in the provider's words, what became
of each text. What the words mean for a text is settled here, in tables.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar, Protocol

from .base import SENDER_NAME, SENDER_NUMBER, SENDER_SHORT_CODE, Gateway, register
from .errors import ConfigurationError, MalformedRequest, NotBegun, NotTaken, OutcomeLost
from .http_gateway import PASSING
from .reasons import Reason
from .values import (
    Accepted,
    Account,
    Inbound,
    Outcome,
    Receipt,
    ReceiptStatus,
    Refused,
    Retry,
    Text,
    Unknown,
    WebhookRequest,
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a provider said about one text.

    :param state: its own word, such as `success` or `insufficient_credit`.
    :param success: whether Odoo counts this word as taken.
    :param failure_type: Odoo's word for it (`sms.sms.failure_type`), empty where there is none.
    :param detail: what it says for people.
    :param reference: by which the provider names the text.
    """

    state: str
    success: bool = False
    failure_type: str = ""
    detail: str = ""
    reference: str | None = None


class Bridge(Protocol):
    """Hands texts to the provider of a company.

    :ivar label: the provider's class, for people.
    :ivar takes_many: whether many texts travel in one request, all or none of which arrives. The
        others are handed one text at a time: their failures then say nothing about other texts.
    """

    label: str
    takes_many: bool

    def __call__(self, texts: Sequence[Text]) -> list[Result | None]:
        """A result for each text; None where the provider said nothing about it.

        :raises NotTaken: no request can have reached the provider.
        :raises OutcomeLost: texts may have been taken.
        """


#: Words of providers about a text that was not taken. Sources: `addons/sms/tools/sms_api.py`
#: (`SmsApi._send_sms_batch`, `_get_sms_api_error_messages`), `addons/sms_twilio/tools/sms_api.py`
#: (`_twilio_error_code_to_odoo_state`, with Twilio's codes).
STATES: dict[str, Reason] = {
    "insufficient_credit": Reason.INSUFFICIENT_CREDIT,
    "unregistered": Reason.CREDENTIALS,  # no IAP account
    "registration_needed": Reason.COUNTRY_NOT_ALLOWED,  # country-specific registration
    "country_not_supported": Reason.COUNTRY_NOT_ALLOWED,
    "wrong_number_format": Reason.INVALID_NUMBER,
    "sms_number_missing": Reason.INVALID_REQUEST,
    "incompatible_content": Reason.CONTENT_REJECTED,
    "duplicate_message": Reason.BLOCKED,  # this number got one in the same request already
    "twilio_acc_unverified": Reason.BLOCKED,  # 21608: trial account
    "twilio_authentication": Reason.CREDENTIALS,
    "twilio_callback": Reason.INVALID_REQUEST,  # 21609
    "twilio_from_missing": Reason.SENDER_NOT_ALLOWED,  # 21603
    "twilio_from_to": Reason.INVALID_REQUEST,  # 21266: to itself
}

#: Odoo's own types of failure, for words of third parties that say which one theirs is
#: (`PROVIDER_TO_SMS_FAILURE_TYPE`). Source: `failure_type` in `addons/sms/models/sms_sms.py` and
#: `mail_notification.py`. `sms_server` and `unknown` are left out: after a time-out too a provider
#: says so, and the text may have been taken.
FAILURE_TYPES: dict[str, Reason] = {
    "sms_number_missing": Reason.INVALID_REQUEST,
    "sms_number_format": Reason.INVALID_NUMBER,
    "sms_country_not_supported": Reason.COUNTRY_NOT_ALLOWED,
    "sms_registration_needed": Reason.COUNTRY_NOT_ALLOWED,
    "sms_credit": Reason.INSUFFICIENT_CREDIT,
    "sms_acc": Reason.CREDENTIALS,
    "sms_blacklist": Reason.BLOCKED,
    "sms_optout": Reason.OPTED_OUT,
    "sms_not_allowed": Reason.BLOCKED,
    "sms_rejected": Reason.BLOCKED,
    "twilio_from_missing": Reason.SENDER_NOT_ALLOWED,
    "twilio_from_to": Reason.INVALID_REQUEST,
    "twilio_callback": Reason.INVALID_REQUEST,
}

#: States of Odoo's `sms.sms` that delivery reports lead to -> status. Source:
#: `IAP_TO_SMS_STATE_SUCCESS` in `addons/sms/models/sms_sms.py`: `sent` there is *delivered*.
#: `outgoing` is left out: it says that Odoo's queue or the provider's holds the text.
REPORTED_STATES: dict[str, ReceiptStatus] = {
    "process": ReceiptStatus.ACCEPTED,
    "pending": ReceiptStatus.ACCEPTED,
    "sent": ReceiptStatus.DELIVERED,
    "error": ReceiptStatus.UNDELIVERED,
    "canceled": ReceiptStatus.REJECTED,
}

#: Words of delivery reports about a text that did not arrive. Source: `DELIVERY_ERRORS` in
#: `addons/sms/models/sms_sms.py`; `addons/sms_twilio/models/sms_tracker.py`, which says
#: `invalid_destination` also of a phone that is switched off (30003): no number is given up for it.
REPORTED_ERRORS: dict[str, Reason] = {
    "expired": Reason.EXPIRED,
    "invalid_destination": Reason.UNREACHABLE,
    "not_allowed": Reason.BLOCKED,
    "not_delivered": Reason.UNREACHABLE,
    "rejected": Reason.BLOCKED,
}


@register
class OdooSmsGateway(Gateway):
    """The company's SMS provider in Odoo, reached by the account's `bridge`."""

    code: ClassVar[str] = "odoo"
    label: ClassVar[str] = "Odoo's own SMS provider"
    #: Texts at a time, each with a cursor of its own, where a provider takes one at a time.
    concurrency: ClassVar[int] = 8
    # The provider chooses what it sends from; a sender of ours says what people may expect.
    sender_kinds: ClassVar[frozenset[str]] = frozenset(
        {SENDER_NUMBER, SENDER_SHORT_CODE, SENDER_NAME}
    )

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        if account.bridge is None:
            raise ConfigurationError(f"{self.label}: there is no way to it from here.")
        self._bridge: Bridge = account.bridge

    def send(self, texts: Sequence[Text]) -> list[Outcome]:
        if self._bridge.takes_many:
            return self._hand_over(texts)
        if len(texts) == 1:
            return self._hand_over(texts)
        with ThreadPoolExecutor(self.concurrency, thread_name_prefix="sms-odoo") as pool:
            return [one for [one] in pool.map(lambda text: self._hand_over([text]), texts)]

    def test_connection(self) -> str:
        return (
            f"Texts go through {self._bridge.label}. Whether it takes them, a test message tells."
        )

    def parse_receipts(self, request: WebhookRequest) -> list[Receipt]:
        raise MalformedRequest("The provider reports to Odoo's own address for it")

    def parse_inbound(self, request: WebhookRequest) -> list[Inbound]:
        raise MalformedRequest("Odoo's own SMS providers bring no texts from phones")

    @classmethod
    def setup_help(cls, callback_url: str) -> str:
        return _SETUP

    def _hand_over(self, texts: Sequence[Text]) -> list[Outcome]:
        try:
            if texts[0].is_late:
                raise NotBegun()
            results = self._bridge(texts)
        except NotTaken as error:
            return [error.outcome] * len(texts)
        except OutcomeLost as error:
            return [Unknown(error.detail)] * len(texts)
        return [outcome_of(result) for result in results]


def outcome_of(result: Result | None) -> Outcome:
    """What a provider's word means for the text: *sent* and *refused* are never guessed."""
    if result is None:
        return Unknown("The provider said nothing about this text")
    if result.success:
        return Accepted(reference=result.reference)
    reason = STATES.get(result.state) or FAILURE_TYPES.get(result.failure_type)
    if reason is None:
        return Unknown(": ".join(filter(None, [result.state, result.detail]))[:200])
    if reason in PASSING:
        return Retry(reason=reason, code=result.state, detail=result.detail)
    return Refused(reason, result.state, result.detail)


_SETUP = """\
Accounts, credits and senders are set up where Odoo has them: Settings > Integrations > SMS. \
Receipts come back through Odoo by themselves.

Odoo's own SMS providers bring no texts from phones: nobody can opt out by answering STOP. Put the \
link to the preference page into every text, or use a gateway that takes answers.
"""
