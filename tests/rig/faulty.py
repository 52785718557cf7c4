"""An HTTP provider that can go wrong in every known way, in a process of its own.

It takes a text by a POST of a form with `To` and `Body`, as Twilio's Messages resource does, notes
in a file which numbers it has *taken*, and answers as Twilio. `provider.begin(fault)` sets what is
wrong from then on: every `EVERY`-th number meets the fault at its first attempt.

As a program: `python faulty.py --arrivals FILE --port-file FILE [--delay SECONDS]`.
As a class: `with FaultyProvider(folder) as provider: provider.url`.
"""

import argparse
import json
import os
import socket
import struct
import sys
import threading
import time
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs

from rig.provider import SlowProvider, _Server

EVERY = 5

#: Account as Twilio's clients check its form; nobody's.
ACCOUNT = "AC" + "0" * 32

TAKEN = json.dumps({"sid": "SM" + "1" * 32, "status": "queued", "num_segments": "1"})
PAGE = "<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>"


def refused(status):
    """An error as Twilio writes it."""
    return json.dumps({"code": 20000 + status, "message": "Not now", "status": status})


#: fault -> (is the text taken, status, body, seconds before the answer); status None: no answer,
#: the connection ends; "reset": it is reset.
FAULTS = {
    "none": (True, 201, TAKEN, 0),
    "hangs": (False, None, "", 90),
    "resets the connection": (False, "reset", "", 0),
    "drops the answer after taking the text": (True, None, "", 0),
    "answers 429": (False, 429, refused(429), 0),
    "answers 500": (False, 500, refused(500), 0),
    "answers 503": (False, 503, refused(503), 0),
    "answers HTML": (False, 200, PAGE, 0),
    "answers half a JSON": (True, 201, TAKEN[: len(TAKEN) // 2], 0),
    "takes 60 s": (True, 201, TAKEN, 60),
}


class FaultyProvider(SlowProvider):
    """Context manager: the program, started. `arrivals()` are the texts that it has taken."""

    program = __file__

    def __enter__(self):
        super().__enter__()
        self.server = self.sendsms_url.removesuffix("/cgi-bin/sendsms")
        self.url = f"{self.server}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        return self

    def begin(self, fault):
        """From now on this is wrong; every number is met for the first time again."""
        begin(self.server, fault)


def begin(server, fault):
    """The same, for those who have the address only."""
    request = urllib.request.Request(f"{server}/fault", data=fault.encode())
    urllib.request.urlopen(request, timeout=10).close()


class _State:
    def __init__(self):
        self.fault = "none"
        self.met = set()
        self.lock = threading.Lock()

    def play_for(self, number):
        """What happens to this request."""
        with self.lock:
            is_first = number not in self.met
            self.met.add(number)
        hit = is_first and int(number[-4:]) % EVERY == EVERY - 2
        return FAULTS[self.fault if hit else "none"]


def _handler(arrivals, delay):
    state = _State()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # The head and the body of an answer leave in one packet.
        wbufsize = -1

        def do_POST(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            if len(body) < length:  # the caller was killed over its request
                self.close_connection = True
                return None
            if self.path == "/fault":
                state.fault, state.met = body, set()
                return self.answer(200, "")
            fields = parse_qs(body, keep_blank_values=True)
            number = fields["To"][0]
            is_taken, status, text, seconds = state.play_for(number)
            if is_taken:
                note = {"at": time.time(), "number": number, "sender": "", "receipt_url": ""}
                line = json.dumps({**note, "text": fields["Body"][0]})
                os.write(arrivals, line.encode() + b"\n")
            time.sleep(delay + seconds)
            if status == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            if status in (None, "reset"):
                self.close_connection = True
                self.connection.close()
                return None
            return self.answer(status, text)

        def answer(self, status, text):
            self.send_response(status)
            kind = "text/html" if text.startswith("<") else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(text)))
            if status in (429, 503):
                self.send_header("Retry-After", "1")
            self.end_headers()
            self.wfile.write(text.encode())

        def finish(self):
            try:
                super().finish()
            except (OSError, ValueError):
                pass  # the connection that a fault has closed

        def log_message(self, *arguments):
            """Be silent."""

    return Handler


def verdict(asked, taken, recorded):
    """Hold what was recorded against what the provider has taken.

    :param asked: the numbers that were to get the text
    :param taken: numbers that the provider has taken, one for each text
    :param recorded: number -> "sent", "unknown", "not sent" or "waiting"
    :return: counts; `twice` is texts beyond the first to a number; `lost` is recorded as sent, or
        not at all, and not at the provider; `denied` is at the provider and recorded as not sent
        or still waiting, which a person who tries again would double
    """
    at_provider = set(taken)
    states = Counter(recorded.values())
    return {
        "asked": len(asked),
        "taken": len(at_provider),
        **{name: states[name] for name in ("sent", "unknown", "not sent", "waiting")},
        "twice": len(taken) - len(at_provider),
        "lost": sum(
            number not in at_provider and recorded.get(number) in ("sent", None) for number in asked
        ),
        "denied": sum(recorded.get(number) in ("not sent", "waiting") for number in at_provider),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arrivals", required=True)
    parser.add_argument("--port-file", required=True, type=Path)
    parser.add_argument("--delay", type=float, default=0.05)
    options = parser.parse_args()
    arrivals = os.open(options.arrivals, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    server = _Server(("127.0.0.1", 0), _handler(arrivals, options.delay))
    unfinished = options.port_file.with_suffix(".part")
    unfinished.write_text(str(server.server_address[1]))
    unfinished.rename(options.port_file)
    server.serve_forever()


if __name__ == "__main__":
    sys.exit(main())
