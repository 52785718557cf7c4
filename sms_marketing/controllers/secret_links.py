"""Keeps the codes of personal links out of Odoo's own logs.

Whoever reads a log must not be able to change a person's consent. A proxy in front has logs of its
own: ``docs/operations.md`` says how to configure them.
"""

import logging
import re

#: What stands before a code, and the code. A short link's code leads to a target and may be read.
SECRETS = re.compile(
    r"(/s/)(?:[\w-]{20}|[\w-]{12}P)(?![\w-])"
    r"|(/sms/preferences/)[^/\s?#\"']+(/confirm/[^/\s?#\"']+)?"
    r"|(/sms/sign-up/[^/\s?#\"']+/code/)[^/\s?#\"']+",
    re.ASCII,
)
#: These log addresses of requests.
_LOGGERS = ("werkzeug", "odoo.http", "odoo.addons.base.models.ir_http")


def hide(text):
    """``text`` with *** in place of each code."""

    def hidden(found):
        short, preferences, confirm, sign_up = found.groups()
        tail = "/confirm/***" if confirm else ""
        return f"{short or preferences or sign_up}***{tail}"

    return SECRETS.sub(hidden, text)


class _HideSecretLinks(logging.Filter):
    def filter(self, record):
        try:
            written = record.getMessage()
        except (TypeError, ValueError):
            return True  # the handler tells of it
        hidden = hide(written)
        if hidden != written:
            record.msg, record.args = hidden, ()
        return True


for _name in _LOGGERS:
    logging.getLogger(_name).addFilter(_HideSecretLinks())
