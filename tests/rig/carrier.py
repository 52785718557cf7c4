"""A mobile carrier, played over real SMPP 3.4 on the loopback.

It takes texts, puts parts of long ones together, sends delivery receipts a little later, and can
let a handset send a text of its own.

Sources: SMPP 3.4; 3GPP TS 23.038 (alphabet), TS 23.040 section 9.2.3.24.1 (concatenation).
"""

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import smpp34

from .ports import free_ports

#: GSM 7-bit default alphabet, position by position; ESC (27) starts the extension table.
GSM_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = {
    10: "\f",
    20: "^",
    40: "{",
    41: "}",
    47: "\\",
    60: "[",
    61: "~",
    62: "]",
    64: "|",
    101: "€",
}
USER_DATA_HEADER = 0x40  # in esm_class
RECEIPT = 0x04  # in esm_class
UCS2 = 8  # data_coding
TON_INTERNATIONAL, TON_UNKNOWN, NPI_ISDN = 1, 0, 1


@dataclass(frozen=True)
class Taken:
    """One text as the handset would show it, all its parts together."""

    number: str
    sender: str
    text: str
    coding: int
    parts: int
    at: float


@dataclass
class Carrier:
    """Context manager: an SMSC in a thread.

    :param outcome: number -> `delivered`, `undelivered`, `refused` (when handed over) or `silent`
        (taken, and never a receipt).
    Its lists are filled as things happen: `taken`; `refused` (numbers); `receipts` (number, state)
    for each part that Kannel confirmed; `faults` (parts that could not be read: none, if all is
    well).

    :param receipt_delay: seconds between taking a part and its receipt. A receipt that comes at
        once can overtake the answer and be lost by Kannel.
    """

    outcome: Callable[[str], str] = lambda number: "delivered"
    receipt_delay: float = 0.3
    taken: list[Taken] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    receipts: list[tuple[str, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def __enter__(self):
        [self.port] = free_ports(1)
        self._parts = {}
        self._esmes = {}
        self._tasks = set()
        self._count = 0
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._started.wait(10):
            raise RuntimeError("The carrier did not start.")
        return self

    def __exit__(self, *exception):
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._main.cancel)
        self._thread.join(10)

    def handset_sends(self, number: str, to: str, text: str, timeout: float = 10.0) -> bool:
        """A text from a handset to a number or short code; True when Kannel took it."""
        future = asyncio.run_coroutine_threadsafe(self._deliver(number, to, text), self._loop)
        return future.result(timeout)

    def wait_for_bind(self, timeout: float = 10.0) -> None:
        """Until somebody is bound who can receive."""
        deadline = time.monotonic() + timeout
        while not any(esme.can_receive for esme in list(self._esmes.values())):
            if time.monotonic() > deadline:
                raise TimeoutError("Nobody bound to the carrier.")
            time.sleep(0.02)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._main = self._loop.create_task(self._serve())
        try:
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            for task in self._tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
        finally:
            self._loop.close()

    async def _serve(self):
        server = smpp34.Server(host="127.0.0.1", port=self.port, system_id="carrier")
        await server.start()
        self._started.set()
        try:
            while True:
                event = await server.next()
                if isinstance(event, smpp34.Esme):
                    self._esmes[event.session_id] = event
                elif isinstance(event, smpp34.SubmitSmEvent):
                    self._take(event)
                elif isinstance(event, smpp34.Unbound):
                    self._esmes.pop(event.session_id, None)
        finally:
            await server.stop()

    def _take(self, event):
        number = _address(event.destination_addr, event.dest_addr_ton)
        outcome = self.outcome(number)
        if outcome == "refused":
            self.refused.append(number)
            event.reject(smpp34.ESME_RINVDSTADR)
            return
        self._count += 1
        identifier = f"{self._count:08d}"
        event.accept(message_id=identifier)
        self._put_together(event, number)
        if event.registered_delivery & 3 and outcome != "silent":
            task = self._loop.create_task(self._receipt(event, identifier, number, outcome))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _put_together(self, event, number):
        data, reference, total, index = event.short_message, None, 1, 1
        if event.esm_class & USER_DATA_HEADER:
            header, data = data[1 : 1 + data[0]], data[1 + data[0] :]
            reference, total, index = _concatenation(header)
        sender = _address(event.source_addr, event.source_addr_ton)
        key = (number, sender, reference) if reference is not None else (number, sender, object())
        parts = self._parts.setdefault(key, {})
        parts[index] = data
        if len(parts) < total:
            return
        del self._parts[key]
        try:
            text = _decode([parts[index] for index in sorted(parts)], event.data_coding)
        except (ValueError, LookupError) as error:
            self.faults.append(f"{number}: {error}")
            return
        self.taken.append(Taken(number, sender, text, event.data_coding, total, time.monotonic()))

    async def _receipt(self, event, identifier, number, outcome):
        await asyncio.sleep(self.receipt_delay)
        state, error = ("DELIVRD", "000") if outcome == "delivered" else ("UNDELIV", "001")
        now = datetime.now(UTC).strftime("%y%m%d%H%M")
        words = (
            f"id:{identifier} sub:001 dlvrd:{int(state == 'DELIVRD'):03d} submit date:{now} "
            f"done date:{now} stat:{state} err:{error} text:none"
        )
        answer = await self._esme().deliver_sm(
            source_addr=event.destination_addr,
            source_addr_ton=event.dest_addr_ton,
            source_addr_npi=NPI_ISDN,
            destination_addr=event.source_addr,
            dest_addr_ton=event.source_addr_ton,
            esm_class=RECEIPT,
            short_message=words.encode(),
        )
        if answer.is_success:
            self.receipts.append((number, state))

    async def _deliver(self, number, to, text):
        encoded = _encode_gsm(text)
        answer = await self._esme().deliver_sm(
            source_addr=number.lstrip("+"),
            source_addr_ton=TON_INTERNATIONAL if number.startswith("+") else TON_UNKNOWN,
            source_addr_npi=NPI_ISDN,
            destination_addr=to.lstrip("+"),
            dest_addr_ton=TON_INTERNATIONAL if to.startswith("+") else TON_UNKNOWN,
            dest_addr_npi=NPI_ISDN,
            data_coding=0 if encoded is not None else UCS2,
            short_message=encoded if encoded is not None else text.encode("utf-16-be"),
        )
        return answer.is_success

    def _esme(self):
        return next(esme for esme in self._esmes.values() if esme.can_receive)


def _address(digits: str, kind: int) -> str:
    return f"+{digits}" if kind == TON_INTERNATIONAL else digits


def _concatenation(header: bytes) -> tuple[int | None, int, int]:
    """Reference, number of parts, and this part's index, from a user data header."""
    position = 0
    while position + 2 <= len(header):
        element, length = header[position], header[position + 1]
        value = header[position + 2 : position + 2 + length]
        if element == 0x00 and length == 3:
            return value[0], value[1], value[2]
        if element == 0x08 and length == 4:
            return int.from_bytes(value[:2], "big"), value[2], value[3]
        position += 2 + length
    return None, 1, 1


def _decode(parts: list[bytes], coding: int) -> str:
    """As handsets do: the parts are put together first, for Kannel cuts surrogate pairs in two."""
    data = b"".join(parts)
    return data.decode("utf-16-be") if coding == UCS2 else _decode_gsm(data)


def _decode_gsm(data: bytes) -> str:
    letters, escaped = [], False
    for septet in data:
        if escaped:
            letters.append(GSM_EXTENSION[septet])
        elif septet != 0x1B:
            letters.append(GSM_ALPHABET[septet])
        escaped = septet == 0x1B and not escaped
    if escaped:
        raise ValueError("The text ends within an escape.")
    return "".join(letters)


def _encode_gsm(text: str) -> bytes | None:
    """The text in the GSM alphabet, or None if it has a character outside it."""
    extension = {letter: position for position, letter in GSM_EXTENSION.items()}
    data = bytearray()
    for letter in text:
        if letter in extension:
            data += bytes([0x1B, extension[letter]])
        elif letter in GSM_ALPHABET and letter != "\x1b":
            data.append(GSM_ALPHABET.index(letter))
        else:
            return None
    return bytes(data)
