"""Delivery receipts: early, late, repeated or never; each is applied by the table of precedence."""

from odoo.tools import SQL

from . import suppression
from .vocabulary import RECEIPT_EFFECTS

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
    env["sms.marketing.receipt"].sudo().create(
        [{"gateway_id": gateway_id, **row} for row in unmatched]
    )
    return len(unmatched)


def match_kept(env):
    """Apply kept receipts whose text has become known since."""
    kept = env["sms.marketing.receipt"].sudo().search([], order="id", limit=1000)
    for gateway, receipts in kept.grouped("gateway_id").items():
        rows = [{name: receipt[name] or None for name in _COLUMNS} for receipt in receipts]
        matched = _apply(env, gateway.id, rows)
        env["sms.marketing.receipt"].sudo().union(
            *(receipt for position, receipt in enumerate(receipts) if position in matched)
        ).unlink()


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
    """Apply rows in their order; return the positions of those whose text is known."""
    matched = set()
    waiting = list(enumerate(rows))
    while waiting:
        # Two receipts of one text in one call are applied one after the other.
        batch, later, seen = [], [], set()
        for position, row in waiting:
            key = row["reference"] or row["provider_reference"]
            (later if key in seen else batch).append((position, row))
            seen.add(key)
        matched |= _apply_distinct(env, gateway_id, batch)
        waiting = later
    return matched


def _apply_distinct(env, gateway_id, batch):
    effects = [
        (status, state, source)
        for status, (state, sources) in RECEIPT_EFFECTS.items()
        for source in sources
    ]
    applied = env.execute_query(
        SQL(
            """
            WITH receipt AS (
                SELECT * FROM unnest(%(positions)s::int[], %(arrays)s)
                           AS receipt(position, %(names)s)
            ), effect AS (
                SELECT * FROM unnest(%(statuses)s::varchar[], %(states)s::varchar[],
                                     %(sources)s::varchar[]) AS effect(status, state, source)
            ), target AS (
                SELECT recipient.id, receipt.position, recipient.state AS old_state
                  FROM receipt
                  JOIN sms_marketing_recipient recipient
                    ON recipient.gateway_id = %(gateway)s
                   AND (recipient.token = receipt.reference
                        OR (receipt.reference IS NULL
                            AND recipient.provider_reference = receipt.provider_reference))
                 ORDER BY recipient.id
                   FOR UPDATE OF recipient
            ), changed AS (
                UPDATE sms_marketing_recipient recipient
                   SET state = COALESCE(effect.state, recipient.state),
                       reason = CASE WHEN effect.state IS NULL THEN recipient.reason
                                     ELSE receipt.reason END,
                       detail = CASE WHEN effect.state IS NULL THEN recipient.detail
                                     ELSE receipt.detail END,
                       sent_at = COALESCE(recipient.sent_at, recipient.settled_at,
                                          now() AT TIME ZONE 'UTC'),
                       settled_at = CASE WHEN effect.state IN ('delivered', 'undelivered')
                                         THEN COALESCE(receipt.occurred_at,
                                                       now() AT TIME ZONE 'UTC')
                                         ELSE recipient.settled_at END,
                       provider_reference = COALESCE(recipient.provider_reference,
                                                     receipt.provider_reference),
                       segments = COALESCE(receipt.segments, recipient.segments),
                       price = COALESCE(receipt.price, recipient.price),
                       price_currency = COALESCE(receipt.currency, recipient.price_currency)
                  FROM target
                  JOIN receipt USING (position)
                  LEFT JOIN effect ON effect.status = receipt.status
                                  AND effect.source = target.old_state
                 WHERE recipient.id = target.id
                RETURNING receipt.position, recipient.message_id, recipient.number,
                          CASE WHEN effect.state = 'undelivered' THEN receipt.reason END AS told
            ), mark AS (
                INSERT INTO sms_marketing_statistic_mark (message_id)
                SELECT DISTINCT message_id FROM changed WHERE message_id IS NOT NULL
            )
            SELECT position, number, told FROM changed
            """,
            positions=[position for position, _row in batch],
            arrays=SQL(", ").join(
                SQL("%s::" + sql_type + "[]", [row[name] for _position, row in batch])
                for name, sql_type in _COLUMNS.items()
            ),
            names=SQL(", ").join(SQL.identifier(name) for name in _COLUMNS),
            statuses=[effect[0] for effect in effects],
            states=[effect[1] for effect in effects],
            sources=[effect[2] for effect in effects],
            gateway=gateway_id,
        )
    )
    suppression.apply(
        env, [(number, gateway_id, reason) for _position, number, reason in applied if reason]
    )
    return {position for position, _number, _reason in applied}
