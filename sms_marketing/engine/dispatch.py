"""Lanes: claim a batch and commit, write the texts, hand them over, record the outcomes and commit.

A lane owns its transactions, and none is open while a provider is talked to. What a lane has
claimed, no other lane takes; what it dies over is found by its lease and becomes *unknown*, since
a text that may have gone out is never sent again by itself.

Several batches are under way at once: while one is handed over, the one before is recorded and
the next is claimed and written. `hand_over` has what happens to one batch.
"""

import logging
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import nullcontext

from odoo.tools import SQL

from ..gateways.base import get_gateway_class
from ..gateways.errors import ConfigurationError
from ..gateways.values import Refused, Text
from ..text.segments import analyse
from . import circuit, schedule
from .claims import LONGEST_WAIT, claim, due_sources
from .hand_over import Batch, carry, report
from .outcomes import expire_leases, give_up_waiting
from .senders import Survey, Way
from .shutdown import WORK
from .texts import MessageTexts
from .transactions import allows_threads, in_own_transaction

_logger = logging.getLogger(__name__)

#: Batches of all gateways, and of one, that a lane has under way: the bound of its memory.
MOST_BATCHES = 8
BATCHES_OF_GATEWAY = 3
#: Texts of the first batch that a gateway gets from a lane: what is broken breaks few.
FIRST_BATCH = 10
#: Batches grow while they take less than the first, and shrink when they take more than the second
#: (seconds): large where a provider is quick, and few texts in hand where it is slow.
QUICK, SLOW = 0.2, 0.6
MOST_TEXTS = 512

#: Longest pause in which a lane does not look what else there is to do, seconds.
LONGEST_SLEEP = 1.0
#: Seconds between two looks for messages that are to start, or have come to their end.
BETWEEN_STARTS = 3.0
#: Longest wait for a gateway that wants to be left alone; with longer ones the lane ends.
LONGEST_PAUSE = 2.0


