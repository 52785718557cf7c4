"""What is due, and taking it: a batch is claimed, checked again and written in one transaction."""

from typing import NamedTuple

from odoo.tools import SQL

from . import frequency, schedule, timing, verification
from .arrays import arrays
from .blacklist import IS_BY_OTHERS
from .preference_links import PLACEHOLDER, PreferenceCodes, base_urls_of
from .stop_wishes import IS_HELD
from .texts import MessageTexts
from .transactions import NOW

#: Seconds after its claim in which a text may be begun; after that it goes back to the queue. The
#: answer to a STOP waits a little longer (`inbound`), so that no text goes out after it.
LONGEST_WAIT = 8
#: Seconds that a claim outlives that wait and the longest hand-over.
LEASE_MARGIN = 30


class Claim(NamedTuple):
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


#: Texts of no message. The confirmation of a STOP does not overtake a text that was on its way when
#: the STOP came.
_ANSWERS = SQL(
    """message_id IS NULL AND NOT (kind = 'answer' AND EXISTS (
           SELECT 1 FROM sms_marketing_recipient before
            WHERE before.number = sms_marketing_recipient.number
              AND before.state = 'sending' AND before.kind IN ('campaign', 'opt_in', 'test')))"""
)

#: The subscriptions of the numbers of tests, of all types: locked, so that a STOP either is seen by
#: the check or sees the test on its way.
_OF_TESTS = SQL(
    """, of_tests AS (
                SELECT subscription.number, subscription.company_id, subscription.state,
                       subscription.opted_out_at
                  FROM sms_marketing_subscription subscription
                  JOIN due ON due.number = subscription.number
                          AND due.company_id = subscription.company_id AND due.kind = 'test'
                 ORDER BY subscription.number, subscription.type_id
                   FOR SHARE OF subscription
            )"""
)
_NO_TEST = SQL(
    "CASE WHEN due.kind = 'test' THEN %s END",
    verification.why_not(SQL("due.number"), SQL("due.company_id"), SQL("of_tests")),
)


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


def claim(env, message_id, limit, sender_id=None, way=None, longest_send=60):
    """Take up to ``limit`` due recipients of a message (None: of answers), and write their texts.

    One statement takes them under lock and checks again everything that forbids a text: consent,
    contact and number, marketing status, the sender's countries, blacklist, frequency cap, the
    message's state. Who may not be texted any more becomes *skipped*; whose opening is over (B1)
    keeps waiting, for the next one. The next statement writes all this down together with the
    texts: a further version of each row would cost as much again as the check.

    :param sender_id: only those that this sender is to text; None: of all senders
    :param way: ``senders.Way`` of another gateway that stands in; None: as the recipients say
    :param longest_send: seconds that the gateway may need for what it is handed at once
    :return: the claims, and how many recipients were due
    :rtype: tuple[list[Claim], int]
    """
    checked = _lock_and_check(env, message_id, limit, sender_id, way)
    taken = [one for reason, is_closed, one in checked if reason is None and not is_closed]
    bodies, are_kept = write_texts(env, message_id, taken)
    written = [
        (one.id, None, one.sender_id, one.gateway_id, body if are_kept else None)
        for one, body in zip(taken, bodies, strict=True)
    ]
    taken = _with_preference_links(env, message_id, taken, bodies)
    written += [(one.id, reason, None, None, None) for reason, _closed, one in checked if reason]
    if written:
        env.cr.execute(
            SQL(
                """
                UPDATE sms_marketing_recipient recipient
                   SET state = CASE WHEN taken.reason IS NULL THEN 'sending' ELSE 'skipped' END,
                       reason = taken.reason,
                       detail = NULL,
                       attempt = recipient.attempt + 1,
                       lease_until = CASE WHEN taken.reason IS NULL
                                          THEN %s + make_interval(secs => %s) END,
                       sender_id = COALESCE(taken.sender_id, recipient.sender_id),
                       gateway_id = COALESCE(taken.gateway_id, recipient.gateway_id),
                       -- A code that does not go to its number is nobody's to read.
                       body = CASE WHEN taken.reason IS NULL OR recipient.kind <> 'verification'
                                   THEN COALESCE(taken.body, recipient.body) END
                  FROM unnest(%s) AS taken(id, reason, sender_id, gateway_id, body)
                 WHERE recipient.id = taken.id
                """,
                NOW,
                LONGEST_WAIT + longest_send + LEASE_MARGIN,
                arrays(written, "int", "varchar", "int", "int", "text"),
            )
        )
    if len(written) < len(checked):
        # One batch shows that an opening is over; the whole message's are put off at once.
        timing.put_off(env, message_id)
    if message_id and len(taken) < len(written):
        # Taken or queued, a text waits all the same: only who is skipped counts elsewhere now.
        schedule.mark(env, [message_id])
    return taken, len(checked)


def write_texts(env, message_id, claims):
    """The text of each claim, and whether it is kept on its row: where texts differ by contact."""
    if message_id is None:
        return [one.body for one in claims], False
    texts = MessageTexts(env["sms.marketing.message"].browse(message_id))
    return texts.render_all(claims), not texts.is_shared


