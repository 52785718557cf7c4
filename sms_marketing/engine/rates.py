"""How many texts a second leave by a gateway or from a sender, whoever hands them over.

One row for each gateway and each sender with a limit says from when on nobody has asked for its
slots. A lane takes the next so many, in a short transaction of its own, and hands its texts over
when their slots come: the rate holds over lanes, processes and machines. What a lane claims is
only what fits into the next second, so that no claim grows old while it waits for its slots. Where
another lane was quicker, a slot may still come too late: then it is not taken.
"""

import math
import time
from collections import Counter, defaultdict

from odoo.tools import SQL

from .shutdown import WORK
from .transactions import in_own_transaction

#: Seconds of slots that lanes take in advance.
LOOK_AHEAD = 1.0
#: Seconds that a text may be late for its slot; later it takes a new one, or texts would bunch.
LATE = 0.1

GATEWAY, SENDER = "gateway", "sender"

_CLOCK = SQL("clock_timestamp() AT TIME ZONE 'UTC'")


def room(rate, booked):
    """How many texts may be claimed now.

    :param float rate: texts a second; 0: no limit
    :param float booked: seconds from now on whose slots are taken
    :return: None where there is no limit
    """
    if not rate:
        return None
    if booked > LOOK_AHEAD / 2:
        return 0
    return max(1, int(rate * (LOOK_AHEAD - booked)))


def wait(rate, booked):
    """Seconds until ``room`` is more than nothing."""
    return max(booked - LOOK_AHEAD / 2, 0.0) if rate else 0.0


class TooLate(Exception):
    """The next slots come so late that they are left to others."""


def reserve(env, wanted, within=math.inf):
    """Take the next slots.

    :param wanted: {(``GATEWAY`` or ``SENDER``, id): (number of slots, texts a second)}
    :param within: seconds from now after which the first of them is of no use
    :return: {(…, id): seconds from now to the first of them}
    :raises TooLate: the transaction must be rolled back, so that none of them is taken
    """
    firsts = {}
    for key in sorted(wanted):  # in one order, as everywhere
        count, rate = wanted[key]
        span = SQL("make_interval(secs => %s)", count / rate)
        [(seconds,)] = env.execute_query(
            SQL(
                """
                INSERT INTO sms_marketing_rate AS booked (subject, subject_id, next_free)
                VALUES (%(subject)s, %(id)s, %(clock)s + %(span)s)
                ON CONFLICT (subject, subject_id) DO UPDATE
                   SET next_free = GREATEST(booked.next_free, %(clock)s) + %(span)s
                RETURNING EXTRACT(epoch FROM next_free - %(span)s - %(clock)s)
                """,
                subject=key[0],
                id=key[1],
                clock=_CLOCK,
                span=span,
            )
        )
        firsts[key] = max(float(seconds), 0.0)
        if firsts[key] > within:
            raise TooLate
    return firsts


class Pace:
    """The moments of one batch's texts.

    :param registry: the database's registry
    :param limits: {(``GATEWAY`` or ``SENDER``, id): texts a second}, those with a limit only
    :param begin_by: moment after which no text is begun any more; later slots are not taken
    """

    def __init__(self, registry, gateway_id, limits, begin_by):
        self.registry = registry
        self.limits = limits
        self.begin_by = begin_by
        self.gateway = (GATEWAY, gateway_id)

    def slots(self, batch):
        """Yield (text, moment by ``time.monotonic``) in the order of moments.

        The moment is infinite, or after ``begin_by``, for a text that is to go back.

        A text from a sender with a limit waits for that first, and then takes a slot of the
        gateway: slots of the gateway are not lost to texts that cannot use them yet.

        :param batch: list of (claim, text)
        """
        by_sender = self._take(Counter((SENDER, claim.sender_id) for claim, _text in batch))
        counts = defaultdict(int)
        moments = []
        for pair in batch:
            key = (SENDER, pair[0].sender_id)
            first = by_sender.get(key)
            moments.append(
                time.monotonic() if first is None else first + counts[key] / self.limits[key]
            )
            counts[key] += 1
        in_order = sorted(zip(moments, range(len(batch)), batch, strict=True))
        if self.gateway not in self.limits:
            yield from ((pair, moment) for moment, _place, pair in in_order)
        elif by_sender:
            for moment, _place, pair in in_order:
                if self.is_in_time(moment):
                    yield pair, self._take({self.gateway: 1})[self.gateway]
                else:
                    yield pair, math.inf
        else:
            first = self._take({self.gateway: len(batch)})[self.gateway]
            for place, pair in enumerate(batch):
                yield pair, first + place / self.limits[self.gateway]

    def on_time(self, claim, moment):
        """Wait for a slot; where it has gone by, take another. Call it when nothing else delays.

        :return: whether the text may go now; else it is to go back
        :rtype: bool
        """
        wanted = {self.gateway: 1, (SENDER, claim.sender_id): 1}
        while self.limits.keys() & wanted.keys() and time.monotonic() > moment + LATE:
            moment = max(self._take(wanted).values())
        return self.is_in_time(moment)

    def is_in_time(self, moment):
        """Sleep until a moment; False, at once, where it is too late or the server stops."""
        if moment > self.begin_by:
            return False
        WORK.sleep(max(moment - time.monotonic(), 0))
        return not WORK.is_stopping

    def _take(self, counts):
        """{key: moment of the first slot}, of the keys that have a limit."""
        wanted = {
            key: (count, self.limits[key]) for key, count in counts.items() if key in self.limits
        }
        if not wanted:
            return {}
        within = self.begin_by - time.monotonic()
        try:
            firsts = in_own_transaction(self.registry, lambda env: reserve(env, wanted, within))
        except TooLate:
            return dict.fromkeys(wanted, math.inf)
        now = time.monotonic()
        return {key: now + seconds for key, seconds in firsts.items()}
