"""How often the public may do something: counters in the database, exact among many callers.

A counter is one row for a subject, a key and a window of time. Taking is one statement under the
row's lock, so the limit holds however many processes ask at once. Keys are kept as a keyed hash:
nobody reads an address or a number out of them.
"""

import ipaddress
from typing import NamedTuple

from odoo.tools import SQL
from odoo.tools.misc import hmac

from .transactions import NOW


class Limit(NamedTuple):
    """At most so many in each window of so many seconds."""

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


def take(env, *uses):
    """Count one use of each limit, in order, until one is spent.

    Run it in a READ COMMITTED transaction of its own (``read_committed``), so that others see it.

    :param uses: (subject, key) pairs; always give several in the same order of subjects
    :return: the subject whose limit is spent, or None where all were taken
    """
    for subject, key in uses:
        limit = LIMITS[subject]
        taken = env.execute_query(
            SQL(
                """
                INSERT INTO sms_marketing_throttle AS present (subject, key, starts_at, used)
                VALUES (%s, %s, %s, 1)
                ON CONFLICT (subject, key, starts_at) DO UPDATE SET used = present.used + 1
                 WHERE present.used < %s
                RETURNING used
                """,
                subject,
                _hash(env, key),
                _window(limit),
                limit.most,
            )
        )
        if not taken:
            return subject
    return None


def is_spent(env, subject, key):
    """Whether the limit of this key is used up; counts nothing."""
    limit = LIMITS[subject]
    return bool(
        env.execute_query(
            SQL(
                """
                SELECT 1 FROM sms_marketing_throttle
                 WHERE subject = %s AND key = %s AND starts_at = %s AND used >= %s
                """,
                subject,
                _hash(env, key),
                _window(limit),
                limit.most,
            )
        )
    )


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


def _window(limit):
    return SQL(
        "date_bin(make_interval(secs => %s), %s, timestamp '2000-01-01')", limit.seconds, NOW
    )


def _hash(env, key):
    return hmac(env(su=True), "sms_marketing.throttle", str(key))
