"""Exact segments of a message before it is sent (B10): every recipient's text is counted.

Nothing is written to recipients. Contacts come from PostgreSQL in batches through a cursor on the
server, so that memory does not grow with the audience.
"""

from collections import Counter
from contextlib import closing, suppress

from odoo.tools import SQL
from psycopg2.errors import InFailedSqlTransaction

from ..text.numbers import region_of
from ..text.segments import analyse
from . import sender_pool
from .audience import audience_query
from .texts import Addressee, MessageTexts

#: Contacts whose texts are rendered together.
BATCH = 500


def count_exactly(message, progress=None):
    """Count the segments of every text that would go out if the message started now.

    :param progress: called after each batch with the number of texts counted so far
    :return: number of texts by (encoding, segments, country of the number or None, id of the
        sender that texts it)
    :rtype: Counter
    """
    tally = Counter()
    with closing(count_batches(message)) as batches:
        for _last_id, counted in batches:
            tally += counted
            if progress:
                progress(tally.total())
    return tally


def count_batches(message, after=0):
    """Yield, batch by batch, the id of its last contact and a Counter as above.

    Close the generator if it is left before its end. Contacts come in the order of their ids, so a
    count can go on in another transaction.

    :param after: begin behind the contact of this id
    :raise TokenError: a token of the body is broken
    """
    env = message.env
    texts = MessageTexts(message)
    shared = None
    if texts.is_shared:
        # Codes of short links differ, but all have one length and one alphabet.
        shared = analyse(texts.preview())
    for rows in _recipients(message, after):
        if shared:
            segmentations = [shared] * len(rows)
        else:
            addressees = [Addressee(row[0], texts.EXAMPLE_TOKEN) for row in rows]
            segmentations = map(analyse, texts.render_all(addressees))
            env["res.partner"].invalidate_model()
        yield (
            rows[-1][0],
            Counter(
                (one.encoding, one.segments, region_of(number), sender_id)
                for one, (_partner_id, number, sender_id) in zip(segmentations, rows, strict=True)
            ),
        )


def _recipients(message, after):
    """Yield lists of (contact's id, number, sender's id) of those who would get it, by id.

    The sender is the one that sending would choose; of a number that none of the pool may text, it
    is the message's own one, as there.
    """
    cr = message.env.cr
    message.env.flush_all()
    cr.execute(
        SQL(
            """
            DECLARE sms_marketing_exact NO SCROLL CURSOR FOR
            SELECT partner_id, number, COALESCE(pool.sender_id, %s) FROM (%s) AS audience %s
             WHERE reason IS NULL AND partner_id > %s
             ORDER BY partner_id
            """,
            message.sender_id.id or None,
            audience_query(message),
            _pool(message),
            after,
        )
    )
    try:
        while True:
            cr.execute(SQL("FETCH %s FROM sms_marketing_exact", BATCH))
            if not (rows := cr.fetchall()):
                return
            yield rows
    finally:
        # After an error of the database the cursor is gone with the transaction.
        with suppress(InFailedSqlTransaction):
            cr.execute("CLOSE sms_marketing_exact", log_exceptions=False)


def _pool(message):
    """SQL behind a FROM: ``pool.sender_id``, which texts each row's number."""
    if not message._senders():  # a draft without one can be counted
        return SQL("CROSS JOIN (VALUES (NULL::int)) AS pool(sender_id)")
    # Users need not read gateways to see what a message costs.
    return sender_pool.join(message.sudo(), SQL("audience.number"))
