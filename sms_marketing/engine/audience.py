"""Who gets a message: one set-based statement decides it for every contact named.

A contact that does not get it has its own row too, with the reason, so that considered = sent +
not sent always adds up. No contact passes through Python: memory does not grow with the audience.
"""

from odoo.tools import SQL

from . import frequency, sender_pool, timing
from .arrays import array
from .stop_wishes import IS_HELD
from .transactions import NOW
from .vocabulary import NUMBER_REASONS

#: A random, unguessable token of twelve URL-safe characters (66 random bits), made by PostgreSQL's
#: strong random generator. Nine bytes of a version 4 UUID, of which six bits are fixed.
NEW_TOKEN = SQL("translate(left(encode(uuid_send(gen_random_uuid()), 'base64'), 12), '+/', '-_')")

#: Contacts whose recipients one transaction writes: half a second, which a crash undoes.
PIECE = 5_000


def settle(message, now):
    """Keep who gets a message and who does not, for ``write_piece`` to write down.

    :param message: one ``sms.marketing.message``
    :param datetime now: when it starts (UTC)
    :return: contacts by reason (None: who gets it), of whom each will have a recipient
    :rtype: dict[str | None, int]
    """
    env = message.env
    env.flush_all()
    env.cr.execute(
        SQL(
            """
            INSERT INTO sms_marketing_audience
                   (message_id, partner_id, number, number_field, reason)
            SELECT %s, audience.* FROM (%s) AS audience ORDER BY partner_id
            """,
            message.id,
            audience_query(message),
        )
    )
    if env.cr.rowcount > PIECE:
        env.cr.execute("ANALYZE sms_marketing_audience")
    groups, slots = _slots(message, now, SQL("message_id = %s", message.id))
    while any(slot.is_left_out for slot in slots):
        _leave_out(message, groups, slots)
        groups, slots = _slots(message, now, SQL("message_id = %s", message.id))
    timing.trigger(env, {slot.send_at for slot in slots}, now)
    return dict(
        env.execute_query(
            SQL(
                """
                SELECT reason, count(*) FROM sms_marketing_audience
                 WHERE message_id = %s GROUP BY reason
                """,
                message.id,
            )
        )
    )


def _leave_out(message, groups, slots):
    """Leave out whose slot says so, and let the next contact of each such number have its text."""
    rows = SQL(
        """
        SELECT id, partner_id, number FROM sms_marketing_audience
         WHERE message_id = %s AND reason IS NULL
        """,
        message.id,
    )
    message.env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_audience audience SET reason = slot.left_out
              FROM (%s) AS located JOIN %s USING (zone, prefix)
             WHERE audience.id = located.id AND slot.left_out IS NOT NULL
            """,
            timing.located(timing.Rules(message.company_id), rows),
            timing.slot_table(groups, slots),
        )
    )
    message.env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_audience SET reason = NULL
             WHERE id IN (SELECT DISTINCT ON (number) id FROM sms_marketing_audience other
                           WHERE message_id = %(message)s AND reason = 'duplicate'
                             AND NOT EXISTS (SELECT 1 FROM sms_marketing_audience
                                              WHERE message_id = %(message)s
                                                AND number = other.number AND reason IS NULL)
                           ORDER BY number, id)
            """,
            message=message.id,
        )
    )


def write_next(env):
    """Write the next piece of an audience that no other lane is writing.

    :return: number of contacts whose recipient was written; 0 when nothing is left
    """
    found = env.execute_query(
        SQL(
            "SELECT message_id FROM sms_marketing_audience ORDER BY id LIMIT 1"
            " FOR UPDATE SKIP LOCKED"
        )
    )
    return write_piece(env["sms.marketing.message"].browse(found[0])) if found else 0


