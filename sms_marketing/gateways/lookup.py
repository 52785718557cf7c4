"""Asking a provider over HTTP what became of texts whose outcome was lost.

A provider says what to ask about one text (`lookup_request`) and what its records hold on it
(`read_lookup`). What it does not know proves nothing: it may know it a minute later.
"""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar

from .answers import Answer, classify
from .errors import MalformedRequest, SendError
from .http_gateway import HttpGateway, Request
from .values import Finding, LostText, Receipt

#: A text was handed over in this time before its outcome was given up: longer than any lease,
#: since a gateway's time-outs are five minutes at the most.
EARLIER = timedelta(hours=1)
#: Clocks may differ by so much.
LATER = timedelta(minutes=2)


class HttpLookup(HttpGateway):
    """A gateway that speaks HTTP and whose provider can be asked about a text."""

    supports_lookup: ClassVar[bool] = True

    def lookup(self, texts: Sequence[LostText]) -> list[Finding]:
        return self._client.map(self._look_up_one, texts)

    @abstractmethod
    def lookup_request(self, lost: LostText) -> Request:
        """A request for the provider's records of a text; it changes nothing."""

    @abstractmethod
    def read_lookup(self, answer: Answer, lost: LostText) -> list[Receipt] | None:
        """What the records in an answer say of a text; None: these are no records.

        :raises MalformedRequest: when a record is not what the provider documents.
        """

    async def _look_up_one(self, lost: LostText) -> Finding:
        try:
            answer = await self._ask(self.lookup_request(lost))
            receipts = self.read_lookup(answer, lost) if answer.complete else None
        except SendError as error:
            return Finding(problem=error.detail)
        except MalformedRequest as error:
            return Finding(problem=str(error))
        except Exception as error:  # pylint: disable=broad-except
            # The message could hold the address or the text: type only.
            return Finding(problem=f"Unexpected {type(error).__name__}")
        if receipts is not None:
            return Finding(tuple(receipts))
        # Not the provider's own words: they may have numbers and texts of people in them.
        reason = getattr(classify(answer), "reason", None)
        return Finding(problem=f"HTTP {answer.status} ({reason or 'no records in this answer'})")


def records(document: dict, name: str) -> list[dict] | None:
    """The list of records in an answer; None where there is none."""
    listed = document.get(name)
    if not isinstance(listed, list):
        return None
    return [record for record in listed if isinstance(record, dict)]


def may_be_of(lost: LostText, made_at: datetime | None) -> bool:
    """Whether something that the provider got at this moment (UTC) can be this text."""
    return made_at is not None and lost.lost_at - EARLIER <= made_at <= lost.lost_at + LATER


def earliest(lost: LostText) -> str:
    """When this text can have been handed over at the earliest, as ISO 8601 in UTC."""
    return f"{(lost.lost_at - EARLIER).replace(microsecond=0).isoformat()}Z"
