"""Several texts in one call, for providers that keep each of them apart.

Built only where the provider takes for every text of a call an identifier of ours (and words of
its own), and gives it back in its answer and in each receipt. Then nothing about a text depends on
which others went with it. Of the providers here that is Infobip. The others, and why theirs go one
by one:

* Plivo ("Bulk Messaging", `docs/messaging/api/message/bulk-messaging`): leaves invalid and
  repeated numbers out of its list of identifiers, which names no number; one callback address.
* Sinch ("Batches", "Delivery reports"), MessageBird ("Send a message"; `recipients`): one
  reference and one identifier for the whole call. Only the number tells its texts apart, and only
  in what comes back, perhaps written in another way.
* Kannel (user guide, "SMS Push", `to`): one `dlr-url` for all numbers, and no identifier.
* Twilio, Vonage: one number a call.

No text waits for another because of it: a lane hands over what it has claimed, as ever. Where
texts have moments of their own (`engine/rates`), each is handed over alone.
"""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from .answers import Answer
from .errors import NotTaken, OutcomeLost
from .http_gateway import HttpGateway, Request
from .values import Outcome, Text, Unknown

#: Statuses by which a call is refused as such: for one text of it perhaps, or for its length.
REFUSED_TOGETHER = frozenset({400, 413, 422})

_Item = TypeVar("_Item")


def shares(items: Sequence[_Item], limit: int) -> list[Sequence[_Item]]:
    """Items in order, in as few groups of at most `limit` as there can be, of about one size."""
    if not items:
        return []
    count = -(-len(items) // limit)
    least, longer = divmod(len(items), count)
    ends = [least * number + min(number, longer) for number in range(count + 1)]
    return [items[start:end] for start, end in zip(ends, ends[1:], strict=False)]


class HttpMany(HttpGateway):
    """A gateway that speaks HTTP and whose provider takes up to `texts_per_call` texts at once."""

    texts_per_call: ClassVar[int]

    @classmethod
    def rounds(cls, callers: int) -> int:
        # All calls may be refused, and then each text waits again, behind the others' too.
        return 2 * super().rounds(callers)

    @abstractmethod
    def request_for_many(self, texts: Sequence[Text]) -> Request:
        """What to ask the provider; each text brings an identifier of its own."""

    @abstractmethod
    def answer_of_each(self, answer: Answer, texts: Sequence[Text]) -> list[Answer]:
        """The answer to each text, in order, as if it had gone alone, for `read_answer`.

        Where the answer says nothing of a text, what is returned for it must say nothing either.
        """

    def send(self, texts: Sequence[Text]) -> list[Outcome]:
        groups = shares(texts, self.texts_per_call)
        try:
            sent = self._client.map(self._send_group, groups)
        except NotTaken as error:
            return [error.outcome] * len(texts)
        outcomes = [outcome for of_group in sent for outcome in of_group]
        # In a second round, at once: one after the other would outlast the lease.
        alone = [number for number, outcome in enumerate(outcomes) if outcome is None]
        again = self._client.map(self._send_one, [texts[number] for number in alone])
        for number, outcome in zip(alone, again, strict=True):
            outcomes[number] = outcome
        return outcomes

    async def _send_group(self, texts: Sequence[Text]) -> list[Outcome | None]:
        """An outcome for each text; None for those that have to go alone."""
        if len(texts) == 1:
            return [await self._send_one(texts[0])]
        try:
            request = self.request_for_many(texts)
        except Exception:  # pylint: disable=broad-except
            # Nothing was written yet. Which text it is shows when each goes alone.
            return [None] * len(texts)
        try:
            answer = await self._ask(request, texts[0].begin_by)
            if answer.status in REFUSED_TOGETHER:
                return [None] * len(texts)
            if not answer.complete or not 200 <= answer.status < 300:
                return [self.read_answer(answer)] * len(texts)
            answers = self.answer_of_each(answer, texts)
            return [self.read_answer(of_text) for of_text in answers]
        except NotTaken as error:
            return [error.outcome] * len(texts)
        except OutcomeLost as error:
            return [Unknown(error.detail)] * len(texts)
        except Exception as error:  # pylint: disable=broad-except
            # As for one text: the request may have been written.
            return [Unknown(f"Unexpected {type(error).__name__}")] * len(texts)
