"""Who may do what: decided here, tried by ``test_access_matrix``, printed as ``docs/access.md``.

Plain data without Odoo, so that ``python3 -m dev access`` can print it by itself.
"""

from .methods import METHODS, Call
from .page import page
from .protected import HARMLESS, PROTECTED
from .roles import LETTERS, ROLES, at_least
from .rows import ACCESS, OF_ANOTHER_USER

__all__ = [
    "ACCESS",
    "HARMLESS",
    "LETTERS",
    "METHODS",
    "OF_ANOTHER_USER",
    "PROTECTED",
    "ROLES",
    "Call",
    "at_least",
    "page",
]
