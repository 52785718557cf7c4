"""The limits of verification codes hold when many ask and try at the same moment."""

import rig.addon  # noqa: F401
from rig.odoo import run_in_shell

from odoo.addons.sms_marketing.engine.throttle import LIMITS
from odoo.addons.sms_marketing.engine.verification import MOST_TRIES


def test_limits_hold_among_many_callers(machine, clone_database, folder):
    seen = run_in_shell(machine, clone_database(), folder, "codes.ask_at_once", callers=12)
    assert seen == {
        "sent": LIMITS["code_number"].most,
        "texts": LIMITS["code_number"].most,
        "tries": MOST_TRIES,
        "taken": False,
        "verified": False,
    }
