"""The limits of the public sign-up page hold when many ask at the same moment."""

import rig.addon  # noqa: F401
from rig.odoo import Odoo, run_in_shell
from rig.sign_ups import post_many

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


def test_a_thousand_sign_ups_at_once_from_a_thousand_networks(machine, clone_database, folder):
    """As many get a code as the form allows, the others are told to come later; nothing breaks."""
    database = clone_database()
    made = run_in_shell(machine, database, folder, "sign_ups.make_form", slug="fair")
    with Odoo(machine, database, folder, options=("--proxy-mode",)) as odoo:
        answers = post_many(f"{odoo.url}/sms/sign-up/fair", made["type"], 1000, clients=16)
        most = LIMITS["sign_up_form"].most
        assert answers == {303: most, 429: 1000 - most}
        [texts] = odoo.sql(
            "SELECT count(DISTINCT number) FROM sms_marketing_recipient WHERE kind = 'verification'"
        )
        assert int(texts) == most
        [waiting] = odoo.sql("SELECT count(*) FROM sms_marketing_sign_up WHERE token IS NOT NULL")
        assert int(waiting) == most
