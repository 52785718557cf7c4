"""How often something may be done, counted in the database, exact among many callers.

Each use is a row with its moment, so that a limit holds in whatever span of its seconds one looks
at: counters for fixed windows would let twice as many through around the end of one. Uses of one
subject and key are counted and added one after the other, however many processes ask at once. Keys
are kept as a keyed hash: nobody reads an address or a number out of them.
"""

import ipaddress
from datetime import datetime
from typing import NamedTuple

from odoo.tools import SQL
from odoo.tools.misc import hmac

from .transactions import NOW


class Limit(NamedTuple):
    """At most ``most`` uses in any ``seconds``; None: the use says itself how many."""

    most: int | None
    seconds: int


class Use(NamedTuple):
    """One use of a limit.

    :param subject: of ``LIMITS``
    :param key: whose use it is
    :param most: where the limit leaves it open
    """

    subject: str
    key: object
    most: int | None = None


_HOUR, _DAY = 3600, 86400

#: subject -> limit. Those of codes are explained in ``sign_up_limits``.
LIMITS = {
    # A number, in all companies, whatever the codes are for.
    "code_number": Limit(3, _HOUR),
    "code_number_day": Limit(5, _DAY),
    "code_opted_out": Limit(1, _DAY),
    "sign_up_range": Limit(20, _DAY),
    "sign_up_country": Limit(None, _DAY),
    "sign_up_address": Limit(300, 600),
    "sign_up_form": Limit(None, _DAY),
    "sign_up_hour": Limit(None, _HOUR),
    "sign_up_company": Limit(None, _DAY),
    "sign_up_proof": Limit(1, _HOUR),
    "sign_up_waited": Limit(60, 600),
    "sign_up_alarm": Limit(1, _DAY),
    # Addresses that lead to no preference page: somebody guesses. Right ones are never limited.
    "preference_guess": Limit(30, 600),
    # Test messages. Users and numbers count in all companies.
    "test_user": Limit(20, 60),
    "test_user_day": Limit(50, _DAY),
    "test_number": Limit(5, 60),
    "test_number_day": Limit(20, _DAY),
    "test_company_day": Limit(200, _DAY),
    # Codes that verify a test number: texts too, to numbers that nobody has agreed to yet.
    "code_user": Limit(10, _HOUR),
    "code_user_day": Limit(20, _DAY),
    "code_range_day": Limit(20, _DAY),
    "code_company_day": Limit(100, _DAY),
    # Texts back to a number that texts us, and to its range: no two machines talk for long.
    "answer_number": Limit(10, _DAY),
    "answer_range": Limit(100, _DAY),
}

#: Seed of the advisory locks' keys (any number, ours alone).
_LOCK = 735_019_266


def take(env, *uses):
    """Count one use of each limit, in order, until one is spent.

    Run it in a READ COMMITTED transaction of its own (``read_committed``), so that others see it.

    :param uses: ``Use``, or (subject, key); always give several in the same order of subjects
    :return: the subject whose limit is spent, or None where all were taken
    """
    for subject, key, most in (Use(*use) for use in uses):
        limit, hashed = LIMITS[subject], _hash(env, key)
        # Held until the commit; the next statement sees what whoever held it before has added.
        env.cr.execute(
            SQL("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", subject + hashed, _LOCK)
        )
        taken = env.execute_query(
            SQL(
                """
                INSERT INTO sms_marketing_throttle (subject, key, used_at)
                SELECT %(subject)s, %(key)s, %(now)s WHERE (%(used)s) < %(most)s
                RETURNING id
                """,
                subject=subject,
                key=hashed,
                now=NOW,
                used=_used(subject, hashed, limit.seconds),
                most=limit.most if most is None else most,
            )
        )
        if not taken:
            return subject
    return None


class Spent(NamedTuple):
    """A limit that leaves no room.

    :param until: UTC moment from which one more is allowed
    """

    subject: str
    key: object
    until: datetime


def take_all(env, uses):
    """Count these uses, or none of them where one limit is spent. Run it as ``take``.

    They are never given back: what was asked for counts, whatever comes of it or is deleted.

    :param uses: as ``take``'s, in any order and as often as each is used
    :rtype: Spent | None
    """
    order = list(LIMITS)
    # All callers take the locks in one order.
    uses = sorted(
        (Use(*use) for use in uses), key=lambda use: (order.index(use.subject), str(use.key))
    )
    with env.cr.savepoint(flush=False) as savepoint:
        for use in uses:
            if take(env, use):
                savepoint.rollback()
                return Spent(use.subject, use.key, _free_again(env, use))
    return None


def _free_again(env, use):
    """The UTC moment from which a spent limit allows one more."""
    limit = LIMITS[use.subject]
    [(until,)] = env.execute_query(
        SQL(
            """
            SELECT COALESCE(
                       (SELECT used_at FROM sms_marketing_throttle
                         WHERE subject = %(subject)s AND key = %(key)s
                         ORDER BY used_at DESC OFFSET %(most)s LIMIT 1)
                       + make_interval(secs => %(seconds)s),
                       %(now)s)
            """,
            subject=use.subject,
            key=_hash(env, use.key),
            most=(limit.most if use.most is None else use.most) - 1,
            seconds=limit.seconds,
            now=NOW,
        )
    )
    return until


def used(env, subject, key, seconds=None):
    """How often a limit was used within its time, or within so many seconds; counts nothing."""
    within = LIMITS[subject].seconds if seconds is None else seconds
    [(uses,)] = env.execute_query(_used(subject, _hash(env, key), within))
    return uses


def network(address):
    """What is counted as one network address: an IPv6 line has 2**64 of them (RFC 6177)."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _used(subject, hashed, seconds):
    """SQL: how many uses there were lately. The index holds all it needs."""
    return SQL(
        """
        SELECT count(*) FROM sms_marketing_throttle
         WHERE subject = %s AND key = %s AND used_at > %s - make_interval(secs => %s)
        """,
        subject,
        hashed,
        NOW,
        seconds,
    )


def _hash(env, key):
    return hmac(env(su=True), "sms_marketing.throttle", str(key))
