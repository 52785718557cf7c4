"""A large audience is written piece by piece: killed again and again, then by two at once."""

from rig.odoo import run_in_shell

SIZE = 60_000


def test_killed_while_the_audience_is_written(machine, clone_database, folder):
    found = run_in_shell(
        machine, clone_database(), folder, "audience.killed", size=SIZE, kills=5, timeout=600
    )
    print(found)
    assert found["seen"] == sorted(found["seen"]), "a kill took back what was written"
    assert found["seen"][-1] < SIZE, "the last kill came too late"
    assert found["end"] == [SIZE, SIZE, SIZE, 0]
