"""What a carrier's word about a number means for the texts to come."""

from operator import itemgetter

from ..gateways.reasons import Reason
from . import consent


def apply(env, refusals):
    """Opt-outs kept by the carrier unsubscribe; numbers that do not exist are blacklisted.

    :param refusals: list of (number, gateway id, reason)
    """
    # By number, as all who lock what is known of several.
    for number, gateway_id, reason in sorted(refusals, key=itemgetter(0)):
        if reason == Reason.OPTED_OUT:
            gateway = env["sms.marketing.gateway"].browse(gateway_id)
            consent.unsubscribe_everywhere(
                env,
                [number],
                gateway.company_id,
                method="carrier",
                explanation=env._("Gateway %s says that this number opted out.", gateway.name),
            )
        elif reason == Reason.INVALID_NUMBER:
            env["phone.blacklist"].sudo().add(
                number, message=env._("The carrier says that this number does not exist.")
            )
