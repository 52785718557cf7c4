"""The limits of the public sign-up page hold when many ask at the same moment."""

import rig.addon  # noqa: F401
from rig.odoo import Odoo, run_in_shell
from rig.sign_ups import post_many

from odoo.addons.sms_marketing.engine.sign_up_limits import SOFT_LIMITS
from odoo.addons.sms_marketing.engine.throttle import LIMITS

CLIENTS = 16


def test_limits_hold_among_many_callers(machine, clone_database, folder):
    seen = run_in_shell(machine, clone_database(), folder, "sign_ups.ask_at_once", callers=12)
    assert seen == {
        "of_number": LIMITS["code_number"].most,
        "of_network": LIMITS["sign_up_address"].most,
        "texts": LIMITS["code_number"].most,
        "confirmed": 1,
        "consents": 1,
        "contacts": 1,
    }


def test_a_thousand_sign_ups_at_once_from_a_thousand_networks(machine, clone_database, folder):
    """The first get a code at once, the others have something to solve first; nothing breaks."""
    database = clone_database()
    made = run_in_shell(machine, database, folder, "sign_ups.make_form", slug="fair")
    with Odoo(machine, database, folder, options=("--proxy-mode",)) as odoo:
        answers = post_many(f"{odoo.url}/sms/sign-up/fair", made["type"], 1000, clients=CLIENTS)
        assert set(answers) == {303, 429}
        assert sum(answers.values()) == 1000
        # Those who were looked at in the same moment may all be among the first.
        free = SOFT_LIMITS["sign_up_form"].most
        assert free <= answers[303] < free + CLIENTS
        [texts] = odoo.sql(
            "SELECT count(DISTINCT number) FROM sms_marketing_recipient WHERE kind = 'verification'"
        )
        assert int(texts) == answers[303]
        [waiting] = odoo.sql("SELECT count(*) FROM sms_marketing_sign_up WHERE token IS NOT NULL")
        assert int(waiting) == answers[303]
