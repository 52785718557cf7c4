"""When each recipient's text may go out: time zones (S24) and quiet hours (B1).

Contacts are grouped by the name of their time zone and the first digits of their number, which is
all that their moment depends on. One statement finds the groups, Python computes a moment for each
(there are few, however many contacts), and one statement joins the moments back.
"""

from collections import namedtuple
from dataclasses import dataclass
from datetime import datetime

from odoo.tools import SQL

from ..text.clock import find_zone, next_day_from, utc_of, wall_of
from ..text.number_places import USUAL_LENGTH, place_of, prefix_lengths
from ..text.quiet_hours import Hours, next_opening
from .transactions import NOW

#: Contacts whose moment is the same: zone as the contact has it ("": none), the first digits of
#: the number, one number of them, how many they are.
Group = namedtuple("Group", "zone prefix number contacts")


@dataclass(frozen=True, slots=True)
class Slot:
    """When a group's texts go out. Moments are UTC.

    :param time_zone: the zone whose clock counts: the contact's, else the company's
    :param meant_at: the moment that was meant, before quiet hours
    :param send_at: from when on, after quiet hours
    :param open_until: end of the opening in which it may go out; None: no end
    :param is_passed: the clock time chosen had passed in that zone when sending starts
    :param reason: why it does not go out (left out) or not when meant (quiet hours), or None
    """

    time_zone: str
    meant_at: datetime
    send_at: datetime
    open_until: datetime | None
    is_passed: bool = False
    reason: str | None = None

    @property
    def is_left_out(self):
        return self.reason == "moment_passed"


@dataclass(frozen=True, slots=True)
class Plan:
    """When a message is meant to go out.

    :param at: the moment (UTC); by each contact's clock: what the company's clock then shows
    :param starts: when sending starts (UTC)
    :param if_passed: what becomes of contacts whose moment is before the start: a value of
        ``passed_moment``
    """

    at: datetime
    starts: datetime
    by_contact_clock: bool = False
    if_passed: str = "now"

    @classmethod
    def of(cls, message, now):
        """The plan of a message that starts."""
        at = message.scheduled_at or now
        return cls(
            at,
            message.starts_at or at,
            message.send_in_contact_time_zone,
            message.passed_moment,
        )


class Rules:
    """The quiet hours of a company, by country of the number."""

    def __init__(self, company):
        company = company.sudo()
        self.default_zone = company._sms_marketing_zone()
        of_company = [("company_id", "=", company.id)]
        self._hours = {
            rule.country_id.code: rule
            for rule in company.env["sms.marketing.quiet.hours"].search(of_company)
        }
        self._holidays = company.env["sms.marketing.holiday"].search(of_company)
        self._by_region = {}
        self._openings = {}

    @property
    def regions(self):
        """Countries that have rules of their own."""
        holidays = self._holidays.country_id.mapped("code")
        return frozenset(filter(None, [*self._hours, *holidays]))

    def hours_of(self, region):
        """The hours of numbers of this country (ISO 3166 alpha-2; None: of no country)."""
        if region not in self._by_region:
            rule = self._hours.get(region) or self._hours.get(False)
            holidays = self._holidays.filtered(lambda day: day.country_id.code in (False, region))
            yearly = holidays.filtered("is_yearly")
            self._by_region[region] = Hours(
                **(rule._hours() if rule else {}),
                holidays=frozenset((holidays - yearly).mapped("date")),
                yearly=frozenset((day.date.month, day.date.day) for day in yearly),
            )
        return self._by_region[region]

    def opening(self, moment, contact_zone, number):
        """``next_opening`` for a contact in this zone (None: unknown) with this number."""
        region, zones = place_of(number)
        key = (moment, contact_zone, region, zones)
        if key not in self._openings:
            self._openings[key] = next_opening(
                self.hours_of(region), moment, contact_zone, zones, self.default_zone
            )
        return self._openings[key]


def located(rules, rows):
    """SQL that yields ``rows`` with the columns zone and prefix, by which they are grouped.

    :param SQL rows: has the columns partner_id and number
    """
    lengths = prefix_lengths(rules.regions)
    return SQL(
        """
        SELECT located.*, COALESCE(contact.tz, '') AS zone,
               left(located.number, COALESCE(deep.length, %(usual)s)) AS prefix
          FROM (%(rows)s) AS located
          LEFT JOIN res_partner contact ON contact.id = located.partner_id
          LEFT JOIN unnest(%(starts)s::text[], %(lengths)s::int[]) AS deep(start, length)
                 ON deep.start = left(located.number, %(usual)s)
        """,
        rows=rows,
        usual=USUAL_LENGTH,
        starts=list(lengths),
        lengths=list(lengths.values()),
    )


