"""How many codes the public pages text, to whom and how fast: nobody runs up costs with them.

Three kinds of limits. *Hard* ones bound the cost: by number, range of numbers, country, form and
company; administrators get an alarm when one of these is reached. *Soft* ones slow down whoever is
fast, behind one address or all together, without closing the page to anybody: the browser solves a
small puzzle first, or its visitor waits. And to a number that has opted out or is blacklisted goes
one code a day, which whoever asks for more is not told.
"""

import secrets
import time
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

from odoo.tools import SQL
from odoo.tools.misc import consteq
from odoo.tools.misc import hmac as keyed_hash

from ..text.numbers import number_range, region_of
from . import throttle

#: subject -> (uses, seconds): from here on a visitor solves a puzzle or waits.
SOFT_LIMITS = {
    "sign_up_address": throttle.Limit(10, 600),
    "sign_up_form": throttle.Limit(60, 600),
    "sign_up_company": throttle.Limit(120, 600),
}
#: Codes to a country other than the company's own: one in so many of the day's.
SHARE_ABROAD = 4

#: Codes of a company in an hour: one in so many of the day's, but so many at least. Whoever uses
#: them all up closes the pages for an hour, not a day, and administrators have time to act.
SHARE_OF_HOUR, LEAST_IN_HOUR = 3, 50

#: Zero bits that the hash of a solved puzzle begins with, at first and at most: each time that the
#: uses double it takes one more, twice as much work. 2**15 hashes take a phone half a second.
LEAST_BITS, MOST_BITS = 15, 20
#: Seconds that a visitor without JavaScript waits instead.
WAIT = 20
#: Seconds in which a challenge must be answered; less than its answer is remembered.
_VALID = 1800
_LONGEST_CHALLENGE = 200
_LONGEST_ANSWER = 20


class Demand(NamedTuple):
    """A code that somebody asks for.

    :param company: ``res.company``
    :param form: ``sms.marketing.sign.up.form``; empty on a preference page
    :param number: E.164
    :param network: the visitor's, see ``throttle.network``
    """

    company: object
    form: object
    number: str
    network: str


class Verdict(Enum):
    """What is done about a demand."""

    SEND = "send"
    #: As if it were sent: whoever asks is not told that the number has opted out.
    PRETEND = "pretend"
    REFUSE = "refuse"


class Challenge(NamedTuple):
    """What a visitor solves, or waits for, before a code is sent.

    :param token: signed by us; good once
    :param bits: leading zero bits of SHA-256 of ``token:answer`` in a right answer
    :param seconds: after which no answer is needed
    """

    token: str
    bits: int
    seconds: int


# ------------------------------------------------------------
# Soft limits
# ------------------------------------------------------------


