"""Delivery receipts: early, late, repeated or never; each is applied by the table of precedence."""

from collections import defaultdict

from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from . import suppression
from .arrays import array, arrays
from .vocabulary import RECEIPT_EFFECTS, TAKEN_STATES

#: Columns of a receipt as they travel to SQL, with their types.
_COLUMNS = {
    "reference": "varchar",
    "provider_reference": "varchar",
    "status": "varchar",
    "reason": "varchar",
    "detail": "varchar",
    "occurred_at": "timestamp",
    "segments": "int",
    "price": "numeric",
    "currency": "varchar",
}
#: Those that come with a state, those that say what it cost, and all that changes a recipient.
_OF_STATE = ("reason", "detail", "occurred_at")
_OF_PRICE = ("segments", "price", "currency")
_CHANGED = {"state": "varchar"} | {
    name: _COLUMNS[name] for name in (*_OF_STATE, *_OF_PRICE, "provider_reference")
}
#: Kept receipts that are applied in one transaction.
MOST_KEPT = 1000
#: (status of a receipt, state of its text) -> state that it leads to
_REACHED = {
    (str(status), source): state
    for status, (state, sources) in RECEIPT_EFFECTS.items()
    for source in sources
}


#: What a text that is on its way, or has been taken, is in: of these `settle` takes care.
_USUAL_SOURCES = frozenset({"sending", "sent", "undelivered"})
#: As small as can be: each web request has PostgreSQL plan it anew, which takes as long as running
#: it. A text without a message leaves an empty mark, so that the count of marks tells of it too.
#: The end of a text that was known to be taken is on disk a fraction of a second later, with
#: whatever is written next. Waiting for the disk would halve what two web workers can take; should
#: the machine die in that moment, the text stays what it was, which is true. All else waits.
_SETTLE = """
    WITH changed AS (
        UPDATE sms_marketing_recipient
           SET state = %(state)s,
               reason = NULL,
               detail = %(detail)s,
               sent_at = COALESCE(sent_at, settled_at, now() AT TIME ZONE 'UTC'),
               settled_at = CASE WHEN %(state)s IN ('delivered', 'undelivered')
                                 THEN COALESCE(%(occurred_at)s, now() AT TIME ZONE 'UTC')
                                 ELSE settled_at END,
               provider_reference = COALESCE(provider_reference, %(provider_reference)s),
               segments = COALESCE(%(segments)s, segments),
               price = COALESCE(%(price)s, price),
               price_currency = COALESCE(%(currency)s, price_currency)
         WHERE gateway_id = %(gateway_id)s AND token = %(reference)s AND state = ANY(%(sources)s)
     RETURNING message_id,
               lease_until IS NULL AND sent_at < now() AT TIME ZONE 'UTC' AS was_taken
    )
    INSERT INTO sms_marketing_statistic_mark (message_id)
    SELECT message_id FROM changed
     WHERE NOT was_taken OR set_config('synchronous_commit', 'off', TRUE) = 'off'
"""

#: Whether a text, of which the state is `known`, has all that a receipt could add to it.
_HAS_ALL = """
    SELECT 1 FROM sms_marketing_recipient
     WHERE gateway_id = %(gateway_id)s AND token = %(reference)s AND state = ANY(%(known)s)
       AND COALESCE(provider_reference, %(provider_reference)s)
           IS NOT DISTINCT FROM provider_reference
       AND COALESCE(%(segments)s, segments) IS NOT DISTINCT FROM segments
       AND COALESCE(%(price)s, price) IS NOT DISTINCT FROM price
       AND COALESCE(%(currency)s, price_currency) IS NOT DISTINCT FROM price_currency
"""


