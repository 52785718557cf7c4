"""SMS providers in plain Python: no ORM, one small interface (`base.Gateway`), typed outcomes."""

from . import kannel, messagebird, plivo, sandbox, sinch, twilio, vonage
from .base import Gateway, get_gateway_class, register

__all__ = [
    "Gateway",
    "get_gateway_class",
    "kannel",
    "messagebird",
    "plivo",
    "register",
    "sandbox",
    "sinch",
    "twilio",
    "vonage",
]
