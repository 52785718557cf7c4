"""The coverage-guided fuzzer: `python -m dev.fuzz_target [options of libFuzzer]`.

Started by `python3 -m dev fuzz`, with Odoo's configuration in ODOO_RC. The first byte of an input
chooses the parser; what a parser may do is in `sms_marketing/tests/hostile.py`, and anything else
that is raised is a finding.
"""

import sys

import atheris
from odoo.modules.module import initialize_sys_path
from odoo.tools import config

from .fuzz import PARSERS

config.parse_config([])
initialize_sys_path()
with atheris.instrument_imports(
    include=["odoo.addons.sms_marketing.text", "odoo.addons.sms_marketing.gateways"]
):
    from odoo.addons.sms_marketing.tests import hostile
    from odoo.addons.sms_marketing.tests.provider_accounts import SETTINGS

GATEWAYS = [hostile.account(provider) for provider in sorted(SETTINGS)]


def take_webhook(data):
    """Two bytes choose provider and kind of call; an empty line parts query and body."""
    if len(data) >= 2:
        query, _line, body = data[2:].partition(b"\n\n")
        call = hostile.webhook_request(data[1], query, body)
        hostile.take_call(GATEWAYS[data[0] % len(GATEWAYS)], call)


def take(data):
    """Called by libFuzzer."""
    if not data:
        return
    parser, data = PARSERS[data[0] % len(PARSERS)], data[1:]
    if parser == "webhook":
        take_webhook(data)
    elif parser == "file":
        hostile.take_file(data)
    else:
        getattr(hostile, f"take_{parser}")(data.decode("utf-8", "replace"))


if __name__ == "__main__":
    atheris.Setup(sys.argv, take)
    atheris.Fuzz()
