"""What all gateways that speak HTTP have in common: one request a text, one outcome an answer.

A provider says what to ask (`request_for`), what an answer means (`read_answer`), and how to find
out whether the account works (`check_request`, `read_check`). Failures of the network, and what
they mean for a text, are settled here.
"""

import json
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import quote, urlencode

from .answers import Answer, classify, excerpt, retry_after
from .base import Gateway
from .errors import ConfigurationError, NotTaken, OutcomeLost, SendError
from .http import HttpClient
from .reading import FORM
from .reasons import Reason
from .values import Account, Outcome, Refused, Retry, Text, Unknown

#: Reasons that are the account's or the moment's: another text would fare the same, and this one
#: may well go out when a person has mended it, or a little later.
PASSING = frozenset(
    {
        Reason.CREDENTIALS,
        Reason.INSUFFICIENT_CREDIT,
        Reason.THROTTLED,
        Reason.GATEWAY_UNAVAILABLE,
    }
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to a provider. It holds secrets: its `repr` shows none of them."""

    method: str
    url: str = field(repr=False)
    params: Sequence[tuple[str, str]] | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    data: bytes | None = field(default=None, repr=False)
    auth: tuple[str, str] | None = field(default=None, repr=False)

    @classmethod
    def form(cls, url: str, fields: Mapping[str, str], **more) -> "Request":
        """A POST of a form."""
        return cls("POST", url, headers={"Content-Type": FORM}, data=encode_form(fields), **more)

    @classmethod
    def json(cls, url: str, document: object, headers: Mapping[str, str] = (), **more) -> "Request":
        """A POST of a JSON document."""
        data = json.dumps(document, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"} | dict(headers)
        return cls("POST", url, headers=headers, data=data, **more)


class HttpGateway(Gateway):
    """A gateway that is asked once for each text, concurrently, over kept-alive connections."""

    batch_size: ClassVar[int] = 64
    concurrency: ClassVar[int] = 64
    is_shareable: ClassVar[bool] = True
    #: Where the provider's API is, without a slash at the end.
    server: ClassVar[str] = ""

    def __init__(self, account: Account) -> None:
        super().__init__(account)
        self._settings = {name: (value or "").strip() for name, value in account.settings.items()}
        #: Where the provider's API is.
        self.url = self.address
        self._client = HttpClient(
            self.url, account.connect_timeout, account.read_timeout, self.concurrency
        )

    @property
    def address(self) -> str:
        """Where the provider's API is, for accounts that have one of their own too."""
        return self.server

    def setting(self, name: str) -> str:
        """A setting without the spaces that come with copying; empty if there is none."""
        return self._settings.get(name, "")

    def send(self, texts: Sequence[Text]) -> list[Outcome]:
        try:
            return self._client.map(self._send_one, texts)
        except NotTaken as error:
            return [error.outcome] * len(texts)

    @abstractmethod
    def request_for(self, text: Text) -> Request:
        """What to ask the provider. What it raises refuses this text, and no other.

        :raises ConfigurationError: it is the account that cannot work; the text waits.
        """

    @abstractmethod
    def read_answer(self, answer: Answer) -> Outcome:
        """What an answer means; `answers.classify` knows about what the provider did not say."""

    @abstractmethod
    def check_request(self) -> Request:
        """A request that needs the account's login and changes nothing."""

    @abstractmethod
    def read_check(self, answer: Answer) -> str | None:
        """What a good answer to `check_request` tells an administrator; None: it is not good."""

    def test_connection(self) -> str:
        try:
            [answer] = self._client.map(self._ask, [self.check_request()])
        except SendError as error:
            raise ConfigurationError(f"{self.label}: {error.detail}") from None
        told = self.read_check(answer) if answer.complete else None
        if told is None:
            raise ConfigurationError(f"{self.label}: {excerpt(answer, self.secrets)}")
        return told

    def close(self) -> None:
        self._client.close()

    def receipt_url(self, text: Text) -> str:
        """Where the provider brings the receipts of this text; empty without a public address."""
        if not self.account.callback_url:
            return ""
        return f"{self.account.callback_url}/receipt?reference={quote(text.reference, safe='')}"

    def refusal(self, answer: Answer, reason: Reason | None, code: str) -> Outcome:
        """Outcome of a provider's own error code that stands for `reason`."""
        if reason is None:
            return classify(answer, self.secrets)
        detail = excerpt(answer, self.secrets)
        if reason in PASSING:
            return Retry(retry_after(answer.headers), reason, code, detail)
        return Refused(reason, code, detail)

    async def _ask(self, request: Request, begin_by: float | None = None) -> Answer:
        return await self._client.request(
            request.method,
            request.url,
            params=request.params,
            headers=request.headers,
            data=request.data,
            auth=request.auth,
            begin_by=begin_by,
        )

    async def _send_one(self, text: Text) -> Outcome:
        try:
            text.body.encode("utf-8")
            request = self.request_for(text)
        except ConfigurationError as error:
            return Retry(reason=Reason.CREDENTIALS, detail=str(error))
        except Exception as error:  # pylint: disable=broad-except
            # Nothing was written yet: an encoding that we do not know, half a surrogate pair.
            return Refused(Reason.INVALID_REQUEST, detail=f"{type(error).__name__} in the text")
        try:
            return self.read_answer(await self._ask(request, text.begin_by))
        except NotTaken as error:
            return error.outcome
        except OutcomeLost as error:
            return Unknown(error.detail)
        except Exception as error:  # pylint: disable=broad-except
            # One text must not take the outcomes of its batch with it. Whatever failed, the
            # request may have been written. The message could hold the address: type only.
            return Unknown(f"Unexpected {type(error).__name__}")


def encode_form(fields: Mapping[str, str]) -> bytes:
    """A form's body; fields that are empty are left out."""
    return urlencode({name: value for name, value in fields.items() if value}).encode()


def json_answer(answer: Answer) -> dict:
    """The JSON object that came as answer, empty when none came or not all of it."""
    if not answer.complete:
        return {}
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
