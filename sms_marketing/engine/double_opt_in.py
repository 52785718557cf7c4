"""Double opt-in: a sign-up counts when the number itself has confirmed it by text.

Whoever types somebody else's number must be able to do no harm: the request is no marketing, goes
out once a day and thrice a month at most, never to a number that is subscribed already, on the
blacklist or opted out (only its own text brings back who has opted out). It answers at once who
signs up in person; what staff or a file asks keeps quiet hours.
"""

from dataclasses import replace

from odoo.tools import SQL

from ..text.clock import find_zone
from . import answers, blacklist, consent, timing
from .contacts import find_contact, find_or_create_contact
from .privacy import OWN_ACTS
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
    waiting, asker = [], _Asker(env)
    stopped = blacklist.stopped(env, {one.number for one in changes})
    for change in changes:
        subscription_type = env["sms.marketing.subscription.type"].browse(change.type_id)
        state = _state(env, change.number, change.type_id)
        # A type that is newer than a STOP to all of them has no state that would tell of it.
        has_left = (
            state == "unsubscribed"
            or (change.number, subscription_type.sudo().company_id.id) in stopped
        )
        if state == "subscribed" or (has_left and change.method != "keyword"):
            continue
        pending = replace(change, state="pending")
        if consent.record(env, [pending]):
            continue  # older than an opt-out
        waiting.append(pending)
        asker.ask(pending, subscription_type, sender, lang)
    asker.trigger()
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
               AND recipient.send_at > %s - make_interval(days => type.double_opt_in_days)
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


class _Asker:
    """Queues the requests of one call: what many have in common is looked up once."""

    def __init__(self, env):
        self.env = env
        [(self._now,)] = env.execute_query(SQL("SELECT %s", NOW))
        self._rules = {}
        self._moments = set()

    def ask(self, change, subscription_type, sender, lang):
        """Queue the text, if it may be asked again."""
        env, number = self.env, change.number
        company = subscription_type.sudo().company_id
        is_own_act = change.method in OWN_ACTS
        if is_own_act:
            self._bring_forward(number, subscription_type)
        sender = sender or _first_sender(env, number, company)
        today, lately = _asked(env, number, subscription_type)
        if not sender or today or lately >= MOST_REQUESTS:
            return
        partner = find_contact(env, number, company)
        lang = partner.lang or lang or answers.language(partner, company)
        body = answers.write_request(subscription_type, lang)
        opening = None if is_own_act else self._opening(company, partner, number)
        asked = (number, sender, body, partner, subscription_type, opening)
        if answers.insert(env, "opt_in", *asked):
            self._moments.add(opening[0] if opening else self._now)

    def trigger(self):
        """Have lanes run when the texts are due."""
        if any(moment <= self._now for moment in self._moments):
            self.env["sms.marketing.message"]._trigger_dispatch()
        timing.trigger(self.env, self._moments, self._now)

    def _opening(self, company, partner, number):
        if company not in self._rules:
            self._rules[company] = timing.Rules(company)
        zone = partner.tz if find_zone(partner.tz) else None
        return self._rules[company].opening(self._now, zone, number)

    def _bring_forward(self, number, subscription_type):
        """What waits for the morning answers who now signs up in person."""
        self.env.cr.execute(
            SQL(
                """
                WITH waiting AS (
                    -- We hold the consent, which a lane takes after the text: never wait for it.
                    SELECT id FROM sms_marketing_recipient
                     WHERE number = %(number)s AND kind = 'opt_in' AND opt_in_type_id = %(type)s
                       AND state = 'queued' AND open_until IS NOT NULL
                     ORDER BY id FOR UPDATE SKIP LOCKED
                )
                UPDATE sms_marketing_recipient recipient
                   SET send_at = %(now)s, due_at = %(now)s, open_until = NULL, reason = NULL
                  FROM waiting WHERE recipient.id = waiting.id
                """,
                now=self._now,
                number=number,
                type=subscription_type.id,
            )
        )
        if self.env.cr.rowcount:
            self._moments.add(self._now)


def _asked(env, number, subscription_type):
    """How often a number was asked within a day (or will be), and within thirty days."""
    [counts] = env.execute_query(
        SQL(
            """
            SELECT count(*) FILTER (WHERE send_at > %(now)s - interval '1 day'), count(*)
              FROM sms_marketing_recipient
             WHERE number = %(number)s AND kind = 'opt_in' AND opt_in_type_id = %(type)s
               AND state NOT IN ('skipped', 'failed')
               AND queued_at > GREATEST(%(now)s - interval '30 days', (
                   SELECT max(recorded_at) FROM sms_marketing_consent
                    WHERE number = %(number)s AND type_id = %(type)s AND state = 'subscribed'))
            """,
            now=NOW,
            number=number,
            type=subscription_type.id,
        )
    )
    return counts


def _first_sender(env, number, company):
    """The company's first sender that may text this number."""
    for sender in env["sms.marketing.sender"].sudo().search([("company_id", "=", company.id)]):
        prefixes = tuple(sender._allowed_prefixes())
        if not prefixes or number.startswith(prefixes):
            return sender
    return env["sms.marketing.sender"]