class Lane:
    """Sends what is due until nothing is, or until the time is up.

    :param registry: the database's registry
    :param int batch_size: texts claimed, handed over and recorded at once; None: what the
        gateway's class says, and more where it is quick
    """

    def __init__(self, registry, batch_size=None):
        self.registry = registry
        self.batch_size = batch_size
        self._gateways = {}
        self._carriers = None
        self._in_threads = True
        self._running = {}  # future -> Batch
        self._proven = set()
        self._sizes = {}  # gateway id -> texts of a batch, as it has come to be
        self._put_off = set()  # (source, gateway) of what came to nothing, until the next run

    def run(self, seconds=None):
        """Work for so many seconds (None: until nothing is due).

        :return: (texts taken in hand, whether work remains that could go on at once)
        :rtype: tuple[int, bool]
        """
        with WORK.in_hand():
            return self._run(None if seconds is None else time.monotonic() + seconds)

    def _run(self, end):
        handled, looked = 0, time.monotonic()
        in_own_transaction(self.registry, expire_leases)
        in_own_transaction(self.registry, give_up_waiting)
        try:
            while True:
                ways, pause = in_own_transaction(self.registry, self._ways)
                progress = 0
                for way in ways:
                    if WORK.is_stopping:
                        return handled, True
                    if self._is_full(way.gateway_id):
                        continue
                    seen = self._try_take(way)
                    progress += seen
                    handled += seen
                    if end is not None and time.monotonic() >= end:
                        return handled, True
                # A piece of a new audience, where the lane could but wait for its batches.
                written = 0 if progress or WORK.is_stopping else schedule.write_next(self.registry)
                if self._running:
                    self._settle(0 if progress or written else LONGEST_SLEEP)
                elif written:
                    if end is not None and time.monotonic() >= end:
                        return handled, True
                elif not progress:
                    if pause is None:
                        return handled, False
                    if end is not None and time.monotonic() + pause > end:
                        return handled, True
                    time.sleep(min(pause, LONGEST_SLEEP))
                if time.monotonic() - looked > BETWEEN_STARTS:
                    # A long campaign must not keep messages waiting whose moment comes meanwhile.
                    schedule.start_due(self.registry)
                    in_own_transaction(self.registry, schedule.finish)
                    looked = time.monotonic()
        finally:
            self._close()
            in_own_transaction(self.registry, schedule.finish)

    # ------------------------------------------------------------
    # What to take next
    # ------------------------------------------------------------

    def _ways(self, env):
        """What can go now, and the seconds after which more could (None: nothing waits)."""
        survey = Survey(env)
        ways, pauses = [], []
        for source in due_sources(env):
            gateway_id = survey.senders[source.sender_id].gateway_id
            if self._is_full(gateway_id):
                continue
            way = survey.way(source, may_try=(source, gateway_id) not in self._put_off)
            if isinstance(way, Way):
                if (source, way.gateway_id) not in self._put_off:
                    ways.append(way)
            elif way.is_rate or way.seconds <= LONGEST_PAUSE:
                pauses.append(max(way.seconds, 0.01))
        return ways, min(pauses, default=None)

    def _is_full(self, gateway_id):
        """Whether as many batches are under way as may be: one, of a gateway not yet tried."""
        of_gateway = sum(batch.gateway_id == gateway_id for batch in self._running.values())
        most = BATCHES_OF_GATEWAY if gateway_id in self._proven else 1
        return of_gateway >= most or len(self._running) >= MOST_BATCHES

    def _size(self, way):
        size = self.batch_size or self._sizes.get(way.gateway_id) or _least(way)
        if way.gateway_id not in self._proven:
            size = min(size, FIRST_BATCH)
        return size if way.limit is None else min(size, way.limit)

    # ------------------------------------------------------------
    # Taking it
    # ------------------------------------------------------------

    def _try_take(self, way):
        """Claim and write a batch and send it on its way; how many recipients were due.

        One message's trouble does not keep the others waiting.
        """
        try:
            batch, seen = in_own_transaction(
                self.registry, lambda env: self._claim_and_write(env, way)
            )
        except ConfigurationError as error:
            _logger.warning("gateway %d is not usable: %s", way.gateway_id, error)
            verdict = circuit.Verdict(taken=False, failures=1, at_once=True, detail=str(error))
            report(self.registry, way.gateway_id, verdict)
        except Exception:
            _logger.exception("message %s: this batch is tried again later", way.source.message_id)
        else:
            if batch:
                self._begin(batch)
            return seen
        self._put_off.add((way.source, way.gateway_id))
        return 0

    def _claim_and_write(self, env, way):
        """Claim a batch and write its texts, in one transaction.

        :return: the ``Batch`` (None: nobody may be texted), and how many recipients were due
        """
        message_id, sender_id = way.source
        if way.gateway_id not in self._gateways:
            gateway = env["sms.marketing.gateway"].browse(way.gateway_id)
            connected = gateway._connect()
            turn = nullcontext() if connected.is_shareable else threading.RLock()
            self._gateways[way.gateway_id] = connected, turn
        self._in_threads = allows_threads(env.cr)
        begin_by = time.monotonic() + LONGEST_WAIT
        claims, seen = claim(env, message_id, self._size(way), sender_id, way)
        if not claims:
            return None, seen
        values = {sender.id: sender.value for sender in way.senders}
        batch = Batch(way, *self._gateways[way.gateway_id], begin_by)
        for one, body in zip(claims, write_texts(env, message_id, claims), strict=True):
            if not body:
                batch.refused.append((one, Refused("rendering", detail="the text is empty")))
                continue
            segmentation = analyse(body)
            text = Text(
                reference=one.token,
                number=one.number,
                sender=values[one.sender_id],
                body=body,
                encoding=segmentation.encoding,
                segments=segmentation.segments,
                attempt=one.attempt,
            )
            batch.texts.append((one, text))
        return batch, seen

    def _begin(self, batch):
        if not self._in_threads:
            future = Future()
            future.set_result(carry(self.registry, batch))
        else:
            if self._carriers is None:
                self._carriers = ThreadPoolExecutor(MOST_BATCHES, "sms-lane")
            future = self._carriers.submit(carry, self.registry, batch)
        self._running[future] = batch

    def _settle(self, seconds=None):
        """Look at the batches that are done, after waiting so long for one (None: for all)."""
        if seconds is None:
            wait(self._running)
        elif seconds:
            wait(self._running, seconds, FIRST_COMPLETED)
        for future in [future for future in self._running if future.done()]:
            batch = self._running.pop(future)
            try:
                took_any = future.result()
            except Exception:
                # Its texts become unknown when their lease ends.
                _logger.exception("message %s: a batch could not be recorded", batch.message_id)
                took_any = False
            self._fit_size(batch)
            if took_any:
                self._proven.add(batch.gateway_id)
            else:
                self._proven.discard(batch.gateway_id)
                self._put_off.add((batch.way.source, batch.gateway_id))

    def _fit_size(self, batch):
        """Learn from a batch how many texts the next one should have."""
        least = _least(batch.way)
        size = self._sizes.get(batch.gateway_id, least)
        seconds = time.monotonic() - batch.began
        if seconds < QUICK and len(batch.texts) >= size:
            size = min(2 * size, max(MOST_TEXTS, least))
        elif seconds > SLOW:
            size = max(size // 2, least)
        self._sizes[batch.gateway_id] = size

    def _close(self):
        self._settle()
        if self._carriers is not None:
            self._carriers.shutdown()
            self._carriers = None
        for gateway, _turn in self._gateways.values():
            gateway.close()
        self._gateways = {}


def _least(way):
    return get_gateway_class(way.provider).batch_size


def write_texts(env, message_id, claims):
    """The text of each claim; texts that differ by contact are stored on their rows."""
    if message_id is None:
        return [one.body for one in claims]
    texts = MessageTexts(env["sms.marketing.message"].browse(message_id))
    bodies = texts.render_all(claims)
    if not texts.is_shared:
        env.cr.execute(
            SQL(
                """
                UPDATE sms_marketing_recipient recipient SET body = written.body
                  FROM unnest(%s::int[], %s::text[]) AS written(id, body)
                 WHERE recipient.id = written.id
                """,
                [one.id for one in claims],
                bodies,
            )
        )
    return bodies
