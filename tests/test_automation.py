"""Marketing status by Odoo's own automation rules (S18)."""

import rig.addon  # noqa: F401
from rig.odoo import run_in_shell


def test_a_rule_sets_the_marketing_status_and_the_log_tells(machine, clone_database, folder):
    seen = run_in_shell(machine, clone_database(), folder, "automation.contacts_of_rome")
    assert seen == {"Ada": [True, 1], "Bo": [False, 0]}
