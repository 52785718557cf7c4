"""A server that is stopped in an orderly way lets its lanes finish what they are handing over.

Otherwise each restart of Odoo in the middle of a campaign would leave texts unknown.
"""

import threading
import time
from contextlib import contextmanager

from odoo.service.server import CommonServer

#: Longest wait for the work in hand when the server stops, in seconds.
LONGEST_WAIT = 30
GRACE = 0.5


class Work:
    """The work of this process that must not be cut off in the middle."""

    def __init__(self):
        self._condition = threading.Condition()
        self._in_hand = 0
        self._stopping = False

    @property
    def is_stopping(self):
        """Whether the server is about to end: begin nothing more."""
        return self._stopping

    @contextmanager
    def in_hand(self):
        """While the block lasts, an orderly stop waits; it may be entered again inside."""
        with self._condition:
            self._in_hand += 1
        try:
            yield
        finally:
            with self._condition:
                self._in_hand -= 1
                self._condition.notify_all()

    def sleep(self, seconds):
        """Sleep so long, or until the server stops."""
        with self._condition:
            self._condition.wait_for(lambda: self._stopping, seconds)

    def stop(self):
        """Say that the server stops, and wait for what is in hand."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
            had_work = self._in_hand
            self._condition.wait_for(lambda: not self._in_hand, LONGEST_WAIT)
        if had_work:
            # Odoo's cron thread writes down that the job has ended; then connections may close.
            time.sleep(GRACE)


WORK = Work()
CommonServer.on_stop(WORK.stop)
