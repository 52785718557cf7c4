"""Which numbers get test messages, and the codes that prove that a number is its saver's.

A test goes only to a number whose code was entered by somebody who still works for the company
(``why_not``). Every step of a code is a transaction of its own that reads what is committed, so
that the limits hold however many processes ask at once, and a wrong try counts although its request
ends in an error.
"""

import secrets

from odoo.tools import SQL
from odoo.tools.misc import consteq, hmac

from ..text.numbers import number_range
from . import throttle
from .audience import NEW_TOKEN
from .blacklist import IS_BY_OTHERS
from .transactions import NOW, lock

DIGITS = 6
#: Minutes that a code is good for, and how often one may be tried.
LIFETIME = 10
MOST_TRIES = 5


def why_not(number, company, subscriptions=None):
    """SQL: the reason for which a company may send no test to a number; NULL: it may.

    Its code must have been entered by a user who is active, internal and of the company. After an
    opt-out from everything it must have been entered anew. What the staff, a carrier or another
    company's STOP put on the phone blacklist gets none at all.

    :param SQL number: E.164
    :param SQL company: id of the company
    :param SQL subscriptions: a table of the number's rows of ``sms_marketing_subscription``; None:
        the table itself
    """
    return SQL(
        """
        (SELECT CASE WHEN saved.verified_at IS NULL OR verifier.id IS NULL THEN 'not_verified'
                     WHEN EXISTS (SELECT 1 FROM phone_blacklist blacklist
                                   WHERE blacklist.number = due.number AND blacklist.active
                                     AND %(by_others)s)
                         THEN 'blacklisted'
                     WHEN (%(left_at)s) >= saved.verified_at THEN 'unsubscribed'
                END
           FROM (SELECT %(number)s AS number, %(company)s AS company_id) AS due
           LEFT JOIN sms_marketing_test_number saved
                  ON saved.number = due.number AND saved.company_id = due.company_id
           LEFT JOIN res_users verifier
                  ON verifier.id = saved.verified_by_id AND verifier.active
                 AND verifier.share IS NOT TRUE
                 AND EXISTS (SELECT 1 FROM res_company_users_rel belongs
                              WHERE belongs.user_id = verifier.id
                                AND belongs.cid = due.company_id))
        """,
        number=number,
        company=company,
        by_others=IS_BY_OTHERS,
        left_at=_left_at(subscriptions or SQL("sms_marketing_subscription")),
    )


def _left_at(subscriptions):
    """SQL: when ``due.number`` has left all that ``due.company_id`` sends; NULL: it has not."""
    return SQL(
        """
        SELECT max(subscription.opted_out_at) FROM %s AS subscription
         WHERE subscription.number = due.number AND subscription.company_id = due.company_id
        HAVING bool_and(subscription.state = 'unsubscribed')
        """,
        subscriptions,
    )


def refusals(env, numbers):
    """Why saved numbers get no test now, by the rule that the claim of a test goes by.

    :param numbers: ``sms.marketing.test.number``
    :return: {id: code of a reason}, of those that get none
    :rtype: dict[int, str]
    """
    env.flush_all()
    rows = env.execute_query(
        SQL(
            """
            SELECT asked.id, %s AS reason FROM sms_marketing_test_number asked
             WHERE asked.id = ANY(%s)
            """,
            why_not(SQL("asked.number"), SQL("asked.company_id")),
            list(numbers.ids),
        )
    )
    return {number_id: reason for number_id, reason in rows if reason}


def has_left(env, number, company):
    """Whether a number has opted out of all that a company sends."""
    [(left_at,)] = env.execute_query(
        SQL(
            "SELECT (%s) FROM (SELECT %s AS number, %s AS company_id) AS due",
            _left_at(SQL("sms_marketing_subscription")),
            number,
            company.id,
        )
    )
    return left_at is not None


def send_code(env, number_id, sender_id, user_id):
    """Make a code for a saved number and queue it as a text; it replaces the number's last one.

    :param number_id: of ``sms.marketing.test.number``
    :param user_id: who asks
    :return: the limit that is spent, where too many codes were asked for; else None
    :rtype: throttle.Spent | None
    """
    number = env["sms.marketing.test.number"].browse(number_id)
    lock(number)
    uses = [
        ("code_user", user_id),
        ("code_user_day", user_id),
        ("code_number", number.number),
        ("code_number_day", number.number),
        ("code_range_day", number_range(number.number)),
        ("code_company_day", number.company_id.id),
    ]
    if has_left(env, number.number, number.company_id):
        uses.append(("code_opted_out", number.number))
    if spent := throttle.take_all(env, uses):
        return spent
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_test_number
               SET code_hash = %s, code_tries = 0,
                   code_expires_at = %s + make_interval(mins => %s)
             WHERE id = %s
            """,
            _hash(env, number_id, number.number, code),
            NOW,
            LIFETIME,
            number_id,
        )
    )
    queue_code(
        env,
        env["sms.marketing.sender"].browse(sender_id),
        number.number,
        env._(
            "%(company)s: %(code)s is the code that lets this number receive test messages. "
            "It is good for %(minutes)s minutes. If you did not ask for it, do nothing.",
            company=number.company_id.name,
            code=code,
            minutes=LIFETIME,
        ),
        user_id,
    )
    number.invalidate_recordset()
    return None


def queue_code(env, sender, number, body, user_id=None):
    """Queue a text with a code: it goes before campaigns, and its words are not kept.

    :param sender: ``sms.marketing.sender``
    :param user_id: the user who asked for it, if it was one
    """
    env.cr.execute(
        SQL(
            """
            INSERT INTO sms_marketing_recipient (
                kind, company_id, sender_id, gateway_id, number, state, send_at, due_at,
                queued_at, attempt, body, token, user_id)
            VALUES ('verification', %(company)s, %(sender)s, %(gateway)s, %(number)s, 'queued',
                    %(now)s, %(now)s, %(now)s, 0, %(body)s, %(token)s, %(user)s)
            """,
            company=sender.company_id.id,
            sender=sender.id,
            gateway=sender.gateway_id.id,
            number=number,
            now=NOW,
            body=body,
            token=NEW_TOKEN,
            user=user_id,
        )
    )
    env["sms.marketing.message"]._trigger_dispatch()


def verify(env, number_id, code, user_id):
    """Try a code; where it is right, the number is verified by this user.

    Wrong, expired, used up and never asked for are the same answer.

    :rtype: bool
    """
    rows = env.execute_query(
        SQL(
            """
            UPDATE sms_marketing_test_number
               SET code_tries = code_tries + 1
             WHERE id = %s AND code_hash IS NOT NULL AND code_tries < %s AND code_expires_at > %s
            RETURNING number, code_hash
            """,
            number_id,
            MOST_TRIES,
            NOW,
        )
    )
    is_right = bool(rows) and consteq(rows[0][1], _hash(env, number_id, rows[0][0], code))
    if is_right:
        env.cr.execute(
            SQL(
                """
                UPDATE sms_marketing_test_number
                   SET verified_at = %s, verified_by_id = %s, code_hash = NULL,
                       code_expires_at = NULL
                 WHERE id = %s
                """,
                NOW,
                user_id,
                number_id,
            )
        )
    env["sms.marketing.test.number"].invalidate_model()
    return is_right


def _hash(env, number_id, number, code):
    return hmac(env(su=True), "sms_marketing.test_number", (number_id, number, code))
