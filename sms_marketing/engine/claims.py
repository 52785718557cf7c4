"""What is due, and taking it: one statement claims a batch and checks again who may be texted."""

from dataclasses import dataclass
from typing import NamedTuple

from odoo.tools import SQL

from . import frequency, schedule, timing
from .stop_wishes import IS_HELD
from .transactions import NOW

#: Seconds that a batch may wait before it is handed over; after that it goes back to the queue.
LONGEST_WAIT = 60
#: Seconds that a claim outlives that wait and the slowest hand-over that its gateway's time-outs
#: allow, and the number of texts that every gateway talks about at once, at the least.
LEASE_MARGIN = 30
LEAST_CONCURRENCY = 8


@dataclass(frozen=True, slots=True)
class Claim:
    """One recipient that this lane has taken and nobody else will."""

    id: int
    attempt: int
    number: str
    token: str
    partner_id: int | None
    sender_id: int
    gateway_id: int
    body: str | None
    # Whom it is taken from: there it waits again if the gateway does not take it (fail-over).
    home_sender_id: int
    home_gateway_id: int


class Source(NamedTuple):
    """What a batch is taken from: a message's (None: answers') texts from one sender."""

    message_id: int | None
    sender_id: int


def due_sources(env):
    """The sources that have something due, answers first.

    Each is one probe of the queue's index.

    :rtype: list[Source]
    """
    answers = env.execute_query(
        SQL(
            """
            SELECT NULL, sender.id FROM sms_marketing_sender sender
             WHERE EXISTS (SELECT 1 FROM sms_marketing_recipient recipient
                            WHERE recipient.message_id IS NULL AND recipient.sender_id = sender.id
                              AND recipient.state = 'queued' AND recipient.due_at <= %s)
             ORDER BY sender.sequence, sender.id
            """,
            NOW,
        )
    )
    messages = env.execute_query(
        SQL(
            """
            SELECT message.id, sender.id
              FROM sms_marketing_message message
              JOIN sms_marketing_sender sender ON sender.company_id = message.company_id
             WHERE message.state = 'sending'
               AND EXISTS (SELECT 1 FROM sms_marketing_recipient recipient
                            WHERE recipient.message_id = message.id
                              AND recipient.sender_id = sender.id
                              AND recipient.state = 'queued' AND recipient.due_at <= %s)
             ORDER BY message.scheduled_at, message.id, sender.sequence, sender.id
            """,
            NOW,
        )
    )
    return [Source(*row) for row in [*answers, *messages]]


def next_due(env, since):
    """Seconds until the next text that has become due after ``since``; None when none waits.

    What was due before, a lane that began at that moment has seen and left alone.

    :param datetime since: UTC, by the database's clock
    """
    [(seconds,)] = env.execute_query(
        SQL(
            """
            SELECT EXTRACT(epoch FROM min(next.due_at) - %(now)s)
              FROM (SELECT (SELECT min(due_at) FROM sms_marketing_recipient
                             WHERE message_id IS NULL AND sender_id = sender.id
                               AND state = 'queued' AND due_at > %(since)s) AS due_at
                      FROM sms_marketing_sender sender
                     UNION ALL
                    SELECT (SELECT min(due_at) FROM sms_marketing_recipient
                             WHERE message_id = message.id AND sender_id = sender.id
                               AND state = 'queued' AND due_at > %(since)s)
                      FROM sms_marketing_message message
                      JOIN sms_marketing_sender sender ON sender.company_id = message.company_id
                     WHERE message.state = 'sending') AS next
            """,
            now=NOW,
            since=since,
        )
    )
    return None if seconds is None else max(float(seconds), 0.0)


