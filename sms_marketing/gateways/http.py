"""One HTTP client for all gateways that speak HTTP.

It knows exactly one thing that HTTP libraries do not tell: whether a request had been written when
it failed. Before that the provider cannot have taken the text, after that it may have.

* A request that could not be handed to the network completely was not acted upon by any server,
  so a failure in name lookup, connecting, TLS or writing is "not taken".
* Any failure after that is "outcome lost", also a reset on a kept-alive connection: from here it
  cannot be told from a server that took the text and died. To make it rare, a connection that
  was idle longer than `KEEP_ALIVE` seconds, or in which something has come unasked, is not used
  again.
* Nothing is sent again automatically and no redirect is followed.

It stands directly on `http.client`, in threads: the same request costs four times the time
through `requests` and twice the time through `urllib3`, and `aiohttp` is no faster
(`bench/dispatch.py` measures them).

Proxies are found as `requests` finds them: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`.
To an https address they only make the tunnel: a proxy that refuses one took nothing. To an http
address they hand the request on, and their answer is judged as the provider's own.
"""

import functools
import http.client
import os
import re
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode, urlsplit

from requests.certs import where as certificates
from requests.utils import get_auth_from_url, get_environ_proxies, requote_uri, select_proxy
from urllib3.util.wait import wait_for_read

from .answers import Answer
from .errors import NotTaken, OutcomeLost
from .reasons import Reason

#: Most bytes of an answer that are read; gateways answer in a line or a small JSON document.
MAX_ANSWER_BYTES = 64 * 1024
#: Seconds after which an idle connection is closed rather than used again.
KEEP_ALIVE = 4.0
#: Most bytes at a time; what has come is taken at once, so a dripping answer is seen as such.
_CHUNK = 16 * 1024

#: Scheme, host and port of an address.
_Origin = tuple[str, str, int | None]
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# `ValueError`: an address or a header field that cannot be one.
_FAILURES = (OSError, http.client.HTTPException, ValueError)


class _TracedConnection:
    """Hands a request to the network in one piece, and notes that it has."""

    origin = None
    written = False
    used_at = 0.0
    _parts = None
    timeouts = (5.0, 30.0)

    def connect(self):
        self.timeout, read_timeout = self.timeouts
        super().connect()
        self.sock.settimeout(read_timeout)

    def ask(self, method, target, body, headers):
        """Send a request: head and body at once, which is one call to the system and no wait."""
        self._parts = []
        try:
            self.request(method, target, body, headers)
            request = b"".join(self._parts)
        finally:
            self._parts = None
        self.send(request)
        self.written = True

    def send(self, data):
        if self._parts is None:
            super().send(data)
        else:
            self._parts.append(data)

    def is_stale(self):
        """Whether the peer may have closed it: then it is not used again."""
        return self.sock is not None and (
            time.monotonic() - self.used_at > KEEP_ALIVE or wait_for_read(self.sock, 0)
        )


class _PlainConnection(_TracedConnection, http.client.HTTPConnection):
    pass


class _SecureConnection(_TracedConnection, http.client.HTTPSConnection):
    pass


