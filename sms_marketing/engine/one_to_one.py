"""Odoo's own SMS, one-to-one: to whom it may not go, and who says why it goes all the same.

A number that has opted out of all texts of a company is named to whoever texts it by hand; that
takes a reason, which is logged. What nobody wrote by hand is left out or goes through, as the
company has set it (``res.company.sms_marketing_one_to_one``). ``sms.sms`` has the last word.
"""

from dataclasses import dataclass
from functools import cache

from odoo.tools import SQL

from ..text.numbers import to_e164
from . import consent, opt_outs, visibility
from .contacts import find_contact
from .stop_wishes import IS_HELD

#: Key of the context that holds an ``Origin``.
_KEY = "sms_marketing_origin"

#: Values of the company's setting.
ASK, SEND_AUTOMATIC, REFUSE = "ask", "automatic", "refuse"

#: What Odoo's SMS calls a text that was not sent as the recipient opted out.
FAILURE = "sms_optout"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text comes from. An object, so that no call from outside can put one in a context.

    :param reason: typed by the user who sends it to numbers that have opted out
    :param is_automatic: no user wrote it: a server action, or another app on an event
    """

    reason: str | None = None
    is_automatic: bool = False


AUTOMATIC = Origin(is_automatic=True)


def origin_of(env):
    """The ``Origin`` of what is being sent; without one, nobody gave a reason."""
    value = env.context.get(_KEY)
    return value if isinstance(value, Origin) else Origin()


def with_origin(records, origin):
    return records.with_context(**{_KEY: origin})


def as_automatic(records):
    """The records, whose texts are automatic unless they already have an origin."""
    if isinstance(records.env.context.get(_KEY), Origin):
        return records
    return with_origin(records, AUTOMATIC)


def normalise(number, company):
    """A number as subscriptions have it; empty for none."""
    return to_e164(number or "", company.sudo().country_id.code) or number or ""


def opted_out(env, numbers, company):
    """Those of these numbers that one-to-one texts need a reason for, each with a sentence.

    They have opted out of all that they had of the company, or have written what reads like a
    wish to stop and waits for review. Anybody who texts by hand has to know that much, of any
    number; how, when and in which words, only those who may see the number's consent.

    :param numbers: as ``normalise`` makes them
    :rtype: dict[str, str]
    """
    numbers = {number for number in numbers if number}
    if not numbers:
        return {}
    held = env.execute_query(
        SQL(
            """
            SELECT DISTINCT text.number FROM sms_marketing_inbound text
             WHERE text.number = ANY(%s) AND text.company_id = %s AND %s
            """,
            list(numbers),
            company.id,
            IS_HELD,
        )
    )
    sentences = {
        number: env._(
            "%s sent a reply that reads like an opt-out. It is waiting for review.", number
        )
        for (number,) in held
    }
    with_words = env.su or env.user.has_group("sms_marketing.group_user")
    for number, opt_out in opt_outs.find(env, numbers, company).items():
        if not with_words:
            opt_out = opt_out._replace(wording=None)
        sentences[number] = opt_outs.describe(env, number, opt_out)
    for number in sentences.keys() - visibility.numbers_with_visible_consent(env, sentences):
        sentences[number] = env._("%s has asked not to be texted.", number)
    return sentences


def may_go(company, *, reason, is_automatic):
    """Whether a text may go to a number that has opted out."""
    policy = company.sudo().sms_marketing_one_to_one
    if policy == REFUSE:
        return False
    return bool(reason) or (is_automatic and policy == SEND_AUTOMATIC)


def log_reason(env, number, company, partner, reason):
    """Keep why a user texted a number that has opted out: with its consent and on the contact."""
    note = env._(
        "Texted one-to-one although %(number)s has opted out. Reason: %(reason)s",
        number=number,
        reason=reason,
    )
    consent.note(env, number, company, note)
    contact = (partner or find_contact(env, number, company)).sudo()
    if contact:
        contact._message_log(body=note)


class _OptOutGate:
    """Of an API class: hands over no text that was left out, to whoever asks a provider directly.

    As the test of an SMS mailing does, which makes rows of ``sms.sms`` and does not send them.
    """

    def _send_sms_batch(self, messages, delivery_reports_url=False):
        numbers = [number for message in messages for number in message["numbers"]]
        left_out = set(
            self.env["sms.sms"]
            .sudo()
            .search(
                [
                    ("uuid", "in", [one.get("uuid") for one in numbers]),
                    ("state", "=", "canceled"),
                    ("failure_type", "=", FAILURE),
                ]
            )
            .mapped("uuid")
        )
        rest = [
            {**message, "numbers": going}
            for message in messages
            if (going := [one for one in message["numbers"] if one.get("uuid") not in left_out])
        ]
        results = []
        if rest:
            results = super()._send_sms_batch(rest, delivery_reports_url=delivery_reports_url)
        reason = self.env._("Opted out")
        return [
            *results,
            *(
                {"uuid": uuid, "state": FAILURE, "failure_reason": reason, "credit": 0}
                for uuid in left_out
            ),
        ]


@cache
def with_gate(api_class):
    """The class of a provider's API that hands over no text that was left out."""
    names = {"__module__": api_class.__module__, "__doc__": api_class.__doc__}
    return type(api_class.__name__, (_OptOutGate, api_class), names)
