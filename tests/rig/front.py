"""A reverse proxy on the loopback that reads a request to its end first, as nginx does."""

import socket

from .accepting import Accepting

#: Seconds that it waits for more of a request: longer than any test.
PATIENCE = 120


class Front(Accepting):
    """Context manager: requests to `port` go to the port behind it, one a connection.

    It says who calls, as `docs/operations.md` has nginx do it: what a caller says of that itself is
    replaced.
    """

    def __init__(self, port):
        self._behind = port

    def _serve(self, client, address):
        with client:
            client.settimeout(PATIENCE)
            try:
                request = _whole_request(client)
                if request is None:
                    return
                with socket.create_connection(("127.0.0.1", self._behind)) as server:
                    server.settimeout(PATIENCE)
                    server.sendall(_with_address(request, address))
                    while data := server.recv(65536):
                        client.sendall(data)
            except OSError:
                return


def _whole_request(client):
    """All bytes of a request; None if it ends early."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := client.recv(65536)):
            return None
        data += more
    head, _empty, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _colon, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        if not (more := client.recv(65536)):
            return None
        body += more
    return head + b"\r\n\r\n" + body


def _with_address(request, address):
    head, _empty, body = request.partition(b"\r\n\r\n")
    replaced = (b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"connection")
    lines = [
        line
        for line in head.split(b"\r\n")
        if line.partition(b":")[0].strip().lower() not in replaced
    ]
    lines += [
        b"X-Forwarded-For: " + address.encode(),
        b"X-Forwarded-Host: www.example.com",
        b"X-Forwarded-Proto: https",
        b"Connection: close",
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
