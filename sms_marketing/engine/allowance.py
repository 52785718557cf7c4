"""What a company has used and reserved of its segments a month (S35).

Use is not counted by a counter that all lanes would share: it is the sum over the recipients
handed over in a period, by indexes that hold all it needs (``INDEX``, ``UNKNOWN_INDEX``). Deleting
a message deletes its recipients; a trigger then adds up what went with them in
``sms_marketing_usage``.

A text whose outcome was lost may have been spent, so it counts: from the moment of its loss, which
becomes its ``sent_at`` if it turns out to have gone out. It has none until then, so that it stands
in one of the two sums at any time; one that is queued again stands in neither, and is reserved.
"""

from dataclasses import dataclass
from datetime import date

from odoo.tools import SQL

from ..text.allowance import Period

#: Carries every sum over a period, without a look at the table.
INDEX = "(company_id, sent_at) INCLUDE (segments) WHERE sent_at IS NOT NULL"

#: The same of what may have gone out; few at any time.
UNKNOWN_INDEX = (
    "(company_id, settled_at) INCLUDE (segments) WHERE state = 'unknown' AND sent_at IS NULL"
)

#: From this share of the allowance on the review warns, in percent.
WARN_FROM = 60

#: Time zones differ by quarters of an hour: a quarter never lies in two months of any of them.
KEEP_DELETED = SQL(
    """
    CREATE OR REPLACE FUNCTION sms_marketing_keep_usage()
    RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO sms_marketing_usage (company_id, moment, segments)
        SELECT company_id, date_bin('15 minutes', used_at, '2000-01-01'), sum(segments)
          FROM (SELECT company_id, segments,
                       COALESCE(sent_at, CASE WHEN state = 'unknown' THEN settled_at END) AS used_at
                  FROM gone) AS text
         WHERE used_at IS NOT NULL AND segments > 0
         GROUP BY 1, 2;
        RETURN NULL;
    END $$;
    CREATE OR REPLACE TRIGGER sms_marketing_keep_usage
        AFTER DELETE ON sms_marketing_recipient
        REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION sms_marketing_keep_usage();
    """
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an allowance stands in one period, all in segments.

    :param allowance: what may be used
    :param used: handed over, or lost while that was done
    :param reserved: of scheduled messages, and what still waits of those that are being sent
    :param renews_on: the day from which the next period's allowance counts
    """

    allowance: int
    used: int
    reserved: int
    renews_on: date

    def missing(self, segments):
        """By how many segments the allowance is too small for so many more; 0: it is not."""
        return max(self.used + self.reserved + segments - self.allowance, 0)

    def percent(self, segments):
        """Share of the allowance that is taken with so many segments more."""
        taken = self.used + self.reserved + segments
        return taken * 100 // self.allowance if self.allowance else 100


def used(company, start_at, end_at):
    """SQL: segments of a company that were handed over from one UTC moment to before another.

    Everything that a provider bills, or may bill: campaigns, tests, answers and codes.
    """
    return SQL(
        """
        (SELECT COALESCE(sum(segments), 0) FROM sms_marketing_recipient
          WHERE company_id = %(company)s AND sent_at >= %(start)s AND sent_at < %(end)s)
        + (SELECT COALESCE(sum(segments), 0) FROM sms_marketing_recipient
            WHERE company_id = %(company)s AND state = 'unknown' AND sent_at IS NULL
              AND settled_at >= %(start)s AND settled_at < %(end)s)
        + (SELECT COALESCE(sum(segments), 0) FROM sms_marketing_usage
            WHERE company_id = %(company)s AND moment >= %(start)s AND moment < %(end)s)
        """,
        company=company,
        start=start_at,
        end=end_at,
    )


def reserved(company, period: Period, now, besides):
    """SQL: segments that are spoken for in a period.

    What is overdue or being sent counts in the period that is now.

    :param besides: id of a message that is not counted
    """
    is_now = period.start_at <= now < period.end_at
    return SQL(
        """
        (SELECT COALESCE(sum(estimated_segments), 0) FROM sms_marketing_message
          WHERE company_id = %(company)s AND state = 'scheduled' AND id <> %(besides)s
            AND scheduled_at < %(end)s AND (%(is_now)s OR scheduled_at >= %(start)s))
        + (SELECT COALESCE(sum(ceil(
                      message.estimated_segments::numeric * part.waiting / part.recipients)), 0)
             FROM sms_marketing_message message
            CROSS JOIN LATERAL (
                  SELECT count(*) AS recipients,
                         count(*) FILTER (WHERE state IN ('queued', 'sending')) AS waiting
                    FROM (SELECT state FROM sms_marketing_recipient
                           WHERE message_id = message.id AND state <> 'skipped'
                           UNION ALL
                          SELECT 'queued' FROM sms_marketing_audience
                           WHERE message_id = message.id AND reason IS NULL) AS text) AS part
            WHERE %(is_now)s AND message.company_id = %(company)s AND message.id <> %(besides)s
              AND message.state IN ('sending', 'paused') AND part.waiting > 0)
        """,
        company=company,
        start=period.start_at,
        end=period.end_at,
        is_now=is_now,
        besides=besides or 0,
    )


def standing(env, company_id, allowance, period, now, besides=None):
    """How the allowance stands in a period.

    :param allowance: segments in force in it
    :rtype: Standing
    """
    env.flush_all()
    [(segments_used, segments_reserved)] = env.execute_query(
        SQL(
            "SELECT %s, %s",
            used(company_id, period.start_at, period.end_at),
            reserved(company_id, period, now, besides),
        )
    )
    return Standing(allowance, int(segments_used), int(segments_reserved), period.end)


def hold(env, company_ids):
    """Let nobody else reserve of these companies' allowances until this transaction ends.

    A request reads what was committed when it began. As each reservation writes the allowance's
    row, the second of two at the same moment fails and is tried again, and then sees the first.
    """
    env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_allowance SET reservations = reservations + 1
             WHERE company_id = ANY(%s)
            """,
            sorted(company_ids),
        ),
        log_exceptions=False,  # an error is how it is meant: the request is tried again
    )
