"""Which sender of a message's pool texts a number (B7), for all of its recipients at once.

In this order:

1. the sender by which the number and the company were in touch last, whoever wrote: people know
   it, and their answers stay in one place;
2. a sender that is meant for the number's country before one for every country;
3. by chance, but always the same chance: a number falls to the sender for which the hash of both
   is the smallest, so that a pool's senders share the numbers evenly, and one more sender takes
   over its own share and nothing else.
"""

from odoo.tools import SQL


def join(message, number):
    """SQL to put behind a FROM: ``pool.sender_id``, ``pool.gateway_id`` of each row's number.

    Both are NULL where none of the senders may text the number.

    :param message: one ``sms.marketing.message``
    :param number: SQL of a number, E.164
    """
    senders = message._senders()
    if len(senders) == 1:
        return SQL(
            "CROSS JOIN (VALUES (%s, %s)) AS pool(sender_id, gateway_id)",
            senders.id,
            senders.gateway_id.id,
        )
    rows = SQL(", ").join(
        SQL(
            "(%s, %s, %s::text[])",
            sender.id,
            sender.gateway_id.id,
            [f"{prefix}%" for prefix in sender._allowed_prefixes()],
        )
        for sender in senders
    )
    return SQL(
        """
        LEFT JOIN LATERAL (
            SELECT met.sender_id FROM (
                (SELECT sender_id, sent_at AS at FROM sms_marketing_recipient
                  WHERE number = %(number)s AND company_id = %(company)s AND sent_at IS NOT NULL
                  ORDER BY id DESC LIMIT 1)
                 UNION ALL
                (SELECT sender_id, received_at FROM sms_marketing_inbound
                  WHERE number = %(number)s AND company_id = %(company)s
                    AND sender_id IS NOT NULL
                  ORDER BY id DESC LIMIT 1)
            ) AS met ORDER BY met.at DESC LIMIT 1
        ) AS last ON TRUE
        LEFT JOIN LATERAL (
            SELECT candidate.sender_id, candidate.gateway_id
              FROM (VALUES %(senders)s) AS candidate(sender_id, gateway_id, allowed)
             WHERE candidate.allowed = '{}' OR %(number)s LIKE ANY(candidate.allowed)
             ORDER BY (candidate.sender_id = last.sender_id) IS NOT TRUE,
                      candidate.allowed = '{}',
                      md5(%(number)s || ':' || candidate.sender_id)
             LIMIT 1
        ) AS pool ON TRUE
        """,
        number=number,
        company=message.company_id.id,
        senders=rows,
    )
