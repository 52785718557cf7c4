"""Lanes: claim a batch and commit, write the texts, hand them over, record the outcomes and commit.

A lane owns its transactions, and none is open while a provider is talked to. What a lane has
claimed, no other lane takes; what it dies over is found by its lease and becomes *unknown*, since
a text that may have gone out is never sent again by itself.
"""

import logging
import random
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta

from odoo.tools import SQL

from ..gateways.errors import ConfigurationError
from ..gateways.reasons import Reason
from ..gateways.values import Accepted, Refused, Retry, Text, Unknown
from ..text.segments import analyse
from . import receipts, schedule, suppression
from .texts import MessageTexts
from .transactions import NOW, in_own_transaction

_logger = logging.getLogger(__name__)

BATCH_SIZE = 100

#: Longest life of a text in the queue after its moment, in hours; then it counts as refused.
GIVE_UP_AFTER = 24

#: Back-off of a text that the gateway has certainly not taken: doubles from first to last, seconds.
FIRST_BACK_OFF = 15
LAST_BACK_OFF = 3600

#: Seconds that a claim outlives the slowest hand-over that its gateway's time-outs allow, and the
#: number of texts that every gateway talks about at once, at the least.
LEASE_MARGIN = 30
LEAST_CONCURRENCY = 8

#: How often an outcome is tried to be written while the database is away (about four minutes).
RECORD_RETRIES = 20


@dataclass(frozen=True, slots=True)
class Claim:
    """One recipient that this lane has taken and nobody else will."""

    id: int
    attempt: int
    number: str
    token: str
    partner_id: int | None
    sender_id: int
    gateway_id: int
    body: str | None


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
        end = None if seconds is None else time.monotonic() + seconds
        handled, put_off = 0, set()
        in_own_transaction(self.registry, expire_leases)
        try:
            while True:
                progress = 0
                for message_id in in_own_transaction(self.registry, due_sources):
                    if message_id in put_off:
                        continue
                    # One message's trouble must not keep the others waiting.
                    try:
                        seen, stalled = self._step(message_id)
                    except ConfigurationError as error:
                        _logger.warning("message %s: gateway is not usable: %s", message_id, error)
                        seen, stalled = 0, True
                    except Exception:
                        _logger.exception("message %s: this batch is tried again later", message_id)
                        seen, stalled = 0, True
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


def due_sources(env):
    """Ids of the messages that have something due, answers (None) first."""
    answers = env.execute_query(
        SQL(
            """
            SELECT 1 FROM sms_marketing_recipient
             WHERE message_id IS NULL AND state = 'queued' AND due_at <= %s LIMIT 1
            """,
            NOW,
        )
    )
    messages = env.execute_query(
        SQL(
            """
            SELECT message.id FROM sms_marketing_message message
             WHERE message.state = 'sending'
               AND EXISTS (SELECT 1 FROM sms_marketing_recipient recipient
                            WHERE recipient.message_id = message.id
                              AND recipient.state = 'queued' AND recipient.due_at <= %s)
             ORDER BY message.scheduled_at, message.id
            """,
            NOW,
        )
    )
    return [None] * len(answers) + [message_id for (message_id,) in messages]


def next_due(env):
    """Seconds until the next text that waits is due; None when none waits.

    What is due now counts as a second away: a lane has just seen it and left it alone.
    """
    [(seconds,)] = env.execute_query(
        SQL(
            """
            SELECT EXTRACT(epoch FROM min(next.due_at) - %s)
              FROM (SELECT min(due_at) AS due_at FROM sms_marketing_recipient
                     WHERE message_id IS NULL AND state = 'queued'
                     UNION ALL
                    SELECT (SELECT min(due_at) FROM sms_marketing_recipient
                             WHERE message_id = message.id AND state = 'queued')
                      FROM sms_marketing_message message
                     WHERE message.state = 'sending') AS next
            """,
            NOW,
        )
    )
    return None if seconds is None else max(float(seconds), 1.0)


