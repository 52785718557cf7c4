"""Every change of consent goes through ``record``: the present state and the log, in one place."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from odoo.tools import SQL

from . import blacklist, privacy
from .arrays import arrays
from .opt_outs import LAST_OPT_OUT


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """One change of one number's consent to one subscription type.

    :param number: E.164
    :param type_id: id of a ``sms.marketing.subscription.type``
    :param state: ``pending``, ``subscribed`` or ``unsubscribed``
    :param method: how it came about, a code of the log's ``method``
    :param legal_basis: a code of the log's ``legal_basis``
    :param wording: what the person read or wrote
    :param explanation: where the evidence is, or why it was changed
    :param address: network address or other origin
    :param occurred_at: when the person did it, UTC; None is now
    :param evidence_kind: what shows that the person agreed, a code of ``EVIDENCE_KINDS``
    """

    number: str
    type_id: int
    state: str
    method: str
    legal_basis: str | None = None
    wording: str | None = None
    explanation: str | None = None
    address: str | None = None
    occurred_at: datetime | None = None
    evidence_kind: str | None = None


#: What can show that a person agreed. A conversation leaves nothing to show but what staff noted.
EVIDENCE_KINDS = [
    ("paper_form", "Paper form"),
    ("web_form", "Web form"),
    ("email", "E-mail"),
    ("text", "Text message"),
    ("recorded_call", "Recorded call"),
    ("contract", "Contract"),
    ("conversation", "Unrecorded conversation"),
]

#: Why a change was left out.
ERASED = "erased"
OLDER = "older"  # than the opt-out, or the consent, that it would undo
NO_EVIDENCE = "no_evidence"
FUTURE = "future"
VERBAL = "verbal"

#: What is written of a change, with its types.
_WRITTEN = {
    "number": "varchar",
    "type_id": "int",
    "state": "varchar",
    "method": "varchar",
    "legal_basis": "varchar",
    "wording": "text",
    "explanation": "text",
    "address": "varchar",
    "occurred_at": "timestamp",
    "evidence_kind": "varchar",
}


class Recorded(NamedTuple):
    """A change that was made, and the state that it found (None: the first of its number)."""

    change: ConsentChange
    previous_state: str | None


class LeftOut(NamedTuple):
    """A change that was not made, and why: one of the reasons above."""

    change: ConsentChange
    reason: str


def record(env, changes):
    """Make these changes and write them to the log; later changes of the list win.

    An opt-out is not undone by older evidence: a change that happened before the number's last
    opt-out is left out, so that an import of last year's forms cannot text people who left since.
    Nor does an older sign-up that was never confirmed undo a consent. A number that was erased is
    subscribed by its own act only (``engine.erasure``).

    Who has opted out comes back by an act of their own (``privacy.OWN_ACTS``). Anybody else,
    staff and imports, needs new evidence: its kind, the moment at which the person agreed, after
    the opt-out, and the words or where they are. A conversation that nobody recorded is none,
    unless the company allows it. Opted out are numbers that left the type, and those that left
    all that they had of the company.

    :param list[ConsentChange] changes:
    :return: the changes that were left out, each with its reason
    :rtype: list[LeftOut]
    """
    _made, left_out = _record_all(env, changes)
    reasons = {id(one.change): one.reason for one in left_out}
    return [LeftOut(one, reasons[id(one)]) for one in changes if id(one) in reasons]


def _record_all(env, changes):
    """Make these changes.

    :return: those that were made, and those that were left out
    :rtype: tuple[list[Recorded], list[LeftOut]]
    """
    changes, erased = privacy.split_erased(env, changes)
    made, left_out = [], [LeftOut(change, ERASED) for change in erased]
    # One change of a (number, type) at a time: the second must see the first one's state.
    while changes:
        first_of_each, rest = _split_repeated(changes)
        while first_of_each:
            done, refused, first_of_each = _record_distinct(env, first_of_each)
            made += done
            left_out += refused
        changes = rest
    return made, left_out


def unsubscribe_everywhere(env, numbers, company, **facts):
    """Unsubscribe numbers from all types of a company, archived ones too.

    :param facts: ``method``, ``wording``, … of ``ConsentChange``
    :return: the numbers whose state changed for at least one type
    :rtype: set[str]
    """
    types = (
        env["sms.marketing.subscription.type"]
        .sudo()
        .with_context(active_test=False)
        .search([("company_id", "=", company.id)])
    )
    changed = unsubscribe(env, numbers, types, **facts)
    blacklist.put(env, numbers, company)
    return changed


def unsubscribe(env, numbers, types, **facts):
    """Unsubscribe numbers from these types; as ``unsubscribe_everywhere``."""
    made, _left_out = _record_all(
        env,
        [
            ConsentChange(number, type_id, "unsubscribed", legal_basis="withdrawal", **facts)
            for number in numbers
            for type_id in types.ids
        ],
    )
    return {one.change.number for one in made if one.previous_state != "unsubscribed"}


def note(env, number, company, explanation):
    """Append to the log what was done about a number's opt-out; nothing changes by it."""
    env["sms.marketing.subscription"].flush_model()
    env["sms.marketing.subscription.type"].flush_model()
    env.cr.execute(
        SQL(
            """
            INSERT INTO sms_marketing_consent (
                number, type_id, type_version_id, company_id, previous_state, state, occurred_at,
                recorded_at, method, explanation, user_id)
            SELECT number, type_id,
                   (SELECT max(version.id) FROM sms_marketing_subscription_type_version version
                     WHERE version.type_id = subscription.type_id),
                   company_id, state, state, now() AT TIME ZONE 'UTC',
                   now() AT TIME ZONE 'UTC', 'one_to_one', %s, %s
              FROM sms_marketing_subscription subscription
             WHERE number = %s AND company_id = %s
             ORDER BY opted_out_at DESC NULLS LAST, type_id
             LIMIT 1
            """,
            explanation,
            env.uid,
            number,
            company.id,
        )
    )