def settle(cr, gateway_id, receipts):
    """Apply what most calls bring, the end of one text which they name, in one plain statement.

    For a web request, in the transaction that it has: no environment, no other isolation. What
    changes nothing, such as "sent" of a text that is known to be, takes a second one and no lock.

    :return: whether that was it; if not, nothing has been changed, and ``receive`` is to be called
    """
    if len(receipts) != 1:
        return False
    row = _row(receipts[0])
    state, sources = RECEIPT_EFFECTS.get(row["status"], (None, ()))
    # A reason may say something of the number too.
    if not state or not row["reference"] or row["reason"]:
        return False
    usual = sorted(_USUAL_SOURCES.intersection(sources))
    values = row | {"state": state, "sources": usual, "gateway_id": gateway_id}
    try:
        cr.execute(_SETTLE, values, log_exceptions=False)
    except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
        # Somebody changed the text at this moment. `receive` waits for such.
        cr.rollback()
        return False
    if not cr.rowcount:
        # Not those in which a text may be handed over again: this transaction may see an old one.
        cr.execute(_HAS_ALL, values | {"known": sorted({*TAKEN_STATES} - {*sources})})
    return bool(cr.rowcount)


def receive(env, gateway_id, receipts):
    """Apply receipts of one gateway; keep for later those whose text is not known yet.

    Applying a receipt twice, or an old one after a newer one, changes nothing.

    :param receipts: list of ``gateways.Receipt``
    :return: number of receipts that were kept for later
    :rtype: int
    """
    rows = [_row(receipt) for receipt in receipts]
    matched = _apply(env, gateway_id, rows)
    unmatched = [row for position, row in enumerate(rows) if position not in matched]
    if unmatched:
        env["sms.marketing.receipt"].sudo().create(
            [{"gateway_id": gateway_id, **row} for row in unmatched]
        )
    return len(unmatched)


def match_kept(env, recipient_ids=None):
    """Apply kept receipts whose text has become known since.

    Those of nobody's text, as an account that others use too brings them, are in nobody's way:
    what is looked for is found by index, and what is found goes away.

    :param recipient_ids: only those of these texts; without it, of any text, some at a time
    :return: number of receipts that were applied
    :rtype: int
    """
    these = SQL("true")
    if recipient_ids is not None:
        these = SQL("recipient.id = ANY(%s)", array(recipient_ids, "int"))
    kept = env.execute_query_dict(
        SQL(
            """
            SELECT id, gateway_id, %(columns)s FROM sms_marketing_receipt
             WHERE id IN (
                SELECT receipt.id
                  FROM sms_marketing_receipt receipt
                  JOIN sms_marketing_recipient recipient USING (provider_reference, gateway_id)
                 WHERE receipt.reference IS NULL AND %(these)s
                 UNION ALL
                SELECT receipt.id
                  FROM sms_marketing_receipt receipt
                  JOIN sms_marketing_recipient recipient
                    ON recipient.token = receipt.reference
                   AND recipient.gateway_id = receipt.gateway_id
                 WHERE %(these)s
             )
             ORDER BY id LIMIT %(limit)s
               -- What somebody else is just applying is no longer kept when that is done.
               FOR UPDATE SKIP LOCKED
            """,
            columns=SQL(", ").join(SQL.identifier(name) for name in _COLUMNS),
            these=these,
            limit=MOST_KEPT,
        )
    )
    by_gateway = defaultdict(list)
    for receipt in kept:
        by_gateway[receipt["gateway_id"]].append(receipt)
    for gateway_id, each in sorted(by_gateway.items()):
        # Odoo keeps a number that is not there as zero.
        _apply(env, gateway_id, [{name: one[name] or None for name in _COLUMNS} for one in each])
    if kept:
        env.cr.execute(
            SQL("DELETE FROM sms_marketing_receipt WHERE id = ANY(%s)", [one["id"] for one in kept])
        )
        env["sms.marketing.receipt"].invalidate_model()
    return len(kept)


def _row(receipt):
    return {
        "reference": receipt.reference or None,
        "provider_reference": receipt.provider_reference or None,
        "status": str(receipt.status),
        "reason": str(receipt.reason) if receipt.reason else None,
        "detail": ": ".join(filter(None, [receipt.code, receipt.detail]))[:500] or None,
        "occurred_at": receipt.occurred_at,
        "segments": receipt.segments,
        "price": receipt.price,
        "currency": receipt.currency,
    }


