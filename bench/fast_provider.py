"""A provider that is as fast as Python allows: it takes a text by HTTP and answers after a delay.

It speaks Twilio's answers, so that Odoo's own `sms_twilio` and the add-on's generic gateway can
both use it. `GET /count` tells how many texts came. With `--receipts` it calls the address that a
text names as `Receipt`, 20 to 1,000 ms after it, over 16 connections; `GET /receipts` tells how
many of these calls were answered with 200, and how many were not, and `GET /numbers` how often it
had a text for each number. In a process of its own:

    python fast_provider.py --port-file FILE [--delay SECONDS] [--receipts]
"""

import argparse
import asyncio
import json
import random
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import aiohttp

RECEIPT = re.compile(rb"(?:^|&)Receipt=([^&]+)")
NUMBER = re.compile(rb"(?:^|&)To=([^&]+)")
#: Seconds after a text, and connections.
RECEIPT_AFTER = (0.02, 1.0)
CALLERS = 16

TAKEN = b'{"sid": "SM00000000000000000000000000000000", "status": "queued", "num_segments": "1"}'


def answer(status, body):
    """The bytes of an answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


class FastProvider:
    """Context manager: the program, started; `url` takes the texts."""

    def __init__(self, folder, delay, receipts=False):
        self._port_file = Path(folder) / "fast-provider.port"
        self._options = ["--delay", str(delay), *(["--receipts"] if receipts else [])]

    def __enter__(self):
        self._port_file.unlink(missing_ok=True)
        command = [sys.executable, __file__, "--port-file", self._port_file]
        self._process = subprocess.Popen(
            [*map(str, command), *self._options], stdin=subprocess.DEVNULL
        )
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
        return self._told("count")

    def receipts(self):
        """How many receipts were taken by whom they were for, and how many were not."""
        return self._told("receipts")

    def numbers(self):
        """How many texts came for each number."""
        return self._told("numbers")

    def _told(self, what):
        with urllib.request.urlopen(f"{self.server}/{what}", timeout=60) as told:
            return json.load(told)


class _Receipts:
    """Calls back for each text, a moment after it."""

    def __init__(self):
        self.taken = self.refused = 0
        self.numbers = Counter()
        self._waiting = asyncio.Queue()
        self._tasks = [asyncio.create_task(self._call()) for _number in range(CALLERS)]

    def plan(self, body):
        found = RECEIPT.search(body)
        if not found:
            return
        self.numbers[unquote(NUMBER.search(body)[1].decode())] += 1
        url = unquote(found[1].decode())
        loop = asyncio.get_running_loop()
        loop.call_later(random.uniform(*RECEIPT_AFTER), self._waiting.put_nowait, url)

    async def _call(self):
        async with aiohttp.ClientSession() as session:
            while True:
                url = await self._waiting.get()
                try:
                    async with session.post(url, data={"status": "delivered"}) as answer:
                        is_taken = answer.status == 200
                except aiohttp.ClientError:
                    is_taken = False
                self.taken += is_taken
                self.refused += not is_taken


class _Protocol(asyncio.Protocol):
    taken = 0
    delay = 0.0
    receipts = None
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
            body, self.received = self.received[end + 4 : total], self.received[total:]
            if head.startswith(b"get /count"):
                self._tell(_Protocol.taken)
                continue
            if head.startswith(b"get /receipts"):
                self._tell([self.receipts.taken, self.receipts.refused])
                continue
            if head.startswith(b"get /numbers"):
                self._tell(self.receipts.numbers)
                continue
            _Protocol.taken += 1
            if self.receipts:
                self.receipts.plan(body)
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self._reply)
            else:
                self._reply()

    def _tell(self, value):
        self.transport.write(answer("200 OK", json.dumps(value).encode()))

    def _reply(self):
        if not self.transport.is_closing():
            self.transport.write(self.answer)


async def _serve(port_file, delay, receipts):
    _Protocol.delay = delay
    _Protocol.receipts = _Receipts() if receipts else None
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
    parser.add_argument("--receipts", action="store_true")
    options = parser.parse_args()
    asyncio.run(_serve(options.port_file, options.delay, options.receipts))


if __name__ == "__main__":
    main()
