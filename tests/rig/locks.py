"""Who waits for whom in a database, looked at again and again while something else happens."""

import threading

import psycopg2

PAUSE = 0.01


class LockWaits:
    """Context manager: `count` of statements that were seen waiting for another one's lock.

    A look every hundredth of a second: shorter waits may be missed.
    """

    def __init__(self, machine, database):
        self._options = {**machine.pg, "dbname": database}
        self._stop = threading.Event()
        self._seen = set()

    @property
    def count(self):
        return len(self._seen)

    def __enter__(self):
        self._connection = psycopg2.connect(**self._options)
        self._connection.autocommit = True
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._stop.set()
        self._thread.join()
        self._connection.close()

    def _watch(self):
        with self._connection.cursor() as cr:
            while not self._stop.wait(PAUSE):
                cr.execute(
                    "SELECT pid, query_start FROM pg_stat_activity"
                    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
                )
                self._seen.update(cr.fetchall())
