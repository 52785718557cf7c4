"""SMS providers in plain Python: no ORM, one small interface (`base.Gateway`), typed outcomes."""

from . import (
    generic,
    infobip,
    kannel,
    messagebird,
    odoo_sms,
    plivo,
    sandbox,
    sinch,
    twilio,
    vonage,
)
from .base import Gateway, get_gateway_class, register

__all__ = [
    "Gateway",
    "generic",
    "get_gateway_class",
    "infobip",
    "kannel",
    "messagebird",
    "odoo_sms",
    "plivo",
    "register",
    "sandbox",
    "sinch",
    "twilio",
    "vonage",
]
