"""Asking providers what became of texts whose outcome was lost, where a provider can be asked.

What its records hold counts as a receipt. What they do not hold proves nothing, since a provider
may only not know yet: the text stays unknown, for a receipt or a person. Nothing is sent here.
"""

import logging
import time
from dataclasses import dataclass, replace

from odoo.tools import SQL

from ..gateways.base import get_gateway_class
from ..gateways.errors import ConfigurationError
from ..gateways.values import LostText, Text
from ..text.encoding import log_line
from . import receipts
from .outcomes import ASK_AFTER
from .preference_links import PreferenceCodes, base_urls_of
from .shutdown import WORK
from .transactions import NOW, in_own_transaction

_logger = logging.getLogger(__name__)

#: Texts that are asked about together.
BATCH = 20
#: Hours after the loss in which a provider is asked: the shortest memory of any (Infobip: 48).
#: The pauses grow with the time that has passed, so that these are eleven times at the most.
WINDOW = 46
#: What the detail of a text says that was found.
FOUND = "found in the provider's records"


@dataclass(frozen=True, slots=True)
class Question:
    """A text to ask about, as it was taken from the database."""

    id: int
    attempt: int
    lost: LostText

    @property
    def reference(self):
        return self.lost.text.reference


def can_ask(provider):
    """Whether a provider, by its code, can be asked about a text.

    :rtype: bool
    """
    try:
        return get_gateway_class(provider).supports_lookup
    except ConfigurationError:  # its add-on is gone
        return False


def run(registry, seconds):
    """Ask about what is due, for so many seconds.

    :return: (texts asked about, whether more are due)
    :rtype: tuple[int, bool]
    """
    end, asked, left_alone = time.monotonic() + seconds, 0, set()
    with WORK.in_hand():
        while not WORK.is_stopping:
            gateway_id = in_own_transaction(
                registry, lambda env: _next_gateway(env, sorted(left_alone))
            )
            if gateway_id is None:
                return asked, False
            if time.monotonic() > end:
                break
            amount, answered = _ask_some(registry, gateway_id)
            asked += amount
            if not answered:
                left_alone.add(gateway_id)
    return asked, True


def _next_gateway(env, left_alone):
    """Id of a gateway that can be asked about something now, or None.

    Those that are down, and may not be tried yet, or want to be left alone are passed over.
    """
    gateways = env.execute_query(
        SQL(
            """
            SELECT gateway.id, gateway.provider FROM sms_marketing_gateway gateway
             WHERE gateway.active
               -- A gateway that is down and has nothing to send waits for ever for its next try.
               AND (gateway.down_since IS NULL OR gateway.next_try_at <= %(now)s)
               AND (gateway.paused_until IS NULL OR gateway.paused_until <= %(now)s)
               AND gateway.id <> ALL(%(left_alone)s::int[])
               AND EXISTS (SELECT 1 FROM sms_marketing_recipient recipient
                            WHERE recipient.gateway_id = gateway.id
                              AND recipient.state = 'unknown'
                              AND recipient.lookup_at <= %(now)s)
             ORDER BY gateway.id
            """,
            now=NOW,
            left_alone=left_alone,
        )
    )
    return next((gateway_id for gateway_id, provider in gateways if can_ask(provider)), None)


def _ask_some(registry, gateway_id):
    """Ask about one batch; no transaction is open while the provider is talked to.

    :return: how many texts it was, and whether the gateway answered any question about them
    """
    gateway, questions = in_own_transaction(registry, lambda env: _take(env, gateway_id))
    if not gateway:
        return len(questions), False
    try:
        with gateway:
            findings = gateway.lookup([question.lost for question in questions])
    except Exception:
        _logger.exception("gateway %d failed to look texts up", gateway_id)
        return len(questions), False
    problems = [finding.problem for finding in findings if finding.problem]
    if problems:
        _logger.warning(
            "gateway %d could not be asked about %d of %d unknown texts: %s",
            gateway_id,
            len(problems),
            len(questions),
            log_line(problems[0]),
        )
    pairs = [
        (question, finding.receipts)
        for question, finding in zip(questions, findings, strict=True)
        if finding.receipts
    ]
    found = 0
    if pairs:
        found = in_own_transaction(registry, lambda env: record(env, gateway_id, pairs))
    if questions:
        _logger.info("gateway %d knew of %d of %d texts", gateway_id, found, len(questions))
    return len(questions), len(problems) < len(questions)


