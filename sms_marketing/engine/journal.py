"""How far a lane has come with a large batch, on record before it goes on.

A lane that dies leaves unknown what it may have handed over. What it had only taken in hand, and
had not begun by the journal, goes back to the queue. A small batch needs no journal.
"""

import json
import logging
from typing import NamedTuple

from odoo.tools import SQL

from .transactions import NOW, in_own_transaction

_logger = logging.getLogger(__name__)


class Unbegun(NamedTuple):
    """What the record of an outcome needs of a claim."""

    id: int
    attempt: int
    home_sender_id: int
    home_gateway_id: int


class Journal:
    """The journal of one batch.

    :param registry: the database's registry
    :param int journal_id: its row
    :param int step: how many texts may be begun at a time; the first of them without asking
    """

    def __init__(self, registry, journal_id, step):
        self.registry = registry
        self.id = journal_id
        self.step = step
        self.begun = step

    def begin(self, count):
        """See that the first ``count`` texts are on record as begun, with some more at once.

        :return: whether they may be: not where the batch counts as a dead lane's by now, nor where
            it cannot be written down
        :rtype: bool
        """
        if count <= self.begun:
            return True
        try:
            written = in_own_transaction(self.registry, self._go_on)
        except Exception:
            _logger.exception("the rest of a batch goes back: its journal cannot be written")
            return False
        if written:
            self.begun += self.step
        return bool(written)

    def _go_on(self, env):
        return env.execute_query(
            SQL(
                "UPDATE sms_marketing_journal SET begun = %s WHERE id = %s RETURNING id",
                self.begun + self.step,
                self.id,
            )
        )

    def close(self, env):
        """Remove it, together with the record of the batch's outcomes."""
        env.cr.execute(SQL("DELETE FROM sms_marketing_journal WHERE id = %s", self.id))


def open_journal(env, registry, claims, step):
    """The ``Journal`` of a batch, in the transaction that claims it.

    :param claims: in the order in which they are handed over
    :param int step: how many of them may be begun at a time, not less than are handed over at once
    """
    texts = [[getattr(one, name) for name in Unbegun._fields] for one in claims]
    [(journal_id,)] = env.execute_query(
        SQL(
            """
            INSERT INTO sms_marketing_journal (recipient_id, attempt, begun, texts)
            VALUES (%s, %s, %s, %s::jsonb) RETURNING id
            """,
            claims[-1].id,
            claims[-1].attempt,
            step,
            json.dumps(texts),
        )
    )
    return Journal(registry, journal_id, step)


def take_unbegun(env):
    """Remove the journals of dead lanes; a lane that only seemed dead begins no more of them.

    :return: what they had not begun
    :rtype: list[Unbegun]
    """
    journals = env.execute_query(
        SQL(
            """
            DELETE FROM sms_marketing_journal journal
             WHERE NOT EXISTS (SELECT 1 FROM sms_marketing_recipient recipient
                                WHERE recipient.id = journal.recipient_id
                                  AND recipient.attempt = journal.attempt
                                  AND recipient.state = 'sending'
                                  AND recipient.lease_until >= %s)
            RETURNING texts, begun
            """,
            NOW,
        )
    )
    return [Unbegun(*text) for texts, begun in journals for text in texts[begun:]]
