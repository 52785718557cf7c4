"""The frequency cap (B2): at most so many marketing texts to one number in so many days.

A company has one, and each of its subscription types may have another; both hold. The audience
shows whom it leaves out, and the statement that claims a recipient decides.

What counts are the recipients of messages. Deleting a message deletes these; a trigger then keeps
what has gone out in ``sms_marketing_deleted_text``, and both are counted.
"""

from typing import NamedTuple

from odoo.tools import SQL

from .transactions import NOW

#: Campaign texts that were handed over or are on their way. Those that wait, were refused or left
#: out have not reached anybody.
COUNTED_STATES = ("sending", "sent", "delivered", "undelivered", "unknown")

#: When a counted text went out (UTC). One that is being sent, or whose lane died, has no moment of
#: its own yet; the moment of its attempt stands in.
WENT_OUT_AT = "COALESCE(sent_at, settled_at, due_at)"

#: The condition and the columns of the index that carries the count (sms.marketing.recipient).
COUNTED = f"kind = 'campaign' AND state IN {COUNTED_STATES}"
INDEX = f"(number, company_id, ({WENT_OUT_AT})) WHERE {COUNTED}"

#: Days of the longest cap that can be set.
LONGEST_CAP = 366

#: On the message and before it goes: its recipients, which go with it, do not name its type.
KEEP_DELETED = SQL(
    """
    CREATE OR REPLACE FUNCTION sms_marketing_keep_sent()
    RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO sms_marketing_deleted_text (number, company_id, type_id, went_out_at)
        SELECT number, company_id, OLD.subscription_type_id, %(went_out)s
          FROM sms_marketing_recipient
         WHERE message_id = OLD.id AND %(counted)s AND number IS NOT NULL
           AND %(went_out)s > now() AT TIME ZONE 'UTC' - interval '%(days)s days';
        RETURN OLD;
    END $$;
    CREATE OR REPLACE TRIGGER sms_marketing_keep_sent
        BEFORE DELETE ON sms_marketing_message
        FOR EACH ROW EXECUTE FUNCTION sms_marketing_keep_sent();
    """,
    went_out=SQL(WENT_OUT_AT),
    counted=SQL(COUNTED),
    days=SQL(str(LONGEST_CAP)),
)


class Cap(NamedTuple):
    """At most ``texts`` texts in ``days`` days; of one subscription type, or (None) of all."""

    texts: int
    days: int
    type_id: int | None


def caps(message):
    """The caps that hold for a message: none, one or two.

    In one statement, as each batch asks for them.

    :param message: one ``sms.marketing.message`` at most; one that is gone has none
    :rtype: list[Cap]
    """
    if not message:
        return []
    message.env.flush_all()
    rows = message.env.execute_query(
        SQL(
            """
            SELECT cap.* FROM sms_marketing_message message
              JOIN res_company company ON company.id = message.company_id
              LEFT JOIN sms_marketing_subscription_type type
                     ON type.id = message.subscription_type_id
             CROSS JOIN LATERAL (VALUES
                       (company.sms_marketing_cap_texts, company.sms_marketing_cap_days, NULL),
                       (type.cap_texts, type.cap_days, type.id)) AS cap(texts, days, type_id)
             WHERE message.id = %s AND cap.texts > 0
            """,
            message.id,
        )
    )
    return [Cap(*row) for row in rows]


def capped_numbers(message, holding, numbers, moment=NOW):
    """SQL that yields those numbers that have had as many texts as a cap of the message allows.

    :param message: one ``sms.marketing.message``
    :param holding: its ``caps``; where there are none, nobody is capped
    :param SQL numbers: a query with a column ``number``
    :param SQL moment: UTC; the days are counted back from here
    """
    if not holding:
        return SQL("SELECT NULL::varchar AS number WHERE FALSE")
    reached = [
        SQL(
            "count(*) FILTER (WHERE went_out_at > %s - make_interval(days => %s) AND %s) >= %s",
            moment,
            cap.days,
            SQL("type_id = %s", cap.type_id) if cap.type_id else SQL("TRUE"),
            cap.texts,
        )
        for cap in holding
    ]
    return SQL(
        """
        WITH asked AS (%(numbers)s), counted AS (
            SELECT text.number, %(went_out)s AS went_out_at, sent.subscription_type_id AS type_id
              FROM asked
              JOIN sms_marketing_recipient text
                ON text.number = asked.number AND text.company_id = %(company)s
               AND text.kind = 'campaign' AND text.state IN %(states)s
               AND %(went_out)s > %(since)s
              JOIN sms_marketing_message sent ON sent.id = text.message_id
             UNION ALL
            SELECT text.number, text.went_out_at, text.type_id
              FROM asked
              JOIN sms_marketing_deleted_text text
                ON text.number = asked.number AND text.company_id = %(company)s
               AND text.went_out_at > %(since)s
        )
        SELECT number FROM counted GROUP BY number HAVING %(reached)s
        """,
        numbers=numbers,
        company=message.company_id.id,
        states=COUNTED_STATES,
        went_out=SQL(WENT_OUT_AT),
        since=SQL("%s - make_interval(days => %s)", moment, max(cap.days for cap in holding)),
        reached=SQL(" OR ").join(reached),
    )


def lock_numbers(env, company, numbers):
    """Let nobody else claim a text to these numbers until this transaction ends.

    Two texts that two lanes claim at one moment would not see each other. So a claim takes all
    subscriptions of its numbers first, whatever their type, and counts in a later statement, which
    then sees what the other lane has committed. Who has no subscription is not texted anyway.
    """
    env.cr.execute(
        SQL(
            """
            SELECT FROM sms_marketing_subscription
             WHERE number = ANY(%s) AND company_id = %s
             ORDER BY number, type_id
               FOR NO KEY UPDATE
            """,
            list(numbers),
            company.id,
        )
    )