def groups(env, rows):
    """The groups among these rows.

    :param SQL rows: has the columns zone, prefix and number
    :rtype: list[Group]
    """
    return [
        Group(*row)
        for row in env.execute_query(
            SQL("SELECT zone, prefix, min(number), count(*) FROM (%s) AS rows GROUP BY 1, 2", rows)
        )
    ]


def slots(plan, rules, found, now):
    """The slot of each group, in the order of the groups.

    :param Plan plan: of the message
    :param found: list of Group
    :param datetime now: quiet hours are looked up from here on
    :rtype: list[Slot]
    """
    wall = wall_of(plan.at, rules.default_zone)
    result = []
    for group in found:
        contact_zone = group.zone if find_zone(group.zone) else None
        zone = contact_zone or rules.default_zone
        meant, is_passed, reason = plan.at, False, None
        if plan.by_contact_clock:
            meant = utc_of(wall, zone)
            is_passed = meant < plan.starts
            if is_passed and plan.if_passed == "next_day":
                meant = next_day_from(wall, zone, plan.starts)
            elif is_passed:
                reason = "moment_passed" if plan.if_passed == "leave_out" else None
                meant = plan.starts
        earliest = max(meant, now)
        begin, until = rules.opening(earliest, contact_zone, group.number)
        is_deferred = begin > earliest
        if is_deferred and reason is None:
            reason = "quiet_hours"
        send_at = begin if is_deferred else meant
        result.append(Slot(zone, meant, send_at, until, is_passed, reason))
    return result


def slot_table(found, found_slots):
    """SQL of a table ``slot`` that joins slots to located rows, by zone and prefix."""
    return SQL(
        """
        unnest(%s::text[], %s::text[], %s::text[], %s::timestamp[], %s::timestamp[], %s::text[],
               %s::text[])
            AS slot(zone, prefix, time_zone, send_at, open_until, reason, left_out)
        """,
        [group.zone for group in found],
        [group.prefix for group in found],
        [slot.time_zone for slot in found_slots],
        [slot.send_at for slot in found_slots],
        [slot.open_until for slot in found_slots],
        [slot.reason for slot in found_slots],
        [slot.reason if slot.is_left_out else None for slot in found_slots],
    )


def put_off(env, message_id):
    """Give texts whose opening is over the next one: all of the message that are due.

    That the window is closed does not count as time in which the gateway took nothing, so
    ``send_at``, from which that time is counted, moves by as much.

    :param message_id: None: of requests to confirm, which belong to no message
    :return: number of texts put off
    """
    [(now,)] = env.execute_query(SQL("SELECT %s", NOW))
    closed = SQL("state = 'queued' AND due_at <= %s AND open_until <= %s", now, now)
    if message_id is not None:
        company = env["sms.marketing.message"].browse(message_id).company_id
        return _put_off(env, company, SQL("message_id = %s AND %s", message_id, closed), now)
    closed = SQL("message_id IS NULL AND %s", closed)
    companies = env.execute_query(
        SQL("SELECT DISTINCT company_id FROM sms_marketing_recipient WHERE %s", closed)
    )
    return sum(
        _put_off(
            env,
            env["res.company"].browse(company_id),
            SQL("company_id = %s AND %s", company_id, closed),
            now,
        )
        for (company_id,) in companies
    )


def _put_off(env, company, those, now):
    rules = Rules(company)
    closed = located(
        rules,
        SQL(
            """
            SELECT id, partner_id, number FROM sms_marketing_recipient
             WHERE %s ORDER BY id FOR UPDATE SKIP LOCKED
            """,
            those,
        ),
    )
    found = groups(env, closed)
    openings = [
        rules.opening(now, group.zone if find_zone(group.zone) else None, group.number)
        for group in found
    ]
    if not found:
        return 0
    env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_recipient recipient
               SET due_at = opening.begins,
                   send_at = recipient.send_at
                             + GREATEST(opening.begins - recipient.open_until, interval '0'),
                   not_taken_since = recipient.not_taken_since
                                + GREATEST(opening.begins - recipient.open_until, interval '0'),
                   open_until = opening.until,
                   reason = CASE WHEN opening.begins > %s THEN 'quiet_hours'
                                 ELSE recipient.reason END
              FROM (%s) AS closed
              JOIN unnest(%s::text[], %s::text[], %s::timestamp[], %s::timestamp[])
                       AS opening(zone, prefix, begins, until) USING (zone, prefix)
             WHERE recipient.id = closed.id
            """,
            now,
            closed,
            [group.zone for group in found],
            [group.prefix for group in found],
            [begin for begin, _until in openings],
            [until for _begin, until in openings],
        )
    )
    trigger(env, {begin for begin, _until in openings}, now)
    return env.cr.rowcount


def trigger(env, moments, now):
    """Have a lane run at these moments, one trigger each."""
    if later := sorted(moment for moment in set(moments) if moment > now):
        env["sms.marketing.message"]._trigger_dispatch(later)
