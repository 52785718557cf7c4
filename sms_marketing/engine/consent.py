"""Every change of consent goes through ``record``: the present state and the log, in one place."""

from dataclasses import dataclass
from datetime import datetime

from odoo.tools import SQL

from . import blacklist, privacy


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


def record(env, changes):
    """Make these changes and write them to the log; later changes of the list win.

    An opt-out is not undone by older evidence: a change that happened before the number's last
    opt-out is left out, so that an import of last year's forms cannot text people who left since.

    :param list[ConsentChange] changes:
    A number that was erased is subscribed by its own act only (``engine.erasure``).

    :return: the changes that were left out: older than the opt-out, or of an erased number
    :rtype: list[ConsentChange]
    """
    changes, left_out = privacy.split_erased(env, changes)
    # One change of a (number, type) at a time: the second must see the first one's state.
    while changes:
        first_of_each, rest = _split_repeated(changes)
        left_out += _record_distinct(env, first_of_each)
        changes = rest
    return left_out


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
    before = set(
        env.execute_query(
            SQL(
                """
                SELECT number, type_id FROM sms_marketing_subscription
                 WHERE number = ANY(%s) AND type_id = ANY(%s) AND state = 'unsubscribed'
                """,
                list(numbers),
                types.ids,
            )
        )
    )
    record(
        env,
        [
            ConsentChange(number, type_id, "unsubscribed", legal_basis="withdrawal", **facts)
            for number in numbers
            for type_id in types.ids
        ],
    )
    return {
        number for number in numbers for type_id in types.ids if (number, type_id) not in before
    }


def _split_repeated(changes):
    """The first change of each (number, type), and the others in their order."""
    seen, first, rest = set(), [], []
    for change in changes:
        key = (change.number, change.type_id)
        (rest if key in seen else first).append(change)
        seen.add(key)
    return first, rest


def _record_distinct(env, changes):
    # Sorted, so that two transactions take the rows' locks in one order.
    changes = sorted(changes, key=lambda change: (change.number, change.type_id))
    columns = [
        [getattr(change, name) for change in changes]
        for name in (
            "number",
            "type_id",
            "state",
            "method",
            "legal_basis",
            "wording",
            "explanation",
            "address",
            "occurred_at",
        )
    ]
    env["sms.marketing.subscription"].flush_model()
    # The state first: its row lock holds until commit, so the log's order is the order of states.
    # The old state is read before the upsert, under the lock of rows that exist; two transactions
    # that insert the same new row meet in the unique index, and the later one starts again.
    done = env.execute_query(
        SQL(
            """
            WITH change AS (
                SELECT change.*, type.company_id,
                       COALESCE(change.moment, now() AT TIME ZONE 'UTC') AS occurred_at
                  FROM unnest(%s::varchar[], %s::int[], %s::varchar[], %s::varchar[],
                              %s::varchar[], %s::text[], %s::text[], %s::varchar[],
                              %s::timestamp[])
                       WITH ORDINALITY AS change(number, type_id, state, method, legal_basis,
                                  wording, explanation, address, moment, position)
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
                 WHERE NOT (COALESCE(present.state = 'unsubscribed', FALSE)
                            AND change.state <> 'unsubscribed'
                            AND change.occurred_at < present.since)
            ), upsert AS (
                INSERT INTO sms_marketing_subscription (number, type_id, company_id, state, since)
                SELECT number, type_id, company_id, state, occurred_at FROM valid
                 ORDER BY number, type_id
                ON CONFLICT (number, type_id) DO UPDATE
                   SET since = CASE WHEN sms_marketing_subscription.state = EXCLUDED.state
                                    THEN sms_marketing_subscription.since
                                    ELSE EXCLUDED.since END,
                       state = EXCLUDED.state
                RETURNING number, type_id
            )
            INSERT INTO sms_marketing_consent (
                number, type_id, company_id, previous_state, state, occurred_at, recorded_at,
                method, legal_basis, wording, explanation, address, user_id)
            SELECT number, type_id, company_id, previous_state, state, occurred_at,
                   now() AT TIME ZONE 'UTC', method, legal_basis, wording, explanation, address,
                   %s
              FROM valid JOIN upsert USING (number, type_id)
             ORDER BY position
            RETURNING number, type_id, company_id, state
            """,
            *columns,
            env.uid,
        )
    )
    env["sms.marketing.subscription"].invalidate_model()
    env["res.partner"].invalidate_model(["sms_subscription_ids"])
    recorded = {(number, type_id) for number, type_id, _company, _state in done}
    blacklist.take_back(
        env, {(number, company) for number, _type, company, state in done if state == "subscribed"}
    )
    return [change for change in changes if (change.number, change.type_id) not in recorded]
