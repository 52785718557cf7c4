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
from .audience import audience_query
from .texts import Addressee, MessageTexts

#: Contacts whose texts are rendered together.
BATCH = 500


def count_exactly(message, progress=None):
    """Count the segments of every text that would go out if the message started now.

    :param progress: called after each batch with the number of texts counted so far
    :return: number of texts by (encoding, segments, country of the number or None)
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
            addressees = [Addressee(partner_id, texts.EXAMPLE_TOKEN) for partner_id, _ in rows]
            segmentations = map(analyse, texts.render_all(addressees))
            env["res.partner"].invalidate_model()
        yield (
            rows[-1][0],
            Counter(
                (one.encoding, one.segments, region_of(number))
                for one, (_partner_id, number) in zip(segmentations, rows, strict=True)
            ),
        )


def _recipients(message, after):
    """Yield lists of (contact's id, number) of those who would get the message, by id."""
    cr = message.env.cr
    message.env.flush_all()
    cr.execute(
        SQL(
            """
            DECLARE sms_marketing_exact NO SCROLL CURSOR FOR
            SELECT partner_id, number FROM (%s) AS audience
             WHERE reason IS NULL AND partner_id > %s
             ORDER BY partner_id
            """,
            audience_query(message),
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
