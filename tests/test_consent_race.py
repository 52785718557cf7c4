"""One number's consent changes in one place, however many change it at once."""

from rig.odoo import run_in_shell

NUMBERS = [f"+1303200{number:04d}" for number in range(20)]
CALLERS = 4


def test_stops_at_once_get_one_confirmation_and_a_log_without_gaps(machine, clone_database, folder):
    seen = run_in_shell(
        machine,
        clone_database(),
        folder,
        "consents.stop_at_once",
        numbers=NUMBERS,
        callers=CALLERS,
    )
    assert seen["confirmations"] == dict.fromkeys(NUMBERS, 1)
    for index, number in enumerate(NUMBERS):
        first = None if index % 2 else "subscribed"
        assert seen["log"][number] == [
            [before, "unsubscribed"] for before in (first, *["unsubscribed"] * (CALLERS - 1))
        ]
    assert seen["states"] == ["unsubscribed"] * len(NUMBERS)
