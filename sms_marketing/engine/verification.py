"""Codes that prove that a number is in the hands of who saves it for test messages.

Every step is a transaction of its own that reads what is committed, so that the limits hold
however many processes ask at once, and a wrong try counts although its request ends in an error.
"""

import secrets

from odoo.tools import SQL
from odoo.tools.misc import consteq, hmac

from .audience import NEW_TOKEN
from .transactions import NOW, lock

DIGITS = 6
#: Minutes that a code is good for, and how often one may be tried.
LIFETIME = 10
MOST_TRIES = 5
#: Codes in one hour, for one number in all companies and for one user.
MOST_PER_NUMBER = 3
MOST_PER_USER = 10

#: Key of the advisory lock under which codes are counted and sent (any number, ours alone).
_LOCK = 735_019_265


def send_code(env, number_id, sender_id, user_id):
    """Make a code for a saved number and queue it as a text; it replaces the number's last one.

    :param number_id: of ``sms.marketing.test.number``
    :param user_id: who asks
    :return: False where too many codes were asked for within the hour, for this number or by
        this user
    """
    env.cr.execute(SQL("SELECT pg_advisory_xact_lock(%s)", _LOCK))
    number = env["sms.marketing.test.number"].browse(number_id)
    lock(number)
    [(by_number, by_user)] = env.execute_query(
        SQL(
            """
            SELECT count(*) FILTER (WHERE number = %(number)s),
                   count(*) FILTER (WHERE user_id = %(user)s)
              FROM sms_marketing_recipient
             WHERE (number = %(number)s OR user_id = %(user)s) AND kind = 'verification'
               AND queued_at > %(now)s - interval '1 hour'
            """,
            number=number.number,
            user=user_id,
            now=NOW,
        )
    )
    if by_number >= MOST_PER_NUMBER or by_user >= MOST_PER_USER:
        return False
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
    return True


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


def verify(env, number_id, code):
    """Try a code; where it is right, the number is verified.

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
                   SET verified_at = %s, code_hash = NULL, code_expires_at = NULL
                 WHERE id = %s
                """,
                NOW,
                number_id,
            )
        )
    env["sms.marketing.test.number"].invalidate_model()
    return is_right


def _hash(env, number_id, number, code):
    return hmac(env(su=True), "sms_marketing.test_number", (number_id, number, code))
