"""The limits of the public sign-up page hold when many ask at the same moment."""

import rig.addon  # noqa: F401
from rig.odoo import run_in_shell

from odoo.addons.sms_marketing.engine.throttle import LIMITS


def test_limits_hold_among_many_callers(machine, clone_database, folder):
    seen = run_in_shell(machine, clone_database(), folder, "sign_ups.ask_at_once", callers=12)
    assert seen == {
        "of_number": LIMITS["sign_up_number"].most,
        "of_network": LIMITS["sign_up_address"].most,
        "texts": LIMITS["sign_up_number"].most,
        "confirmed": 1,
        "consents": 1,
        "contacts": 1,
    }
