"""P4: delivery receipts a second, signed, distinct, from 16 connections.

`make bench BENCH=receipts` runs it: ours, beside an Odoo route that does nothing (the bare limit)
and beside `sms_twilio`'s own controller with a mailing of Odoo's SMS apps behind it (the peer).
All three in turn, on one database and one server; threaded, then with two workers.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

from rig.callers import call_all, post, twilio_request
from rig.odoo import run_in_shell, with_configuration
from rig.ports import free_ports
from rig.received import TOKEN

from dev import database as databases
from dev import testing
from dev.paths import ROOT

CONNECTIONS = 16
GOAL = 0.85
#: Calls of each side before any is measured.
WARM_UP = 100
#: Seconds after which a side begins no more calls in a run. A peer that has come to a standstill
#: shows as slow and with calls that failed; it keeps nobody else from being measured.
LONGEST_RUN = 60
INSTALL_TIMEOUT = 900
STOP_TIMEOUT = 20
MODES = {"threaded": 0, "two workers": 2}


@contextmanager
def server(machine, database, workers, port, log):
    """A web server without scheduled actions."""
    command = machine.odoo(database, "server", "--http-port", port, "--logfile", log)
    command += ["--workers", str(workers), "--max-cron-threads=0", "--log-level=warn"]
    if workers:
        command[1 : command.index("server")] = [str(ROOT / "bench" / "odoo_workers.py")]
    process = subprocess.Popen(
        command,
        cwd=machine.dev,
        env=dict(machine.variables, ODOO_MAX_HTTP_THREADS=str(2 * CONNECTIONS)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/web/health", timeout=5).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"Odoo did not start. Its log ends: {_end_of(log)}") from None
                time.sleep(0.2)
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            pass
        finally:
            # With workers: those that did not end with their parent, too.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_TIMEOUT)


def _end_of(log):
    return log.read_text(errors="replace")[-2000:] if log.exists() else "(nothing)"


def requests_of(machine, database, folder, texts, url):
    """side -> its requests, each to be made once."""
    ours = run_in_shell(machine, database, folder, "received.taken", texts=texts, public_url=url)
    peer = run_in_shell(
        machine, database, folder, "received.taken_by_peer", texts=texts, public_url=url
    )
    return {
        "bare": [post(f"{url}/idle_route", b"MessageStatus=delivered")] * texts,
        "ours": [
            twilio_request(
                f"{ours['callback']}/receipt?reference={reference}",
                TOKEN,
                _report(reference, "delivered"),
            )
            for reference in ours["references"]
        ],
        "peer": [
            twilio_request(f"{url}/sms_twilio/status/{uuid}", TOKEN, _report(uuid, "delivered"))
            for uuid in peer["uuids"]
        ],
    }


def _report(reference, status):
    return {
        "MessageSid": f"SM{abs(hash(reference)):032d}"[:34],
        "MessageStatus": status,
        "SmsStatus": status,
        "AccountSid": "AC" + "0123456789abcdef" * 2,
        "To": "+32470000000",
        "From": "+12025550123",
        "ApiVersion": "2010-04-01",
    }


def measure(machine, database, folder, workers, calls, runs):
    """What came of one mode.

    :return: (side -> calls a second, median of the runs; how many of the peer's calls failed)
    """
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    waiting = requests_of(machine, database, folder, calls * runs + WARM_UP, url)
    rates, peer_failed = {side: [] for side in waiting}, 0
    log = folder / f"server{workers}.log"
    with server(machine, database, workers, port, log):
        for side, requests in waiting.items():
            _seconds, bad = _call(port, side, requests, WARM_UP, log)
            peer_failed += bad
        for _run in range(runs):
            for side, requests in waiting.items():
                seconds, bad = _call(port, side, requests, calls, log)
                peer_failed += bad
                rates[side].append((calls - bad) / seconds)
                failed = f" ({bad} of {calls} failed)" if bad else ""
                print(f"    {side}: {rates[side][-1]:.0f}{failed}", flush=True)
    [left] = machine.sql(
        database,
        "SELECT count(*) FROM sms_marketing_recipient JOIN sms_marketing_message message"
        " ON message.id = message_id WHERE message.name = 'Received'"
        " AND sms_marketing_recipient.state <> 'delivered'",
    )
    if left != "0":
        raise SystemExit(f"{left} receipts were lost")
    return {side: statistics.median(of_side) for side, of_side in rates.items()}, peer_failed


def _call(port, side, requests, calls, log):
    """Make so many of a side's calls: (seconds, how many of them failed or were not made).

    The peer's may fail: where two of its receipts meet on one row of its mailing, PostgreSQL breaks
    one off. Of the others none may.
    """
    batch = [requests.pop() for _number in range(calls)]
    seconds, answers = call_all(port, batch, CONNECTIONS, LONGEST_RUN)
    good = sum(status == 200 for status, _seconds in answers)
    if good < calls and side != "peer":
        statuses = sorted({status for status, _seconds in answers})
        raise SystemExit(
            f"{side}: {calls - good} of {calls} calls failed, answers {statuses}. "
            f"The log ends: {_end_of(log)}"
        )
    return seconds, calls - good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument("--calls", type=int, default=1500, help="calls of each side in a run")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=[*MODES])
    options = parser.parse_args()
    machine = testing.load()
    database = f"sms_marketing_receipts_{os.getpid()}"
    figures, rows = {}, []
    with tempfile.TemporaryDirectory(prefix="receipts-", dir=machine.dev) as folder:
        folder = Path(folder)
        paths = f"{machine.addons_path},{ROOT / 'bench' / 'addons'}"
        machine = with_configuration(machine, folder / "odoo.conf", addons_path=paths)
        databases.clone(machine.server, machine.database, database, quiet=True)
        try:
            install = machine.odoo(database, "server", "--no-http", "--stop-after-init")
            install += ["-i", "mass_mailing_sms,sms_twilio,idle_route", "--log-level=warn"]
            subprocess.run(
                install, cwd=machine.dev, env=machine.variables, check=True, timeout=INSTALL_TIMEOUT
            )
            print(f"P4  receipts a second, {CONNECTIONS} connections, {options.runs} runs")
            heads = ("ours", "idle", "peer", "of idle", "goal", "x peer", "peer failed")
            print(" " * 14 + "".join(f"{head:>12}" for head in heads))
            for mode in options.modes:
                workers = MODES[mode]
                one, failed = measure(
                    machine, database, folder, workers, options.calls, options.runs
                )
                share = one["ours"] / one["bare"]
                times = one["ours"] / one["peer"] if one["peer"] else float("inf")
                figures[mode] = one | {"share": share, "times": times, "peer_failed": failed}
                print(
                    f"  {mode:12}{one['ours']:12.0f}{one['bare']:12.0f}{one['peer']:12.0f}"
                    f"{share:12.0%}{GOAL:12.0%}{times:12.1f}{failed:12}",
                    flush=True,
                )
                rows.append(
                    {
                        "row": "P4",
                        "what": f"delivery receipts a second, signed, 16 connections, {mode}",
                        "ours": f"{one['ours']:.0f} ({share:.0%} of the idle route)",
                        "peer": f"{one['peer']:.0f}" + (f", {failed} failed" if failed else ""),
                        "bare": f"{one['bare']:.0f}",
                        "goal": "85 % of an Odoo route that does nothing",
                    }
                )
        finally:
            machine.drop(database)
    if options.json:
        options.json.write_text(json.dumps({"figures": figures, "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