def _apply(env, gateway_id, rows):
    """Apply rows in their order; return the positions of those whose text is known.

    In two small statements: of one large one, planning would take most of a call's time.
    """
    named, unnamed = defaultdict(list), defaultdict(list)
    for position, row in enumerate(rows):
        if row["reference"]:
            named[row["reference"]].append(position)
        elif row["provider_reference"]:
            unnamed[row["provider_reference"]].append(position)
    # An empty list in an OR would let PostgreSQL take any partial index, a full queue's as well.
    ways = [
        SQL("%s = ANY(%s::varchar[])", SQL.identifier(column), list(names))
        for column, names in (("token", named), ("provider_reference", unnamed))
        if names
    ]
    if not ways:
        return set()
    targets = env.execute_query(
        SQL(
            """
            SELECT id, state, number, message_id, token, sent_at IS NOT NULL,
                   provider_reference, segments, price, price_currency
              FROM sms_marketing_recipient
             WHERE gateway_id = %s AND (%s)
             ORDER BY id
               FOR UPDATE
            """,
            gateway_id,
            SQL(" OR ").join(ways),
        )
    )
    matched, changes, told, message_ids = set(), [], [], set()
    for recipient_id, state, number, message_id, token, is_sent, *has in targets:
        positions = sorted([*named.get(token, ()), *unnamed.get(has[0], ())])
        change, refusals = _change(state, [rows[position] for position in positions])
        matched.update(positions)
        told += [(number, gateway_id, reason) for reason in refusals]
        # Most of what providers tell is known: it costs no write, and the rollup nothing.
        if not is_sent or change["state"] or _adds(change, *has):
            changes.append((recipient_id, *change.values()))
            message_ids.add(message_id)
    if changes:
        _write(env, changes, sorted(filter(None, message_ids)))
    suppression.apply(env, told)
    return matched


def _change(state, rows):
    """What receipts of one text, in their order, make of it.

    :return: {column of ``_CHANGED``: its value; None: it stays}, and the reasons why it was refused
    """
    change, refusals = dict.fromkeys(_CHANGED), []
    for row in rows:
        reached = _REACHED.get((row["status"], state))
        if reached:
            state = reached
            change |= {"state": reached} | {name: row[name] for name in _OF_STATE}
            if reached == "undelivered" and row["reason"]:
                refusals.append(row["reason"])
        change["provider_reference"] = change["provider_reference"] or row["provider_reference"]
        for name in _OF_PRICE:
            if row[name] is not None:
                change[name] = row[name]
    return change, refusals


def _adds(change, provider_reference, segments, price, currency):
    """Whether a change without a state leaves anything that a text has different."""
    had = {"segments": segments, "price": price, "currency": currency}
    return (not provider_reference and change["provider_reference"]) or any(
        change[name] is not None and change[name] != had[name] for name in _OF_PRICE
    )


def _write(env, changes, message_ids):
    columns = {"id": "int"} | _CHANGED
    env.cr.execute(
        SQL(
            """
            WITH mark AS (
                INSERT INTO sms_marketing_statistic_mark (message_id)
                SELECT unnest(%(messages)s::int[])
            )
            UPDATE sms_marketing_recipient recipient
               SET state = COALESCE(change.state, recipient.state),
                   reason = CASE WHEN change.state IS NULL THEN recipient.reason
                                 ELSE change.reason END,
                   detail = CASE WHEN change.state IS NULL THEN recipient.detail
                                 ELSE change.detail END,
                   sent_at = COALESCE(recipient.sent_at, recipient.settled_at,
                                      now() AT TIME ZONE 'UTC'),
                   settled_at = CASE WHEN change.state IN ('delivered', 'undelivered')
                                     THEN COALESCE(change.occurred_at, now() AT TIME ZONE 'UTC')
                                     ELSE recipient.settled_at END,
                   provider_reference = COALESCE(recipient.provider_reference,
                                                 change.provider_reference),
                   segments = COALESCE(change.segments, recipient.segments),
                   price = COALESCE(change.price, recipient.price),
                   price_currency = COALESCE(change.currency, recipient.price_currency)
              FROM unnest(%(changes)s) AS change(%(names)s)
             WHERE recipient.id = change.id
            """,
            messages=message_ids,
            changes=arrays(changes, *columns.values()),
            names=SQL(", ").join(SQL.identifier(name) for name in columns),
        )
    )
