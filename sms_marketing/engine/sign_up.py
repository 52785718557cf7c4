"""Signing up on a public page: a code to the phone, and consent once it was typed.

There are two such pages: a sign-up form, and a recipient's preference page, where somebody who has
the link agrees to something new (the link alone proves no more than that it was passed on).

Every step reads what is committed and holds the row that it changes, so that limits hold however
many ask at once, and a wrong try counts. Nothing here tells whether a number was known before.
"""

import re
import secrets
from dataclasses import dataclass

from odoo.tools import SQL
from odoo.tools.misc import consteq, hmac

from . import consent, sign_up_limits, stop_wishes
from .contacts import find_or_create_contact, switch_marketing_on
from .sign_up_limits import Verdict
from .transactions import NOW
from .verification import DIGITS, LIFETIME, MOST_TRIES, queue_code

_is_token = re.compile(r"[A-Za-z0-9_-]{32}").fullmatch


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody filled in.

    :param number: E.164
    :param name: as typed, may be empty
    :param choices: (type's id, wording shown) of what was ticked
    :param network: the visitor's, see ``throttle.network``
    :param source: UTM parameters, may be empty
    """

    number: str
    name: str
    choices: tuple[tuple[int, str], ...]
    network: str
    source: str = ""


def ask(form, wanted):
    """Keep what somebody wants and text a code to the number.

    :param form: ``sms.marketing.sign.up.form``, in the language that was read
    :param wanted: ``Request``
    :return: the token of the sign-up, or None where too many codes were asked for
    """
    demand = sign_up_limits.Demand(form.company_id, form, wanted.number, wanted.network)
    return _ask(form.env, demand, wanted, {"form_id": form.id})


def ask_recipient(recipient, choices, network):
    """Text a code to who wants to get more, on the preference page; as ``ask``.

    :param recipient: ``sms.marketing.recipient``, in the language that was read
    :param choices: (type's id, wording shown) of what was ticked
    """
    env = recipient.env
    form = env["sms.marketing.sign.up.form"]
    wanted = Request(recipient.number, "", choices, network)
    demand = sign_up_limits.Demand(recipient.company_id, form, wanted.number, network)
    return _ask(env, demand, wanted, {"recipient_id": recipient.id})


def _ask(env, demand, wanted, origin):
    verdict = sign_up_limits.take(env, demand)
    if verdict is Verdict.REFUSE:
        return None
    token = secrets.token_urlsafe(24)
    sign_up = env["sms.marketing.sign.up"].create(
        {
            **origin,
            "company_id": demand.company.id,
            "requested_at": env.cr.now(),
            "token": token,
            "number": wanted.number,
            "name": wanted.name,
            "lang": env.lang,
            "source": wanted.source,
            "choices": [list(choice) for choice in wanted.choices],
        }
    )
    if verdict is Verdict.SEND:
        _send_code(sign_up)
    return token


def ask_again(sign_up, visitor_network):
    """Text a new code, which replaces the last one; False where too many were asked for."""
    verdict = sign_up_limits.take(sign_up.env, demand_of(sign_up, visitor_network))
    if verdict is Verdict.SEND:
        _send_code(sign_up)  # else the last code stays good
    return verdict is not Verdict.REFUSE


def demand_of(sign_up, visitor_network):
    """What ``sign_up_limits`` counts of a sign-up that asks for another code."""
    return sign_up_limits.Demand(
        sign_up.company_id, sign_up.form_id, sign_up.number, visitor_network
    )


def find(origin, token):
    """The sign-up by its token, confirmed or still waiting for its code; may be empty.

    :param origin: what it began with, as the system: a form, or a recipient of a text
    """
    sign_ups = origin.env["sms.marketing.sign.up"]
    if not _is_token(token):
        return sign_ups
    field = "form_id" if origin._name == "sms.marketing.sign.up.form" else "recipient_id"
    return sign_ups.search(
        [
            ("token", "=", token),
            (field, "=", origin.id),
            "|",
            ("number", "!=", False),
            ("confirmed_at", "!=", False),
        ],
        limit=1,
    )


def confirm(sign_up, code, address):
    """Try a code; where it is right, the number is subscribed to what was ticked.

    Wrong, expired, used up and never asked for are the same answer.

    :param address: network address of the person
    :rtype: bool
    """
    env = sign_up.env
    rows = env.execute_query(
        SQL(
            """
            UPDATE sms_marketing_sign_up
               SET code_tries = code_tries + 1
             WHERE id = %s AND confirmed_at IS NULL AND code_hash IS NOT NULL
               AND code_tries < %s AND code_expires_at > %s
            RETURNING code_hash, number
            """,
            sign_up.id,
            MOST_TRIES,
            NOW,
        )
    )
    sign_up.invalidate_recordset()
    if not rows or not consteq(rows[0][0], _hash(env, sign_up.id, rows[0][1], code)):
        return False
    _subscribe(sign_up, address)
    env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_sign_up
               SET confirmed_at = %s, number = NULL, name = NULL, choices = NULL, code_hash = NULL
             WHERE id = %s
            """,
            NOW,
            sign_up.id,
        )
    )
    sign_up.invalidate_recordset()
    return True


