"""The table of faults: what a provider has taken held against what was recorded, for one side.

Runs inside an Odoo shell (`odoo.run_in_shell`). A side is `ours` or `peer`.
"""

import importlib
import json
import os
import random
import signal
import time
from pathlib import Path

from odoo import sql_db

from rig.faulty import begin, verdict

#: Seconds that a campaign has to come to its end.
PATIENCE = 100


def numbers(count):
    """So many numbers, E.164."""
    return [f"+32470{index:06d}" for index in range(count)]


def gateway_faults(env, *, side, server, url, arrivals, faults, texts):
    """A campaign for each fault of the gateway.

    :return: {fault: verdict and `seconds`}
    """
    side = importlib.import_module(f"rig.{side}")
    asked = numbers(texts)
    side.set_up(env, url, asked)
    table = {}
    for fault in faults:
        before = len(_taken(arrivals))
        begin(server, fault)
        campaign = side.campaign(env, asked)
        began = time.monotonic()
        recorded = _send(env, side, campaign)
        seconds = round(time.monotonic() - began, 1)
        # What a client has given up may still be on its way.
        time.sleep(0.5)
        taken = _taken(arrivals)[before:]
        table[fault] = {**verdict(asked, taken, recorded), "seconds": seconds}
    return table


def lane_kills(env, *, side, server, url, arrivals, kills, texts):
    """`kill -9` of a process that sends, so many times in one campaign, each at a random moment.

    :return: verdict, with `kills` that hit a process at work
    """
    side = importlib.import_module(f"rig.{side}")
    asked = numbers(texts)
    side.set_up(env, url, asked)
    begin(server, "none")
    before = len(_taken(arrivals))
    campaign = side.campaign(env, asked)
    hit = 0
    for _kill in range(kills):
        child = fork(lambda: side.work(env.registry))
        time.sleep(random.uniform(0.02, side.SPAN))
        os.kill(child, signal.SIGKILL)
        _pid, status = os.waitpid(child, 0)
        hit += os.WIFSIGNALED(status)
        # What was on its way still arrives, and PostgreSQL sees that the client is gone.
        time.sleep(0.4)
        side.time_passes(env)
    recorded = _send(env, side, campaign)
    return {**verdict(asked, _taken(arrivals)[before:], recorded), "kills": hit}


def prepare(env, *, side, url, texts):
    """Set a side up and start a campaign that a server is to send; its id."""
    side = importlib.import_module(f"rig.{side}")
    asked = numbers(texts)
    side.set_up(env, url, asked)
    return side.campaign(env, asked, start=False)


def draft(env, *, side, texts):
    """Set a side up and write a draft, whose gateway leads nowhere yet; its id."""
    side = importlib.import_module(f"rig.{side}")
    asked = numbers(texts)
    side.set_up(env, "http://127.0.0.1:9/", asked)
    return side.draft(env, asked).id


def meaning(side, rows):
    """What rows (number, state) of `RECORDED` mean."""
    return {number: side.MEANING.get(state, "not sent") for number, state in rows}


def _send(env, side, campaign):
    """Send until nothing waits, or for so long as anything can be expected."""
    deadline = time.monotonic() + PATIENCE
    while True:
        side.work(env.registry)
        env.cr.commit()
        env.cr.execute(side.RECORDED.format(campaign=campaign))
        recorded = meaning(side, env.cr.fetchall())
        env.cr.commit()
        if "waiting" not in recorded.values() or time.monotonic() > deadline:
            return recorded
        time.sleep(0.3)


def _taken(arrivals):
    complete, _newline, _rest = Path(arrivals).read_text().rpartition("\n")
    return [json.loads(line)["number"] for line in complete.splitlines()]


def fork(job):
    """Do a job in a child, as a worker of Odoo that has been forked; its process id."""
    child = os.fork()
    if child:
        return child
    try:
        # Connections of the parent are not ours; psycopg2 leaves them open when they are dropped.
        sql_db._Pool._connections = []
        job()
    finally:
        os._exit(0)
