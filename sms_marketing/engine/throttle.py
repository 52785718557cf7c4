"""How often the public may do something, counted in the database, exact among many callers.

Each use is a row with its moment, so that a limit holds in whatever span of its seconds one looks
at: counters for fixed windows would let twice as many through around the end of one. Uses of one
subject and key are counted and added one after the other, however many processes ask at once. Keys
are kept as a keyed hash: nobody reads an address or a number out of them.
"""

import ipaddress
from typing import NamedTuple

from odoo.tools import SQL
from odoo.tools.misc import hmac

from .transactions import NOW


class Limit(NamedTuple):
    """At most so many in any so many seconds."""

    most: int
    seconds: int


#: subject -> limit. People at an event share one network address, hence the room for addresses.
LIMITS = {
    "sign_up_address": Limit(30, 600),
    "sign_up_number": Limit(3, 3600),
    "sign_up_form": Limit(300, 3600),
    "sign_up_company": Limit(500, 3600),
    # Addresses that lead to no preference page: somebody guesses.
    "preference_guess": Limit(30, 600),
}

#: Seed of the advisory locks' keys (any number, ours alone).
_LOCK = 735_019_266


def take(env, *uses):
    """Count one use of each limit, in order, until one is spent.

    Run it in a READ COMMITTED transaction of its own (``read_committed``), so that others see it.

    :param uses: (subject, key) pairs; always give several in the same order of subjects
    :return: the subject whose limit is spent, or None where all were taken
    """
    for subject, key in uses:
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
                used=_used(subject, hashed),
                most=limit.most,
            )
        )
        if not taken:
            return subject
    return None


def is_spent(env, subject, key):
    """Whether the limit of this key is used up; counts nothing."""
    [(used,)] = env.execute_query(_used(subject, _hash(env, key)))
    return used >= LIMITS[subject].most


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


def _used(subject, hashed):
    """SQL: how many uses there were lately. The index holds all it needs."""
    return SQL(
        """
        SELECT count(*) FROM sms_marketing_throttle
         WHERE subject = %s AND key = %s AND used_at > %s - make_interval(secs => %s)
        """,
        subject,
        hashed,
        NOW,
        LIMITS[subject].seconds,
    )


def _hash(env, key):
    return hmac(env(su=True), "sms_marketing.throttle", str(key))