def _with_preference_links(env, message_id, claims, bodies):
    """The claims with their texts as the recipients get them, which are kept nowhere."""
    to_fill = [PLACEHOLDER in (body or "") for body in bodies]
    if not any(to_fill):
        return [one._replace(body=body) for one, body in zip(claims, bodies, strict=True)]
    codes = PreferenceCodes(env)
    if message_id is None:
        ids = [one.id for one, is_to_fill in zip(claims, to_fill, strict=True) if is_to_fill]
        base_urls = base_urls_of(env["sms.marketing.recipient"].browse(ids))
    else:
        base_url = env["sms.marketing.message"].browse(message_id)._short_link_base()
        base_urls = {one.id: base_url for one in claims}
    return [
        one._replace(body=codes.fill(body, base_urls[one.id], one.id) if is_to_fill else body)
        for one, body, is_to_fill in zip(claims, bodies, to_fill, strict=True)
    ]


def _lock_and_check(env, message_id, limit, sender_id, way):
    """The next recipients that are due, locked until the transaction ends.

    :return: for each why it may not be texted (None: it may), whether its opening is over, and
        what is claimed of it
    :rtype: list[tuple[str | None, bool | None, Claim]]
    """
    source = (
        _ANSWERS
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
        if way.stands_in:
            # Whom none of its senders may text waits for the own gateway.
            source = SQL("%s AND %s IS NOT NULL", source, sender)
    message = env["sms.marketing.message"].browse(message_id or ())
    caps = frequency.caps(message)
    if caps:
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
            )%(of_tests)s, capped AS (%(capped)s
            )
            SELECT CASE WHEN due.kind = 'test' AND no_test.reason IS NOT NULL THEN no_test.reason
                        -- Who has stopped and signs up again is asked before it is taken off.
                        WHEN due.kind = 'opt_in' AND blacklist.id IS NOT NULL AND %(others)s
                            THEN 'blacklisted'
                        WHEN due.kind = 'opt_in' AND agreed.state = 'unsubscribed'
                            THEN 'unsubscribed'
                        WHEN due.kind = 'opt_in' AND agreed.state IS DISTINCT FROM 'pending'
                            THEN 'settled'
                        WHEN due.kind = 'opt_in' AND is_held THEN 'stop_wish'
                        -- The sender's countries have changed since it was queued.
                        WHEN due.kind <> 'campaign'
                            THEN CASE WHEN way_sender_id IS NULL THEN 'country' END
                        WHEN contact.id IS NULL THEN 'contact_deleted'
                        WHEN contact.active IS NOT TRUE THEN 'archived'
                        WHEN contact.company_id <> due.company_id THEN 'other_company'
                        WHEN contact.sms_marketing IS NOT TRUE THEN 'not_marketing'
                        -- The text is written with this contact's values, for nobody else.
                        WHEN due.number IS DISTINCT FROM contact.mobile_e164
                             AND due.number IS DISTINCT FROM contact.phone_e164
                            THEN 'number_changed'
                        WHEN way_sender_id IS NULL THEN 'country'
                        -- A STOP fills the blacklist as well: what the person did is told.
                        WHEN agreed.state = 'unsubscribed' THEN 'unsubscribed'
                        WHEN blacklist.id IS NOT NULL THEN 'blacklisted'
                        WHEN agreed.state IS NULL THEN 'no_consent'
                        WHEN agreed.state <> 'subscribed' THEN agreed.state
                        WHEN is_held THEN 'stop_wish'
                        -- Counted when it goes out; a closed one may go when days have passed.
                        WHEN capped.number IS NOT NULL AND is_closed IS NOT TRUE
                            THEN 'frequency_cap'
                   END,
                   is_closed, due.id, due.attempt + 1, due.number, due.token, due.partner_id,
                   way_sender_id, way_gateway_id, due.body, due.sender_id, due.gateway_id
              FROM due
              -- What campaigns are about is one type in a claim; requests may be about several.
              LEFT JOIN agreed ON agreed.number = due.number
                    AND (due.kind = 'campaign' OR agreed.type_id = due.opt_in_type_id)
              LEFT JOIN capped ON capped.number = due.number
              LEFT JOIN phone_blacklist blacklist
                     ON blacklist.number = due.number AND blacklist.active
              LEFT JOIN res_partner contact ON contact.id = due.partner_id
             CROSS JOIN LATERAL (SELECT %(no_test)s AS reason) AS no_test
             CROSS JOIN LATERAL (
                   SELECT due.open_until <= %(now)s AS is_closed,
                          EXISTS (SELECT 1 FROM sms_marketing_inbound text
                                   WHERE text.number = due.number
                                     AND text.company_id = due.company_id AND %(held)s)
                              AS is_held) AS looked
             ORDER BY due.due_at, due.id
            """,
            source=source,
            sender=sender,
            gateway=gateway,
            now=NOW,
            limit=limit,
            held=IS_HELD,
            others=IS_BY_OTHERS,
            of_tests=_OF_TESTS if message_id is None else SQL(""),
            no_test=_NO_TEST if message_id is None else SQL("NULL"),
            capped=frequency.capped_numbers(message, caps, SQL("SELECT number FROM due")),
        )
    )
    return [(reason, is_closed, Claim(*values)) for reason, is_closed, *values in rows]


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
