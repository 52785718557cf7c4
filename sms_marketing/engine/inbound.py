"""Texts from contacts: kept, understood as a keyword where they are one, and answered."""

import time

from odoo.tools import SQL

from ..text.numbers import to_e164
from . import consent
from .audience import NEW_TOKEN
from .transactions import read_committed

#: Seconds that the answer to a STOP waits for a text that is on its way.
LONGEST_WAIT = 10


def receive(env, gateway, inbound):
    """Take one incoming text: STOP counts before this returns.

    The same text delivered twice by the provider (same reference) counts once.

    :param gateway: ``sms.marketing.gateway`` that brought it
    :param inbound: ``gateways.Inbound``
    :return: the ``sms.marketing.inbound`` record, empty for a repetition
    """
    company = gateway.company_id
    number = to_e164(inbound.number, company.country_id.code) or inbound.number
    sender = _sender(env, gateway, inbound.sender)
    action = env["sms.marketing.keyword"]._action_for(inbound.body, company)
    partner = _partner(env, number, company)
    row = env.execute_query(
        SQL(
            """
            INSERT INTO sms_marketing_inbound (
                gateway_id, company_id, sender_id, number, body, reference, action, partner_id,
                message_id, received_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s,
                    COALESCE(%s, now() AT TIME ZONE 'UTC'))
            ON CONFLICT (gateway_id, reference) WHERE reference IS NOT NULL DO NOTHING
            RETURNING id
            """,
            gateway.id,
            company.id,
            sender.id or None,
            number,
            inbound.body,
            inbound.reference or None,
            action,
            partner.id or None,
            _last_message_id(env, number, company),
            inbound.received_at,
        )
    )
    if not row:
        return env["sms.marketing.inbound"]
    record = env["sms.marketing.inbound"].browse(row[0][0])
    if action:
        ACTIONS[action](env, record, sender)
    return record


def wait_for_hand_over(cr, number):
    """Commit, and return when no campaign's text to this number is being handed over any more.

    Who has stopped gets no text after the answer to the STOP. A lane may have claimed one just
    before; it is on its way for as long as its hand-over takes. Waits at most ten seconds, after
    which a provider would take the webhook for dead.
    """

    def is_on_its_way():
        # Each time in a transaction of its own: none stays open while we sleep.
        found = read_committed(cr).execute_query(
            SQL(
                """
                SELECT 1 FROM sms_marketing_recipient
                 WHERE number = %s AND state = 'sending' AND kind = 'campaign' LIMIT 1
                """,
                number,
            )
        )
        cr.commit()  # pylint: disable=invalid-commit
        return found

    end = time.monotonic() + LONGEST_WAIT
    while is_on_its_way() and time.monotonic() < end:
        time.sleep(0.02)


def _stop(env, inbound, sender):
    changed = consent.unsubscribe_everywhere(
        env,
        [inbound.number],
        inbound.company_id,
        method="keyword",
        wording=inbound.body,
        address=inbound.gateway_id.name,
    )
    if inbound.message_id:
        env.cr.execute(
            SQL(
                "INSERT INTO sms_marketing_statistic_mark (message_id) VALUES (%s)",
                inbound.message_id.id,
            )
        )
    if changed:
        _answer(env, inbound, sender, "stop")


def _start(env, inbound, sender):
    """Subscribe again what this number once had; START alone is no consent to anything new."""
    again = env["sms.marketing.subscription"].search(
        [
            ("number", "=", inbound.number),
            ("company_id", "=", inbound.company_id.id),
            ("state", "=", "unsubscribed"),
            ("type_id.active", "=", True),
        ]
    )
    once_subscribed = {
        type_id
        for (type_id,) in env.execute_query(
            SQL(
                """
                SELECT DISTINCT type_id FROM sms_marketing_consent
                 WHERE number = %s AND company_id = %s AND state = 'subscribed'
                """,
                inbound.number,
                inbound.company_id.id,
            )
        )
    }
    changes = [
        consent.ConsentChange(
            inbound.number,
            subscription.type_id.id,
            "subscribed",
            method="keyword",
            legal_basis="text_consent",
            wording=inbound.body,
            address=inbound.gateway_id.name,
        )
        for subscription in again
        if subscription.type_id.id in once_subscribed
    ]
    consent.record(env, changes)
    if changes:
        _answer(env, inbound, sender, "start")


def _help(env, inbound, sender):
    _answer(env, inbound, sender, "help")


ACTIONS = {"stop": _stop, "start": _start, "help": _help}


def _answer(env, inbound, sender, action):
    """Queue one answer, in the contact's language; it goes out even to who has just opted out."""
    if not sender:
        return
    company = inbound.company_id.sudo()
    lang = inbound.partner_id.lang or company.partner_id.lang
    env.cr.execute(
        SQL(
            """
            INSERT INTO sms_marketing_recipient (
                kind, company_id, sender_id, gateway_id, partner_id, number, state, send_at,
                due_at, queued_at, attempt, body, token)
            VALUES ('answer', %(company)s, %(sender)s, %(gateway)s, %(partner)s, %(number)s,
                    'queued', %(now)s, %(now)s, %(now)s, 0, %(body)s, %(token)s)
            """,
            company=company.id,
            sender=sender.id,
            gateway=sender.gateway_id.id,
            partner=inbound.partner_id.id or None,
            number=inbound.number,
            now=SQL("now() AT TIME ZONE 'UTC'"),
            body=company.with_context(lang=lang)._sms_marketing_answer(action),
            token=NEW_TOKEN,
        )
    )
    env["sms.marketing.message"]._trigger_dispatch()


def _sender(env, gateway, value):
    """The sender that the contact wrote to, else the gateway's first."""
    senders = gateway.sudo().sender_ids
    plain = (value or "").lstrip("+")
    return senders.filtered(lambda sender: sender.value.lstrip("+") == plain)[:1] or senders[:1]


def _partner(env, number, company):
    return (
        env["res.partner"]
        .sudo()
        .search(
            [
                "|",
                ("mobile_e164", "=", number),
                ("phone_e164", "=", number),
                ("company_id", "in", [company.id, False]),
            ],
            limit=1,
            order="id",
        )
    )


def _last_message_id(env, number, company):
    """The campaign that this text most likely answers: the last one sent to the number."""
    rows = env.execute_query(
        SQL(
            """
            SELECT message_id FROM sms_marketing_recipient
             WHERE number = %s AND company_id = %s AND message_id IS NOT NULL
               AND state NOT IN ('skipped', 'queued', 'cancelled')
             ORDER BY id DESC LIMIT 1
            """,
            number,
            company.id,
        )
    )
    return rows[0][0] if rows else None
