"""Texts from contacts: kept, understood as a keyword where they are one, and answered."""

import time

from odoo.tools import SQL

from ..text.numbers import to_e164
from . import answers, claims, consent, double_opt_in, stop_wishes
from .contacts import find_contact, find_or_create_contact
from .transactions import read_committed

#: Seconds that the answer to a STOP waits for a text that is on its way: what was claimed before
#: it is not begun any more by then.
LONGEST_WAIT = claims.LONGEST_WAIT + 2


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
    partner = find_contact(env, number, company)
    action, keyword = _understand(env, inbound, number, company, partner)
    wish = None if action else stop_wishes.suspect(env, inbound.body, company)
    row = env.execute_query(
        SQL(
            """
            INSERT INTO sms_marketing_inbound (
                gateway_id, company_id, sender_id, number, body, reference, action, partner_id,
                message_id, review_state, stop_wish, stop_phrase, received_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
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
            "to_review" if wish else None,
            wish and wish.strength,
            wish and wish.phrase,
            inbound.received_at,
        )
    )
    if not row:
        return env["sms.marketing.inbound"]
    record = env["sms.marketing.inbound"].browse(row[0][0])
    if action:
        # Without a sender nothing goes back: who has an answer from the provider gets no other.
        answering = sender.browse() if inbound.answered_as else sender
        ACTIONS[action](env, record, answering, keyword)
    if action in _SETTLING:
        stop_wishes.settle(env, number, company, "own_text")
    if wish:
        stop_wishes.call_reviewer(record)
    return record


def find_again(env, gateway, inbound):
    """The record of an incoming text that its provider brings once more."""
    return env["sms.marketing.inbound"].search(
        [("gateway_id", "=", gateway.id), ("reference", "=", inbound.reference or None)], limit=1
    )


def wait_for_hand_over(cr, numbers):
    """Commit, and return when no text but an answer is being handed over to these any more.

    Who has stopped gets no text after the answer to the STOP. A lane may have claimed one just
    before; it is on its way for as long as its hand-over takes. Waits at most ten seconds, after
    which a provider would take the webhook for dead, and nothing claimed before is begun any more.
    The confirmation waits for the same (`claims`).
    """

    def is_on_its_way():
        # Each time in a transaction of its own: none stays open while we sleep.
        found = read_committed(cr).execute_query(
            SQL(
                """
                SELECT 1 FROM sms_marketing_recipient
                 WHERE number = ANY(%s) AND state = 'sending'
                   AND kind IN ('campaign', 'opt_in', 'test')
                 LIMIT 1
                """,
                list(numbers),
            )
        )
        cr.commit()  # pylint: disable=invalid-commit
        return found

    end = time.monotonic() + LONGEST_WAIT
    has_waited = False
    while is_on_its_way() and time.monotonic() < end:
        has_waited = True
        time.sleep(0.02)
    if has_waited:
        read_committed(cr)["sms.marketing.message"]._trigger_dispatch()


def _stop(env, inbound, sender, keyword):
    facts = {
        "method": "keyword",
        "wording": inbound.body,
        "address": inbound.gateway_id.name,
    }
    if keyword.type_id:
        changed = consent.unsubscribe(env, [inbound.number], keyword.type_id, **facts)
    else:
        changed = consent.unsubscribe_everywhere(env, [inbound.number], inbound.company_id, **facts)
    if inbound.message_id:
        env.cr.execute(
            SQL(
                "INSERT INTO sms_marketing_statistic_mark (message_id) VALUES (%s)",
                inbound.message_id.id,
            )
        )
    if changed:
        _answer(env, inbound, sender, "stop", keyword, keyword.type_id)


def _start(env, inbound, sender, keyword):
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
    wanted = set(keyword.type_id.ids) or once_subscribed
    types = again.type_id.filtered(lambda one: one.id in once_subscribed & wanted)
    consent.record(env, [_agreement(inbound, one) for one in types])
    if types:
        _answer(env, inbound, sender, "start", keyword, types)


def _join(env, inbound, sender, keyword):
    """Sign up; where the type asks for it, the number is asked to confirm first.

    It is the number's own wish, so it counts for a number that had opted out as well.
    """
    lang = answers.language(inbound.partner_id, inbound.company_id, keyword)
    wording = keyword.with_context(lang=lang).wording
    change = _agreement(
        inbound,
        keyword.type_id,
        explanation=wording and env._("What was advertised: %s", wording),
    )
    if not double_opt_in.sign_up(env, [change], sender, lang):
        partner = find_or_create_contact(env, inbound.number, inbound.company_id, None, lang)
        _tie(env, inbound, partner)
        _answer(env, inbound, sender, "join", keyword, keyword.type_id)


def _confirm(env, inbound, sender, keyword):
    """Confirm what this number was asked about, and nothing else."""
    requests = double_opt_in.open_requests(env, inbound.number, inbound.company_id)
    lang = answers.language(inbound.partner_id, inbound.company_id, keyword)
    partner = double_opt_in.confirm(
        env,
        inbound.number,
        inbound.company_id,
        requests,
        inbound.body,
        inbound.gateway_id.name,
        lang,
    )
    _tie(env, inbound, partner)
    types = env["sms.marketing.subscription.type"].union(*requests)
    _answer(env, inbound, sender, "join", keyword, types)


def _help(env, inbound, sender, keyword):
    _answer(env, inbound, sender, "help", keyword)


ACTIONS = {"stop": _stop, "start": _start, "join": _join, "confirm": _confirm, "help": _help}

#: After these nobody needs to guess any more what the number wants.
_SETTLING = ("stop", "start", "join", "confirm")


def _tie(env, inbound, partner):
    """The text belongs to the contact that it has made."""
    if inbound.partner_id != partner:
        env.cr.execute(
            SQL(
                "UPDATE sms_marketing_inbound SET partner_id = %s WHERE id = %s",
                partner.id,
                inbound.id,
            )
        )
        inbound.invalidate_recordset(["partner_id"])


def _agreement(inbound, subscription_type, **facts):
    return consent.ConsentChange(
        inbound.number,
        subscription_type.id,
        "subscribed",
        method="keyword",
        legal_basis="text_consent",
        wording=inbound.body,
        address=inbound.gateway_id.name,
        **facts,
    )


def _understand(env, inbound, number, company, partner):
    """What a text asks for, and by which keyword; (None, empty) where it is no keyword.

    While a number is asked to confirm a sign-up, YES and START are the answer to that. What the
    provider has acted on is that for us too, for all types: it lets none of the sender's texts
    through after a STOP.
    """
    action, keyword = env["sms.marketing.keyword"]._find(inbound.body, company, partner.lang)
    if inbound.answered_as:
        action, keyword = inbound.answered_as, keyword.browse()
    if action in ("start", "confirm"):
        if double_opt_in.open_requests(env, number, company):
            action = "confirm"
        elif action == "confirm":
            return None, keyword.browse()
    return action, keyword


def _answer(env, inbound, sender, action, keyword, types=None):
    """Queue one answer, in the contact's language; it goes out even to who has just opted out."""
    if not sender:
        return
    company = inbound.company_id.sudo()
    lang = answers.language(inbound.partner_id, company, keyword)
    body = answers.write_answer(company, action, inbound.number, lang, keyword, types)
    answers.queue(env, "answer", inbound.number, sender, body, inbound.partner_id)


def _sender(env, gateway, value):
    """The sender that the contact wrote to, else the gateway's first."""
    senders = gateway.sudo().sender_ids
    plain = (value or "").lstrip("+")
    return senders.filtered(lambda sender: sender.value.lstrip("+") == plain)[:1] or senders[:1]


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
