"""One connection to a provider: a request goes out in one piece, and its answer comes back.

`httptools` reads the answers: the parser that Node.js stands on. It is told to take what sloppy
servers write (line feeds alone, odd spaces), since nobody else's answer can be on this connection.
"""

import asyncio
import errno
import time

import httptools
from requests.structures import CaseInsensitiveDict
from urllib3.util.wait import wait_for_read

from .answers import Answer

#: Most bytes of an answer that are read; gateways answer in a line or a small JSON document.
MAX_ANSWER_BYTES = 64 * 1024
#: Seconds after which an idle connection is closed rather than used again.
KEEP_ALIVE = 4.0


class UnreadableAnswer(ValueError):
    """What came is no HTTP answer; the words are the parser's and hold nothing of what came."""


class Connection(asyncio.Protocol):
    """What an event loop tells of one connection; one request at a time is on its way."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        #: Whether it has a request on its way, or had one whose answer did not come as it should.
        self._is_spent = False
        self._used_at = time.monotonic()
        self._ended_at: float | None = None
        self._reader: AnswerReader | None = None
        self._waiting: asyncio.Future[Answer] | None = None

    @property
    def is_open(self) -> bool:
        """Whether the last answer came as it should, and the peer meant to keep the connection."""
        return not self._is_spent and not self.transport.is_closing()

    @property
    def is_usable(self) -> bool:
        """Whether a request can go out: not where the peer has closed, or may be about to."""
        return (
            self.is_open
            and time.monotonic() - self._used_at < KEEP_ALIVE
            # The end may have come just now, before the loop could tell.
            and not wait_for_read(self.transport.get_extra_info("socket"), 0)
        )

    @property
    def ended_early(self) -> bool:
        """Of one that is not usable: whether it was ended, or spoilt, before we would have."""
        return (self._ended_at or time.monotonic()) - self._used_at < KEEP_ALIVE

    async def ask(self, request: bytes, head_only: bool = False) -> Answer:
        """Send a request and return its answer; from here on the peer may have acted upon it.

        :param head_only: the answer has no body, as that to a CONNECT
        :raises OSError: the connection ended before there was an answer
        :raises UnreadableAnswer: what came is no answer
        """
        self._is_spent = True
        self._waiting = asyncio.get_running_loop().create_future()
        self._reader = AnswerReader(head_only)
        # At once, as far as the system takes it: for a text, in one call to it.
        self.transport.write(request)
        try:
            answer = await self._waiting
        finally:
            self._used_at = time.monotonic()
            self._waiting = None
        self._is_spent = not (self._reader.is_done and self._reader.keeps_alive)
        return answer

    def check_open(self) -> None:
        """:raises OSError: the peer has ended the connection already"""
        if self.transport.is_closing():
            raise ConnectionResetError(errno.ECONNRESET, "ended at once")

    def close(self) -> None:
        if self.transport is not None:
            self.transport.abort()

    # ------------------------------------------------------------
    # What the event loop tells
    # ------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self._waiting is None or self._waiting.done():
            # Unasked: whatever it is, it must not be taken for the next answer.
            self._is_spent = True
            self.transport.abort()
            return
        try:
            self._reader.feed(data)
        except Exception as error:  # pylint: disable=broad-except
            # No HTTP, or an offer to speak another protocol; who waits must hear of any of them.
            if not self._reader.is_done:
                self._waiting.set_exception(UnreadableAnswer(str(error)))
                return
        if self._reader.is_done or self._reader.is_too_long:
            self._waiting.set_result(self._reader.answer())

    def connection_lost(self, exception: Exception | None) -> None:
        self._ended_at = time.monotonic()
        if self._waiting is None or self._waiting.done():
            return
        if exception is None and self._reader.status:
            self._reader.end()
            self._waiting.set_result(self._reader.answer())
        else:
            if not isinstance(exception, OSError):
                exception = ConnectionResetError(errno.ECONNRESET, "no answer")
            self._waiting.set_exception(exception)


class AnswerReader:
    """Puts an answer together from the pieces that come; the parser calls its `on_…`.

    :param head_only: the answer has no body, as that to a CONNECT
    """

    def __init__(self, head_only: bool = False) -> None:
        self.status = 0
        self.is_done = False
        self.keeps_alive = False
        self._head_only = head_only
        self._is_chunked = False
        self._headers = CaseInsensitiveDict()
        self._body: list[bytes] = []
        self._size = 0
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_chunked_length=True,
            lenient_version=True,
            lenient_optional_cr_before_lf=True,
            lenient_optional_lf_after_cr=True,
            lenient_optional_crlf_after_chunk=True,
            lenient_spaces_after_chunk_size=True,
        )

    @property
    def is_too_long(self) -> bool:
        return self._size > MAX_ANSWER_BYTES

    def feed(self, data: bytes) -> None:
        """:raises Exception: this is no HTTP answer, or something follows it"""
        self._size += len(data)
        self._parser.feed_data(data)

    def end(self) -> None:
        """The peer has closed the connection, which ends an answer whose length it did not tell."""
        encoding = self._headers.get("Transfer-Encoding", "identity")
        has_length = self._is_chunked or "Content-Length" in self._headers
        self.is_done = not has_length and encoding.lower() == "identity"

    def answer(self) -> Answer:
        """What has come; nothing more is taken after it."""
        self._parser = None  # it refers back to us
        return Answer(self.status, self._headers, b"".join(self._body), self.is_done)

    def on_message_begin(self) -> None:
        if self.is_done:
            self.keeps_alive = False
            raise ValueError("a second answer")

    def on_header(self, name: bytes, value: bytes) -> None:
        # The first of several counts, and what follows the body is too late to mean anything.
        if not self.status:
            self._headers.setdefault(name.decode("latin-1").strip(), value.decode("latin-1"))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self.is_done = self._head_only and self.status >= 200

    def on_chunk_header(self) -> None:
        self._is_chunked = True

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        if self.status < 200:
            # "Continue", and what else comes before the answer itself.
            self.status = 0
            self._headers.clear()
            return
        self.is_done = True
        self.keeps_alive = self._parser.should_keep_alive()
