"""Odoo's phone blacklist: filled on STOP where the company wants it, for every app to respect it.

An entry that a STOP has made lasts as long as that STOP. An entry of the staff, or of a carrier
that knows no such number, is never taken away here; and taking an entry away is no consent.
"""

from odoo.tools import SQL

from ..text.numbers import to_e164

#: Of `blacklist`, an active entry, and `due`, a recipient: more than a STOP to its company made it.
IS_BY_OTHERS = SQL(
    """
    (SELECT array_agg(stop.res_company_id)
       FROM sms_marketing_phone_blacklist_company_rel stop
      WHERE stop.phone_blacklist_id = blacklist.id) IS DISTINCT FROM ARRAY[due.company_id]
    """
)


def put(env, numbers, company):
    """Put these numbers on the blacklist, for the STOP to this company, if it wants that."""
    if not company.sudo().sms_marketing_fill_blacklist:
        return
    numbers = _make_entries(env, numbers)
    entries = _entries(env, numbers)
    by_staff = entries.filtered(lambda one: one.active and not one.sms_marketing_company_ids)
    numbers -= set(by_staff.mapped("number"))
    if numbers:
        added = _ours(env)._add(
            sorted(numbers), message=env._("Texted STOP to %s.", company.sudo().name)
        )
        added.sms_marketing_company_ids += company


def add(env, numbers, message):
    """Put these numbers on the blacklist for good, whoever else does so at the same time."""
    numbers = _make_entries(env, numbers)
    if numbers:
        env["phone.blacklist"].sudo()._add(sorted(numbers), message=message)


def _make_entries(env, numbers):
    """Make archived entries of those that have none, for Odoo's own way to activate.

    It looks for a number and then inserts it: of two that do so at once, one would fail. Here the
    later one waits for the other's end, and finds its entry.

    :return: the numbers that the blacklist takes; a short code that texted STOP is none
    :rtype: set[str]
    """
    # As Odoo writes them: its way would make an entry of its own for another form.
    forms = (env.user._phone_format(number=one) for one in numbers if to_e164(one, None))
    taken = {form for form in forms if form}
    if taken:
        env.cr.execute(
            SQL(
                """
                INSERT INTO phone_blacklist
                       (number, active, create_uid, create_date, write_uid, write_date)
                SELECT number, false, %(uid)s, now() AT TIME ZONE 'UTC',
                       %(uid)s, now() AT TIME ZONE 'UTC'
                  FROM unnest(%(numbers)s::varchar[]) AS number
                ON CONFLICT (number) DO NOTHING
                """,
                uid=env.uid,
                numbers=sorted(taken),
            )
        )
    return taken


def take_back(env, pairs):
    """Take numbers off that a STOP put there, as they agree to get texts again.

    :param pairs: (number, company id) of new agreements
    """
    numbers = {number for number, _company in pairs}
    if not numbers:
        return
    # Nearly always empty, and asked for each agreement: so it goes by SQL.
    rows = env.execute_query(
        SQL(
            """
            SELECT entry.id, entry.number, relation.res_company_id
              FROM sms_marketing_phone_blacklist_company_rel relation
              JOIN phone_blacklist entry ON entry.id = relation.phone_blacklist_id
             WHERE entry.number = ANY(%s)
            """,
            list(numbers),
        )
    )
    for entry_id, number, company_id in rows:
        if (number, company_id) not in pairs:
            continue
        entry = _ours(env).browse(entry_id)
        entry.sms_marketing_company_ids -= env["res.company"].browse(company_id)
        if not entry.sms_marketing_company_ids:
            entry._track_set_log_message(env._("Agreed to get texts again."))
            entry.action_archive()


def stopped(env, numbers):
    """Which of these numbers a STOP has put here, for which companies.

    :rtype: set[tuple[str, int]]
    """
    return set(
        env.execute_query(
            SQL(
                """
                SELECT entry.number, stop.res_company_id
                  FROM phone_blacklist entry
                  JOIN sms_marketing_phone_blacklist_company_rel stop
                    ON stop.phone_blacklist_id = entry.id
                 WHERE entry.active AND entry.number = ANY(%s)
                """,
                list(numbers),
            )
        )
    )


def forget(env, number, company):
    """Take an erased number off that only a STOP to this company put there.

    From now on the keyed hash keeps the number from being texted. What the staff, a carrier or
    another company's STOP put there stays: it is theirs, and other apps go by it.
    """
    entry = _entries(env, [number])
    was_stop = company in entry.sms_marketing_company_ids
    entry.sms_marketing_company_ids -= company
    if was_stop and not entry.sms_marketing_company_ids:
        entry.unlink()


def _ours(env):
    return env["phone.blacklist"].sudo().with_context(sms_marketing_by_stop=True)


def _entries(env, numbers):
    return _ours(env).with_context(active_test=False).search([("number", "in", list(numbers))])