def _split_repeated(changes):
    """The first change of each (number, type), and the others in their order."""
    seen, first, rest = set(), [], []
    for change in changes:
        key = (change.number, change.type_id)
        (rest if key in seen else first).append(change)
        seen.add(key)
    return first, rest


def _record_distinct(env, changes):
    """Make changes of which no two are of one number and type.

    :return: those that were made, those that were left out, and those to try again: a transaction
        that has ended meanwhile has written the first row of the same number and type
    :rtype: tuple[list[Recorded], list[LeftOut], list[ConsentChange]]
    """
    # Sorted, so that two transactions take the rows' locks in one order.
    changes = sorted(changes, key=lambda change: (change.number, change.type_id))
    env["sms.marketing.subscription"].flush_model()
    env["sms.marketing.subscription.type"].flush_model()
    env["res.company"].flush_model(["sms_marketing_verbal_evidence"])
    # The state first: its row lock holds until commit, so the log's order is the order of states.
    # The old state is read under that lock, and only what was read is written over. Of two
    # transactions that insert the same new row the later one finds it taken, and looks again (by
    # repeatable read, Odoo starts it again).
    rows = env.execute_query(
        SQL(
            """
            WITH change AS (
                SELECT change.*, type.company_id, version.id AS type_version_id,
                       now() AT TIME ZONE 'UTC' AS present_moment,
                       COALESCE(change.moment, now() AT TIME ZONE 'UTC') AS occurred_at,
                       change.state <> 'unsubscribed' AND change.method <> ALL(%(own_acts)s)
                            AS needs_evidence
                  FROM unnest(%(changes)s) WITH ORDINALITY
                       AS change(number, type_id, state, method, legal_basis, wording,
                                 explanation, address, moment, evidence_kind, position)
                  JOIN sms_marketing_subscription_type type ON type.id = change.type_id
                  LEFT JOIN (SELECT type_id, max(id) AS id
                               FROM sms_marketing_subscription_type_version
                              GROUP BY type_id) version USING (type_id)
            ), present AS (
                SELECT subscription.*
                  FROM sms_marketing_subscription subscription
                  JOIN change USING (number, type_id)
                 ORDER BY subscription.number, subscription.type_id
                   FOR UPDATE OF subscription
            ), checked AS (
                SELECT change.*, present.state AS previous_state,
                       CASE
                       WHEN change.state <> 'unsubscribed'
                            AND change.occurred_at < present.opted_out_at
                            OR change.state = 'pending' AND present.state = 'subscribed'
                            AND change.occurred_at < present.since
                       THEN %(older)s
                       WHEN opt_out.moment IS NULL THEN NULL
                       WHEN change.evidence_kind IS NULL OR change.moment IS NULL
                            OR CONCAT(change.wording, change.explanation) !~ '[^[:space:]]'
                       THEN %(no_evidence)s
                       WHEN change.moment <= opt_out.moment THEN %(older)s
                       WHEN change.moment > change.present_moment THEN %(future)s
                       WHEN change.evidence_kind <> 'recorded_call'
                            AND (change.evidence_kind = 'conversation'
                                 OR change.legal_basis = 'verbal_consent')
                            AND company.sms_marketing_verbal_evidence IS NOT TRUE
                       THEN %(verbal)s
                       END AS problem
                  FROM change
                  JOIN res_company company ON company.id = change.company_id
                  LEFT JOIN present USING (number, type_id)
                  LEFT JOIN LATERAL (%(opt_out)s) opt_out ON change.needs_evidence
            ), valid AS (
                SELECT * FROM checked WHERE problem IS NULL
            ), upsert AS (
                INSERT INTO sms_marketing_subscription AS subscription
                       (number, type_id, company_id, state, since, opted_out_at)
                SELECT number, type_id, company_id, state, occurred_at,
                       CASE WHEN state = 'unsubscribed' THEN occurred_at END
                  FROM valid
                 ORDER BY number, type_id
                ON CONFLICT (number, type_id) DO UPDATE
                   SET since = CASE WHEN subscription.state = EXCLUDED.state
                                    THEN subscription.since ELSE EXCLUDED.since END,
                       state = EXCLUDED.state,
                       opted_out_at = GREATEST(subscription.opted_out_at, EXCLUDED.opted_out_at)
                 WHERE subscription.id IN (SELECT id FROM present)
                RETURNING number, type_id
            ), logged AS (
                INSERT INTO sms_marketing_consent (
                    number, type_id, type_version_id, company_id, previous_state, state,
                    occurred_at, recorded_at, method, legal_basis, wording, explanation, address,
                    evidence_kind, user_id)
                SELECT number, type_id, type_version_id, company_id, previous_state, state,
                       occurred_at, present_moment, method, legal_basis, wording, explanation,
                       address, evidence_kind, %(user)s
                  FROM valid JOIN upsert USING (number, type_id)
                 ORDER BY position
                RETURNING number, type_id, previous_state
            )
            SELECT checked.position, checked.company_id, checked.problem,
                   logged.number IS NOT NULL, logged.previous_state
              FROM checked LEFT JOIN logged USING (number, type_id)
             ORDER BY checked.position
            """,
            own_acts=list(privacy.OWN_ACTS),
            changes=arrays(map(attrgetter(*_WRITTEN), changes), *_WRITTEN.values()),
            older=OLDER,
            no_evidence=NO_EVIDENCE,
            future=FUTURE,
            verbal=VERBAL,
            opt_out=LAST_OPT_OUT,
            user=env.uid,
        )
    )
    env["sms.marketing.subscription"].invalidate_model()
    env["res.partner"].invalidate_model(["sms_subscription_ids"])
    made, left_out, again, subscribed = [], [], [], set()
    for position, company_id, problem, is_logged, previous_state in rows:
        change = changes[position - 1]
        if problem:
            left_out.append(LeftOut(change, problem))
            continue
        if not is_logged:
            again.append(change)
            continue
        made.append(Recorded(change, previous_state))
        if change.state == "subscribed":
            subscribed.add((change.number, company_id))
    blacklist.take_back(env, subscribed)
    return made, left_out, again
