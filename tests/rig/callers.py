"""Many callers of webhooks at once, each on a connection of its own; requests are ready-made."""

import base64
import hmac
import socket
import threading
import time
from urllib.parse import urlencode, urlsplit


def twilio_request(url, token, fields):
    """A status callback as Twilio makes and signs it."""
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    signature = base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()
    return post(url, urlencode(fields).encode(), {"X-Twilio-Signature": signature})


def post(url, body, headers=(), content_type="application/x-www-form-urlencoded"):
    """A POST, ready to be written to a socket."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Type: {content_type}"]
    lines += [f"{name}: {value}" for name, value in dict(headers).items()]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def call_all(port, requests, connections, seconds=None):
    """Have so many callers make all requests as fast as they can.

    A call that got no answer, in time or at all, has the status 0.

    :param seconds: then no caller begins another call; what is left over is not made
    :return: (seconds that it took, list of (status, seconds) of each call made)
    """
    waiting, answers = list(reversed(requests)), []
    end = time.monotonic() + (float("inf") if seconds is None else seconds)

    def work():
        connection = None
        while waiting and time.monotonic() < end:
            try:
                request = waiting.pop()
            except IndexError:
                break
            began = time.monotonic()
            try:
                status, connection = _call(port, connection, request)
            except OSError:
                status, connection = 0, None
            answers.append((status, time.monotonic() - began))
        if connection is not None:
            connection.close()

    threads = [threading.Thread(target=work) for _number in range(connections)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - began, answers


def _call(port, connection, request):
    """The status of an answer, and the connection if it can be used again."""
    if connection is None:
        connection = socket.create_connection(("127.0.0.1", port), timeout=60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(request)
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = connection.recv(65536)
        if not part:
            connection.close()
            return 0, None
        answer += part
    head, _end, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").lower().split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
    status = int(lines[0].split()[1])
    is_kept = lines[0].startswith("http/1.1") and fields.get("connection") != "close"
    missing = int(fields.get("content-length", 0)) - len(body)
    while missing > 0:
        part = connection.recv(65536)
        if not part:
            connection.close()
            return 0, None
        missing -= len(part)
    if is_kept:
        return status, connection
    connection.close()
    return status, None
