"""Signing up on a public page: a code to the phone, and consent once it was typed.

Every step reads what is committed and holds the row that it changes, so that limits hold however
many ask at once, and a wrong try counts. Nothing here tells whether a number was known before.
"""

import re
import secrets
from dataclasses import dataclass

from odoo.tools import SQL
from odoo.tools.misc import consteq, hmac

from . import consent, stop_wishes, throttle
from .contacts import find_or_create_contact
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
    env = form.env
    if _is_too_much(form, wanted.number, wanted.network):
        return None
    token = secrets.token_urlsafe(24)
    sign_up = env["sms.marketing.sign.up"].create(
        {
            "form_id": form.id,
            "company_id": form.company_id.id,
            "requested_at": env.cr.now(),
            "token": token,
            "number": wanted.number,
            "name": wanted.name,
            "lang": env.lang,
            "source": wanted.source,
            "choices": [list(choice) for choice in wanted.choices],
        }
    )
    _send_code(sign_up)
    return token


def ask_again(sign_up, visitor_network):
    """Text a new code, which replaces the last one; False where too many were asked for."""
    if _is_too_much(sign_up.form_id, sign_up.number, visitor_network):
        return False
    _send_code(sign_up)
    return True


def find(env, form, token):
    """The sign-up of a form by its token, confirmed or still waiting for its code; may be empty.

    :param env: of the system
    """
    sign_ups = env["sms.marketing.sign.up"]
    if not _is_token(token):
        return sign_ups
    return sign_ups.search(
        [
            ("token", "=", token),
            ("form_id", "=", form.id),
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
    form, env = sign_up.form_id, sign_up.env
    company = form.company_id
    wordings = dict(sign_up.choices)
    types = env["sms.marketing.subscription.type"].browse(wordings).exists()
    types = types.filtered(lambda one: one.company_id == company)
    # Staff reads it, in the company's language.
    about = [
        env(context={"lang": company.partner_id.lang})._(
            "Sign-up form “%(form)s”, read in %(lang)s, number proved by a code",
            form=form.name,
            lang=sign_up.lang,
        )
    ]
    if sign_up.source:
        about.append(sign_up.source)
    consent.record(
        env,
        [
            consent.ConsentChange(
                sign_up.number,
                one.id,
                "subscribed",
                method="form",
                legal_basis="web_consent",
                wording=wordings[one.id],
                explanation="\n".join(about),
                address=address,
            )
            for one in types
        ],
    )
    stop_wishes.settle(env, sign_up.number, company, "own_page")
    partner = find_or_create_contact(env, sign_up.number, company, sign_up.name, sign_up.lang)
    partner._message_log(body="\n".join(about))


def _is_too_much(form, number, visitor_network):
    return throttle.take(
        form.env,
        ("sign_up_address", visitor_network),
        ("sign_up_number", number),
        ("sign_up_form", form.id),
        ("sign_up_company", form.company_id.id),
    )


def _send_code(sign_up):
    env = sign_up.env
    form = sign_up.form_id
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
        form._sender(),
        sign_up.number,
        env._(
            "%(company)s: %(code)s is your code to sign up for texts. It is good for %(minutes)s "
            "minutes. If you did not ask for it, do nothing.",
            company=form.company_id.name,
            code=code,
            minutes=LIFETIME,
        ),
    )


def _hash(env, sign_up_id, number, code):
    return hmac(env(su=True), "sms_marketing.sign_up", (sign_up_id, number, code))