def challenge(env, demand):
    """What the visitor does first; None where there is room enough."""
    load = max(
        throttle.used(env, subject, key, SOFT_LIMITS[subject].seconds) / SOFT_LIMITS[subject].most
        for subject, key in _soft_uses(demand)
    )
    if load < 1:
        return None
    bits = min(LEAST_BITS + int(load).bit_length() - 1, MOST_BITS)
    waited = throttle.used(env, "sign_up_waited", demand.network)
    seconds = WAIT * (1 + waited // 10)
    facts = f"{int(time.time())}.{bits}.{seconds}.{secrets.token_urlsafe(9)}"
    return Challenge(f"{facts}.{_sign(env, demand, facts)}", bits, seconds)


def is_met(env, demand, token, answer):
    """Whether a challenge was solved or waited for; it is used up by that.

    :param env: READ COMMITTED
    """
    facts, _dot, signature = token[:_LONGEST_CHALLENGE].rpartition(".")
    if not facts or not consteq(signature.encode(), _sign(env, demand, facts).encode()):
        return False
    issued, bits, seconds, nonce = facts.split(".")  # ours, as it is signed
    age = time.time() - int(issued)
    if not 0 <= age <= _VALID:
        return False
    solved = _is_solved(token, answer[:_LONGEST_ANSWER], int(bits))
    if not solved and age < int(seconds):
        return False
    uses = [("sign_up_proof", nonce)]
    if not solved:
        uses.append(("sign_up_waited", demand.network))
    return throttle.take(env, *uses) is None


def _soft_uses(demand):
    yield "sign_up_address", demand.network
    if demand.form:
        yield "sign_up_form", demand.form.id
    yield "sign_up_company", demand.company.id


def _is_solved(token, answer, bits):
    digest = sha256(f"{token}:{answer}".encode()).digest()
    return bool(answer) and int.from_bytes(digest, "big") >> (256 - bits) == 0


def _sign(env, demand, facts):
    bound = (demand.company.id, demand.network, facts)
    return keyed_hash(env(su=True), "sms_marketing.challenge", bound)[:32]


# ------------------------------------------------------------
# Hard limits
# ------------------------------------------------------------


def take(env, demand):
    """Count a code that is asked for, and say what is done about it.

    :param env: READ COMMITTED
    :rtype: Verdict
    """
    company, form, number = demand.company, demand.form, demand.number
    a_day = company.sudo().sms_marketing_codes_a_day
    region = region_of(number)
    own = [
        throttle.Use("code_number", number),
        throttle.Use("code_number_day", number),
        throttle.Use("sign_up_address", demand.network),
    ]
    shared = [throttle.Use("sign_up_range", (company.id, number_range(number)))]
    if region != company.sudo().country_id.code:
        of_country = max(a_day // SHARE_ABROAD, 1)
        shared.append(throttle.Use("sign_up_country", (company.id, region), of_country))
    if form:
        shared.append(throttle.Use("sign_up_form", form.id, form.codes_a_day or a_day))
    an_hour = max(a_day // SHARE_OF_HOUR, LEAST_IN_HOUR)
    shared.append(throttle.Use("sign_up_hour", company.id, an_hour))
    shared.append(throttle.Use("sign_up_company", company.id, a_day))
    if throttle.take(env, *own):
        return Verdict.REFUSE
    # All or none: what one form refuses must not use up what is left for the others.
    if spent := throttle.take_all(env, shared):
        _tell(env, demand, spent.subject)
        return Verdict.REFUSE
    # Asked for each number, so that one that has opted out takes as long.
    if _has_left(env, number) and throttle.take(env, ("code_opted_out", number)):
        return Verdict.PRETEND
    return Verdict.SEND


def _has_left(env, number):
    """Whether a number has opted out of anything, of any company, or is on the phone blacklist."""
    [(has_left,)] = env.execute_query(
        SQL(
            """
            SELECT EXISTS (SELECT FROM sms_marketing_subscription
                            WHERE number = %(number)s AND state = 'unsubscribed')
                OR EXISTS (SELECT FROM phone_blacklist WHERE number = %(number)s AND active)
            """,
            number=number,
        )
    )
    return has_left


# ------------------------------------------------------------
# The alarm
# ------------------------------------------------------------


def _tell(env, demand, subject):
    """Tell the company's administrators which ceiling is reached: once a day for each of them."""
    if throttle.take(env, ("sign_up_alarm", (demand.company.id, subject))):
        return
    words = _alarms(env, demand)[subject]
    about = demand.form or _any_gateway(env, demand.company)
    if about:
        about._tell_administrators(words)


def _alarms(env, demand):
    """What is said of each ceiling, in the language of the company."""
    env = env(context={"lang": demand.company.sudo().partner_id.lang})
    of_range = env._(
        "The daily limit of sign-up codes for numbers that begin with %s is reached. Somebody may "
        "be using the sign-up pages to text a block of numbers.",
        number_range(demand.number),
    )
    of_country = env._(
        "The daily limit of sign-up codes for one country (%s) is reached. If you do not expect "
        "sign-ups from there, remove the country from the form.",
        region_of(demand.number) or "?",
    )
    of_form = env._(
        "The form “%s” has sent as many sign-up codes as it may within a day. Nobody else can sign "
        "up with it for now. Raise the limit on the form if these are genuine visitors.",
        demand.form.name or "",
    )
    of_hour = env._(
        "All sign-up codes that %s may send within an hour are sent: a third of the daily limit. "
        "Raise the limit in the settings if these are genuine visitors.",
        demand.company.sudo().name,
    )
    of_company = env._(
        "All sign-up codes that %s may send within a day are sent. Nobody else can sign up for "
        "now. Raise the limit in the settings if these are genuine visitors.",
        demand.company.sudo().name,
    )
    return {
        "sign_up_range": of_range,
        "sign_up_country": of_country,
        "sign_up_form": of_form,
        "sign_up_hour": of_hour,
        "sign_up_company": of_company,
    }


def _any_gateway(env, company):
    return env["sms.marketing.gateway"].search([("company_id", "=", company.id)], limit=1)
