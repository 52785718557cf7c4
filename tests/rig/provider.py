"""A slow HTTP gateway that speaks Kannel's `sendsms`, in a process of its own.

It outlives whatever calls it: kill that with `kill -9`, and the file of arrivals still tells which
numbers were handed over, and when.

As a program: `python provider.py --arrivals FILE --port-file FILE [--delay SECONDS]`.
As a class: `with SlowProvider(folder, delay=0.2) as provider: provider.sendsms_url`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

START_TIMEOUT = 10.0
ACCEPTED = b"0: Accepted for delivery"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A text that was handed over. `at` is seconds since 1970."""

    at: float
    number: str
    sender: str
    text: str
    receipt_url: str


class SlowProvider:
    """Context manager: the program, started. The file is kept when the provider is stopped.

    :param folder: where `arrivals.jsonl` is written; arrivals of an earlier run stay in it.
    :param delay: seconds between noting a text and answering.
    """

    program = __file__
    username = "odoo"
    password = "provider-test"

    def __init__(self, folder, delay: float = 0.1) -> None:
        self._file = Path(folder) / "arrivals.jsonl"
        self._port_file = Path(folder) / "provider.port"
        self._delay = delay

    def __enter__(self):
        self._port_file.unlink(missing_ok=True)
        self._file.touch()
        command = [sys.executable, self.program, "--arrivals", str(self._file)]
        command += ["--port-file", str(self._port_file), "--delay", str(self._delay)]
        # In a session of its own: a signal to the caller's group does not reach it.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        )
        deadline = time.monotonic() + START_TIMEOUT
        while not self._port_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError("The slow provider did not start.")
            time.sleep(0.02)
        self.sendsms_url = f"http://127.0.0.1:{self._port_file.read_text()}/cgi-bin/sendsms"
        return self

    def __exit__(self, *exception):
        self._process.terminate()
        self._process.wait(10)

    def arrivals(self) -> list[Arrival]:
        """All texts so far, in the order in which they arrived."""
        # What is being written just now may be there by half.
        complete, _newline, _rest = self._file.read_text().rpartition("\n")
        lines = complete.splitlines()
        return [Arrival(**json.loads(line)) for line in lines]

    def send_receipts(self, kind: int = 1) -> int:
        """Call the receipt address of each arrival, as Kannel does; how many calls were made."""
        count = 0
        for arrival in self.arrivals():
            if arrival.receipt_url:
                address = arrival.receipt_url.replace("%d", str(kind)).replace("%A", "ACK%2F")
                address = address.replace("%F", str(count)).replace("%T", str(int(time.time())))
                with urllib.request.urlopen(address.replace("%%", "%"), timeout=30):
                    count += 1
        return count


def _handler(arrivals: int, delay: float):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # The head and the body of an answer leave in one packet.
        wbufsize = -1

        def do_GET(self):
            fields = parse_qs(urlsplit(self.path).query, keep_blank_values=True)
            arrival = Arrival(
                at=time.time(),
                number=fields["to"][0],
                sender=fields["from"][0],
                text=fields["text"][0],
                receipt_url=fields.get("dlr-url", [""])[0],
            )
            line = json.dumps({name: getattr(arrival, name) for name in arrival.__slots__})
            # One write to a file opened for appending: lines of threads do not mix.
            os.write(arrivals, line.encode() + b"\n")
            time.sleep(delay)
            self.send_response(202)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(ACCEPTED)))
            self.end_headers()
            self.wfile.write(ACCEPTED)

        def log_message(self, *arguments):
            """Be silent."""

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        """A caller that was killed is nothing to report."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arrivals", required=True)
    parser.add_argument("--port-file", required=True, type=Path)
    parser.add_argument("--delay", type=float, default=0.1)
    options = parser.parse_args()
    arrivals = os.open(options.arrivals, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    server = _Server(("127.0.0.1", 0), _handler(arrivals, options.delay))
    # Under another name first: whoever waits for the file must not read half a number.
    unfinished = options.port_file.with_suffix(".part")
    unfinished.write_text(str(server.server_address[1]))
    unfinished.rename(options.port_file)
    server.serve_forever()


if __name__ == "__main__":
    main()
