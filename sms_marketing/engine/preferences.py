"""What a person chooses on the preference page behind a text's own link (B15).

The link came by SMS to that number and can be guessed by nobody, but it can be passed on. So it is
enough to end texts, and not to agree to new ones: for these a code goes to the phone first
(``sign_up.ask_recipient``).
"""

from typing import NamedTuple

from odoo.tools import SQL
from odoo.tools.misc import hmac

from . import consent, stop_wishes


class Choice(NamedTuple):
    """One subscription type as the page offers it.

    :param state: of the number's consent, or None where it was never asked
    :param wording: what is agreed to, as it reads on the page
    """

    type_id: int
    name: str
    description: str
    state: str | None
    wording: str


def choices(recipient):
    """What the recipient's company sends, in the language of the environment, as ``Choice``s."""
    env = recipient.env
    company = recipient.company_id
    states = dict(
        env.execute_query(
            SQL(
                """
                SELECT type_id, state FROM sms_marketing_subscription
                 WHERE number = %s AND company_id = %s
                """,
                recipient.number,
                company.id,
            )
        )
    )
    types = env["sms.marketing.subscription.type"].search([("company_id", "=", company.id)])
    return [
        Choice(
            one.id,
            one.name,
            one.description or "",
            states.get(one.id),
            _wording(env, company, one),
        )
        for one in types
    ]


def _wording(env, company, subscription_type):
    agreement = env._(
        "I agree to get texts from %(company)s: %(type)s.",
        company=company.name,
        type=subscription_type.name,
    )
    return "\n".join(filter(None, [agreement, subscription_type.description]))


def fingerprint(env, offered):
    """Tells whether what is agreed to still reads as it did when a page was shown."""
    return hmac(
        env(su=True), "sms_marketing.wording", [(one.type_id, one.wording) for one in offered]
    )


def joins(offered, chosen):
    """The choices that were ticked and that the number is not subscribed to.

    :param offered: the ``Choice``s that the page showed
    :param chosen: ids of the ticked types
    """
    return [one for one in offered if one.type_id in chosen and one.state != "subscribed"]


def leave(recipient, offered, chosen, address):
    """End what the number is subscribed to and the person has not ticked.

    :param address: network address of the person
    :return: whether anything changed
    """
    changes = [
        consent.ConsentChange(
            recipient.number,
            one.type_id,
            "unsubscribed",
            method="link",
            legal_basis="withdrawal",
            wording=one.wording,
            explanation=_explanation(recipient),
            address=address,
        )
        for one in offered
        if one.state == "subscribed" and one.type_id not in chosen
    ]
    consent.record(recipient.env, changes)
    _settle_wish(recipient)
    of_message = recipient.message_id.subscription_type_id.id
    if any(one.type_id == of_message for one in changes):
        _note_opt_out(recipient)
    return bool(changes)


def stop(recipient, address):
    """End every type of the company for the number, as a STOP does."""
    changed = consent.unsubscribe_everywhere(
        recipient.env,
        [recipient.number],
        recipient.company_id,
        method="link",
        wording=recipient.env._("Stop all texts"),
        explanation=_explanation(recipient),
        address=address,
    )
    _settle_wish(recipient)
    if changed:
        _note_opt_out(recipient)
    return changed


def _settle_wish(recipient):
    """Nobody needs to guess any more what the number wants, also where it keeps what it has."""
    stop_wishes.settle(recipient.env, recipient.number, recipient.company_id, "own_page")


def _note_opt_out(recipient):
    """Have the figures of the text's message count who left by its link."""
    recipient.env.cr.execute(
        SQL(
            """
            WITH noted AS (
                UPDATE sms_marketing_recipient SET opted_out_at = now() AT TIME ZONE 'UTC'
                 WHERE id = %s AND opted_out_at IS NULL AND message_id IS NOT NULL
                RETURNING message_id
            )
            INSERT INTO sms_marketing_statistic_mark (message_id) SELECT message_id FROM noted
            """,
            recipient.id,
        )
    )


def _explanation(recipient):
    """How it came about, for the consent log: in the language of the company, who reads it."""
    env = recipient.with_context(lang=recipient.company_id.partner_id.lang).env
    lang = recipient.env.lang or "en_US"
    message = recipient.message_id.name or recipient.test_message_id.name
    if not message:
        return env._("Preference page, read in %s", lang)
    return env._(
        "Preference page, read in %(lang)s, by the link in “%(message)s”",
        lang=lang,
        message=message,
    )
