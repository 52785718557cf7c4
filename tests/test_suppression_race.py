"""Carriers report the same number at once, each to a transaction of its own."""

from rig.odoo import run_in_shell

NUMBERS = [f"+1303201{number:04d}" for number in range(10)]
CALLERS = 3


def test_a_number_that_is_reported_at_once_is_listed_once(machine, clone_database, folder):
    seen = run_in_shell(
        machine,
        clone_database(),
        folder,
        "suppressions.report_at_once",
        numbers=NUMBERS,
        callers=CALLERS,
    )
    assert seen == {"errors": [], "listed": NUMBERS, "stopped": NUMBERS}
