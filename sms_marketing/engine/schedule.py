"""When a message starts, and when it has come to its end."""

import logging

from odoo.exceptions import UserError
from odoo.tools import SQL
from psycopg2 import InterfaceError, OperationalError

from ..text.encoding import log_line
from . import approved_audience, audience
from .links import write_links
from .review import ReviewFacts
from .transactions import NOW, in_own_transaction

_logger = logging.getLogger(__name__)


def start_due(registry):
    """Start every scheduled message whose moment has come, each in a transaction of its own.

    A message that cannot start (its rule no longer works, say) goes back to draft with the reason
    in its log, and holds nobody else up.

    :return: number of messages started
    """
    started = 0
    while message_id := in_own_transaction(registry, _start_next):
        _logger.info("message %d: recipients are written, sending starts", message_id)
        started += 1
    return started


def _start_next(env):
    """Start one due message; return its id, or False when none is due."""
    while True:
        due = env.execute_query(
            SQL(
                """
                SELECT id FROM sms_marketing_message
                 WHERE state = 'scheduled' AND COALESCE(starts_at, scheduled_at) <= %s
                 ORDER BY COALESCE(starts_at, scheduled_at), id LIMIT 1 FOR UPDATE SKIP LOCKED
                """,
                NOW,
            )
        )
        if not due:
            return False
        message = env["sms.marketing.message"].browse(due[0][0])
        try:
            with env.cr.savepoint():
                start(message)
        except (OperationalError, InterfaceError):
            raise  # the database's trouble, not the message's: the whole is tried again
        except Exception as error:
            if isinstance(error, UserError):
                _logger.warning("message %d cannot start: %s", message.id, log_line(error))
            else:
                _logger.exception("message %d cannot start", message.id)
            message._fall_back(error)
            continue
        return message.id


def start(message):
    """Settle who gets the message, write its links and first recipients, and open it for dispatch.

    The further recipients are written by the lanes, piece by piece, while the first go out.

    :raise UserError: what a review calls an error keeps the message from starting
    """
    facts = ReviewFacts(intent="start", send_at=message.scheduled_at)
    message._check_ready("start", facts)
    write_links(message)
    [(now,)] = message.env.execute_query(SQL("SELECT date_trunc('second', %s)", NOW))
    counts = audience.settle(message, now)
    # Again, now that it is known who gets it: as settled, so that nobody is counted twice.
    message._check_ready("start", message._review_facts("start", counts))
    message.write({"state": "sending", "started_at": now})
    approved_audience.forget(message.env, message.ids)
    audience.write_piece(message)
    # Until PostgreSQL finds out by itself, about a minute later, how many rows the table has now,
    # each claim would read all of the message's.
    if sum(counts.values()) >= audience.PIECE:
        message.env.cr.execute("ANALYZE sms_marketing_recipient")


def write_next(registry):
    """Write the next piece of a started message's audience, in a transaction of its own.

    :return: number of contacts whose recipient was written; 0 when nothing is left
    """
    return in_own_transaction(registry, audience.write_next)


def finish(env):
    """Close every message that has no recipient left to wait for, and settle the cancelled ones."""
    _cancel_waiting(env)
    finished = env.execute_query(
        SQL(
            """
            UPDATE sms_marketing_message message
               SET state = 'sent', finished_at = now() AT TIME ZONE 'UTC'
             WHERE state = 'sending'
               AND NOT EXISTS (
                   SELECT 1 FROM sms_marketing_recipient recipient
                    WHERE recipient.message_id = message.id
                      AND recipient.state IN ('queued', 'sending'))
               AND NOT EXISTS (SELECT 1 FROM sms_marketing_audience audience
                                WHERE audience.message_id = message.id)
            RETURNING id
            """
        )
    )
    ids = [message_id for (message_id,) in finished]
    if ids:
        env["sms.marketing.message"].invalidate_model(["state", "finished_at"])
        mark(env, ids)
    return ids


def _cancel_waiting(env):
    """Recipients that still wait for a cancelled message are cancelled too.

    Here and not in the request that cancels: lanes change the same rows at that moment, and a
    request would have to start again and again.
    """
    cancelled = env.execute_query(
        SQL(
            """
            WITH waiting AS (
                SELECT recipient.id
                  FROM sms_marketing_message message
                  JOIN sms_marketing_recipient recipient ON recipient.message_id = message.id
                 WHERE message.state = 'cancelled' AND recipient.state = 'queued'
                 ORDER BY recipient.id
                   FOR UPDATE OF recipient
            )
            UPDATE sms_marketing_recipient recipient
               SET state = 'cancelled', settled_at = now() AT TIME ZONE 'UTC'
              FROM waiting WHERE recipient.id = waiting.id
            RETURNING recipient.message_id
            """
        )
    )
    if cancelled:
        mark(env, {message_id for (message_id,) in cancelled})


def mark(env, message_ids):
    """Note that these messages' figures have moved, for the next rollup."""
    env.cr.execute(
        SQL(
            "INSERT INTO sms_marketing_statistic_mark (message_id) SELECT unnest(%s::int[])",
            list(message_ids),
        )
    )