def claim(env, message_id, limit, sender_id=None, way=None):
    """Take up to ``limit`` due recipients of a message (None: of answers).

    Everything that forbids a text is checked again in this very statement: consent, contact and
    number, marketing status, blacklist, frequency cap, the message's state. Who may not be texted
    any more becomes *skipped*; whose opening is over (B1) keeps waiting, for the next one.

    :param sender_id: only those that this sender is to text; None: of all senders
    :param way: ``senders.Way`` of another gateway that stands in; None: as the recipients say
    :return: the claims, and how many recipients were due
    :rtype: tuple[list[Claim], int]
    """
    source = (
        SQL("message_id IS NULL")
        if message_id is None
        else SQL(
            """message_id = %s AND EXISTS (
                   SELECT 1 FROM sms_marketing_message message
                    WHERE message.id = %s AND message.state = 'sending')""",
            message_id,
            message_id,
        )
    )
    if sender_id is not None:
        source = SQL("%s AND sender_id = %s", source, sender_id)
    sender, gateway = SQL("sender_id"), SQL("gateway_id")
    if way is not None:
        sender, gateway = way.sender_of(SQL("number")), SQL("%s", way.gateway_id)
        source = SQL("%s AND %s IS NOT NULL", source, sender)
    message = env["sms.marketing.message"].browse(message_id or ()).exists()
    if frequency.caps(message):
        source = _hold_capped(env, message, source, limit)
    rows = env.execute_query(
        SQL(
            """
            WITH due AS (
                SELECT *, %(sender)s AS way_sender_id, %(gateway)s AS way_gateway_id
                  FROM sms_marketing_recipient
                 WHERE %(source)s AND state = 'queued' AND due_at <= %(now)s
                 ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ), agreed AS (
                -- Under a lock, so that a STOP either is seen here or sees the text on its way.
                SELECT subscription.number, subscription.type_id, subscription.state
                  FROM sms_marketing_subscription subscription
                  JOIN due ON due.number = subscription.number
                  LEFT JOIN sms_marketing_message message ON message.id = due.message_id
                 WHERE subscription.type_id
                       = COALESCE(message.subscription_type_id, due.opt_in_type_id)
                 ORDER BY subscription.number, subscription.type_id
                   FOR SHARE OF subscription
            ), capped AS (%(capped)s
            ), checked AS (
                SELECT due.id, due.way_sender_id, due.way_gateway_id,
                       due.sender_id AS home_sender_id, due.gateway_id AS home_gateway_id,
                       due.open_until <= %(now)s AS is_closed,
                       make_interval(secs => %(margin)s + %(rounds)s
                           * (gateway.connect_timeout + gateway.read_timeout)) AS lease,
                       CASE WHEN due.kind = 'test' AND NOT EXISTS (
                                      SELECT 1 FROM sms_marketing_test_number test_number
                                       WHERE test_number.number = due.number
                                         AND test_number.company_id = due.company_id
                                         AND test_number.verified_at IS NOT NULL)
                                 THEN 'not_verified'
                            WHEN due.kind = 'opt_in' AND blacklist.id IS NOT NULL
                                 THEN 'blacklisted'
                            WHEN due.kind = 'opt_in' AND agreed.state = 'unsubscribed'
                                 THEN 'unsubscribed'
                            WHEN due.kind = 'opt_in' AND agreed.state IS DISTINCT FROM 'pending'
                                 THEN 'settled'
                            WHEN due.kind = 'opt_in' AND is_held THEN 'stop_wish'
                            WHEN due.kind <> 'campaign' THEN NULL
                            WHEN contact.id IS NULL THEN 'contact_deleted'
                            WHEN contact.active IS NOT TRUE THEN 'archived'
                            WHEN contact.company_id <> due.company_id THEN 'other_company'
                            WHEN contact.sms_marketing IS NOT TRUE THEN 'not_marketing'
                            -- The text is written with this contact's values, for nobody else.
                            WHEN due.number IS DISTINCT FROM contact.mobile_e164
                                 AND due.number IS DISTINCT FROM contact.phone_e164
                                 THEN 'number_changed'
                            WHEN blacklist.id IS NOT NULL THEN 'blacklisted'
                            WHEN agreed.state IS NULL THEN 'no_consent'
                            WHEN agreed.state <> 'subscribed' THEN agreed.state
                            WHEN is_held THEN 'stop_wish'
                            -- Counted when it goes out; a closed one may go when days have passed.
                            WHEN capped.number IS NOT NULL
                                 AND (due.open_until <= %(now)s) IS NOT TRUE
                                 THEN 'frequency_cap'
                       END AS reason
                  FROM due
                  JOIN sms_marketing_gateway gateway ON gateway.id = due.way_gateway_id
                  LEFT JOIN agreed ON agreed.number = due.number
                        AND agreed.type_id = COALESCE(due.opt_in_type_id, agreed.type_id)
                  LEFT JOIN capped ON capped.number = due.number
                  LEFT JOIN phone_blacklist blacklist
                         ON blacklist.number = due.number AND blacklist.active
                  LEFT JOIN res_partner contact ON contact.id = due.partner_id
                 CROSS JOIN LATERAL (
                       SELECT EXISTS (SELECT 1 FROM sms_marketing_inbound text
                                       WHERE text.number = due.number
                                         AND text.company_id = due.company_id AND %(held)s)
                                  AS is_held) AS wish
            )
            UPDATE sms_marketing_recipient recipient
               SET state = CASE WHEN checked.reason IS NOT NULL THEN 'skipped'
                                WHEN is_closed THEN 'queued' ELSE 'sending' END,
                   reason = checked.reason,
                   detail = NULL,
                   attempt = recipient.attempt
                             + CASE WHEN is_closed AND checked.reason IS NULL THEN 0 ELSE 1 END,
                   lease_until = CASE WHEN checked.reason IS NULL AND is_closed IS NOT TRUE
                                      THEN %(now)s + lease END,
                   sender_id = CASE WHEN checked.reason IS NULL AND is_closed IS NOT TRUE
                                    THEN way_sender_id ELSE recipient.sender_id END,
                   gateway_id = CASE WHEN checked.reason IS NULL AND is_closed IS NOT TRUE
                                     THEN way_gateway_id ELSE recipient.gateway_id END
              FROM checked
             WHERE recipient.id = checked.id
            RETURNING recipient.state, recipient.id, recipient.attempt, recipient.number,
                      recipient.token, recipient.partner_id, recipient.sender_id,
                      recipient.gateway_id, recipient.body,
                      home_sender_id, home_gateway_id
            """,
            source=source,
            sender=sender,
            gateway=gateway,
            now=NOW,
            limit=limit,
            held=IS_HELD,
            margin=LEASE_MARGIN + LONGEST_WAIT,
            rounds=-(-limit // LEAST_CONCURRENCY),
            capped=frequency.capped_numbers(message, SQL("SELECT number FROM due")),
        )
    )
    if any(state == "queued" for state, *_claim in rows):
        # One batch shows it; the whole message's are put off at once.
        timing.put_off(env, message_id)
    if rows and message_id:
        schedule.mark(env, [message_id])
    return [Claim(*row[1:]) for row in rows if row[0] == "sending"], len(rows)


def _hold_capped(env, message, source, limit):
    """Take the next recipients and their numbers for ourselves, before their texts are counted.

    :return: the condition of those recipients, for the statement that claims them
    """
    due = env.execute_query(
        SQL(
            """
            SELECT id, number FROM sms_marketing_recipient
             WHERE %s AND state = 'queued' AND due_at <= %s
             ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED
            """,
            source,
            NOW,
            limit,
        )
    )
    frequency.lock_numbers(env, message.company_id, {number for _id, number in due})
    ids = [recipient_id for recipient_id, _number in due]
    return SQL("%s AND id = ANY(%s::int[])", source, ids)
