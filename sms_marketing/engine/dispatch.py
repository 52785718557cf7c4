"""Lanes: claim a batch and commit, write the texts, hand them over, record the outcomes and commit.

A lane owns its transactions, and none is open while a provider is talked to. What a lane has
claimed, no other lane takes; what it dies over is found by its lease and becomes *unknown*, since
a text that may have gone out is never sent again by itself.
"""

import logging
import time
from collections import defaultdict
from dataclasses import replace

from odoo.tools import SQL

from ..gateways.errors import ConfigurationError
from ..gateways.reasons import Reason
from ..gateways.values import Accepted, Refused, Retry, Text, Unknown
from ..text.segments import analyse
from . import schedule
from .claims import claim, due_sources
from .outcomes import expire_leases, record
from .shutdown import WORK
from .texts import MessageTexts
from .transactions import in_own_transaction

_logger = logging.getLogger(__name__)

BATCH_SIZE = 100

#: How often an outcome is tried to be written while the database is away (about four minutes).
RECORD_RETRIES = 20


class Lane:
    """Sends what is due until nothing is, or until the time is up.

    :param registry: the database's registry
    :param int batch_size: texts claimed, handed over and recorded at once
    """

    def __init__(self, registry, batch_size=BATCH_SIZE):
        self.registry = registry
        self.batch_size = batch_size
        self._gateways = {}

    def run(self, seconds=None):
        """Work for so many seconds (None: until nothing is due).

        :return: (texts taken in hand, whether work remains that could go on at once)
        :rtype: tuple[int, bool]
        """
        with WORK.in_hand():
            return self._run(None if seconds is None else time.monotonic() + seconds)

    def _run(self, end):
        handled, put_off = 0, set()
        in_own_transaction(self.registry, expire_leases)
        try:
            while True:
                progress = 0
                for message_id in in_own_transaction(self.registry, due_sources):
                    if message_id in put_off:
                        continue
                    if WORK.is_stopping:
                        return handled + progress, True
                    seen, stalled = self._try_step(message_id)
                    progress += seen
                    if stalled:
                        put_off.add(message_id)
                    if end is not None and time.monotonic() >= end:
                        return handled + progress, True
                handled += progress
                if not progress:
                    return handled, False
        finally:
            self._close()
            in_own_transaction(self.registry, schedule.finish)

    def _try_step(self, message_id):
        """``_step``, where one message's trouble does not keep the others waiting."""
        try:
            return self._step(message_id)
        except ConfigurationError as error:
            _logger.warning("message %s: gateway is not usable: %s", message_id, error)
        except Exception:
            _logger.exception("message %s: this batch is tried again later", message_id)
        return 0, True

    def _step(self, message_id):
        """Take one batch of a message (None: of answers) through.

        :return: how many texts it was, and whether the gateway took none of them for now, so that
            trying the next batch at once would be no use
        """
        texts, refused, seen = in_own_transaction(
            self.registry, lambda env: self._claim_and_write(env, message_id)
        )
        if not seen:
            return 0, False
        outcomes = [*refused]
        for gateway_id, batch in texts.items():
            outcomes += self._hand_over(gateway_id, batch)
        in_own_transaction(self.registry, lambda env: record(env, outcomes), retries=RECORD_RETRIES)
        stalled = bool(outcomes) and all(isinstance(outcome, Retry) for _one, outcome in outcomes)
        return seen, stalled

    def _claim_and_write(self, env, message_id):
        """Claim a batch and write its texts, in one transaction.

        :return: {gateway id: [(Claim, Text)]}, outcomes of texts that could not be written, and
            how many recipients were due
        """
        claims, seen = claim(env, message_id, self.batch_size)
        if not claims:
            return {}, [], seen
        for gateway in env["sms.marketing.gateway"].browse({c.gateway_id for c in claims}):
            if gateway.id not in self._gateways:
                self._gateways[gateway.id] = gateway._connect()
        senders = {
            sender.id: sender.value
            for sender in env["sms.marketing.sender"].browse({c.sender_id for c in claims})
        }
        written = write_texts(env, message_id, claims)
        texts, refused = defaultdict(list), []
        for one, body in zip(claims, written, strict=True):
            if not body:
                refused.append((one, Refused("rendering", detail="the text is empty")))
                continue
            segmentation = analyse(body)
            text = Text(
                reference=one.token,
                number=one.number,
                sender=senders[one.sender_id],
                body=body,
                encoding=segmentation.encoding,
                segments=segmentation.segments,
                attempt=one.attempt,
            )
            texts[one.gateway_id].append((one, text))
        return texts, refused, seen

    def _hand_over(self, gateway_id, batch):
        gateway = self._gateways[gateway_id]
        try:
            outcomes = gateway.send([text for _claim, text in batch])
        except ConfigurationError as error:
            _logger.warning("gateway %d is not usable: %s", gateway_id, error)
            outcomes = [Retry(reason=Reason.CREDENTIALS, detail=str(error))] * len(batch)
        except Exception as error:
            _logger.exception("gateway %d failed on a batch of %d", gateway_id, len(batch))
            outcomes = [Unknown(detail=f"{type(error).__name__} in the gateway")] * len(batch)
        return [
            (one, _with_segments(outcome, text))
            for (one, text), outcome in zip(batch, outcomes, strict=True)
        ]

    def _close(self):
        for gateway in self._gateways.values():
            gateway.close()
        self._gateways = {}


def _with_segments(outcome, text):
    """An outcome that may have taken the text, with our own count where it tells none."""
    if isinstance(outcome, Accepted | Unknown) and outcome.segments is None:
        return replace(outcome, segments=text.segments)
    return outcome


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
