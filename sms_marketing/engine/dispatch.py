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

from ..gateways.base import get_gateway_class
from ..gateways.errors import ConfigurationError
from ..gateways.values import Refused, Text
from ..text.encoding import log_line
from ..text.segments import analyse
from . import circuit, schedule
from .claims import LONGEST_WAIT, claim, due_sources
from .hand_over import Batch, carry, report
from .journal import open_journal
from .outcomes import expire_leases, give_up_waiting
from .senders import Survey, Way
from .shutdown import WORK
from .transactions import allows_threads, in_own_transaction

_logger = logging.getLogger(__name__)

#: Batches of all gateways, and of one, that a lane has under way: the bound of its memory.
MOST_BATCHES = 8
BATCHES_OF_GATEWAY = 3
#: Texts of the first batch that a gateway gets from a lane: what is broken breaks few.
FIRST_BATCH = 10
#: Batches grow where the gateway is through before the next is ready, up to so many texts, and
#: shrink again where it has enough to do and takes longer than this for one, seconds. So the cost
#: of a claim is shared by many texts where sending waits for it, and few are in hand elsewhere.
MOST_TEXTS = 512
SLOW = 0.6
#: How many who may not be texted are passed over for the one text that may go.
MOST_SKIPPED = 50
#: After so many shares it goes on record how far a large batch has come.
SHARES_OF_STEP = 2