def claim(env, message_id, limit):
    """Take up to ``limit`` due recipients of a message (None: of answers).

    Everything that forbids a text is checked again in this very statement: consent, marketing
    status, blacklist, the message's state. Who may not be texted any more becomes *skipped*.

    :return: the claims, and how many recipients were due
    :rtype: tuple[list[Claim], int]
    """
    source = (
        SQL("message_id IS NULL")
        if message_id is None
        else SQL(
            """message_id = %s AND EXISTS (
                   SELECT 1 FROM sms_marketing_message message
                    WHERE message.id = %s AND message.state = 'sending')""",
            message_id,
            message_id,
        )
    )
    rows = env.execute_query(
        SQL(
            """
            WITH due AS (
                SELECT * FROM sms_marketing_recipient
                 WHERE %(source)s AND state = 'queued' AND due_at <= %(now)s
                 ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ), agreed AS (
                -- Under a lock, so that a STOP either is seen here or sees the text on its way.
                SELECT subscription.number, subscription.state
                  FROM sms_marketing_subscription subscription
                  JOIN due ON due.number = subscription.number
                  JOIN sms_marketing_message message ON message.id = due.message_id
                 WHERE subscription.type_id = message.subscription_type_id
                 ORDER BY subscription.number
                   FOR SHARE OF subscription
            ), checked AS (
                SELECT due.id,
                       make_interval(secs => %(margin)s + %(rounds)s
                           * (gateway.connect_timeout + gateway.read_timeout)) AS lease,
                       CASE WHEN due.kind = 'answer' THEN NULL
                            WHEN contact.id IS NULL THEN 'contact_deleted'
                            WHEN contact.sms_marketing IS NOT TRUE THEN 'not_marketing'
                            WHEN blacklist.id IS NOT NULL THEN 'blacklisted'
                            WHEN agreed.state IS NULL THEN 'no_consent'
                            WHEN agreed.state <> 'subscribed' THEN agreed.state
                       END AS reason
                  FROM due
                  JOIN sms_marketing_gateway gateway ON gateway.id = due.gateway_id
                  LEFT JOIN agreed ON agreed.number = due.number
                  LEFT JOIN phone_blacklist blacklist
                         ON blacklist.number = due.number AND blacklist.active
                  LEFT JOIN res_partner contact ON contact.id = due.partner_id
            )
            UPDATE sms_marketing_recipient recipient
               SET state = CASE WHEN checked.reason IS NULL THEN 'sending' ELSE 'skipped' END,
                   reason = checked.reason,
                   detail = NULL,
                   attempt = recipient.attempt + 1,
                   lease_until = CASE WHEN checked.reason IS NULL THEN %(now)s + lease END
              FROM checked
             WHERE recipient.id = checked.id
            RETURNING recipient.state, recipient.id, recipient.attempt, recipient.number,
                      recipient.token, recipient.partner_id, recipient.sender_id,
                      recipient.gateway_id, recipient.body
            """,
            source=source,
            now=NOW,
            limit=limit,
            margin=LEASE_MARGIN,
            rounds=-(-limit // LEAST_CONCURRENCY),
        )
    )
    if rows and message_id:
        schedule.mark(env, [message_id])
    return [Claim(*row[1:]) for row in rows if row[0] == "sending"], len(rows)


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


#: outcome class -> state of the recipient
STATE_OF = {Accepted: "sent", Refused: "failed", Retry: "queued", Unknown: "unknown"}


def record(env, outcomes):
    """Write all outcomes of a batch in one statement.

    A receipt may have come before this record: then its state stands, and only what it could not
    know (the provider's reference, segments, price) is added.

    :param outcomes: list of (Claim, outcome)
    """
    if not outcomes:
        return
    rows = [
        (
            one.id,
            one.attempt,
            STATE_OF[type(outcome)],
            getattr(outcome, "reason", None),
            ": ".join(filter(None, [getattr(outcome, "code", ""), getattr(outcome, "detail", "")]))
            or None,
            getattr(outcome, "reference", None),
            getattr(outcome, "segments", None),
            getattr(outcome, "price", None),
            getattr(outcome, "currency", None),
            _back_off(one, outcome).total_seconds(),
        )
        for one, outcome in outcomes
    ]
    message_ids = env.execute_query(
        SQL(
            """
            WITH outcome AS (
                SELECT * FROM unnest(
                    %s::int[], %s::int[], %s::varchar[], %s::varchar[], %s::varchar[],
                    %s::varchar[], %s::int[], %s::numeric[], %s::varchar[], %s::float[]
                ) AS outcome(id, attempt, state, reason, detail, reference, segments, price,
                             currency, back_off)
            ), locked AS (
                -- In the order of ids, as every statement that locks many recipients.
                SELECT recipient.id,
                       recipient.attempt = outcome.attempt
                       AND recipient.state IN ('sending', 'unknown') AS is_ours,
                       recipient.send_at < %s - make_interval(hours => %s) AS is_old,
                       message.state = 'cancelled' AS is_cancelled
                  FROM sms_marketing_recipient recipient
                  JOIN outcome ON outcome.id = recipient.id
                  LEFT JOIN sms_marketing_message message ON message.id = recipient.message_id
                 ORDER BY recipient.id
                   FOR UPDATE OF recipient
            ), settled AS (
                SELECT outcome.*, is_ours,
                       CASE WHEN outcome.state <> 'queued' THEN outcome.state
                            WHEN is_cancelled THEN 'cancelled'
                            WHEN is_old THEN 'failed'
                            ELSE 'queued' END AS next_state,
                       outcome.state = 'queued' AND is_old AS gave_up
                  FROM outcome JOIN locked USING (id)
            )
            UPDATE sms_marketing_recipient recipient
               SET state = CASE WHEN is_ours THEN next_state ELSE recipient.state END,
                   reason = CASE WHEN NOT is_ours THEN recipient.reason
                                 WHEN gave_up THEN 'gave_up' ELSE settled.reason END,
                   detail = CASE WHEN is_ours THEN settled.detail ELSE recipient.detail END,
                   lease_until = NULL,
                   due_at = CASE WHEN is_ours AND next_state = 'queued'
                                 THEN %s + make_interval(secs => settled.back_off)
                                 ELSE recipient.due_at END,
                   sent_at = CASE WHEN settled.state = 'sent' THEN COALESCE(recipient.sent_at, %s)
                                  ELSE recipient.sent_at END,
                   settled_at = CASE WHEN is_ours
                                      AND next_state IN ('failed', 'cancelled', 'unknown')
                                     THEN %s ELSE recipient.settled_at END,
                   provider_reference = COALESCE(settled.reference, recipient.provider_reference),
                   segments = COALESCE(settled.segments, recipient.segments),
                   price = COALESCE(settled.price, recipient.price),
                   price_currency = COALESCE(settled.currency, recipient.price_currency)
              FROM settled
             WHERE recipient.id = settled.id
            RETURNING recipient.message_id
            """,
            *[list(column) for column in zip(*rows, strict=True)],
            NOW,
            GIVE_UP_AFTER,
            NOW,
            NOW,
            NOW,
        )
    )
    schedule.mark(env, {message_id for (message_id,) in message_ids if message_id})
    suppression.apply(
        env,
        [
            (one.number, one.gateway_id, outcome.reason)
            for one, outcome in outcomes
            if isinstance(outcome, Refused)
        ],
    )
    receipts.match_kept(env)


def _back_off(one, outcome):
    """How long a text waits before its next attempt: what the provider asks, else doubling."""
    if not isinstance(outcome, Retry):
        return timedelta()
    if outcome.after is not None:
        return timedelta(seconds=min(max(outcome.after, 1), LAST_BACK_OFF))
    seconds = min(FIRST_BACK_OFF * 2 ** (one.attempt - 1), LAST_BACK_OFF)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))


