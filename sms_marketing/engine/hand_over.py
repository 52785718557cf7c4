"""One batch on its way: handed over when its slots come, and what became of it recorded."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace

from odoo.tools import split_every

from ..gateways.base import Gateway
from ..gateways.errors import ConfigurationError
from ..gateways.reasons import Reason
from ..gateways.values import Accepted, Retry, Unknown
from ..text.encoding import log_line
from . import circuit
from .journal import Journal
from .outcomes import give_back, is_given_back, record
from .rates import Pace
from .senders import Way
from .shutdown import WORK
from .transactions import in_own_transaction

_logger = logging.getLogger(__name__)

#: How often an outcome is tried to be written while the database is away (about four minutes).
RECORD_RETRIES = 20


@dataclass(eq=False)
class Batch:
    """Texts that were claimed together, by one gateway.

    :param turn: held while the gateway sends, where its class lets one caller in at a time
    :param begin_by: moment (``time.monotonic``) after which what is not begun goes back to the
        queue: who gets it may have said STOP since
    :param texts: list of (Claim, Text)
    :param refused: list of (Claim, outcome) of those that could not be written
    :param due: how many recipients it was taken from, those with them who may not be texted
    :param came_late: whether the gateway was through with all others before this one was ready
    :param came_early: whether it had as many others then as a gateway may have
    :param seconds: that its hand-over took
    :param trail: outcomes since the last text that the gateway dealt with
    :param journal: how far it has come, where it is handed over in several shares
    :param is_cut: whether the rest went back, since the gateway took none or wants to be left
        alone, or since no slots could be had
    :param went_well: whether there is nothing in its outcomes that the next batch should heed
    """

    way: Way
    gateway: Gateway
    turn: AbstractContextManager
    begin_by: float
    texts: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    due: int = 0
    came_late: bool = False
    came_early: bool = False
    seconds: float = 0.0
    trail: list = field(default_factory=list)
    is_cut: bool = False
    went_well: bool = False
    journal: Journal | None = None

    @property
    def gateway_id(self):
        return self.way.gateway_id

    @property
    def message_id(self):
        return self.way.source.message_id

    @property
    def may_begin(self):
        """Whether another text of it may be handed over now."""
        return not (self.is_cut or WORK.is_stopping or time.monotonic() > self.begin_by)

    def begin(self, count):
        """Whether its first ``count`` texts may be begun, which is on record then."""
        return self.may_begin and (self.journal is None or self.journal.begin(count))

    def note(self, outcomes):
        """See from the outcomes of a share whether to go on with the next."""
        verdict = circuit.judge(outcomes)
        # Several threads may be at it where each text has its own moment; the order is about right.
        self.trail = [] if verdict.taken else [*self.trail, *outcomes]
        wants_pause = verdict.taken and verdict.pause
        if wants_pause or verdict.at_once or len(self.trail) >= circuit.FAILURES_TO_OPEN:
            self.is_cut = True

    def verdict(self, outcomes):
        """What its outcomes say about the gateway: of one that fell silent, its last words."""
        fell_silent = len(self.trail) >= circuit.FAILURES_TO_OPEN
        return circuit.judge(self.trail if fell_silent else outcomes)


def carry(registry, batch):
    """Hand a batch over and record its outcomes; for a thread of its own.

    :return: whether the gateway took any of what it was asked, so that the next batch is of use
    :rtype: bool
    """
    began = time.monotonic()
    outcomes = hand_over(registry, batch)
    batch.seconds = time.monotonic() - began
    verdict = batch.verdict([outcome for _claim, outcome in outcomes])
    batch.went_well = verdict.taken and not verdict.pause and not batch.is_cut
    asked = [(claim, outcome) for claim, outcome in outcomes if not is_given_back(outcome)]
    if asked:
        took_any = not all(isinstance(outcome, Retry) for _claim, outcome in asked)
    else:
        took_any = not batch.is_cut
    only = None
    if len(asked) == 1 and not (batch.way.has_other or batch.way.stands_in):
        # Where another gateway may take it, each time counts: that is how the text gets there.
        only = asked[0][0].id
    if batch.way.has_other and verdict.failures:
        # Another gateway stands ready: nobody has to wait until this one may have come round.
        outcomes = [(claim, _at_once(outcome)) for claim, outcome in outcomes]

    def write(env):
        # The journal first, as those who take over from dead lanes lock them.
        if batch.journal:
            batch.journal.close(env)
        record(env, [*batch.refused, *outcomes])
        return circuit.note(env, batch.gateway_id, verdict, only)

    change = in_own_transaction(registry, write, retries=RECORD_RETRIES)
    if change:
        tell(registry, batch.gateway_id, change)
    return took_any


def report(registry, gateway_id, verdict):
    """Write a verdict down that came about without handing anything over."""
    change = in_own_transaction(registry, lambda env: circuit.note(env, gateway_id, verdict))
    if change:
        tell(registry, gateway_id, change)


def tell(registry, gateway_id, change):
    """Tell the administrators; that it fails must not keep any text waiting."""
    try:
        in_own_transaction(registry, lambda env: circuit.tell(env, gateway_id, change))
    except Exception:
        _logger.exception("nobody could be told that gateway %d is %s", gateway_id, change)


def hand_over(registry, batch):
    """Outcomes of a batch's texts: list of (Claim, outcome)."""
    if not batch.texts:
        return []
    if not batch.way.limits:
        return _send(batch, batch.texts)
    pace = Pace(registry, batch.gateway_id, batch.way.limits, batch.begin_by)
    if batch.gateway.is_shareable:
        sent = _send_one_by_one(batch, pace)
    else:
        sent = _send_together(batch, pace)
    left = dict(batch.texts)
    for claim, _outcome in sent:
        del left[claim]
    return [*sent, *((claim, give_back()) for claim in left)]


