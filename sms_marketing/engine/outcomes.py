"""What became of a batch: recorded in one statement, and what a lane that died left behind."""

import logging
import random
from datetime import timedelta

from odoo.tools import SQL

from ..gateways.values import Accepted, Refused, Retry, Unknown
from ..text.segments import analyse
from . import journal, receipts, schedule, suppression
from .arrays import arrays
from .transactions import NOW

_logger = logging.getLogger(__name__)

#: Longest time for which a text is tried that is not taken, in hours; then it counts as refused.
GIVE_UP_AFTER = 24

#: Back-off of a text that the gateway has certainly not taken: doubles from first to last, seconds.
FIRST_BACK_OFF = 15
LAST_BACK_OFF = 3600

#: Seconds after which the provider is asked about a text whose outcome was lost (`lookup`).
ASK_AFTER = 120

#: outcome class -> state of the recipient
STATE_OF = {Accepted: "sent", Refused: "failed", Retry: "queued", Unknown: "unknown"}

#: Types of what is written of an outcome.
_COLUMNS = (
    *("int", "int", "varchar", "varchar", "varchar", "varchar", "int", "numeric", "varchar"),
    *("float", "int", "int"),
)


def record(env, outcomes):
    """Write all outcomes of a batch in one statement.

    A receipt may have come before this record: then its state stands, and only what it could not
    know (the provider's reference, segments, price) is added.

    :param outcomes: list of (Claim, outcome), each text once
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
            one.home_sender_id,
            one.home_gateway_id,
        )
        for one, outcome in outcomes
    ]
    env.cr.execute(
        SQL(
            """
            WITH outcome AS (
                SELECT * FROM unnest(%s)
                    AS outcome(id, attempt, state, reason, detail, reference, segments, price,
                               currency, back_off, home_sender, home_gateway)
            ), locked AS (
                -- In the order of ids, as every statement that locks many recipients.
                SELECT recipient.id,
                       recipient.attempt = outcome.attempt AS is_current,
                       -- What was put back into the queue meanwhile is not sent again when the
                       -- gateway has taken it after all.
                       recipient.attempt = outcome.attempt
                       AND (recipient.state IN ('sending', 'unknown')
                            OR recipient.state = 'queued' AND outcome.state = 'sent') AS is_ours,
                       -- What was only given back was not tried.
                       outcome.reason IS NOT NULL
                       AND recipient.not_taken_since < %s - make_interval(hours => %s) AS is_old,
                       message.state = 'cancelled' AS is_cancelled
                  FROM sms_marketing_recipient recipient
                  JOIN outcome ON outcome.id = recipient.id
                  LEFT JOIN sms_marketing_message message ON message.id = recipient.message_id
                 ORDER BY recipient.id
                   FOR UPDATE OF recipient
            ), settled AS (
                SELECT outcome.*, is_ours, is_current,
                       CASE WHEN outcome.state <> 'queued' THEN outcome.state
                            WHEN is_cancelled THEN 'cancelled'
                            WHEN is_old THEN 'failed'
                            ELSE 'queued' END AS next_state,
                       outcome.state = 'queued' AND is_old AS gave_up
                  FROM outcome JOIN locked USING (id)
            ), written AS (
                UPDATE sms_marketing_recipient recipient
                   SET state = CASE WHEN is_ours THEN next_state ELSE recipient.state END,
                       reason = CASE WHEN NOT is_ours THEN recipient.reason
                                     WHEN gave_up THEN 'gave_up' ELSE settled.reason END,
                       detail = CASE WHEN is_ours THEN settled.detail ELSE recipient.detail END,
                       -- Another lane may have the text in hand by now, for another attempt.
                       lease_until = CASE WHEN NOT is_current THEN recipient.lease_until END,
                       not_taken_since = CASE WHEN is_ours AND next_state = 'queued'
                                          AND settled.reason IS NOT NULL
                                         THEN COALESCE(recipient.not_taken_since, %s)
                                         ELSE recipient.not_taken_since END,
                       -- What another gateway did not take either waits where it belongs.
                       sender_id = CASE WHEN is_ours AND next_state = 'queued'
                                        THEN settled.home_sender ELSE recipient.sender_id END,
                       gateway_id = CASE WHEN is_ours AND next_state = 'queued'
                                         THEN settled.home_gateway ELSE recipient.gateway_id END,
                       -- A code that is on its way to its number is nobody else's to read.
                       body = CASE WHEN recipient.kind = 'verification' AND is_current
                                    AND next_state <> 'queued'
                                   THEN NULL ELSE recipient.body END,
                       due_at = CASE WHEN is_ours AND next_state = 'queued'
                                     THEN %s + make_interval(secs => settled.back_off)
                                     ELSE recipient.due_at END,
                       sent_at = CASE WHEN settled.state = 'sent'
                                      THEN COALESCE(recipient.sent_at, %s)
                                      ELSE recipient.sent_at END,
                       settled_at = CASE WHEN is_ours
                                          AND next_state IN ('failed', 'cancelled', 'unknown')
                                         THEN %s ELSE recipient.settled_at END,
                       lookup_at = CASE WHEN NOT is_current THEN recipient.lookup_at
                                        WHEN is_ours AND next_state = 'unknown'
                                        THEN %s + make_interval(secs => %s) END,
                       provider_reference = COALESCE(settled.reference,
                                                     recipient.provider_reference),
                       segments = COALESCE(settled.segments, recipient.segments),
                       price = COALESCE(settled.price, recipient.price),
                       price_currency = COALESCE(settled.currency, recipient.price_currency)
                  FROM settled
                 WHERE recipient.id = settled.id
                RETURNING recipient.message_id
            )
            INSERT INTO sms_marketing_statistic_mark (message_id)
            SELECT DISTINCT message_id FROM written WHERE message_id IS NOT NULL
            """,
            arrays(rows, *_COLUMNS),
            NOW,
            GIVE_UP_AFTER,
            NOW,
            NOW,
            NOW,
            NOW,
            NOW,
            ASK_AFTER,
        )
    )
    suppression.apply(
        env,
        [
            (one.number, one.gateway_id, outcome.reason)
            for one, outcome in outcomes
            if isinstance(outcome, Refused)
        ],
    )
    receipts.match_kept(env, [one.id for one, _outcome in outcomes])


def _back_off(one, outcome):
    """How long a text waits before its next attempt: what the provider asks, else doubling."""
    if not isinstance(outcome, Retry):
        return timedelta()
    if outcome.after is not None:
        return timedelta(seconds=min(max(outcome.after, 1), LAST_BACK_OFF))
    seconds = min(FIRST_BACK_OFF * 2 ** (one.attempt - 1), LAST_BACK_OFF)
    return timedelta(seconds=seconds * random.uniform(0.75, 1.25))


def give_back(why=""):
    """Outcome of a text that was claimed and then not handed over: it is due again at once."""
    return Retry(after=0, reason=None, detail=why)


def is_given_back(outcome):
    """Whether a text was not handed over at all, as if it had not been claimed."""
    return isinstance(outcome, Retry) and outcome.reason is None


def try_anew(env, message_ids):
    """What waits of these messages has a day again in which it is to be taken, as after a pause."""
    env.cr.execute(
        SQL(
            """
            WITH waiting AS (
                SELECT id FROM sms_marketing_recipient
                 WHERE message_id = ANY(%s) AND state = 'queued' AND not_taken_since IS NOT NULL
                 ORDER BY id FOR UPDATE
            )
            UPDATE sms_marketing_recipient recipient SET not_taken_since = NULL
              FROM waiting WHERE recipient.id = waiting.id
            """,
            list(message_ids),
        )
    )


def give_up_waiting(env):
    """Give up what has waited for a day for gateways that have been down, or archived, as long.

    Nobody asks these gateways for more than a text now and then, so that the others would wait
    for ever, and go out when nobody wants them any more.
    """
    given_up = env.execute_query(
        SQL(
            """
            WITH down AS (
                SELECT sender.id, sender.company_id FROM sms_marketing_sender sender
                  JOIN sms_marketing_gateway gateway ON gateway.id = sender.gateway_id
                 WHERE CASE WHEN gateway.active THEN gateway.down_since
                            ELSE gateway.write_date END
                       < %(now)s - make_interval(hours => %(hours)s)
            ), source AS (
                SELECT message.id AS message_id, down.id AS sender_id FROM down
                  JOIN sms_marketing_message message ON message.company_id = down.company_id
                 WHERE message.state = 'sending'
            ), old AS (
                SELECT recipient.id FROM sms_marketing_recipient recipient
                  JOIN source USING (message_id, sender_id)
                 WHERE recipient.state = 'queued' AND due_at <= %(now)s
                   AND send_at < %(now)s - make_interval(hours => %(hours)s)
                 ORDER BY recipient.id FOR UPDATE OF recipient SKIP LOCKED
            )
            UPDATE sms_marketing_recipient recipient
               SET state = 'failed', reason = 'gave_up', settled_at = %(now)s
              FROM old WHERE recipient.id = old.id
            RETURNING recipient.message_id
            """,
            now=NOW,
            hours=GIVE_UP_AFTER,
        )
    )
    if given_up:
        schedule.mark(env, {message_id for (message_id,) in given_up})
    return len(given_up)


def expire_leases(env):
    """Texts whose lane died while handing them over: nobody knows; say so and never send again.

    What it had only taken in hand goes back to the queue.
    """
    record(env, [(one, give_back()) for one in journal.take_unbegun(env)])
    expired = env.execute_query(
        SQL(
            """
            WITH expired AS (
                SELECT id FROM sms_marketing_recipient
                 WHERE state = 'sending' AND lease_until < %s
                 ORDER BY id FOR UPDATE SKIP LOCKED
            )
            UPDATE sms_marketing_recipient recipient
               SET state = 'unknown', lease_until = NULL, settled_at = lease_until,
                   lookup_at = lease_until + make_interval(secs => %s),
                   detail = 'sending was interrupted; the gateway may have taken the text'
              FROM expired WHERE recipient.id = expired.id
            RETURNING recipient.message_id, recipient.id
            """,
            NOW,
            ASK_AFTER,
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
            UPDATE sms_marketing_recipient recipient
               SET segments = counted.segments,
                   body = CASE WHEN recipient.kind <> 'verification' THEN recipient.body END
              FROM unnest(%s) AS counted(id, segments)
             WHERE recipient.id = counted.id
            """,
            arrays(
                [(one.id, analyse(one.text or "").segments) for one in recipients], "int", "int"
            ),
        )
    )
