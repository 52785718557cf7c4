"""What a carrier's word about a number means for the texts to come."""

import logging
from operator import itemgetter

from psycopg2 import InterfaceError, OperationalError

from ..gateways.reasons import Reason
from . import blacklist, consent

_logger = logging.getLogger(__name__)


def apply(env, refusals):
    """Opt-outs kept by the carrier unsubscribe; numbers that do not exist are blacklisted.

    What goes wrong with one number is logged, and costs neither the others nor what else the
    transaction writes: that texts have gone out is known nowhere but there.

    :param refusals: list of (number, gateway id, reason); an erased number is None
    """
    told = {refusal for refusal in refusals if refusal[0] and refusal[2] in _MEANS}
    # By number, as all who lock what is known of several.
    for number, gateway_id, reason in sorted(told, key=itemgetter(0)):
        try:
            with env.cr.savepoint():
                _MEANS[reason](env, number, gateway_id)
        except (OperationalError, InterfaceError):  # the whole transaction is tried again
            raise
        except Exception as error:
            # The message could hold the number: type only.
            _logger.error(
                "what gateway %d says of a number (%s) could not be written: %s",
                gateway_id,
                reason,
                type(error).__name__,
            )


def _opted_out(env, number, gateway_id):
    gateway = env["sms.marketing.gateway"].browse(gateway_id)
    consent.unsubscribe_everywhere(
        env,
        [number],
        gateway.company_id,
        method="carrier",
        explanation=env._("Gateway %s says that this number opted out.", gateway.name),
    )


def _does_not_exist(env, number, _gateway_id):
    blacklist.add(env, [number], env._("The carrier says that this number does not exist."))


_MEANS = {Reason.OPTED_OUT: _opted_out, Reason.INVALID_NUMBER: _does_not_exist}
