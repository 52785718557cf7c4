"""Everything that a gateway does wrong, and lanes that are killed: nobody twice, nobody lost.

The figures, beside those of Odoo's own apps, are made by `bench/faults.py`.
"""

import pytest
from rig.faulty import EVERY, FAULTS, FaultyProvider
from rig.odoo import run_in_shell

TEXTS = 40
HIT = TEXTS // EVERY
KILLS = 6

#: What becomes of the texts that meet a fault: those that were certainly not taken go out later.
UNKNOWN = {
    "hangs",
    "resets the connection",
    "drops the answer after taking the text",
    "answers 500",
    "answers HTML",
    "answers half a JSON",
    "takes 60 s",
}


def run(machine, database, folder, job, delay=0.05, **values):
    with FaultyProvider(folder, delay=delay) as provider:
        return run_in_shell(
            machine,
            database,
            folder,
            f"faults.{job}",
            side="ours",
            server=provider.server,
            url=provider.url,
            arrivals=str(folder / "arrivals.jsonl"),
            **values,
        )


@pytest.fixture(scope="module")
def table(machine, clone_database, module_folder):
    return run(
        machine,
        clone_database(),
        module_folder,
        "gateway_faults",
        faults=list(FAULTS),
        texts=TEXTS,
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_gateway_fault(table, fault):
    seen = table[fault]
    print(seen)
    assert seen["twice"] == seen["lost"] == seen["denied"] == 0
    assert seen["not sent"] == seen["waiting"] == 0
    unknown = HIT if fault in UNKNOWN else 0
    assert (seen["sent"], seen["unknown"]) == (TEXTS - unknown, unknown)
    assert seen["taken"] == TEXTS - (HIT if unknown and not FAULTS[fault][0] else 0)


def test_lanes_killed_at_random_moments(machine, clone_database, folder):
    # So slow a provider that texts remain for the last kill, however quick the machine.
    seen = run(machine, clone_database(), folder, "lane_kills", 0.3, kills=KILLS, texts=1500)
    print(seen)
    assert seen["kills"] == KILLS
    assert seen["twice"] == seen["lost"] == seen["denied"] == 0
    assert seen["not sent"] == seen["waiting"] == 0
    assert seen["sent"] + seen["unknown"] == 1500
    assert seen["unknown"] > 0, "no kill hit a batch"
