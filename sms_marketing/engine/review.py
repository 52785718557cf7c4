"""What a review finds in a message before it is sent (S26): plain values, no database."""

from dataclasses import dataclass
from datetime import datetime

#: An error keeps the message from being sent, in the browser and on the server; a warning does not.
ERROR = "error"
WARNING = "warning"

#: What is about to happen to the message: it is sent now, scheduled, or its moment has come.
INTENTS = ("send", "schedule", "start")

#: From this many recipients on, a few more or less do not make it another audience: on a busy
#: database, contacts come and go while somebody reads the review.
_TOLERANCE = 1000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a review found.

    :param level: ``ERROR`` or ``WARNING``
    :param code: what it is about, for tests and styles, such as ``no_sender``
    :param text: a sentence in the user's language that says what is wrong and how to mend it
    :param mend: the button that mends it, or None: ``{"label": …}`` and one of ``"page"`` (name
        of a notebook page of the message's form, with ``"field"`` to put the cursor there),
        ``"action"`` (an action as a dict), ``"method"`` (of the message; the review is then made
        again)
    """

    level: str
    code: str
    text: str
    mend: dict | None = None

    def as_dict(self):
        """What the browser gets."""
        return {"level": self.level, "code": self.code, "text": self.text, "mend": self.mend}


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """What every check may know without asking again.

    :param intent: one of ``INTENTS``
    :param send_at: UTC moment at which sending begins
    :param counts: contacts by reason; under None those who get it. None instead of a dict: not
        counted (yet), or not to be counted, as there is no sender, say. A check that needs it then
        finds nothing
    :param segments_per_text: segments of one text, as the editor estimates them
    :param segments: segments of all texts together, as well as known
    :param exact: whether ``segments`` was counted text by text
    """

    intent: str
    send_at: datetime
    counts: dict | None = None
    segments_per_text: int = 0
    segments: int = 0
    exact: bool = False

    @property
    def recipients(self):
        """Contacts who get the message; 0 where they are not counted."""
        return (self.counts or {}).get(None, 0)


def errors_first(findings):
    """The findings, errors before warnings, else in their order."""
    return sorted(findings, key=lambda finding: finding.level != ERROR)


def is_another_audience(before, now):
    """Whether so many recipients are not those whom somebody has agreed to.

    Below a thousand every difference counts, above it one in a thousand.
    """
    return abs(now - before) * _TOLERANCE > before if before >= _TOLERANCE else now != before
