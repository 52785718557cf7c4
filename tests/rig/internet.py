"""A host of the internet, played on the loopback: a proxy that ends TLS itself.

Software with a provider's address written into it is tested as it is: `HTTPS_PROXY` leads it here
and `REQUESTS_CA_BUNDLE` has it trust the certificate.
"""

import datetime
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Heard:
    """A request as it came; names of header fields in small letters."""

    method: str
    target: str
    headers: dict
    body: bytes


class Host:
    """Context manager: plays one host, over HTTP and, through its proxy, over HTTPS.

    :param name: such as `api.twilio.com`
    :param folder: where its certificate is written
    :param answer: called with each `Heard`; (status, body of JSON), or None to hang up
    """

    def __init__(self, name, folder, answer):
        self.heard = []
        self.certificate = Path(folder) / f"{name}.pem"
        _write_certificate(name, self.certificate)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.certificate)
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_CONNECT(self):
                if self.path != f"{name}:443":
                    self.send_error(403)
                    return
                self.send_response(200)
                self.end_headers()
                self.connection = tls.wrap_socket(self.connection, server_side=True)
                self.setup_streams()
                self.close_connection = False

            def setup_streams(self):
                self.rfile = self.connection.makefile("rb", -1)
                self.wfile = self.connection.makefile("wb", 0)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {key.lower(): value for key, value in self.headers.items()}
                request = Heard(self.command, self.path, headers, body)
                heard.append(request)
                told = answer(request)
                if told is None:
                    self.close_connection = True
                    return
                status, document = told
                raw = document.encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST

            def log_message(self, *_arguments):
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        #: Variables for a process that is to take this for the host.
        self.variables = {
            "HTTPS_PROXY": self.url,
            "REQUESTS_CA_BUNDLE": str(self.certificate),
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._server.shutdown()
        self._server.server_close()


def _write_certificate(name, path):
    """Key and certificate of a host that vouches for itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
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
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