def expire_leases(env):
    """Texts whose lane died while handing them over: nobody knows; say so and never send again."""
    expired = env.execute_query(
        SQL(
            """
            WITH expired AS (
                SELECT id FROM sms_marketing_recipient
                 WHERE state = 'sending' AND lease_until < %s
                 ORDER BY id FOR UPDATE SKIP LOCKED
            )
            UPDATE sms_marketing_recipient recipient
               SET state = 'unknown', lease_until = NULL,
                   detail = 'sending was interrupted; the gateway may have taken the text'
              FROM expired WHERE recipient.id = expired.id
            RETURNING recipient.message_id, recipient.id
            """,
            NOW,
        )
    )
    if expired:
        _count_segments(env, [row[1] for row in expired])
        _logger.warning("%d texts were interrupted while handed over: unknown", len(expired))
        schedule.mark(env, {row[0] for row in expired if row[0]})
    return len(expired)


def _count_segments(env, recipient_ids):
    """Write what texts cost if they did go out: the count that their lane could not record."""
    recipients = env["sms.marketing.recipient"].browse(recipient_ids)
    env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_recipient recipient SET segments = counted.segments
              FROM unnest(%s::int[], %s::int[]) AS counted(id, segments)
             WHERE recipient.id = counted.id
            """,
            recipients.ids,
            [analyse(recipient.text or "").segments for recipient in recipients],
        )
    )