def write_piece(message):
    """Write one recipient, with its moment, for each of the next contacts of a message's audience.

    A message that has started, and each piece after it, is as good as written: a crash undoes a
    piece, and whichever lane comes next goes on with it.

    :return: number of contacts
    """
    env = message.env
    env.flush_all()
    rows = env.execute_query(
        SQL(
            """
            SELECT id FROM sms_marketing_audience WHERE message_id = %s
             ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
            """,
            message.id,
            PIECE,
        )
    )
    if not rows:
        return 0
    piece = SQL("id = ANY(%s)", array([row_id for (row_id,) in rows], "int"))
    # As of the start, so that every piece has the moments that were planned then.
    groups, slots = _slots(message, message.started_at, piece)
    env.cr.execute(
        SQL(
            """
            WITH piece AS (
                DELETE FROM sms_marketing_audience WHERE %(piece)s
                RETURNING id, partner_id, number, number_field, reason
            ), mark AS (
                INSERT INTO sms_marketing_statistic_mark (message_id) VALUES (%(message)s)
            )
            INSERT INTO sms_marketing_recipient (
                kind, message_id, company_id, sender_id, gateway_id, partner_id, number,
                number_field, state, reason, time_zone, send_at, due_at, open_until, queued_at,
                attempt, token)
            SELECT 'campaign', %(message)s, %(company)s,
                   COALESCE(pool.sender_id, %(sender)s), COALESCE(pool.gateway_id, %(gateway)s),
                   contact.id, audience.number, number_field,
                   CASE WHEN why.left_out IS NULL THEN 'queued' ELSE 'skipped' END,
                   COALESCE(why.left_out, slot.reason), slot.time_zone,
                   COALESCE(slot.send_at, %(send_at)s), COALESCE(slot.send_at, %(send_at)s),
                   slot.open_until, now() AT TIME ZONE 'UTC', 0,
                   CASE WHEN why.left_out IS NULL THEN %(token)s END
              FROM (%(located)s) AS audience
              LEFT JOIN res_partner contact ON contact.id = audience.partner_id
              LEFT JOIN %(slots)s ON audience.reason IS NULL
                                 AND slot.zone = audience.zone AND slot.prefix = audience.prefix
             CROSS JOIN LATERAL (
                   SELECT COALESCE(audience.reason,
                                   CASE WHEN contact.id IS NULL THEN 'contact_deleted' END,
                                   slot.left_out) AS left_out) AS why
              %(pool)s
             ORDER BY audience.id
            """,
            piece=piece,
            located=timing.located(timing.Rules(message.company_id), SQL("SELECT * FROM piece")),
            message=message.id,
            company=message.company_id.id,
            sender=message.sender_id.id,
            gateway=message.sender_id.gateway_id.id,
            send_at=message.scheduled_at or message.started_at,
            token=NEW_TOKEN,
            slots=timing.slot_table(groups, slots),
            pool=sender_pool.join(message, SQL("audience.number")),
        )
    )
    env["sms.marketing.recipient"].invalidate_model()
    return len(rows)


def to_write(env, message_ids):
    """How many contacts of these messages get a text, but have no recipient yet.

    :return: {message id: number}, of those that have any
    """
    return dict(
        env.execute_query(
            SQL(
                """
                SELECT message_id, count(*) FROM sms_marketing_audience
                 WHERE message_id = ANY(%s) AND reason IS NULL GROUP BY message_id
                """,
                list(message_ids),
            )
        )
    )


def _slots(message, now, condition):
    """Groups of contacts that meet a condition on their rows, and the slot of each."""
    rules = timing.Rules(message.company_id)
    rows = SQL(
        "SELECT partner_id, number FROM sms_marketing_audience WHERE %s AND reason IS NULL",
        condition,
    )
    groups = timing.groups(message.env, timing.located(rules, rows))
    return groups, timing.slots(timing.Plan.of(message, now), rules, groups, now)


def time_zones(message):
    """Names of the time zones of the contacts named, whoever of them gets the message."""
    message.env.flush_all()
    rows = message.env.execute_query(
        SQL(
            """
            SELECT DISTINCT contact.tz FROM (%s) AS named
              JOIN res_partner contact ON contact.id = named.id WHERE contact.tz IS NOT NULL
            """,
            _contacts(message, message.include_list_ids, "include"),
        )
    )
    return [zone for (zone,) in rows]


def count_by_reason(message):
    """How many contacts the message would go to now (key None) and would leave out, by reason.

    Computed by the statement that ``settle`` keeps; nothing is kept.

    :rtype: dict[str | None, int]
    """
    message.env.flush_all()
    return dict(
        message.env.execute_query(
            SQL(
                "SELECT reason, count(*) FROM (%s) AS audience GROUP BY reason",
                audience_query(message),
            )
        )
    )


