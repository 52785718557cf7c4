"""Double opt-in: a sign-up counts when the number itself has confirmed it by text.

Whoever types somebody else's number must be able to do no harm: the request is no marketing, goes
out once a day and thrice a month at most, never to a number that is subscribed already, on the
blacklist or opted out (only its own text brings back who has opted out).
"""

from dataclasses import replace

from odoo.tools import SQL

from . import answers, consent
from .contacts import find_contact, find_or_create_contact
from .transactions import NOW

#: Requests to one number about one type within thirty days, as long as none is confirmed.
MOST_REQUESTS = 3


def sign_up(env, changes, sender=None, lang=None):
    """Record sign-ups: at once, or as waiting for confirmation where the type asks for that.

    :param env: of the system
    :param list[ConsentChange] changes: to ``subscribed``, with all their evidence
    :param sender: ``sms.marketing.sender`` that asks; None: the company's first that may
    :param lang: code of the language to ask in; None: the contact's, or else the company's
    :return: the changes that now wait for a confirmation
    :rtype: list[ConsentChange]
    """
    types = env["sms.marketing.subscription.type"].browse({one.type_id for one in changes})
    asking = set(types.filtered("double_opt_in").ids)
    consent.record(env, [one for one in changes if one.type_id not in asking])
    return request(env, [one for one in changes if one.type_id in asking], sender, lang)


def request(env, changes, sender=None, lang=None):
    """Record ``pending`` for each change and queue the text that asks to confirm it.

    Left alone, and not told apart to whoever asked: a number that is subscribed to the type
    already, and one that has opted out, unless it asks by its own text (method ``keyword``).
    A repeated request within a day, or a fourth within thirty days, is recorded and sends nothing.

    :param env: of the system
    :param changes: as for ``sign_up``
    :return: the changes that now wait for a confirmation
    """
    waiting = []
    for change in changes:
        subscription_type = env["sms.marketing.subscription.type"].browse(change.type_id)
        state = _state(env, change.number, change.type_id)
        if state == "subscribed" or (state == "unsubscribed" and change.method != "keyword"):
            continue
        pending = replace(change, state="pending")
        if consent.record(env, [pending]):
            continue  # older than an opt-out
        waiting.append(pending)
        _ask(env, change.number, subscription_type, sender, lang)
    return waiting


def open_requests(env, number, company):
    """The types that a number is asked to confirm and still may; with what it was asked.

    :rtype: dict[sms.marketing.subscription.type, str]
    """
    rows = env.execute_query(
        SQL(
            """
            SELECT DISTINCT ON (recipient.opt_in_type_id) recipient.opt_in_type_id, recipient.body
              FROM sms_marketing_recipient recipient
              JOIN sms_marketing_subscription_type type ON type.id = recipient.opt_in_type_id
              JOIN sms_marketing_subscription subscription
                ON subscription.number = recipient.number AND subscription.type_id = type.id
             WHERE recipient.number = %s AND recipient.kind = 'opt_in'
               AND recipient.company_id = %s AND type.active
               AND recipient.state NOT IN ('skipped', 'queued', 'cancelled', 'failed')
               AND recipient.queued_at > %s - make_interval(days => type.double_opt_in_days)
               AND subscription.state = 'pending'
             ORDER BY recipient.opt_in_type_id, recipient.id DESC
            """,
            number,
            company.id,
            NOW,
        )
    )
    types = env["sms.marketing.subscription.type"]
    return {types.browse(type_id): body for type_id, body in rows}


def confirm(env, number, company, requests, reply, address=None, lang=None):
    """Subscribe a number to what it was asked about; its contact gets the marketing status.

    :param requests: what ``open_requests`` gave
    :param reply: what the number wrote
    :return: its contact, a new one where nobody has the number
    """
    consent.record(
        env,
        [
            consent.ConsentChange(
                number,
                subscription_type.id,
                "subscribed",
                method="keyword",
                legal_basis="text_consent",
                wording=reply,
                explanation=env._("Confirms: %s", asked),
                address=address,
            )
            for subscription_type, asked in requests.items()
        ],
    )
    return find_or_create_contact(env, number, company, None, lang)


def _state(env, number, type_id):
    rows = env.execute_query(
        SQL(
            "SELECT state FROM sms_marketing_subscription WHERE number = %s AND type_id = %s",
            number,
            type_id,
        )
    )
    return rows[0][0] if rows else None


def _ask(env, number, subscription_type, sender, lang):
    company = subscription_type.sudo().company_id
    sender = sender or _first_sender(env, number, company)
    [(today, lately)] = env.execute_query(
        SQL(
            """
            SELECT count(*) FILTER (WHERE queued_at > %(now)s - interval '1 day'), count(*)
              FROM sms_marketing_recipient
             WHERE number = %(number)s AND kind = 'opt_in' AND opt_in_type_id = %(type)s
               AND queued_at > GREATEST(%(now)s - interval '30 days', (
                   SELECT max(recorded_at) FROM sms_marketing_consent
                    WHERE number = %(number)s AND type_id = %(type)s AND state = 'subscribed'))
            """,
            now=NOW,
            number=number,
            type=subscription_type.id,
        )
    )
    if not sender or today or lately >= MOST_REQUESTS:
        return
    partner = find_contact(env, number, company)
    lang = partner.lang or lang or answers.language(partner, company)
    body = answers.write_request(subscription_type, lang)
    answers.queue(env, "opt_in", number, sender, body, partner, subscription_type)


def _first_sender(env, number, company):
    """The company's first sender that may text this number."""
    for sender in env["sms.marketing.sender"].sudo().search([("company_id", "=", company.id)]):
        prefixes = tuple(sender._allowed_prefixes())
        if not prefixes or number.startswith(prefixes):
            return sender
    return env["sms.marketing.sender"]
