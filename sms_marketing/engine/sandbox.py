"""Plays what the sandbox carrier and its phones do later: receipts, replies and clicks."""

from collections import defaultdict
from datetime import timedelta

from odoo.tools import SQL

from ..gateways.values import Inbound, Receipt, Text
from . import inbound, links, receipts
from .transactions import NOW

#: Every event of the sandbox lies within so many seconds of the hand-over.
HORIZON = 60

#: A text that is being recorded at this moment is seen a little later: seconds.
LAG = 1


def play(env):
    """Bring every event that has become due since the last call.

    What the carrier will do follows from each text's reference and number, so nothing is stored
    but how far it has been played; whoever plays holds the gateway's row until commit.

    :return: seconds until the next event, or None when none is to come
    :rtype: float | None
    """
    waits = [
        _play_gateway(env, *row)
        for row in env.execute_query(
            SQL(
                """
                SELECT id, COALESCE(sandbox_played_until, '-infinity'),
                       %s - make_interval(secs => %s)
                  FROM sms_marketing_gateway
                 WHERE provider = 'sandbox' AND active FOR UPDATE SKIP LOCKED
                """,
                NOW,
                LAG,
            )
        )
    ]
    return min((wait for wait in waits if wait is not None), default=None)


def _play_gateway(env, gateway_id, played_until, until):
    gateway = env["sms.marketing.gateway"].browse(gateway_id)
    carrier = gateway._connect()
    due, next_moment = [], None
    for kind, text, handed_at in _recent_texts(env, gateway_id, until):
        for event in carrier.events(text):
            if kind in ("answer", "verification") and not isinstance(event.event, Receipt):
                continue  # phones do not answer an answer, else STOP would go on for ever
            moment = handed_at + timedelta(seconds=event.delay)
            if moment > until:
                next_moment = min(moment, next_moment or moment)
            elif moment > played_until:
                due.append((moment, event.event))
    due.sort(key=lambda pair: pair[0])
    _bring(env, gateway, [event for _moment, event in due])
    env.cr.execute(
        SQL(
            "UPDATE sms_marketing_gateway SET sandbox_played_until = %s WHERE id = %s",
            until,
            gateway_id,
        )
    )
    return next_moment and (next_moment - until).total_seconds()


def _recent_texts(env, gateway_id, until):
    rows = env.execute_query(
        SQL(
            """
            SELECT recipient.kind, recipient.token, recipient.number, sender.value,
                   recipient.attempt, recipient.segments,
                   COALESCE(recipient.sent_at, recipient.settled_at) AS handed_at
              FROM sms_marketing_recipient recipient
              JOIN sms_marketing_sender sender ON sender.id = recipient.sender_id
             WHERE recipient.gateway_id = %s
               AND recipient.state IN ('sent', 'delivered', 'undelivered', 'unknown')
               AND COALESCE(recipient.sent_at, recipient.settled_at)
                   > %s - make_interval(secs => %s)
            """,
            gateway_id,
            until,
            HORIZON,
        )
    )
    for kind, token, number, sender, attempt, segments, handed_at in rows:
        yield kind, Text(token, number, sender, "", "GSM-7", segments, attempt), handed_at


def _bring(env, gateway, events):
    by_kind = defaultdict(list)
    for event in events:
        by_kind[type(event)].append(event)
    receipts.receive(env, gateway.id, by_kind.pop(Receipt, []))
    for text in by_kind.pop(Inbound, []):
        inbound.receive(env, gateway, text)
    for click in (click for clicks in by_kind.values() for click in clicks):
        code = links.short_link("", click.reference, click.link)
        links.follow(env, code, "sandbox", "sandbox phone")
