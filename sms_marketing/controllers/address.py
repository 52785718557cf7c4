"""What visitors write into an address, taken for what it may be."""

import re

#: Fewer digits than the greatest id that a table can have: all of these are ids.
_is_id = re.compile(r"[0-9]{1,9}").fullmatch


def record_id(text):
    """The id that a part of an address names; 0, which no record has, where it cannot be one.

    Odoo's own converter takes any number of digits: Python fails over thousands, and PostgreSQL
    over what is more than its integers.
    """
    return int(text) if _is_id(text) else 0
