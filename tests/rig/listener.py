"""An HTTP server on the loopback that notes which webhooks are called, raw, and answers 200."""

import threading
import time
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


class Call(NamedTuple):
    """A request as it came; query and body are raw."""

    method: str
    path: str
    query: bytes
    headers: Message
    body: bytes


class Listener:
    """Context manager. `calls` holds each `Call` in the order in which they came."""

    def __enter__(self):
        self.calls = []
        calls = self.calls

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                path, _mark, query = self.path.partition("?")
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                query = query.encode("latin-1")
                calls.append(Call(self.command, path, query, self.headers, body))
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *arguments):
                """Be silent."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exception):
        self._server.shutdown()
        self._server.server_close()

    def calls_of(self, path: str) -> list[Call]:
        """The calls of one path."""
        return [call for call in list(self.calls) if call.path == path]


def wait_until(is_done, timeout: float, step: float = 0.05) -> bool:
    """Wait until `is_done()`; False when `timeout` seconds were not enough."""
    deadline = time.monotonic() + timeout
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(step)
    return True
