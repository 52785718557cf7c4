"""A small HTTP server on the loopback that plays a gateway, well or badly.

Raw sockets, because a proper HTTP library will not send half an answer or reset a connection.
"""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

#: Seconds that a test allows for what is to come: more than a busy machine takes.
PATIENCE = 60.0


@dataclass(frozen=True)
class Heard:
    """One request as it came: `lines` are its header fields as they were written.

    `connection` counts the connections from 1.
    """

    method: str
    target: str
    headers: dict
    body: bytes
    connection: int
    at: float
    lines: tuple = ()

    @property
    def fields(self) -> dict:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))


@dataclass(frozen=True)
class Play:
    """What the server does with a request.

    :param data: raw bytes to send, status line included.
    :param delay: seconds before the first byte.
    :param drip: seconds between single bytes; 0 sends all at once.
    :param repeat: how often `data` is followed by `filler`.
    :param close: close the connection afterwards.
    :param reset: close it with a TCP reset.
    """

    data: bytes = b""
    delay: float = 0.0
    drip: float = 0.0
    filler: bytes = b""
    repeat: int = 0
    close: bool = False
    reset: bool = False


def reply(status: int, body: str | bytes = b"", delay: float = 0.0, **headers: str) -> Play:
    """A proper answer. Header names are written with `_` for `-`."""
    raw = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} Played", f"Content-Length: {len(raw)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Play("\r\n".join([*lines, "", ""]).encode() + raw, delay=delay)


@dataclass
class HttpPlayer:
    """Context manager: serves on a free port of 127.0.0.1 in threads.

    :param play: decides about each request.
    :param before_reading: applied to each new connection instead of reading from it.
    :param context: to speak TLS.
    """

    play: Callable[[Heard], Play]
    before_reading: Play | None = None
    context: ssl.SSLContext | None = None
    heard: list = field(default_factory=list)
    connections: int = 0
    running: int = 0
    most_running: int = 0
    #: how often `filler` was written
    filled: int = 0

    def __enter__(self):
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._sockets = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/cgi-bin/sendsms"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._stop.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._sockets:
                connection.close()
        self._thread.join(5)

    @property
    def open(self):
        """How many connections are open now."""
        with self._lock:
            return sum(connection.fileno() >= 0 for connection in self._sockets)

    def wait_until_heard(self):
        """Wait until it has heard something, and what may come twice could come."""
        self._wait_until(lambda: self.heard)

    def wait_until_idle(self):
        """Wait until it has answered all that it heard, and the peer could notice."""
        self._wait_until(lambda: not self.running)

    @staticmethod
    def _wait_until(is_so):
        end = time.monotonic() + PATIENCE
        while not is_so() and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.03)

    def _accept(self):
        while not self._stop.is_set():
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                number = self.connections
                self._sockets.append(connection)
            threading.Thread(target=self._serve, args=(connection, number), daemon=True).start()

    def _serve(self, connection, number):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            if self.before_reading:
                self._act(connection, self.before_reading)
                return
            with connection.makefile("rb") as stream:
                while not self._stop.is_set():
                    heard = self._read(stream, number)
                    if heard is None:
                        return
                    with self._lock:
                        self.heard.append(heard)
                        self.running += 1
                        self.most_running = max(self.most_running, self.running)
                    try:
                        play = self.play(heard)
                        self._act(connection, play)
                    finally:
                        with self._lock:
                            self.running -= 1
                    if play.close or play.reset:
                        return
        except OSError:
            return
        finally:
            connection.close()

    def _read(self, stream, number):
        head = stream.readline(65536).decode("latin-1").split(" ", 2)
        if len(head) != 3 or not head[0].isalpha():
            return None  # the peer is gone, or speaks TLS
        method, target, _version = head
        headers, lines = {}, []
        while line := stream.readline().strip():
            lines.append(line.decode("latin-1"))
            name, _colon, value = lines[-1].partition(":")
            headers[name.strip().lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        return Heard(method, target, headers, body, number, time.monotonic(), tuple(lines))

    def _act(self, connection, play):
        self._stop.wait(play.delay)
        pieces = [play.data[i : i + 1] for i in range(len(play.data))] if play.drip else [play.data]
        for piece in pieces:
            if self._stop.is_set():
                return
            connection.sendall(piece)
            self._stop.wait(play.drip)
        for _number in range(play.repeat):
            connection.sendall(play.filler)
            self.filled += 1
        if play.reset:
            # Linger with time 0: the kernel sends RST instead of FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        elif play.close:
            connection.shutdown(socket.SHUT_RDWR)


def closed_port() -> int:
    """A port of the loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
