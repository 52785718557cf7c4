"""A small HTTP proxy on the loopback, and a throw-away certificate for who stands behind it."""

import datetime
import socket
import threading
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import StreamRequestHandler, ThreadingTCPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Proxy:
    """What a proxy does and what it was asked.

    :param behind: port of the loopback to which every name leads: names are the proxy's to find.
    :param refuse: status of its answer to everything, instead of serving.
    :param silent: takes a request and never answers.
    :param heard: (first line, header fields by small name) of each request.
    """

    behind: int
    refuse: int = 0
    silent: bool = False
    heard: list = field(default_factory=list)
    port: int = 0


@contextmanager
def proxy_to(behind, **values):
    """A proxy that serves while the context lasts."""
    proxy = Proxy(behind, **values)
    ended = threading.Event()

    class Handler(StreamRequestHandler):
        def handle(self):
            line = self.rfile.readline()
            fields, raw = {}, b""
            while (field_line := self.rfile.readline()).strip():
                name, _colon, value = field_line.decode("latin-1").partition(":")
                fields[name.lower()] = value.strip()
                raw += field_line
            proxy.heard.append((line.decode("latin-1").strip(), fields))
            if proxy.silent:
                ended.wait(30)
            elif proxy.refuse:
                answer = f"HTTP/1.1 {proxy.refuse} secret words of the proxy\r\n"
                self.wfile.write(f"{answer}Content-Length: 0\r\n\r\n".encode())
            else:
                self.serve(line, raw, int(fields.get("content-length", 0)))

        def serve(self, line, raw, length):
            with closing(socket.create_connection(("127.0.0.1", proxy.behind))) as server:
                if line.startswith(b"CONNECT "):
                    self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    method, url, version = line.split(b" ")
                    path = b"/" + url.split(b"/", 3)[3]
                    body = self.rfile.read(length)
                    server.sendall(b" ".join((method, path, version)) + raw + b"\r\n" + body)
                threading.Thread(target=pass_on, args=(server, self.connection)).start()
                pass_on(self.connection, server)

    class Server(ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request, client_address):
            """A connection that broke is what the test is about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        try:
            yield proxy
        finally:
            ended.set()
            server.shutdown()


def pass_on(source, target):
    """Hand bytes on until either side is gone, which is how a tunnel ends."""
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


def certificate(name):
    """A self-signed certificate of a host, with its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return signed.public_bytes(pem) + key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
