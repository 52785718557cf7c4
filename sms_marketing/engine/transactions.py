"""Transactions of our own: what dispatch and its like commit, they commit on their own cursors."""

import logging
import random
import time
from contextlib import contextmanager

from odoo import api
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.sql_db import Cursor
from odoo.tools import SQL
from odoo.tools.misc import Callbacks
from psycopg2 import InterfaceError, OperationalError
from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED, TRANSACTION_STATUS_IDLE

from .shutdown import WORK

_logger = logging.getLogger(__name__)

RETRIES = 5

#: The moment of the statement in UTC, by the database's clock, which all machines share. As a
#: sub-select it is evaluated once and can bound an index scan.
NOW = SQL("(SELECT clock_timestamp() AT TIME ZONE 'UTC')")


def lock(records):
    """Keep everybody else from changing these records until the transaction ends.

    Waits for who changes them now, where Odoo's ``lock_for_update`` gives up at once with an error
    that its user can do nothing about; rows that only refer to them are in nobody's way.
    """
    records.env.cr.execute(
        SQL(
            "SELECT 1 FROM %s WHERE id = ANY(%s::int[]) ORDER BY id FOR NO KEY UPDATE",
            SQL.identifier(records._table),
            records.ids,
        )
    )
    records.invalidate_recordset()


@contextmanager
def rehearsal(env):
    """What is done in here is undone at its end, with all that would follow on the commit.

    Nothing that the records trigger gets out: what waits for the commit (mails, notices to
    browsers, a call of the scheduled actions) is dropped with them.
    """
    cr = env.cr
    cr.flush()  # what was done before may leave something for the commit: it stays
    for_commit, cr.postcommit = cr.postcommit, Callbacks()
    try:
        with cr.savepoint() as savepoint:
            yield
            savepoint.rollback()
    finally:
        cr.postcommit = for_commit


@contextmanager
def own_transaction(registry, context=None):
    """An environment on a cursor of its own, committed at the end, rolled back on an error.

    It reads what is committed at each statement (READ COMMITTED): rows that another lane has just
    taken are then skipped, where Odoo's usual isolation would raise a serialization failure.
    """
    with registry.cursor() as cr:
        if isinstance(cr, Cursor):  # a test's cursor shares the transaction of the test
            # On the connection, which costs no call: the next cursor sets its own again.
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
        yield api.Environment(cr, api.SUPERUSER_ID, context or {})


def allows_threads(cr):
    """Whether other threads may open cursors meanwhile; in a test all cursors are the test's."""
    return isinstance(cr, Cursor)


def read_committed(cr):
    """Commit what this cursor has done, and let its next transactions be READ COMMITTED.

    For a web request, which holds a connection anyway: a second one for each call would exhaust
    the pool when a provider calls many times at once.

    :return: an environment of the system on this cursor
    """
    if not isinstance(cr, Cursor):  # a test's, as above
        cr.commit()  # pylint: disable=invalid-commit
        return api.Environment(cr, api.SUPERUSER_ID, {})
    cr.flush()
    if cr.connection.info.transaction_status != TRANSACTION_STATUS_IDLE:
        cr.commit()  # pylint: disable=invalid-commit
    cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
    return api.Environment(cr, api.SUPERUSER_ID, {})


def in_own_transaction(registry, work, context=None, retries=RETRIES):
    """Return ``work(env)``, run in a transaction of its own.

    It is tried again when PostgreSQL asks for it and when the database goes away, with growing
    pauses of at most fifteen seconds; the last error is raised.
    """
    for attempt in range(1, retries + 1):
        try:
            with own_transaction(registry, context) as env:
                return work(env)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY as error:
            if attempt == retries:
                raise
            _logger.info("retry %d of %s: %s", attempt, work.__qualname__, error)
        except (OperationalError, InterfaceError) as error:
            # The connection is gone (a restart of PostgreSQL); a new one may be had at once.
            if attempt == retries:
                raise
            level = logging.INFO if WORK.is_stopping else logging.WARNING
            _logger.log(level, "database went away during %s: %s", work.__qualname__, error)
        time.sleep(min(random.uniform(0.05, 0.2) * 2**attempt, 15))
