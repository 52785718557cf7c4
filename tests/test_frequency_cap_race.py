"""The frequency cap holds when two lanes claim texts to the same numbers at the same moment."""

from rig.odoo import run_in_shell

CONTACTS = 300


def test_one_text_a_week_stays_one_text(machine, clone_database, folder):
    seen = run_in_shell(
        machine, clone_database(), folder, "capped.send_two_at_once", contacts=CONTACTS
    )
    assert seen == {"sent": CONTACTS, "most": 1, "stopped": CONTACTS}


def test_the_lock_is_what_holds_it(machine, clone_database, folder):
    """Without the lock some numbers get two: the test above can fail."""
    for _attempt in range(5):
        seen = run_in_shell(
            machine,
            clone_database(),
            folder,
            "capped.send_two_at_once",
            contacts=CONTACTS,
            with_lock=False,
        )
        # On a busy machine the two may go by each other.
        if seen["most"] > 1:
            break
    assert seen["most"] > 1
    assert seen["sent"] > CONTACTS
