"""Numbers that have opted out, and by what: for whoever would subscribe or text them again."""

from datetime import datetime
from typing import NamedTuple

from odoo.tools import SQL, format_datetime

#: Of `change` (number, company_id, type_id): when its number opted out; NULL where it has not, or
#: has come back since. A number that left all that it had of a company has opted out of every
#: type, newer ones too; without a type only such numbers have.
LAST_OPT_OUT = SQL(
    """
    SELECT CASE
           WHEN bool_or(own.state = 'subscribed' AND own.type_id = change.type_id) THEN NULL
           WHEN bool_or(own.state = 'subscribed')
           THEN max(own.opted_out_at) FILTER (WHERE own.type_id = change.type_id)
           ELSE max(own.opted_out_at)
           END AS moment
      FROM sms_marketing_subscription own
     WHERE own.number = change.number AND own.company_id = change.company_id
    """
)


class OptOut(NamedTuple):
    """When a number opted out (UTC), how, and what it wrote.

    :param method: a code of the consent log's ``method``
    """

    moment: datetime
    method: str | None
    wording: str | None = None


def describe(env, number, opt_out):
    """Such as “+1303… opted out on 05/01/2026 10:00 by “STOP”.”, in the user's language."""
    moment = format_datetime(env, opt_out.moment)
    if opt_out.method == "keyword" and opt_out.wording:
        return env._(
            "%(number)s opted out on %(date)s by “%(wording)s”.",
            number=number,
            date=moment,
            wording=opt_out.wording[:40],
        )
    ways = dict(env["sms.marketing.consent"]._fields["method"]._description_selection(env))
    return env._(
        "%(number)s opted out on %(date)s (%(method)s).",
        number=number,
        date=moment,
        method=ways.get(opt_out.method, "–"),
    )


def find(env, numbers, company, subscription_type=None):
    """Those of these numbers that have opted out.

    :param numbers: E.164
    :param subscription_type: ``sms.marketing.subscription.type``; None: of all of the company's
    :rtype: dict[str, OptOut]
    """
    numbers = list(set(numbers))
    if not numbers:
        return {}
    env["sms.marketing.subscription"].flush_model()
    rows = env.execute_query(
        SQL(
            """
            SELECT change.number, opt_out.moment, log.method, log.wording
              FROM (SELECT number, %(company)s AS company_id, %(type)s::int AS type_id
                      FROM unnest(%(numbers)s::varchar[]) AS number) change
             CROSS JOIN LATERAL (%(opt_out)s) opt_out
              LEFT JOIN LATERAL (
                    SELECT method, wording FROM sms_marketing_consent log
                     WHERE log.number = change.number AND log.company_id = change.company_id
                       AND log.state = 'unsubscribed' AND log.occurred_at = opt_out.moment
                     ORDER BY id DESC LIMIT 1) log ON TRUE
             WHERE opt_out.moment IS NOT NULL
            """,
            company=company.id,
            type=subscription_type.id if subscription_type else None,
            numbers=numbers,
            opt_out=LAST_OPT_OUT,
        )
    )
    return {number: OptOut(*facts) for number, *facts in rows}
