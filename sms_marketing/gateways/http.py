"""One HTTP client for all gateways that speak HTTP.

It knows exactly one thing that HTTP libraries do not tell: whether a request had been written when
it failed. Before that the provider cannot have taken the text, after that it may have.

* A failure in name lookup, connecting, TLS or a proxy's tunnel is "not taken".
* Any failure after that is "outcome lost", also a reset on a kept-alive connection: from here it
  cannot be told from a server that took the text and died. To make it rare, a connection that
  was idle longer than `connection.KEEP_ALIVE` seconds, or in which something has come unasked, is
  not used again; and none is, until the server has been seen to keep one open (`kept`).
* Nothing is sent again automatically and no redirect is followed.

All requests of a gateway are in the hands of one event loop in a thread of its own, on bare
connections (`connection`). A thread for each request, or a general HTTP library, costs a text five
to ten times as much of the interpreter, which claiming and writing texts share
(`bench/dispatch.py` measures them).

Proxies are found as `requests` finds them: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`.
To an https address they only make the tunnel: a proxy that refuses one took nothing. To an http
address they hand the request on, and their answer is judged as the provider's own.
"""

import asyncio
import errno
import functools
import os
import re
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlencode, urlsplit

from requests.certs import where as certificates
from requests.utils import get_auth_from_url, get_environ_proxies, requote_uri, select_proxy

from .answers import Answer
from .connection import Connection, UnreadableAnswer
from .errors import NotBegun, NotTaken, OutcomeLost
from .kept import KeptConnections, Origin
from .reasons import Reason