#: Longest pause in which a lane does not look what else there is to do, seconds.
LONGEST_SLEEP = 1.0
#: Seconds between two looks for messages that are to start, or have come to their end.
BETWEEN_STARTS = 3.0
#: Longest wait for a gateway that wants to be left alone; with longer ones the lane ends.
LONGEST_PAUSE = 2.0
#: Seconds for which a look at what can go holds while all goes well: so much later a lane hears of
#: what others write about gateways and senders. What forbids a text is looked at with each claim.
LOOK_HOLDS = 0.5


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
        self._threads = None
        self._in_threads = True
        self._running = {}  # future -> Batch
        self._piece = None  # future: how many recipients of a new audience it has written
        self._all_written = False  # of all audiences, as of the last look
        self._proven = set()
        self._sizes = {}  # gateway id -> texts of a batch, as it has come to be
        self._put_off = set()  # (source, gateway) of what came to nothing, until the next run
        self._seen = [], None  # what could go at the last look
        self._is_fresh = False  # whether that look is of this turn
        self._look_at = 0.0  # when to look anew

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
                ways, pause = self._what_can_go()
                progress, is_over = self._take_of_each(ways, end)
                handled += progress
                if is_over:
                    return handled, True
                if not (ways and progress):
                    self._look_again()
                if not (progress or self._is_fresh):
                    continue  # Whether there is nothing to do only a look of now can tell.
                is_full = ways and all(self._is_full(way.gateway_id) for way in ways)
                goes_on = progress and not is_full
                writes = self._write_on(may_begin=not goes_on)
                if self._running or writes:
                    self._settle(0 if goes_on else LONGEST_SLEEP)
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
                    self._all_written = False
                    looked = time.monotonic()
        finally:
            self._close()
            in_own_transaction(self.registry, schedule.finish)

    # ------------------------------------------------------------
    # What to take next
    # ------------------------------------------------------------

    def _what_can_go(self):
        """What `_ways` told at the last look, or tells now where that does not hold any more."""
        now = time.monotonic()
        self._is_fresh = now >= self._look_at
        if self._is_fresh:
            self._look_at = now + LOOK_HOLDS
            self._seen = in_own_transaction(self.registry, self._ways)
            _ways, pause = self._seen
            if pause is not None:
                self._look_at = min(self._look_at, now + pause)
        return self._seen

    def _look_again(self):
        """Have `_what_can_go` look anew."""
        self._look_at = 0.0

    def _ways(self, env):
        """What can go now, and the seconds after which more could (None: nothing waits)."""
        self._in_threads = allows_threads(env.cr)
        survey = Survey(env)
        ways, pauses = [], []
        for source in due_sources(env):
            gateway_id = survey.senders[source.sender_id].gateway_id
            if self._is_full(gateway_id):
                self._look_again()
                continue
            way = survey.way(source, may_try=(source, gateway_id) not in self._put_off)
            if isinstance(way, Way):
                if (source, way.gateway_id) not in self._put_off:
                    ways.append(way)
                if way.limit is not None:
                    self._look_again()
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

    def _take_of_each(self, ways, end):
        """Take a batch by each of these ways that its gateway has room for.

        A way by which no more can be taken is removed from them.

        :return: how many recipients were due, and whether the lane is to end
        """
        progress = 0
        for way in [*ways]:
            if WORK.is_stopping:
                return progress, True
            if self._is_full(way.gateway_id):
                continue
            size = self._size(way)
            seen = self._try_take(way)
            if seen < size:
                ways.remove(way)
            progress += seen
            if end is not None and time.monotonic() >= end:
                return progress, True
        return progress, False

    def _try_take(self, way):
        """Claim and write a batch and send it on its way; how many recipients were due.

        One message's trouble does not keep the others waiting.
        """
        was_busy = self._under_way(way.gateway_id) > 0
        try:
            batch, seen = in_own_transaction(
                self.registry, lambda env: self._claim_and_write(env, way)
            )
        except ConfigurationError as error:
            _logger.warning("gateway %d is not usable: %s", way.gateway_id, log_line(error))
            verdict = circuit.Verdict(taken=False, failures=1, at_once=True, detail=str(error))
            report(self.registry, way.gateway_id, verdict)
        except Exception:
            _logger.exception("message %s: this batch is tried again later", way.source.message_id)
        else:
            if batch:
                behind = self._under_way(way.gateway_id)
                batch.came_late = was_busy and not behind
                batch.came_early = behind == BATCHES_OF_GATEWAY - 1
                self._begin(batch)
            return seen
        self._leave(way)
        return 0

    def _leave(self, way):
        """Take no more of a source by this way, until the next run."""
        self._put_off.add((way.source, way.gateway_id))
        self._look_again()

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
        longest = self._gateways[way.gateway_id][0].longest_send(BATCHES_OF_GATEWAY)
        begin_by = time.monotonic() + LONGEST_WAIT
        claims, seen = [], 0
        # Where one text may go, who may not be texted does not use up its turn.
        for _turn in range(MOST_SKIPPED if way.limit == 1 else 1):
            claims, due = claim(env, message_id, self._size(way), sender_id, way, longest)
            seen += due
            if claims or not due:
                break
        if not claims:
            return None, seen
        values = {sender.id: sender.value for sender in way.senders}
        batch = Batch(way, *self._gateways[way.gateway_id], begin_by, due=seen)
        for one in claims:
            if not one.body:
                batch.refused.append((one, Refused("rendering", detail="the text is empty")))
                continue
            segmentation = analyse(one.body)
            text = Text(
                reference=one.token,
                number=one.number,
                sender=values[one.sender_id],
                body=one.body,
                encoding=segmentation.encoding,
                segments=segmentation.segments,
                attempt=one.attempt,
                begin_by=begin_by,
            )
            batch.texts.append((one, text))
        step = SHARES_OF_STEP * batch.gateway.batch_size
        if len(batch.texts) > step and not way.limits:
            taken = [one for one, _text in batch.texts]
            batch.journal = open_journal(env, self.registry, taken, step)
        return batch, seen

    def _begin(self, batch):
        self._running[self._beside(carry, self.registry, batch)] = batch

    def _write_on(self, may_begin):
        """Have a piece of a new audience written beside the batches; whether one is, or was now.

        :param may_begin: whether another may be: where the lane could but wait for its batches
        """
        if self._piece is None:
            if not may_begin or self._all_written or WORK.is_stopping:
                return False
            self._piece = self._beside(self._write_piece)
        if not self._piece.done():
            return True
        self._all_written = not self._piece.result()
        self._piece = None
        return not self._all_written

    def _write_piece(self):
        try:
            return schedule.write_next(self.registry)
        except Exception:
            _logger.exception("recipients of a message are not written yet: the next lane goes on")
            return 0

    def _beside(self, work, *arguments):
        """The future of a work that is done by another thread, where there may be others."""
        if self._in_threads:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(MOST_BATCHES + 1, "sms-lane")
            return self._threads.submit(work, *arguments)
        future = Future()
        future.set_result(work(*arguments))
        return future

    def _settle(self, seconds=None):
        """Look at the batches that are done, after waiting so long for one (None: for all).

        Waiting for one ends with a piece of an audience, too: there is more to claim then.
        """
        under_way = [*self._running, *filter(None, [self._piece])]
        if seconds is None:
            wait(under_way)
        elif seconds:
            wait(under_way, seconds, FIRST_COMPLETED)
        for future in [future for future in self._running if future.done()]:
            batch = self._running.pop(future)
            try:
                took_any = future.result()
            except Exception:
                # Its texts become unknown when their lease ends.
                _logger.exception("message %s: a batch could not be recorded", batch.message_id)
                took_any = False
            self._fit_size(batch)
            if took_any and not batch.is_cut:
                self._proven.add(batch.gateway_id)
            else:
                self._proven.discard(batch.gateway_id)
            if not took_any:
                self._leave(batch.way)
            elif not batch.went_well:
                self._look_again()

    def _fit_size(self, batch):
        """Learn from a batch how many texts the next one should have."""
        least = _least(batch.way)
        size = self._sizes.get(batch.gateway_id, least)
        if batch.is_cut:
            size = least
        elif batch.came_late and batch.due >= size:
            size = min(2 * size, max(MOST_TEXTS, least))
        elif batch.came_early and batch.seconds > SLOW:
            size = max(size // 2, least)
        self._sizes[batch.gateway_id] = size

    def _under_way(self, gateway_id):
        """How many batches a gateway has that it has not come to the end of."""
        return sum(
            batch.gateway_id == gateway_id and not future.done()
            for future, batch in self._running.items()
        )

    def _close(self):
        self._settle()
        if self._threads is not None:
            self._threads.shutdown()
            self._threads = None
        for gateway, _turn in self._gateways.values():
            gateway.close()
        self._gateways = {}


def _least(way):
    return get_gateway_class(way.provider).batch_size