def audience_query(message):
    """SQL that yields partner_id, number, number_field and reason (NULL: gets it) per contact.

    The number of a contact of another company is nobody's business here: none is given. The
    frequency cap is looked at when the message is due, and after the choice of the number: who
    has had enough on the mobile is not texted on the other phone instead.
    """
    prefixes = [f"{prefix}%" for prefix in message._senders()._allowed_prefixes()]
    return SQL(
        """
        WITH named AS (%(named)s),
        excluded AS (%(excluded)s),
        candidate AS (
            SELECT contact.id AS partner_id, choice.position, choice.number_field, choice.number,
                   CASE WHEN contact.company_id <> %(company)s THEN 'other_company'
                        WHEN excluded.id IS NOT NULL THEN 'excluded'
                        WHEN NOT contact.active THEN 'archived'
                        WHEN contact.sms_marketing IS NOT TRUE THEN 'not_marketing'
                   END AS contact_reason,
                   CASE WHEN COALESCE(trim(choice.written), '') = '' THEN 'no_number'
                        WHEN choice.number IS NULL THEN 'invalid_number'
                        WHEN NOT (%(country_allowed)s) THEN 'country'
                        WHEN subscription.state = 'unsubscribed' THEN 'unsubscribed'
                        WHEN blacklist.id IS NOT NULL THEN 'blacklisted'
                        WHEN subscription.state IS NULL THEN 'no_consent'
                        WHEN subscription.state <> 'subscribed' THEN subscription.state
                        WHEN choice.number IN (
                                 SELECT text.number FROM sms_marketing_inbound text
                                  WHERE text.company_id = %(company)s AND %(held)s)
                             THEN 'stop_wish'
                   END AS number_reason
              FROM named
              JOIN res_partner contact ON contact.id = named.id
              LEFT JOIN excluded ON excluded.id = named.id
             CROSS JOIN LATERAL (VALUES
                       (1, 'mobile', contact.mobile, contact.mobile_e164),
                       (2, 'phone', contact.phone, contact.phone_e164)
                   ) AS choice(position, number_field, written, number)
              LEFT JOIN sms_marketing_subscription subscription
                     ON subscription.number = choice.number AND subscription.type_id = %(type)s
              LEFT JOIN phone_blacklist blacklist
                     ON blacklist.number = choice.number AND blacklist.active
        ),
        chosen AS (
            SELECT DISTINCT ON (partner_id)
                   partner_id, number, number_field,
                   COALESCE(contact_reason, number_reason) AS reason
              FROM candidate
             ORDER BY partner_id, number_reason IS NOT NULL,
                      array_position(%(number_reasons)s::text[], number_reason), position
        ),
        capped AS (%(capped)s)
        SELECT partner_id,
               CASE WHEN reason IS DISTINCT FROM 'other_company' THEN number END AS number,
               CASE WHEN reason IS DISTINCT FROM 'other_company' THEN number_field END
                   AS number_field,
               CASE WHEN reason IS NOT NULL THEN reason
                    WHEN capped.number IS NOT NULL THEN 'frequency_cap'
                    WHEN row_number() OVER (
                             PARTITION BY number, reason IS NULL ORDER BY partner_id) > 1
                    THEN 'duplicate' END AS reason
          FROM chosen
          LEFT JOIN capped USING (number)
        """,
        named=_contacts(message, message.include_list_ids, "include"),
        excluded=_contacts(message, message.exclude_list_ids, "exclude"),
        company=message.company_id.id,
        held=IS_HELD,
        type=message.subscription_type_id.id,
        country_allowed=(SQL("choice.number LIKE ANY(%s)", prefixes) if prefixes else SQL("TRUE")),
        number_reasons=NUMBER_REASONS,
        capped=frequency.capped_numbers(
            message,
            frequency.caps(message),
            SQL("SELECT DISTINCT number FROM chosen WHERE reason IS NULL"),
            SQL("GREATEST(%s, %s)", NOW, message.scheduled_at or None),
        ),
    )


def _contacts(message, lists, side):
    """SQL that yields the ids of the contacts of these lists and of the message's own choice.

    Rules select with the rights of their authors: the audience must not depend on who presses the
    button.
    """
    branches = [
        SQL(
            "SELECT partner_id AS id FROM %s WHERE message_id = %s",
            SQL.identifier(f"sms_marketing_message_{side}_partner_rel"),
            message.id,
        )
    ]
    fixed = lists.filtered(lambda contact_list: contact_list.kind == "fixed")
    if fixed:
        branches.append(
            SQL(
                "SELECT partner_id FROM sms_marketing_list_partner_rel WHERE list_id IN %s",
                tuple(fixed.ids),
            )
        )
    branches += [contact_list._rule().select() for contact_list in lists - fixed]
    return SQL(" UNION ").join(branches)
