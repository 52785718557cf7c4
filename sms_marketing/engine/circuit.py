"""What all lanes know of a gateway: whether it takes texts, must be left alone, or is asked again.

It stands on the gateway's row, so that lanes of all machines see it. A gateway that has taken
none of several texts in a row is *down*: nothing is handed to it but one text now and then, after
pauses that grow, until it takes one. A text whose outcome was lost counts as not taken here: a
gateway that answers 500 to everything must not turn a whole campaign into unknown outcomes.
"""

import logging
import random
from dataclasses import dataclass

from odoo.tools import SQL

from ..gateways.reasons import Reason
from ..gateways.values import Accepted, Refused, Retry, Unknown
from ..text.encoding import log_line
from .transactions import NOW

_logger = logging.getLogger(__name__)

#: Texts in a row that a gateway did not take, after which it counts as down.
FAILURES_TO_OPEN = 5
#: Pauses between two tries of a gateway that is down: doubling, seconds.
FIRST_PAUSE = 15
LAST_PAUSE = 900
#: What concerns the account, not the text: one is enough.
OF_ACCOUNT = frozenset({Reason.CREDENTIALS, Reason.INSUFFICIENT_CREDIT})
#: Pause where the gateway says that it is too fast and not for how long, seconds.
THROTTLED_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the outcomes of a batch say about its gateway.

    :param taken: whether the gateway dealt with any text, be it by refusing it
    :param failures: texts that it did not take, or did not say
    :param at_once: whether one failure is enough
    :param pause: seconds for which it wants to be left alone; 0: it does not
    :param detail: what it said
    """

    taken: bool = True
    failures: int = 0
    at_once: bool = False
    pause: float = 0.0
    detail: str = ""


def judge(outcomes):
    """The ``Verdict`` on a gateway of these outcomes; texts given back unasked are none."""
    taken = any(isinstance(one, Accepted | Refused) for one in outcomes)
    retries = [one for one in outcomes if isinstance(one, Retry) and one.reason is not None]
    throttled = [one for one in retries if one.reason == Reason.THROTTLED]
    failed = [one for one in retries if one.reason != Reason.THROTTLED]
    failed += [one for one in outcomes if isinstance(one, Unknown)]
    asked = [one.after for one in retries if one.after is not None]
    # A single text among others that went through is that text's own matter.
    wants_pause = throttled or asked
    pause = max(asked, default=THROTTLED_PAUSE) if wants_pause else 0.0
    if taken and len(retries) < 2:
        pause = 0.0
    return Verdict(
        taken=taken,
        failures=0 if taken else len(failed),
        at_once=not taken and any(getattr(one, "reason", None) in OF_ACCOUNT for one in failed),
        pause=pause,
        detail=next((one.detail for one in failed if one.detail), ""),
    )


def note(env, gateway_id, verdict, recipient_id=None):
    """Write a verdict down.

    :param recipient_id: whose text was the only one that was asked for, where it must not count
        twice in a row; None: all that failed count
    :return: ``"down"`` or ``"back"`` where it changes what the gateway is, else None
    """
    if verdict.pause:
        env.cr.execute(
            SQL(
                """
                UPDATE sms_marketing_gateway
                   SET paused_until = GREATEST(paused_until, %s + make_interval(secs => %s))
                 WHERE id = %s
                """,
                NOW,
                verdict.pause,
                gateway_id,
            )
        )
    if verdict.taken:
        return _close(env, gateway_id)
    if verdict.failures:
        return _fail(env, gateway_id, verdict, recipient_id)
    return None


def tell(env, gateway_id, change):
    """Tell the administrators what ``note`` says has changed."""
    gateway = env["sms.marketing.gateway"].browse(gateway_id).exists()
    if gateway and change == "down":
        _logger.warning("gateway %d is down: %s", gateway_id, log_line(gateway.down_detail or ""))
        gateway._tell_down()
    elif gateway:
        _logger.info("gateway %d takes texts again", gateway_id)
        gateway._tell_back()


def _close(env, gateway_id):
    closed = env.execute_query(
        SQL(
            """
            WITH present AS (
                SELECT id, down_since FROM sms_marketing_gateway
                 WHERE id = %s AND (failures > 0 OR down_since IS NOT NULL)
                   FOR NO KEY UPDATE
            )
            UPDATE sms_marketing_gateway gateway
               SET failures = 0, failed_recipient = NULL, tries = 0, down_since = NULL,
                   down_detail = NULL, next_try_at = NULL
              FROM present WHERE gateway.id = present.id
            RETURNING present.down_since
            """,
            gateway_id,
        )
    )
    return "back" if closed and closed[0][0] else None


def _fail(env, gateway_id, verdict, recipient_id):
    [(failures, was_down)] = env.execute_query(
        SQL(
            """
            UPDATE sms_marketing_gateway
               SET failures = COALESCE(failures, 0)
                              + CASE WHEN failed_recipient = %s THEN 0 ELSE %s END,
                   failed_recipient = %s,
                   down_detail = %s
             WHERE id = %s
            RETURNING failures, down_since IS NOT NULL
            """,
            recipient_id,
            verdict.failures,
            recipient_id,
            verdict.detail or None,
            gateway_id,
        )
    ) or [(0, True)]
    if was_down or (failures < FAILURES_TO_OPEN and not verdict.at_once):
        return None
    env.cr.execute(
        SQL(
            """
            UPDATE sms_marketing_gateway
               SET down_since = %s, tries = 1, next_try_at = %s + make_interval(secs => %s)
             WHERE id = %s
            """,
            NOW,
            NOW,
            pause_before(1),
            gateway_id,
        )
    )
    return "down"


def take_try(env, gateway_id):
    """Be the one lane that asks a gateway that is down again, if the time has come.

    :rtype: bool
    """
    taken = env.execute_query(
        SQL(
            """
            UPDATE sms_marketing_gateway
               SET tries = tries + 1,
                   next_try_at = %s + make_interval(
                       secs => LEAST(%s * power(2, LEAST(tries, 20)), %s) * %s)
             WHERE id = %s AND down_since IS NOT NULL AND next_try_at <= %s
            RETURNING id
            """,
            NOW,
            FIRST_PAUSE,
            LAST_PAUSE,
            _jitter(),
            gateway_id,
            NOW,
        )
    )
    return bool(taken)


def pause_before(tries):
    """Seconds before the next try, the so-manieth: doubling, a little by chance."""
    return min(FIRST_PAUSE * 2 ** (tries - 1), LAST_PAUSE) * _jitter()


def _jitter():
    return random.uniform(0.75, 1.25)
