"""A provider that is as fast as Python allows: it takes a text by HTTP and answers after a delay.

It speaks Twilio's answers, so that Odoo's own `sms_twilio` and the add-on's generic gateway can
both use it. `GET /count` tells how many texts came. In a process of its own:

    python fast_provider.py --port-file FILE [--delay SECONDS]
"""

import argparse
import asyncio
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

TAKEN = b'{"sid": "SM00000000000000000000000000000000", "status": "queued", "num_segments": "1"}'


def answer(status, body):
    """The bytes of an answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


class FastProvider:
    """Context manager: the program, started; `url` takes the texts."""

    def __init__(self, folder, delay):
        self._port_file = Path(folder) / "fast-provider.port"
        self._delay = delay

    def __enter__(self):
        self._port_file.unlink(missing_ok=True)
        command = [sys.executable, __file__, "--port-file", self._port_file]
        command += ["--delay", str(self._delay)]
        self._process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while not self._port_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise RuntimeError("The provider did not start.")
            time.sleep(0.02)
        self.server = f"http://127.0.0.1:{self._port_file.read_text()}"
        self.url = f"{self.server}/send"
        return self

    def __exit__(self, *exception):
        self._process.terminate()
        self._process.wait(10)

    def count(self):
        """How many texts came so far."""
        with urllib.request.urlopen(f"{self.server}/count", timeout=10) as told:
            return int(told.read())


class _Protocol(asyncio.Protocol):
    taken = 0
    delay = 0.0
    answer = answer("201 Created", TAKEN)

    def connection_made(self, transport):
        self.transport, self.received = transport, b""

    def data_received(self, data):
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end].lower()
            _before, found, length = head.partition(b"content-length:")
            total = end + 4 + (int(length.split(b"\r\n", 1)[0]) if found else 0)
            if len(self.received) < total:
                return
            self.received = self.received[total:]
            if head.startswith(b"get /count"):
                self.transport.write(answer("200 OK", str(_Protocol.taken).encode()))
                continue
            _Protocol.taken += 1
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self._reply)
            else:
                self._reply()

    def _reply(self):
        if not self.transport.is_closing():
            self.transport.write(self.answer)


async def _serve(port_file, delay):
    _Protocol.delay = delay
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Protocol, "127.0.0.1", 0, backlog=512)
    unfinished = port_file.with_suffix(".part")
    unfinished.write_text(str(server.sockets[0].getsockname()[1]))
    unfinished.rename(port_file)
    await server.serve_forever()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port-file", required=True, type=Path)
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args()
    asyncio.run(_serve(options.port_file, options.delay))


if __name__ == "__main__":
    main()
