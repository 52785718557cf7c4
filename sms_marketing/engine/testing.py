"""Test messages: what a recipient would get, to colleagues' own numbers, in no figure.

A test is a recipient without message: progress, figures, replies and everything else that looks
at a message's recipients cannot count it by mistake. It names its message in ``test_message_id``
and carries its text and the targets of its links as they were when it was asked for.
"""

import secrets

from odoo.tools import SQL

from ..text.template import compile_template
from . import throttle
from .links import TOKEN_LENGTH
from .texts import Addressee, MessageTexts
from .transactions import NOW, in_own_transaction

#: States in which nothing more is to come.
SETTLED_STATES = ("skipped", "delivered", "undelivered", "failed", "cancelled")

#: Numbers that one request may test.
MOST_NUMBERS = 20


def take_limits(message, numbers, user):
    """Count a test to each number against the limits of tests, or none where one is spent.

    In a transaction of its own: what many ask for at once is counted one after the other, and
    stays counted whatever becomes of the tests, the message or the numbers.

    :rtype: throttle.Spent | None
    """
    uses = []
    for number in numbers.mapped("number"):
        uses += [
            ("test_number", number),
            ("test_number_day", number),
            ("test_user", user.id),
            ("test_user_day", user.id),
            ("test_company_day", message.company_id.id),
        ]
    return in_own_transaction(message.env.registry, lambda env: throttle.take_all(env, uses))


def queue(message, numbers, partner, user):
    """Queue the message as a test to each number.

    :param numbers: ``sms.marketing.test.number``, verified
    :param partner: ``res.partner`` whose values fill the tokens; empty: defaults stand in
    :param user: who asks
    :return: ids of the tests
    """
    env = message.env
    tokens = [secrets.token_urlsafe(9)[:TOKEN_LENGTH] for _number in numbers]
    bodies = MessageTexts(message.sudo()).render_all(
        [Addressee(partner.id or None, token) for token in tokens]
    )
    rows = env.execute_query(
        SQL(
            """
            INSERT INTO sms_marketing_recipient (
                kind, test_message_id, user_id, company_id, sender_id, gateway_id, partner_id,
                number, state, send_at, due_at, queued_at, attempt, body, token, test_links)
            SELECT 'test', %(message)s, %(user)s, %(company)s, %(sender)s, %(gateway)s,
                   %(partner)s, test.number, 'queued', %(now)s, %(now)s, %(now)s, 0, test.body,
                   test.token, to_jsonb(%(links)s::text[])
              FROM unnest(%(numbers)s::varchar[], %(bodies)s::text[], %(tokens)s::varchar[])
                   AS test(number, body, token)
            RETURNING id
            """,
            message=message.id,
            user=user.id,
            company=message.company_id.id,
            sender=message.sender_id.id,
            gateway=message.sender_id.sudo().gateway_id.id,
            partner=partner.id or None,
            now=NOW,
            links=list(compile_template(message.body or "").links),
            numbers=numbers.mapped("number"),
            bodies=bodies,
            tokens=tokens,
        )
    )
    env["sms.marketing.recipient"].invalidate_model()
    env["sms.marketing.message"]._trigger_dispatch()
    return [test_id for (test_id,) in rows]
