"""The page between a form and its code where many codes are asked for: a puzzle, or a wait."""

from odoo.http import request

from ..engine import sign_up_limits
from . import visitor
from .public_page import page

#: Fields of the page itself, which the next one makes anew.
_OWN_FIELDS = ("csrf_token", "proof", "answer")


def proof_page(own, demand, action):
    """The page that keeps a form's fields until the visitor has solved a puzzle or waited.

    :param own: environment that reads what is committed
    :param demand: ``sign_up_limits.Demand``
    :param action: where the form goes
    :return: None where it is not needed, or done
    """
    challenge = sign_up_limits.challenge(own, demand)
    if not challenge:
        return None
    proof, answer = visitor.field("proof"), visitor.field("answer")
    if proof and sign_up_limits.is_met(own, demand, proof, answer):
        return None
    fields = [
        (name, visitor.clean(value))
        for name, value in request.httprequest.form.items(multi=True)
        if name not in _OWN_FIELDS
    ]
    response = page(
        "sms_marketing.public_page_proof",
        demand.company,
        status=429,
        scripts=True,
        action=action,
        challenge=challenge,
        fields=fields[:100],
    )
    response.headers["Retry-After"] = str(challenge.seconds)
    return response
