"""Texts whose outcome was lost: a person who has found out says whether they went out.

Providers are asked by `lookup`. A receipt that comes later still counts, as for every other text.
"""

from odoo.tools import SQL

from . import schedule
from .transactions import NOW


def settle_as_sent(env, recipient_ids, words):
    """They went out.

    :param str words: who says so, for the recipients' detail
    :return: {message id or None: how many texts were still unknown}
    """
    return _settle(
        env,
        recipient_ids,
        SQL("state = 'sent', detail = %s, sent_at = COALESCE(sent_at, settled_at, %s)", words, NOW),
    )


def queue_again(env, recipient_ids, words):
    """They did not go out: they wait again, and their messages are open again.

    A text of a cancelled message waits for nothing: it is left as it is. All that forbids a text
    is checked when it is claimed, as always.

    :return: {message id: how many texts wait again}
    """
    counts = _settle(
        env,
        recipient_ids,
        SQL(
            "state = 'queued', detail = %s, due_at = %s, settled_at = NULL, not_taken_since = NULL",
            words,
            NOW,
        ),
        SQL(
            """
            kind = 'campaign' AND EXISTS (
                SELECT 1 FROM sms_marketing_message message
                 WHERE message.id = recipient.message_id
                   AND message.state IN ('sending', 'paused', 'sent'))
            """
        ),
    )
    env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_message SET state = 'sending', finished_at = NULL
             WHERE id = ANY(%s) AND state = 'sent'
            """,
            list(counts),
        )
    )
    env["sms.marketing.message"].invalidate_model(["state", "finished_at"])
    return counts


def ask_now(env, recipient_ids):
    """Have the provider asked about these at the next run, whenever it was asked before."""
    env.cr.execute(
        SQL(
            """
            WITH chosen AS (
                SELECT id FROM sms_marketing_recipient
                 WHERE id = ANY(%(ids)s) AND state = 'unknown'
                 ORDER BY id FOR UPDATE
            )
            UPDATE sms_marketing_recipient recipient
               SET lookup_at = %(now)s, settled_at = COALESCE(settled_at, queued_at, %(now)s)
              FROM chosen WHERE recipient.id = chosen.id
            """,
            ids=list(recipient_ids),
            now=NOW,
        )
    )
    env["sms.marketing.recipient"].invalidate_model(["lookup_at", "settled_at"])


def _settle(env, recipient_ids, values, condition=None):
    rows = env.execute_query(
        SQL(
            """
            WITH chosen AS (
                -- In the order of ids, as every statement that locks many recipients.
                SELECT id FROM sms_marketing_recipient recipient
                 WHERE id = ANY(%s) AND state = 'unknown' AND %s
                 ORDER BY id FOR UPDATE
            ), settled AS (
                UPDATE sms_marketing_recipient recipient SET %s
                  FROM chosen WHERE recipient.id = chosen.id
                RETURNING recipient.message_id
            )
            SELECT message_id, count(*) FROM settled GROUP BY message_id
            """,
            list(recipient_ids),
            condition or SQL("TRUE"),
            values,
        )
    )
    env["sms.marketing.recipient"].invalidate_model()
    schedule.mark(env, [message_id for message_id, _count in rows if message_id])
    return dict(rows)
