"""A receipt meets somebody else at its text, on a real database."""

from rig.odoo import run_in_shell

TEXTS = 10


def test_a_text_that_is_just_changed_gets_its_receipt(machine, clone_database, folder):
    seen = run_in_shell(
        machine, clone_database(), folder, "settled.settle_while_it_changes", texts=TEXTS
    )
    assert seen == {"settled": 0, "states": {"delivered": TEXTS}}
