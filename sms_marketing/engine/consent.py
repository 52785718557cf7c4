"""Every change of consent goes through ``record``: the present state and the log, in one place."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from odoo.tools import SQL

from . import blacklist, privacy
from .arrays import arrays


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
}


class Recorded(NamedTuple):
    """A change that was made, and the state that it found (None: the first of its number)."""

    change: ConsentChange
    previous_state: str | None


def record(env, changes):
    """Make these changes and write them to the log; later changes of the list win.

    An opt-out is not undone by older evidence: a change that happened before the number's last
    opt-out is left out, so that an import of last year's forms cannot text people who left since.
    Nor does an older sign-up that was never confirmed undo a consent. A number that was erased is
    subscribed by its own act only (``engine.erasure``).

    :param list[ConsentChange] changes:
    :return: the changes that were left out: older than what they would undo, or of an erased number
    :rtype: list[ConsentChange]
    """
    made = {id(one.change) for one in _record_all(env, changes)}
    return [change for change in changes if id(change) not in made]


def _record_all(env, changes):
    """Make these changes; those that were made.

    :rtype: list[Recorded]
    """
    changes, _erased = privacy.split_erased(env, changes)
    made = []
    # One change of a (number, type) at a time: the second must see the first one's state.
    while changes:
        first_of_each, rest = _split_repeated(changes)
        while first_of_each:
            done, first_of_each = _record_distinct(env, first_of_each)
            made += done
        changes = rest
    return made


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
    made = _record_all(
        env,
        [
            ConsentChange(number, type_id, "unsubscribed", legal_basis="withdrawal", **facts)
            for number in numbers
            for type_id in types.ids
        ],
    )
    return {one.change.number for one in made if one.previous_state != "unsubscribed"}


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

    :return: those that were made, and those to try again: a transaction that has ended meanwhile
        has written the first row of the same number and type
    :rtype: tuple[list[Recorded], list[ConsentChange]]
    """
    # Sorted, so that two transactions take the rows' locks in one order.
    changes = sorted(changes, key=lambda change: (change.number, change.type_id))
    env["sms.marketing.subscription"].flush_model()
    # The state first: its row lock holds until commit, so the log's order is the order of states.
    # The old state is read under that lock, and only what was read is written over. Of two
    # transactions that insert the same new row the later one finds it taken, and looks again (by
    # repeatable read, Odoo starts it again).
    rows = env.execute_query(
        SQL(
            """
            WITH change AS (
                SELECT change.*, type.company_id,
                       COALESCE(change.moment, now() AT TIME ZONE 'UTC') AS occurred_at
                  FROM unnest(%s) WITH ORDINALITY
                       AS change(number, type_id, state, method, legal_basis, wording,
                                 explanation, address, moment, position)
                  JOIN sms_marketing_subscription_type type ON type.id = change.type_id
            ), present AS (
                SELECT subscription.*
                  FROM sms_marketing_subscription subscription
                  JOIN change USING (number, type_id)
                 ORDER BY subscription.number, subscription.type_id
                   FOR UPDATE OF subscription
            ), valid AS (
                SELECT change.*, present.state AS previous_state
                  FROM change
                  LEFT JOIN present USING (number, type_id)
                 WHERE (change.state = 'unsubscribed'
                        OR present.opted_out_at IS NULL
                        OR change.occurred_at >= present.opted_out_at)
                   AND (change.state <> 'pending'
                        OR present.state IS DISTINCT FROM 'subscribed'
                        OR change.occurred_at >= present.since)
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
                    number, type_id, company_id, previous_state, state, occurred_at, recorded_at,
                    method, legal_basis, wording, explanation, address, user_id)
                SELECT number, type_id, company_id, previous_state, state, occurred_at,
                       now() AT TIME ZONE 'UTC', method, legal_basis, wording, explanation, address,
                       %s
                  FROM valid JOIN upsert USING (number, type_id)
                 ORDER BY position
                RETURNING number, type_id, previous_state
            )
            SELECT valid.position, valid.company_id, logged.number IS NOT NULL,
                   logged.previous_state
              FROM valid LEFT JOIN logged USING (number, type_id)
             ORDER BY valid.position
            """,
            arrays(map(attrgetter(*_WRITTEN), changes), *_WRITTEN.values()),
            env.uid,
        )
    )
    env["sms.marketing.subscription"].invalidate_model()
    env["res.partner"].invalidate_model(["sms_subscription_ids"])
    made, again, subscribed = [], [], set()
    for position, company_id, is_logged, previous_state in rows:
        change = changes[position - 1]
        if not is_logged:
            again.append(change)
            continue
        made.append(Recorded(change, previous_state))
        if change.state == "subscribed":
            subscribed.add((change.number, company_id))
    blacklist.take_back(env, subscribed)
    return made, again
