"""A server that is stopped in an orderly way lets its lanes finish the batch that they hold.

Otherwise each restart of Odoo in the middle of a campaign would leave a batch of texts unknown.
"""

import threading
from contextlib import contextmanager

from odoo.service.server import CommonServer

#: Longest wait for the batches in hand when the server stops, in seconds.
LONGEST_WAIT = 30


class Batches:
    """The batches that lanes of this process have in hand."""

    def __init__(self):
        self._condition = threading.Condition()
        self._in_hand = 0
        self._stopping = False

    @contextmanager
    def take(self):
        """Yield whether a batch may begin; while the block lasts, it is in hand."""
        with self._condition:
            may_begin = not self._stopping
            self._in_hand += may_begin
        try:
            yield may_begin
        finally:
            with self._condition:
                self._in_hand -= may_begin
                self._condition.notify_all()

    def stop(self):
        """Let no batch begin any more, and wait for those in hand."""
        with self._condition:
            self._stopping = True
            self._condition.wait_for(lambda: not self._in_hand, LONGEST_WAIT)


BATCHES = Batches()
CommonServer.on_stop(BATCHES.stop)
