"""Providers are asked about unknown texts beside all else that settles them, on a real database."""

from rig.odoo import run_in_shell

TEXTS = 120


def test_two_machines_receipts_and_a_person_at_once(machine, clone_database, folder):
    seen = run_in_shell(machine, clone_database(), folder, "lookups.ask_at_once", amount=TEXTS)
    quarter = TEXTS // 4
    assert seen == {
        "most": 1,
        "delivered": {"delivered": quarter},
        "known": {"sent": quarter},
        "denied": {"unknown": quarter},
        "settled": {"sent": quarter},
        "left": 0,
    }


def test_no_transaction_is_open_while_a_provider_is_asked(machine, clone_database, folder):
    seen = run_in_shell(
        machine, clone_database(), folder, "lookups.transactions_while_asking", amount=30
    )
    assert seen == {"asked": 30, "open": 0}