@contextmanager
def _slots_may_fail(batch):
    """Without slots (the database is away) the rest goes back; what was sent is still recorded."""
    try:
        yield
    except Exception:
        _logger.exception("the rest of a batch goes back: it has no slots")
        batch.is_cut = True


def _send_together(batch, pace):
    """All at once, when the last of them has its slot."""
    slots = []
    with batch.turn:
        with _slots_may_fail(batch):
            slots = [slot for slot in pace.slots(batch.texts) if slot[1] <= batch.begin_by]
        if not slots or not pace.is_in_time(max(moment for _pair, moment in slots)):
            return []
        return _send(batch, [pair for pair, _moment in slots])


def _send_one_by_one(batch, pace):
    """Each text at its own moment, not kept back by those before it that have no answer yet."""
    gateway = batch.gateway
    free = threading.Semaphore(gateway.concurrency)
    sent = []

    def send(pair):
        try:
            return _send(batch, [pair])
        finally:
            free.release()

    threads = ThreadPoolExecutor(min(gateway.concurrency, len(batch.texts)), "sms-pace")
    with _slots_may_fail(batch), threads:
        for pair, moment in pace.slots(batch.texts):
            # First, so that nothing delays the text any more once its slot has come.
            free.acquire()
            if batch.may_begin and pace.on_time(pair[0], moment):
                sent.append(threads.submit(send, pair))
            else:
                free.release()
    return [outcome for future in sent for outcome in future.result()]


def _send(batch, pairs):
    """Hand texts over, as many at a time as the gateway's class asks for.

    Before each share it is asked anew whether to go on: not when it has become too late, nor when
    the server stops, nor when the gateway took none of those before, or wants to be left alone.
    """
    sent = []
    with batch.turn:
        for share in split_every(batch.gateway.batch_size, pairs, list):
            if batch.begin(len(sent) + len(share)):
                outcomes = _outcomes(batch, [text for _claim, text in share])
                batch.note(outcomes)
            else:
                outcomes = [give_back()] * len(share)
            sent += [
                (claim, _with_segments(outcome, text))
                for (claim, text), outcome in zip(share, outcomes, strict=True)
            ]
    return sent


def _outcomes(batch, texts):
    """One outcome for each text, whatever the gateway does."""
    try:
        outcomes = batch.gateway.send(texts)
        if len(outcomes) != len(texts):
            raise ValueError(f"{len(outcomes)} outcomes")
    except ConfigurationError as error:
        _logger.warning("gateway %d is not usable: %s", batch.gateway_id, log_line(error))
        return [Retry(reason=Reason.CREDENTIALS, detail=str(error))] * len(texts)
    except Exception as error:
        _logger.exception("gateway %d failed on %d texts", batch.gateway_id, len(texts))
        return [Unknown(detail=f"{type(error).__name__} in the gateway")] * len(texts)
    return outcomes


def _at_once(outcome):
    """The same, where it was certainly not taken with no wish for later."""
    return replace(outcome, after=0) if isinstance(outcome, Retry) else outcome


def _with_segments(outcome, text):
    """An outcome that may have taken the text, with our own count where it tells none."""
    if isinstance(outcome, Accepted | Unknown) and outcome.segments is None:
        return replace(outcome, segments=text.segments)
    return outcome
