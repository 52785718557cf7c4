"""Keeps secrets and personal data out of the web server's log of requests.

An address is logged whole, query string included, and some addresses hold a secret. ``REDACTED`` is
the table of what is taken out of a line before it is written. A proxy in front of Odoo keeps a log
of its own: docs/operations.md says how to set it up.
"""

import logging
import re

#: (what is found in a line, what it is replaced by). Patterns must be linear: a line is up to 64 KB
#: of what a stranger sent. A slash may be written %2F.
REDACTED = [
    # The webhook's secret, and the query string: Kannel and others write a phone's number and words
    # into it. What stays is gateway and subject.
    (
        re.compile(
            r"(/sms_marketing(?:/|%2F)webhook(?:(?:/|%2F)[^/%\s?#\"]*)?)"
            r"(?:(?:/|%2F)[^/%\s?#\"]*)?"
            r"((?:(?:/|%2F)[a-z]{1,20})?)[^\s\"]*",
            re.IGNORECASE,
        ),
        r"\1/***\2",
    ),
    # What lets a person change consent or finish a sign-up. A short link's own code leads to a
    # target and may be read.
    (re.compile(r"(/s/)(?:[\w-]{20}|[\w-]{12}P)(?![\w-])", re.ASCII), r"\1***"),
    (
        re.compile(r"(/sms/preferences/)[^/\s?#\"']+(/confirm/)[^/\s?#\"']+", re.ASCII),
        r"\1***\2***",
    ),
    (re.compile(r"(/sms/preferences/)[^/\s?#\"'*]+", re.ASCII), r"\1***"),
    (re.compile(r"(/sms/sign-up/[^/\s?#\"']+/code/)[^/\s?#\"']+", re.ASCII), r"\1***"),
]

#: Characters of a request that the log shows; the rest of it is cut.
LONGEST_LINE = 1000


def redact(line):
    """A line of the log without what ``REDACTED`` names, cut to ``LONGEST_LINE``."""
    for pattern, replacement in REDACTED:
        line = pattern.sub(replacement, line)
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…"


class RedactSecrets(logging.Filter):
    """Redacts every line of a logger, wherever in message or arguments the address stands."""

    def filter(self, record):
        try:
            written = record.getMessage()
        except (TypeError, ValueError):
            return True  # the handler reports it
        redacted = redact(written)
        if redacted != written:
            record.msg, record.args = redacted, ()
        return True


#: The web server's logger, that of the server for long polling, which serves routes as well, and
#: those of Odoo that name the address of a request.
for _name in ("werkzeug", "longpolling", "odoo.http", "odoo.addons.base.models.ir_http"):
    logging.getLogger(_name).addFilter(RedactSecrets())
