"""Short links: a code names a recipient and a link of its message; following it appends a click."""

import re

from odoo.tools import SQL

from ..text.links import add_parameters
from ..text.template import compile_template

TOKEN_LENGTH = 12
is_token = re.compile(r"[A-Za-z0-9_-]{12}").fullmatch

#: The position of a link in its message, as one character after the recipient's token; the first
#: link has none, which keeps the usual link one character shorter.
POSITIONS = "0123456789abcdefghijklmnopqrstuvwxyz"
MOST_LINKS = len(POSITIONS)


def short_link(base_url, token, index):
    """The address that a recipient sees in place of the message's link number ``index``.

    A draft may have more links than can be sent: those beyond ``MOST_LINKS`` look like the last.
    """
    return f"{base_url}{token}{POSITIONS[min(index, MOST_LINKS - 1)] if index else ''}"


def parse_code(code):
    """``(token, index)`` of a short link's code, or None where it cannot be one."""
    token, position = code[:TOKEN_LENGTH], code[TOKEN_LENGTH:]
    if not is_token(token) or len(position) > 1 or position == "0":
        return None
    index = POSITIONS.find(position) if position else 0
    return (token, index) if index >= 0 else None


def utm_parameters(message):
    """The UTM parameters that every link of the message carries (S38); users cannot change them."""
    return {
        "utm_source": "hs_sms",
        "utm_medium": "sms",
        "utm_campaign": message.campaign_id.name or message.name,
        "utm_content": str(message.id),
    }


def write_links(message):
    """Store the targets of the message's links as they are now, each once."""
    message.sudo().link_ids.unlink()
    message.env["sms.marketing.link"].sudo().create(
        [
            {"message_id": message.id, "position": index, "target": target}
            for index, target in enumerate(compile_template(message.body or "").links)
        ]
    )


def follow(env, code, address, user_agent):
    """Append a click and return the address to go to, or None for a code that leads nowhere.

    A click is one new row; no counter is updated. The links of a test lead on without one.

    :param address: network address of the visitor
    :param user_agent: what the browser says it is
    """
    parsed = parse_code(code)
    if not parsed:
        return None
    token, index = parsed
    found = env.execute_query(
        SQL(
            """
            WITH click AS (
                INSERT INTO sms_marketing_click (
                    recipient_id, message_id, company_id, link_id, clicked_at, address, user_agent)
                SELECT recipient.id, recipient.message_id, recipient.company_id, link.id,
                       now() AT TIME ZONE 'UTC', %s, %s
                  FROM sms_marketing_recipient recipient
                  JOIN sms_marketing_link link ON link.message_id = recipient.message_id
                 WHERE recipient.token = %s AND link.position = %s
                RETURNING link_id, recipient_id, message_id
            ), mark AS (
                INSERT INTO sms_marketing_statistic_mark (message_id) SELECT message_id FROM click
            )
            SELECT link_id, recipient_id FROM click
            """,
            (address or "")[:64],
            (user_agent or "")[:256],
            token,
            index,
        )
    )
    if not found:
        return _follow_test(env, token, index)
    [(link_id, recipient_id)] = found
    link = env["sms.marketing.link"].sudo().browse(link_id)
    recipient = env["sms.marketing.recipient"].sudo().browse(recipient_id)
    return add_parameters(link._target_for(recipient), utm_parameters(link.message_id))


def _follow_test(env, token, index):
    """Where a link of a test leads: to what its text said, whatever became of the draft since."""
    test = (
        env["sms.marketing.recipient"]
        .sudo()
        .search([("token", "=", token), ("kind", "=", "test")], limit=1)
    )
    targets = test.test_links or []
    if index >= len(targets):
        return None
    message = test.test_message_id
    # Never stored: the links of a draft are written when it starts.
    link = (
        env["sms.marketing.link"].sudo().new({"message_id": message.id, "target": targets[index]})
    )
    return add_parameters(link._target_for(test), utm_parameters(message))