class HttpClient:
    """Sends requests to one provider, concurrently, over connections that are kept alive.

    :param url: address of the provider; decides which proxy of the environment is used.
    :param connect_timeout: seconds for connection and TLS.
    :param read_timeout: seconds for the answer.
    :param concurrency: threads of `map`; there are as many connections as requests at once.
    """

    def __init__(
        self, url: str, connect_timeout: float, read_timeout: float, concurrency: int
    ) -> None:
        self._timeouts = (connect_timeout, read_timeout)
        self._concurrency = concurrency
        # Read once: looking at the environment for each request is slow.
        self._proxy = select_proxy(url, get_environ_proxies(url)) or ""
        if self._proxy and "://" not in self._proxy:
            self._proxy = f"http://{self._proxy}"
        #: Connections that nobody uses just now, the latest used last.
        self._idle: list[_TracedConnection] = []
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """Send one request and read its answer, whatever its status.

        :raises NotTaken: the provider cannot have acted upon it.
        :raises OutcomeLost: the provider may have acted upon it.
        """
        connection = None
        try:
            # Not a login of ~/.netrc, which is not meant for a gateway; no cookies either.
            fields = {"User-Agent": "sms_marketing", "Accept": "*/*"} | dict(headers or {})
            if auth:
                fields["Authorization"] = _basic(auth)
            origin, target = self._target(url, fields)
            connection = self._connection(origin)
            if params:
                target += ("&" if "?" in target else "?") + urlencode(params)
            connection.ask(method, target, data, fields)
            response = connection.getresponse()
            try:
                answer = self._read(response)
            finally:
                response.close()
            if not answer.complete:
                connection.close()
            return answer
        except _FAILURES as error:
            written = connection is not None and connection.written
            if connection is not None:
                connection.close()
            if written:
                raise OutcomeLost(f"No usable answer: {_describe(error)}") from None
            # `from None`: the original message can hold the whole address, with its password.
            raise _not_taken(error) from None
        except BaseException:
            if connection is not None:
                connection.close()
            raise
        finally:
            if connection is not None:
                connection.used_at = time.monotonic()
                self._idle.append(connection)

    def map(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
        """Results of `function` for each item, in order, worked out by `concurrency` threads.

        Several callers may use it at once; they share the threads.
        """
        items = list(items)
        if len(items) <= 1 or self._concurrency <= 1:
            return [function(item) for item in items]
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._concurrency, "sms-gateway")
        return list(self._pool.map(function, items))

    def close(self) -> None:
        """End threads and connections. The client can be used again afterwards."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True)
        while self._idle:
            self._idle.pop().close()

    def _target(self, url: str, headers: dict[str, str]) -> tuple[_Origin, str]:
        """Where an address is, and what to ask there; adds what a proxy wants to know."""
        parts = urlsplit(url if url.isascii() and url.isprintable() else requote_uri(url))
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("no HTTP address")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        target = target.replace(" ", "%20")
        if self._proxy and parts.scheme == "http":
            target = f"http://{parts.netloc.rpartition('@')[2]}{target}"
            headers |= self._proxy_login()
        return (parts.scheme, parts.hostname, parts.port), target

    def _connection(self, origin: _Origin) -> _TracedConnection:
        """A connection that is nobody else's until it is given back."""
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._open(origin)
        if connection.origin != origin:
            connection.close()
            return self._open(origin)
        if connection.is_stale():
            connection.close()
        connection.written = False
        return connection

    def _open(self, origin: _Origin) -> _TracedConnection:
        """A connection that is made at the first request on it."""
        scheme, host, port = origin
        host = host if host.isascii() else host.encode("idna").decode()
        options = {"context": _trusted()} if scheme == "https" else {}
        kind = _SecureConnection if scheme == "https" else _PlainConnection
        if not self._proxy:
            connection = kind(host, port, **options)
        else:
            connection = kind(*_proxy_place(self._proxy), **options)
            if scheme == "https":
                connection.set_tunnel(host, port or 443, headers=self._proxy_login())
        connection.origin, connection.timeouts = origin, self._timeouts
        return connection

    def _proxy_login(self) -> dict[str, str]:
        login = get_auth_from_url(self._proxy)
        return {"Proxy-Authorization": _basic(login)} if any(login) else {}

    def _read(self, response: http.client.HTTPResponse) -> Answer:
        deadline = time.monotonic() + self._timeouts[1]
        body = b""
        complete = True
        while chunk := response.read1(_CHUNK):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                complete = False
                break
        # `read1` does not complain about a body that is cut short.
        length = response.headers.get("Content-Length", "")
        if length.isdigit() and len(body) < int(length):
            complete = False
        return Answer(response.status, response.headers, body, complete)


def _proxy_place(proxy: str) -> tuple[str, int]:
    """Host and port of a proxy; what its address is, with a password perhaps, is not told."""
    try:
        parts = urlsplit(proxy)
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host = None
    if host and parts.scheme == "http":
        return host, port
    raise NotTaken("No connection: the environment's proxy must be an http:// address")


def _not_taken(error: BaseException) -> NotTaken:
    """A failure before the request was written; `http.client` names a tunnel in words only."""
    refused = re.match(r"Tunnel connection failed: ([0-9]{3})", str(error))
    if not refused:
        return NotTaken(f"No connection: {_describe(error)}")
    status = refused[1]
    reason = Reason.CREDENTIALS if status == "407" else Reason.GATEWAY_UNAVAILABLE
    return NotTaken(f"No connection: the proxy refused it (HTTP {status})", reason)


def _basic(login: tuple[str, str]) -> str:
    return "Basic " + b64encode(":".join(login).encode()).decode()


def _trusted() -> ssl.SSLContext:
    """Whom we trust: the authorities that the environment names, else those of `certifi`."""
    return _context(
        os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certificates()
    )


@functools.lru_cache(maxsize=4)
def _context(bundle: str) -> ssl.SSLContext:
    place = "capath" if Path(bundle).is_dir() else "cafile"
    return ssl.create_default_context(**{place: bundle})


def _describe(error: BaseException) -> str:
    """What went wrong, in words that hold no address."""
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"[:200]
    return type(error).__name__
