"""One HTTP client for all gateways that speak HTTP.

It knows exactly one thing that `requests` does not tell: whether a request had been written when
it failed. Before that the provider cannot have taken the text, after that it may have.

* A request head that could not be handed to the network completely was not acted upon by any
  server, so a failure in name lookup, connecting, TLS or writing the head is "not taken".
* Any failure after that is "outcome lost", also a reset on a kept-alive connection: from here it
  cannot be told from a server that took the text and died. To make it rare, a connection that
  was idle longer than `KEEP_ALIVE` seconds is not used again.
* Nothing is sent again automatically and no redirect is followed.
"""

import http.client
import http.cookiejar
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry as Urllib3Retry

from .answers import Answer
from .errors import NotTaken, OutcomeLost

#: Most bytes of an answer that are read; gateways answer in a line or a small JSON document.
MAX_ANSWER_BYTES = 64 * 1024
#: Seconds after which an idle connection is closed rather than used again.
KEEP_ALIVE = 4.0
#: Bytes at a time. Small, so that an answer which drips in cannot hold a thread for long.
_CHUNK = 64

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class _Trace(threading.local):
    """What happened to this thread's present request."""

    active = False
    written = False


_trace = _Trace()


class _TracedConnection:
    """Notes when a request head has been handed to the network."""

    def connect(self):
        try:
            return super().connect()
        finally:
            # A tunnel through a proxy writes its own request while connecting.
            _trace.written = False

    def send(self, data):
        result = super().send(data)
        _trace.written = True
        return result


class _TracedHTTPConnection(_TracedConnection, HTTPConnectionPool.ConnectionCls):
    pass


class _TracedHTTPSConnection(_TracedConnection, HTTPSConnectionPool.ConnectionCls):
    pass


class _TracedHTTPPool(HTTPConnectionPool):
    ConnectionCls = _TracedHTTPConnection


class _TracedHTTPSPool(HTTPSConnectionPool):
    ConnectionCls = _TracedHTTPSConnection


_POOLS = {"http": _TracedHTTPPool, "https": _TracedHTTPSPool}


class _TracedAdapter(HTTPAdapter):
    def __init__(self) -> None:
        super().__init__(
            pool_connections=1, pool_maxsize=1, max_retries=Urllib3Retry(0, read=False)
        )

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *args, **kwargs):
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


#: A gateway has no use for cookies; they would tie texts together.
_NO_COOKIES = http.cookiejar.DefaultCookiePolicy(allowed_domains=[])

# `requests` errors are `OSError`s. `ValueError`: an address that cannot be one.
_NETWORK_FAILURES = (OSError, HTTPError, http.client.HTTPException)
_FAILURES = (*_NETWORK_FAILURES, ValueError)


class _QueryFilter(logging.Filter):
    """Cuts the query off the addresses that urllib3 logs at DEBUG level: it can hold a password."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _trace.active and isinstance(record.args, tuple):
            record.args = tuple(
                value.partition("?")[0] if isinstance(value, str) else value
                for value in record.args
            )
        return True


for _name in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_name).addFilter(_QueryFilter())


class HttpClient:
    """Sends requests to one provider, concurrently, over connections that are kept alive.

    :param url: address of the provider; decides which proxy of the environment is used.
    :param connect_timeout: seconds for name lookup, connection and TLS.
    :param read_timeout: seconds for the answer.
    :param concurrency: threads of `map`; each has a connection of its own.
    """

    def __init__(
        self, url: str, connect_timeout: float, read_timeout: float, concurrency: int
    ) -> None:
        self._timeout = (connect_timeout, read_timeout)
        self._concurrency = concurrency
        # Read once: looking at the environment and at ~/.netrc for each request is slow, and a
        # login found in ~/.netrc is not meant for a gateway.
        self._proxies = get_environ_proxies(url)
        self._verify = (
            os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        )
        self._local = threading.local()
        self._sessions: list[requests.Session] = []
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
        session = self._session()
        _trace.active, _trace.written = True, False
        try:
            response = session.request(
                method,
                url,
                params=params,
                headers=headers,
                data=data,
                auth=auth,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
            )
            try:
                return self._read(response)
            finally:
                response.close()
        except _FAILURES as error:
            if _trace.written:
                raise OutcomeLost(f"No usable answer: {_describe(error)}") from None
            # `from None`: the original message holds the whole address, with its password.
            raise NotTaken(f"No connection: {_describe(error)}") from None
        finally:
            _trace.active = False
            self._local.used_at = time.monotonic()

    def map(self, function: Callable[[_Item], _Result], items: Iterable[_Item]) -> list[_Result]:
        """Results of `function` for each item, in order, worked out by `concurrency` threads."""
        items = list(items)
        if len(items) <= 1 or self._concurrency <= 1:
            return [function(item) for item in items]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="sms-gateway")
        return list(self._pool.map(function, items))

    def close(self) -> None:
        """End threads and connections. The client can be used again afterwards."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
            self._pool = None
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()
        self._local = threading.local()

    def _session(self) -> requests.Session:
        session = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
            session.proxies = dict(self._proxies)
            session.verify = self._verify
            # Plain answers only: a compressed one can be far larger than what was received.
            session.headers = {"User-Agent": "sms_marketing", "Accept-Encoding": "identity"}
            session.cookies.set_policy(_NO_COOKIES)
            adapter = _TracedAdapter()
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            with self._lock:
                self._sessions.append(session)
        elif time.monotonic() - self._local.used_at > KEEP_ALIVE:
            session.close()
        return session

    def _read(self, response: requests.Response) -> Answer:
        deadline = time.monotonic() + self._timeout[1]
        body = bytearray()
        complete = True
        while chunk := response.raw.read(_CHUNK, decode_content=False):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
                complete = False
                break
        # urllib3 before 2.0 does not complain about a body that is cut short.
        length = response.headers.get("Content-Length", "")
        if length.isdigit() and len(body) < int(length):
            complete = False
        return Answer(response.status_code, response.headers, bytes(body), complete)


def _describe(error: BaseException) -> str:
    """What went wrong, in words that hold no address: the innermost failure of the network."""
    for _depth in range(10):
        if isinstance(error, OSError) and error.strerror:
            return f"{type(error).__name__}: {error.strerror}"[:200]
        candidates = (
            getattr(error, "reason", None),
            *error.args,
            error.__cause__,
            error.__context__,
        )
        inner = next((part for part in candidates if isinstance(part, _NETWORK_FAILURES)), None)
        if inner is None:
            break
        error = inner
    return type(error).__name__
