"""Whose numbers an approval was given for, so that others are noticed when the message is sent.

An approval counts people, and so does a swap of all of them for as many others. With the approval a
message keeps one key of eight bytes for each number that would have received it then, in one row.
It is gone when the message starts or the approval is void.
"""

from odoo.tools import SQL

from .audience import audience_query

#: Contacts that may be added whatever their share is, where any may.
ALLOWED_AT_LEAST = 10


def keep(message):
    """Keep the numbers that would receive a message now, in place of those kept before."""
    message.env.flush_all()
    message.env.cr.execute(
        SQL(
            """
            INSERT INTO sms_marketing_approved_audience (message_id, keys)
            SELECT %(message)s, COALESCE(array_agg(%(key)s), '{}')
              FROM (%(audience)s) AS audience WHERE reason IS NULL
            ON CONFLICT (message_id) DO UPDATE SET keys = EXCLUDED.keys
            """,
            message=message.id,
            key=_key(message.id),
            audience=audience_query(message),
        )
    )


def forget(env, message_ids):
    """Forget the numbers that these messages were approved for."""
    env.cr.execute(
        SQL(
            "DELETE FROM sms_marketing_approved_audience WHERE message_id = ANY(%s)",
            list(message_ids),
        )
    )


def added(message, is_settled):
    """How many numbers would receive a message that did not when it was approved.

    :param is_settled: whether the message starts, and its audience is in ``sms_marketing_audience``
    :return: None where no numbers were kept
    :rtype: int | None
    """
    message.env.flush_all()
    if is_settled:
        audience = SQL(
            "SELECT number, reason FROM sms_marketing_audience WHERE message_id = %s", message.id
        )
    else:
        audience = audience_query(message)
    [(count,)] = message.env.execute_query(
        SQL(
            """
            SELECT CASE WHEN EXISTS (SELECT FROM sms_marketing_approved_audience
                                      WHERE message_id = %(message)s)
                        THEN (SELECT count(*) FROM (%(audience)s) AS audience
                                LEFT JOIN (SELECT unnest(keys) AS key
                                             FROM sms_marketing_approved_audience
                                            WHERE message_id = %(message)s) AS approved
                                       ON approved.key = %(key)s
                               WHERE reason IS NULL AND approved.key IS NULL)
                   END
            """,
            message=message.id,
            key=_key(message.id),
            audience=audience,
        )
    )
    return count


def forget_number(env, number, company):
    """Forget that any message of a company was approved for this number."""
    env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_approved_audience approved
               SET keys = array_remove(keys, hashtextextended(%(number)s, message_id))
              FROM sms_marketing_message message
             WHERE message.id = approved.message_id AND message.company_id = %(company)s
               AND hashtextextended(%(number)s, message_id) = ANY(keys)
            """,
            number=number,
            company=company.id,
        )
    )


def allowed(approved, percent):
    """How many numbers may be added to an approved audience.

    :param approved: numbers that the message was approved for
    :param percent: what the company allows; 0: none at all
    """
    return max(ALLOWED_AT_LEAST, approved * percent // 100) if percent else 0


def _key(message_id):
    """SQL: the key of ``audience.number``; of another message it is another one."""
    return SQL("hashtextextended(audience.number, %s)", message_id)