#: Seconds after which another address of the same host is tried beside the first (RFC 8305).
NEXT_ADDRESS = 0.25
PORTS = {"http": 80, "https": 443}
#: Header fields of every request; answers are a line or two, which need no compression.
FIELDS = {"User-Agent": "sms_marketing", "Accept": "*/*", "Accept-Encoding": "identity"}
#: Header fields that say where a request ends: these are ours to write, nobody else's.
OF_CONNECTION = frozenset({"connection", "content-length", "transfer-encoding"})

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class HttpClient:
    """Sends requests to one provider, concurrently, over connections that are kept alive.

    :param url: address of the provider; decides which proxy of the environment is used.
    :param connect_timeout: seconds for name lookup, connection, tunnel and TLS.
    :param read_timeout: seconds for the answer.
    :param concurrency: requests at once, whoever makes them.
    """

    def __init__(
        self, url: str, connect_timeout: float, read_timeout: float, concurrency: int
    ) -> None:
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._concurrency = concurrency
        self._url = url
        self._kept = KeptConnections()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._free: asyncio.Semaphore | None = None
        # Most texts of an account differ in the body of their request only.
        self._head = functools.lru_cache(maxsize=8)(self._make_head)

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Sequence[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        data: bytes | None = None,
        auth: tuple[str, str] | None = None,
        begin_by: float | None = None,
    ) -> Answer:
        """Send one request and read its answer, whatever its status; for a function of `map`.

        :param begin_by: moment (`time.monotonic`) after which it is not written any more.
        :raises NotBegun: no connection was free, or open, by then.
        :raises NotTaken: the provider cannot have acted upon it.
        :raises OutcomeLost: the provider may have acted upon it.
        """
        async with self._free:
            _check_in_time(begin_by)
            try:
                origin, head = self._head(
                    method, url, _pairs(params), _pairs(headers), auth and tuple(auth)
                )
                request = _encode(method, head, data)
                connection = self._kept.take(origin)
                if connection is None:
                    async with asyncio.timeout(self._connect_timeout):
                        connection = await self._open(origin)
                    connection.check_open()
            except NotTaken:
                raise
            except Exception as error:  # pylint: disable=broad-except
                # `from None`: the message can hold the whole address, with its password.
                raise NotTaken(f"No connection: {_describe(error)}") from None
            try:
                _check_in_time(begin_by)
                async with asyncio.timeout(self._read_timeout):
                    answer = await connection.ask(request)
                self._kept.watch(origin, connection)
                return answer
            except NotBegun:
                raise
            except Exception as error:  # pylint: disable=broad-except
                self._kept.distrust(origin)
                raise OutcomeLost(f"No usable answer: {_describe(error)}") from None
            finally:
                self._kept.give_back(origin, connection)

    def map(
        self, function: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item]
    ) -> list[_Result]:
        """Results of `function` for each item, in order, worked out at the same time.

        Several threads may call it at once; their requests share the connections.

        :raises Exception: what `function` raised for the first of those for which it did, when all
            have come to their end
        """
        return self._wait_for(_gather(function, items))

    def close(self) -> None:
        """End thread and connections, when what is under way has come to its end.

        The client can be used again afterwards.
        """
        with self._lock:
            if self._loop is None:
                return
            asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
            self._loop = None
            self._head.cache_clear()

    # ------------------------------------------------------------
    # The event loop
    # ------------------------------------------------------------

    def _wait_for(self, work: Coroutine[None, None, _Result]) -> _Result:
        """What a coroutine returns, for a thread that waits for it.

        :raises NotTaken: the coroutine could not begin
        """
        with self._lock:
            if self._loop is None:
                try:
                    self._begin()
                except NotTaken:
                    work.close()
                    raise
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result()

    def _begin(self) -> None:
        loop = asyncio.new_event_loop()
        # For names: each connection looks its own up, and none waits behind a slow one.
        loop.set_default_executor(ThreadPoolExecutor(self._concurrency, "sms-names"))
        thread = threading.Thread(target=loop.run_forever, name="sms-gateway", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system lets us have no more of them
            loop.close()
            raise NotTaken(f"No connection: {error}") from None
        self._free = asyncio.Semaphore(self._concurrency)
        self._loop, self._thread = loop, thread

    async def _leave(self) -> None:
        await asyncio.gather(
            *asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True
        )
        self._kept.close()

    # ------------------------------------------------------------
    # Connections
    # ------------------------------------------------------------

    async def _open(self, origin: Origin) -> Connection:
        scheme, host, port = origin
        secure = {"ssl": _trusted(), "server_hostname": host} if scheme == "https" else {}
        if not self._proxy:
            return await _connect(host, port, **secure)
        connection = await _connect(*_proxy_place(self._proxy))
        if not secure:
            return connection
        try:
            await self._tunnel(connection, host, port)
            connection.transport = await asyncio.get_running_loop().start_tls(
                connection.transport, connection, secure["ssl"], server_hostname=host
            )
            if connection.transport is None:
                raise ConnectionResetError(errno.ECONNRESET, "ended during TLS")
        except BaseException:
            connection.close()
            raise
        return connection

    async def _tunnel(self, connection: Connection, host: str, port: int) -> None:
        """Have the proxy lead a connection to a host.

        :raises NotTaken: it does not
        """
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        fields = {"Host": place, **self._proxy_login()}
        request = _encode("CONNECT", _lines("CONNECT", place, fields), None)
        answer = await connection.ask(request, head_only=True)
        if not 200 <= answer.status < 300:
            reason = Reason.CREDENTIALS if answer.status == 407 else Reason.GATEWAY_UNAVAILABLE
            raise NotTaken(f"No connection: the proxy refused it (HTTP {answer.status})", reason)

    @functools.cached_property
    def _proxy(self) -> str:
        """Address of the proxy, or nothing; looking at the environment is slow: once is enough."""
        proxy = select_proxy(self._url, get_environ_proxies(self._url)) or ""
        return f"http://{proxy}" if proxy and "://" not in proxy else proxy

    def _make_head(
        self,
        method: str,
        url: str,
        params: tuple[tuple[str, str], ...],
        headers: tuple[tuple[str, str], ...],
        auth: tuple[str, str] | None,
    ) -> tuple[Origin, bytes]:
        """Where a request goes, and all that stands before the length of its body."""
        origin, target, fields = self._target(url, params)
        # Not a login of ~/.netrc, which is not meant for a gateway; no cookies either.
        login = {"Authorization": _basic(auth)} if auth else {}
        return origin, _lines(method, target, _merged(FIELDS, fields, dict(headers), login))

    def _target(
        self, url: str, params: tuple[tuple[str, str], ...]
    ) -> tuple[Origin, str, dict[str, str]]:
        """Where an address is, what to ask there, and the header fields for host and proxy."""
        parts = urlsplit(url)
        origin, place = _site(parts.scheme, parts.netloc)
        fields = {"Host": place}
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if not (target.isascii() and target.isprintable()) or " " in target:
            target = requote_uri(target)
        if params:
            target += ("&" if "?" in target else "?") + urlencode(params)
        if self._proxy and parts.scheme == "http":
            target = f"http://{place}{target}"
            fields |= self._proxy_login()
        return origin, target, fields

    def _proxy_login(self) -> dict[str, str]:
        login = get_auth_from_url(self._proxy)
        return {"Proxy-Authorization": _basic(login)} if any(login) else {}


@functools.lru_cache
def _site(scheme: str, netloc: str) -> tuple[Origin, str]:
    """Where a scheme, host and port lead, and how a header field says it.

    :raises ValueError: nowhere that speaks HTTP
    """
    parts = SplitResult(scheme, netloc, "", "", "")
    if scheme not in PORTS or not parts.hostname:
        raise ValueError("no HTTP address")
    host = parts.hostname
    host = host if host.isascii() else host.encode("idna").decode()
    port = parts.port or PORTS[scheme]
    place = f"[{host}]" if ":" in host else host
    return (scheme, host, port), place if port == PORTS[scheme] else f"{place}:{port}"


async def _gather(
    function: Callable[[_Item], Awaitable[_Result]], items: Iterable[_Item]
) -> list[_Result]:
    results = await asyncio.gather(*map(function, items), return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


async def _connect(host: str, port: int, **options) -> Connection:
    _transport, connection = await asyncio.get_running_loop().create_connection(
        Connection, host, port, happy_eyeballs_delay=NEXT_ADDRESS, **options
    )
    return connection


def _pairs(
    fields: Mapping[str, str] | Sequence[tuple[str, str]] | None,
) -> tuple[tuple[str, str], ...]:
    pairs = fields.items() if isinstance(fields, Mapping) else fields or ()
    return tuple((name, value) for name, value in pairs)


def _check_in_time(begin_by: float | None) -> None:
    if begin_by is not None and time.monotonic() > begin_by:
        raise NotBegun()


def _merged(*mappings: Mapping[str, str]) -> dict[str, str]:
    """Header fields, of which the latter count, however their names are written."""
    named = {name.lower(): (name, value) for fields in mappings for name, value in fields.items()}
    return dict(named[name] for name in named if name not in OF_CONNECTION)


def _lines(method: str, target: str, fields: Mapping[str, str]) -> bytes:
    """The line of a request and its header fields.

    :raises ValueError: a line that would become two, or a letter that no header field can have
    """
    lines = [f"{method} {target} HTTP/1.1", *map(": ".join, fields.items())]
    if _CONTROL.search("".join(lines)):
        raise ValueError("a control character in the request")
    return "\r\n".join(lines).encode("latin-1")


def _encode(method: str, head: bytes, body: bytes | None) -> bytes:
    """The bytes of a request whose first lines are these."""
    if body is not None or method not in ("GET", "CONNECT"):
        head += b"\r\nContent-Length: %d" % len(body or b"")
    return b"%b\r\n\r\n%b" % (head, body or b"")


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
    words = str(error) if isinstance(error, UnreadableAnswer) else getattr(error, "strerror", None)
    is_plain = type(error) is OSError or isinstance(error, ConnectionError | TimeoutError)
    if is_plain and error.errno:
        words = os.strerror(error.errno)  # the event loop's own words name the address
    elif type(error) is OSError and not words:
        words = "none of its addresses answers"
    return ": ".join(filter(None, [type(error).__name__, words]))[:200]
