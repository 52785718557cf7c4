"""Figures of messages: senders, receipts and clicks only leave marks; the rollup recomputes.

No counter is shared by many writers. The rollup takes the marks that it sees and writes the
figures of their messages anew, by hour, from the recipients, clicks and incoming texts.
"""

from odoo.tools import SQL

#: measure -> what it counts, for people
MEASURES = [
    ("considered", "Considered"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("undelivered", "Not delivered"),
    ("failed", "Refused"),
    ("unknown", "Unknown"),
    ("skipped", "Not sent"),
    ("cancelled", "Cancelled"),
    ("waiting", "Waiting"),
    ("segments", "Segments"),
    ("clicks", "Clicks"),
    ("clicked", "Recipients who clicked"),
    ("replies", "Replies"),
    ("opted_out", "Opted out"),
]


#: Key of the advisory lock that lets one rollup work at a time (any number, ours alone).
_LOCK = 735_019_264


def roll_up(env):
    """Recompute the figures of every message that has marks.

    Run it in a transaction of its own (``in_own_transaction``). While another rollup works, this
    one leaves the marks to it and to the next.

    :return: ids of the messages recomputed
    """
    [(is_alone,)] = env.execute_query(SQL("SELECT pg_try_advisory_xact_lock(%s)", _LOCK))
    if not is_alone:
        return []
    marked = env.execute_query(SQL("DELETE FROM sms_marketing_statistic_mark RETURNING message_id"))
    # Texts without a message leave marks that name none; those of a deleted one find nothing.
    ids = sorted({message_id for (message_id,) in marked if message_id})
    if ids:
        recompute(env, ids)
    return ids


def recompute(env, message_ids):
    """Write the figures of these messages anew."""
    env.cr.execute(
        SQL("DELETE FROM sms_marketing_statistic WHERE message_id = ANY(%s)", message_ids)
    )
    env.cr.execute(
        SQL(
            """
            INSERT INTO sms_marketing_statistic (message_id, company_id, hour, measure, value)
            WITH recipient AS (
                SELECT message_id, company_id, state, segments,
                       date_trunc('hour', queued_at) AS queued_hour,
                       date_trunc('hour', sent_at) AS sent_hour,
                       date_trunc('hour', COALESCE(settled_at, sent_at, queued_at)) AS last_hour
                  FROM sms_marketing_recipient WHERE message_id = ANY(%(ids)s)
            )
            SELECT message_id, company_id, queued_hour, 'considered', count(*)
              FROM recipient GROUP BY 1, 2, 3
             UNION ALL
            SELECT message_id, company_id, sent_hour, 'sent', count(*)
              FROM recipient WHERE state IN ('sent', 'delivered', 'undelivered') GROUP BY 1, 2, 3
             UNION ALL
            SELECT message_id, company_id, sent_hour, 'segments', sum(segments)
              FROM recipient WHERE state IN ('sent', 'delivered', 'undelivered')
               AND segments IS NOT NULL GROUP BY 1, 2, 3
             UNION ALL
            SELECT message_id, company_id, last_hour,
                   CASE WHEN state IN ('queued', 'sending') THEN 'waiting' ELSE state END, count(*)
              FROM recipient WHERE state <> 'sent' GROUP BY 1, 2, 3, 4
             UNION ALL
            SELECT message_id, company_id, date_trunc('hour', clicked_at), 'clicks', count(*)
              FROM sms_marketing_click WHERE message_id = ANY(%(ids)s) GROUP BY 1, 2, 3
             UNION ALL
            SELECT message_id, company_id, date_trunc('hour', first_click), 'clicked', count(*)
              FROM (SELECT message_id, company_id, min(clicked_at) AS first_click
                      FROM sms_marketing_click WHERE message_id = ANY(%(ids)s)
                     GROUP BY message_id, company_id, recipient_id) AS clicked
             GROUP BY 1, 2, 3
             UNION ALL
            SELECT message_id, company_id, date_trunc('hour', received_at), 'replies', count(*)
              FROM sms_marketing_inbound
             WHERE message_id = ANY(%(ids)s) AND action IS DISTINCT FROM 'stop' GROUP BY 1, 2, 3
             UNION ALL
            SELECT message_id, company_id, date_trunc('hour', first_stop), 'opted_out', count(*)
              FROM (SELECT message_id, company_id, min(moment) AS first_stop
                      FROM (SELECT message_id, company_id, number, received_at AS moment
                              FROM sms_marketing_inbound
                             WHERE message_id = ANY(%(ids)s) AND action = 'stop'
                             UNION ALL
                            SELECT message_id, company_id, COALESCE(number, 'erased ' || id),
                                   opted_out_at
                              FROM sms_marketing_recipient
                             WHERE message_id = ANY(%(ids)s) AND opted_out_at IS NOT NULL
                           ) AS stop
                     GROUP BY message_id, company_id, number) AS stopped
             GROUP BY 1, 2, 3
            """,
            ids=message_ids,
        )
    )
    env["sms.marketing.statistic"].invalidate_model()
    env["sms.marketing.message"].invalidate_model()