def _take(env, gateway_id):
    """Take texts to ask about, so that nobody else asks, and say when they are asked about next.

    :return: the gateway, ready (None: it is not usable), and the questions
    :rtype: tuple[gateways.Gateway | None, list[Question]]
    """
    rows = env.execute_query(
        SQL(
            """
            WITH due AS (
                SELECT id FROM sms_marketing_recipient
                 WHERE gateway_id = %(gateway)s AND state = 'unknown' AND lookup_at <= %(now)s
                 ORDER BY lookup_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ), next AS (
                -- After as long again as it has been lost by now.
                SELECT id, %(now)s + GREATEST(%(now)s - settled_at,
                                              make_interval(secs => %(pause)s)) AS moment
                  FROM due JOIN sms_marketing_recipient USING (id)
            )
            UPDATE sms_marketing_recipient recipient
               SET lookup_at = CASE WHEN moment < settled_at + make_interval(hours => %(window)s)
                                    THEN moment END
              FROM next WHERE next.id = recipient.id
            RETURNING recipient.id
            """,
            gateway=gateway_id,
            now=NOW,
            limit=BATCH,
            pause=ASK_AFTER,
            window=WINDOW,
        )
    )
    recipients = env["sms.marketing.recipient"].browse(sorted(row[0] for row in rows))
    recipients.invalidate_recordset()
    codes, base_urls = PreferenceCodes(env), base_urls_of(recipients)
    questions = [
        Question(
            one.id,
            one.attempt,
            LostText(
                Text(
                    reference=one.token,
                    number=one.number,
                    sender=one.sender_id.value or "",
                    body=codes.fill(one.text or "", base_urls[one.id], one.id),
                    attempt=one.attempt,
                ),
                one.settled_at,
            ),
        )
        for one in recipients
    ]
    try:
        return env["sms.marketing.gateway"].browse(gateway_id)._connect(), questions
    except ConfigurationError as error:
        _logger.warning("gateway %d cannot be asked: %s", gateway_id, log_line(error))
        return None, questions


def record(env, gateway_id, pairs):
    """Write down what was found, of texts that are still unknown.

    :param pairs: list of (``Question``, its receipts)
    :return: how many texts are known now
    :rtype: int
    """
    rows = env.execute_query(
        SQL(
            """
            SELECT recipient.id FROM sms_marketing_recipient recipient
              JOIN unnest(%s::int[], %s::int[]) AS asked(id, attempt) USING (id)
             WHERE recipient.state = 'unknown' AND recipient.attempt = asked.attempt
             ORDER BY recipient.id FOR UPDATE OF recipient
            """,
            [question.id for question, _receipts in pairs],
            [question.attempt for question, _receipts in pairs],
        )
    )
    unknown = {row[0] for row in rows}
    pairs = [pair for pair in pairs if pair[0].id in unknown]
    known = _owners(env, gateway_id, pairs)
    found = []
    for question, candidates in pairs:
        receipt = _receipt_of(env, gateway_id, question, candidates, known)
        if receipt:
            found.append(replace(receipt, detail=receipt.detail or FOUND))
    receipts.receive(env, gateway_id, found)
    receipts.match_kept(env, [question.id for question, _receipts in pairs])
    env["sms.marketing.recipient"].invalidate_model()
    return len(found)


def _receipt_of(env, gateway_id, question, candidates, known):
    """The receipt that is certainly of this text, if there is one."""
    named = [one for one in candidates if one.reference == question.reference]
    if named:
        return named[0]
    # They only look the same. What is another recipient's is not this one's.
    alike = [one for one in candidates if known.get(one.provider_reference) in (None, question.id)]
    if len(alike) != 1 or _has_twin(env, gateway_id, question):
        return None
    return alike[0].named(question.reference)


def _owners(env, gateway_id, pairs):
    """{provider's reference: id of the recipient that is known to have it}"""
    references = {
        receipt.provider_reference
        for _question, candidates in pairs
        for receipt in candidates
        if receipt.provider_reference and not receipt.reference
    }
    return dict(
        env.execute_query(
            SQL(
                """
                SELECT provider_reference, id FROM sms_marketing_recipient
                 WHERE provider_reference = ANY(%s::varchar[]) AND gateway_id = %s
                """,
                sorted(references),
                gateway_id,
            )
        )
    )


def _has_twin(env, gateway_id, question):
    """Whether the provider may as well have got what it has from another text of ours.

    Such as the same words to the same number, of which nobody knows either whether they went out.
    """
    others = env["sms.marketing.recipient"].search(
        [
            ("number", "=", question.lost.text.number),
            ("gateway_id", "=", gateway_id),
            ("state", "in", ("sending", "unknown")),
            ("id", "!=", question.id),
        ]
    )
    asked = env["sms.marketing.recipient"].browse(question.id)
    return any(other.text == asked.text for other in others)
