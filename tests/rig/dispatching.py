"""Texts a second of one side, counted inside an Odoo shell; a side is `ours` or `peer`."""

import importlib
import resource
import time

from rig.faults import numbers


def send(env, *, side, url, texts):
    """Send a campaign that is ready to go, as the side's scheduled action does.

    :return: `rate`: texts a second of sending alone; `memory`: MiB by which the process grew
    """
    side = importlib.import_module(f"rig.{side}")
    asked = numbers(texts)
    side.set_up(env, url, asked)
    # What is made once for a process, such as the pool's connections, is not measured.
    side.campaign(env, asked[:1])
    side.work(env.registry)
    campaign = side.campaign(env, asked)
    env.cr.commit()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    side.work(env.registry)
    seconds = time.perf_counter() - began
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    env.cr.commit()
    env.cr.execute(side.RECORDED.format(campaign=campaign))
    states = [side.MEANING.get(state, state) for _number, state in env.cr.fetchall()]
    if states.count("sent") != texts:
        raise SystemExit(f"{states.count('sent')} of {texts} texts were sent")
    return {"rate": texts / seconds, "memory": grown / 1024}