def _subscribe(sign_up, address):
    """Record the consent, also to types with double opt-in: the code has proved the phone."""
    env, company = sign_up.env, sign_up.company_id
    wordings = dict(sign_up.choices)
    types = env["sms.marketing.subscription.type"].browse(wordings).exists()
    types = types.filtered(lambda one: one.company_id == company)
    about = _evidence(sign_up)
    consent.record(
        env,
        [
            consent.ConsentChange(
                sign_up.number,
                one.id,
                "subscribed",
                method="form" if sign_up.form_id else "link",
                legal_basis="web_consent",
                wording=wordings[one.id],
                explanation="\n".join(about),
                address=address,
            )
            for one in types
        ],
    )
    stop_wishes.settle(env, sign_up.number, company, "own_page")
    if not sign_up.form_id:
        switch_marketing_on(env, sign_up.number, company)
        return
    partner = find_or_create_contact(env, sign_up.number, company, sign_up.name, sign_up.lang)
    partner._message_log(body="\n".join(about))


def _evidence(sign_up):
    """How it came about, in lines. Staff reads it, in the company's language."""
    env = sign_up.env(context={"lang": sign_up.company_id.partner_id.lang})
    if sign_up.form_id:
        how = env._(
            "Sign-up form “%(form)s”, read in %(lang)s, number proved by a code",
            form=sign_up.form_id.name,
            lang=sign_up.lang,
        )
    else:
        recipient = sign_up.recipient_id.with_env(env)
        how = env._(
            "Preference page, read in %(lang)s, by the link in “%(message)s” and a code texted to "
            "the number",
            lang=sign_up.lang,
            message=recipient.message_id.name or recipient.test_message_id.name or "",
        )
    return [how, sign_up.source] if sign_up.source else [how]


def sender_for(sign_up):
    """What texts the code; empty where nothing may text this number."""
    if sign_up.form_id:
        return sign_up.form_id._sender()
    return sender_for_recipient(sign_up.recipient_id)


def sender_for_recipient(recipient):
    """What texts a code to a recipient: what texted it before, else any sender that may."""
    own = recipient.sender_id
    senders = recipient.env["sms.marketing.sender"]
    for sender in (own if own.active else senders) | senders.search(
        [("company_id", "=", recipient.company_id.id)]
    ):
        prefixes = tuple(sender._allowed_prefixes())
        if not prefixes or recipient.number.startswith(prefixes):
            return sender
    return senders


def _send_code(sign_up):
    env = sign_up.env
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_sign_up
               SET code_hash = %s, code_tries = 0,
                   code_expires_at = %s + make_interval(mins => %s)
             WHERE id = %s
            """,
            _hash(env, sign_up.id, sign_up.number, code),
            NOW,
            LIFETIME,
            sign_up.id,
        )
    )
    sign_up.invalidate_recordset()
    queue_code(
        env,
        sender_for(sign_up),
        sign_up.number,
        env._(
            "%(company)s: %(code)s is your code to sign up for texts. It is good for %(minutes)s "
            "minutes. If you did not ask for it, do nothing.",
            company=sign_up.company_id.name,
            code=code,
            minutes=LIFETIME,
        ),
    )


def _hash(env, sign_up_id, number, code):
    return hmac(env(su=True), "sms_marketing.sign_up", (sign_up_id, number, code))
