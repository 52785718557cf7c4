"""Texts that read like a wish to stop but are no keyword: shown, and decided by a person.

While a strong one waits, its number gets no campaign: claims and audience look for it.
"""

from odoo.tools import SQL

from ..text.reserved_words import reserved_keys
from ..text.stop_wishes import STRONG, find_stop_wish
from . import consent
from .transactions import NOW

#: What became of a text under review.
DECISIONS = [
    ("opted_out", "Opted out"),
    ("no_wish", "Not a wish to stop"),
    ("own_text", "Settled by a later text of the number"),
    ("own_page", "Settled on a page by who has the number"),
]

#: Of `text`, a row of sms_marketing_inbound: it keeps campaigns from its number.
IS_HELD = SQL("text.review_state = 'to_review' AND text.stop_wish = %s", STRONG)


def suspect(env, body, company):
    """What a text that is no keyword reads like, with typos of the company's own words for STOP.

    :rtype: text.stop_wishes.StopWish | None
    """
    keywords = (
        env["sms.marketing.keyword"]
        .sudo()
        .search([("action", "=", "stop"), ("company_id", "in", [company.id, False])])
    )
    return find_stop_wish(body, reserved_keys("stop") | set(keywords.mapped("normalised")))


def call_reviewer(inbound):
    """Give whoever reviews an activity, one for each number that waits."""
    reviewer = _reviewer(inbound)
    others = inbound.search_count(
        [
            ("number", "=", inbound.number),
            ("company_id", "=", inbound.company_id.id),
            ("review_state", "=", "to_review"),
            ("id", "!=", inbound.id),
        ],
        limit=1,
    )
    if reviewer and not others:
        inbound.with_context(mail_activity_quick_update=True).activity_schedule(
            "mail.mail_activity_data_todo",
            summary=inbound.env._("Reads like a wish to stop: %s", inbound.stop_phrase),
            user_id=reviewer.id,
        )


def opt_out(inbounds):
    """Take these texts for what they read like: their numbers leave all types of the company.

    No answer goes out: whoever asked in own words has been answered by silence, and a text long
    after the request would be one too many.
    """
    env = inbounds.env
    for inbound in inbounds:
        consent.unsubscribe_everywhere(
            env,
            [inbound.number],
            inbound.company_id,
            method="staff",
            wording=inbound.body,
            explanation=env._("Reviewed as a wish to stop."),
            address=inbound.gateway_id.name,
            occurred_at=inbound.received_at,
        )
        settle(env, inbound.number, inbound.company_id, "opted_out", env.user)


def settle(env, number, company, decision, user=None, inbounds=None):
    """Close what waits for review of a number, or of these texts alone.

    :param decision: a code of ``DECISIONS``
    :param user: who decided; None: nobody of the staff
    """
    rows = env.execute_query(
        SQL(
            """
            UPDATE sms_marketing_inbound
               SET review_state = 'done', decision = %(decision)s, reviewed_at = %(now)s,
                   reviewed_by_id = %(user)s
             WHERE number = %(number)s AND company_id = %(company)s
               AND review_state = 'to_review' AND (%(all)s OR id = ANY(%(ids)s))
            RETURNING id
            """,
            decision=decision,
            now=NOW,
            user=user.id if user else None,
            number=number,
            company=company.id,
            all=inbounds is None,
            ids=inbounds.ids if inbounds is not None else [],
        )
    )
    settled = env["sms.marketing.inbound"].browse([row[0] for row in rows])
    settled.invalidate_recordset()
    if settled:
        env["mail.activity"].sudo().search(
            [("res_model", "=", settled._name), ("res_id", "in", settled.ids)]
        ).unlink()


def _reviewer(inbound):
    """The company's choice, else the message's responsible if a manager, else any manager."""
    company = inbound.company_id
    if company.sms_marketing_reviewer_id:
        return company.sms_marketing_reviewer_id
    managers = inbound.env.ref("sms_marketing.group_manager").all_user_ids.filtered(
        lambda user: user.active and not user.share and company in user.company_ids
    )
    return (inbound.message_id.user_id & managers) or managers.sorted("id")[:1]
