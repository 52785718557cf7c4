"""What goes out in answer to a contact's own text, and the request to confirm a sign-up.

None of these is marketing: they say what has happened or what to do, and nothing else.
"""

from odoo.tools import SQL

from ..text.numbers import may_be_answered, number_range
from . import throttle
from .audience import NEW_TOKEN
from .contacts import find_contact
from .transactions import NOW

#: The programmes that HELP names at the most, so that the answer stays readable.
MOST_PROGRAMMES = 3

#: Unique index: however many ask at the same moment, one request goes out on a day (UTC). What did
#: not go out is no request. What had failed may yet be told to have been delivered; so that no
#: receipt meets a newer request in the index, what was delivered is not in it either.
ONCE_A_DAY = (
    "(number, opt_in_type_id, (queued_at::date))"
    " WHERE kind = 'opt_in' AND state NOT IN ('skipped', 'failed', 'delivered')"
)


def queue(env, kind, number, sender, body, lang_of=None):
    """Queue one text without message, to go out at once.

    :param sender: ``sms.marketing.sender``
    :param lang_of: the contact; None: found by the number
    """
    partner = find_contact(env, number, sender.company_id) if lang_of is None else lang_of
    insert(env, kind, number, sender, body, partner)
    env["sms.marketing.message"]._trigger_dispatch()


def insert(env, kind, number, sender, body, partner, opt_in_type=None, opening=None):
    """Write the row of a text without message; whoever calls has a lane run when it is due.

    :param kind: ``answer`` or ``opt_in``
    :param partner: the contact, may be empty
    :param opt_in_type: what an ``opt_in`` asks to confirm
    :param opening: (from, until) where it keeps quiet hours; None: it goes out at once
    :return: whether it was written; a second request to confirm on one day is not, nor what
        would be one answer too many
    """
    if not _may_be_texted(env, number, sender.company_id, is_at_once=opening is None):
        return False
    begin, until = opening or (None, None)
    return bool(
        env.execute_query(
            SQL(
                """
                INSERT INTO sms_marketing_recipient (
                    kind, company_id, sender_id, gateway_id, partner_id, number, state, reason,
                    send_at, due_at, open_until, queued_at, attempt, body, token, opt_in_type_id)
                SELECT %(kind)s, %(company)s, %(sender)s, %(gateway)s, %(partner)s, %(number)s,
                       'queued', CASE WHEN begin > %(now)s THEN 'quiet_hours' END,
                       begin, begin, %(until)s, %(now)s, 0, %(body)s, %(token)s, %(type)s
                  FROM (SELECT COALESCE(%(begin)s, %(now)s) AS begin) AS opening
                ON CONFLICT %(once)s DO NOTHING
                RETURNING id
                """,
                kind=kind,
                company=sender.company_id.id,
                sender=sender.id,
                gateway=sender.sudo().gateway_id.id,
                partner=partner.id or None,
                number=number,
                begin=begin,
                until=until,
                now=NOW,
                body=body,
                token=NEW_TOKEN,
                type=opt_in_type.id if opt_in_type else None,
                once=SQL(ONCE_A_DAY),
            )
        )
    )


def _may_be_texted(env, number, company, is_at_once):
    """Whether a text that nobody of the staff wrote may go to a number.

    Whoever texts a keyword again and again, from a number that is dear or a block of numbers, or
    with a machine that answers each answer, must not run up costs. What the keyword asks for is
    done all the same.

    :param is_at_once: whether it answers a text; else staff has asked for it
    """
    if not may_be_answered(number):
        return False
    own = env["sms.marketing.sender"].sudo().with_context(active_test=False)
    if own.search_count([("value", "=", number)], limit=1):
        return False
    return not is_at_once or not throttle.take(
        env,
        ("answer_number", (company.id, number)),
        ("answer_range", (company.id, number_range(number))),
    )


def language(partner, company, keyword=None):
    """Code of the language to answer in: the contact's, the keyword's, the company's."""
    of_keyword = keyword.lang_id.code if keyword and keyword.lang_id.active else None
    return partner.lang or of_keyword or company.partner_id.lang or None


def write_answer(company, action, number, lang, keyword=None, types=None):
    """The answer to a keyword: the keyword's own words, the company's, or a sentence of ours.

    :param company: ``res.company`` as the system
    :param action: ``stop``, ``start``, ``join`` or ``help``
    :param keyword: ``sms.marketing.keyword`` that the number texted
    :param types: the subscription types that it is about; empty: the company's
    """
    company = company.with_context(lang=lang)
    # YES is a keyword for START: as the answer to a request it does not bring START's words.
    if keyword and keyword.action == action and keyword.answer:
        return keyword.with_context(lang=lang).answer
    if own_words := company[f"sms_marketing_{action}_answer"]:
        # The company's words for STOP say that all has ended, which a STOP of one type does not.
        if not (action == "stop" and types):
            return own_words
    return _SENTENCES[action](company, number, types and types.with_context(lang=lang))


def write_request(subscription_type, lang):
    """The text that asks to confirm a sign-up."""
    subscription_type = subscription_type.sudo().with_context(lang=lang)
    return subscription_type.double_opt_in_text or subscription_type.env._(
        "%(company)s: reply YES to get %(programme)s. If you did not ask for it, do nothing. "
        "Message and data rates may apply. Reply HELP for help, STOP to opt out.",
        company=subscription_type.company_id.name,
        programme=_programmes(subscription_type),
    )


def _stop(company, _number, types):
    if types:
        return company.env._(
            "%(company)s: you get no more texts about %(types)s. Reply STOP to end all our texts.",
            company=company.name,
            types=", ".join(types.mapped("name")),
        )
    return company.env._(
        "%(company)s: you are opted out and get no more texts. Reply START to come back.",
        company=company.name,
    )


def _start(company, _number, _types):
    return company.env._(
        "%(company)s: you get our texts again. Message and data rates may apply. "
        "Reply HELP for help, STOP to opt out.",
        company=company.name,
    )


def _join(company, _number, types):
    return company.env._(
        "%(company)s: you are signed up for %(programme)s. Message and data rates may apply. "
        "Reply HELP for help, STOP to opt out.",
        company=company.name,
        programme=_programmes(types),
    )


def _help(company, number, _types):
    """Company, programme, frequency, contact and STOP, as carriers ask for."""
    env = company.env
    types = env["sms.marketing.subscription.type"].search([("company_id", "=", company.id)])
    # What the number has goes before what it could have.
    own = (
        env["sms.marketing.subscription"]
        .search([("number", "=", number), ("state", "=", "subscribed")])
        .type_id
    )
    return env._(
        "%(company)s: %(programme)s. Help: %(contact)s. Message and data rates may apply. "
        "Reply STOP to opt out.",
        company=company.name,
        programme=_programmes((types & own or types)[:MOST_PROGRAMMES]) or env._("texts"),
        contact=" ".join(filter(None, [company.phone, company.email]))
        or company.website
        or company.get_base_url(),
    )


def _programmes(types):
    """Such as "Offers and news (up to 4 texts a month), Event news (message frequency varies)"."""
    # Carriers ask for the frequency, also where nobody has written one down.
    varies = types.env._("message frequency varies")
    return ", ".join(f"{one.name} ({one.frequency or varies})" for one in types)


_SENTENCES = {"stop": _stop, "start": _start, "join": _join, "help": _help}
