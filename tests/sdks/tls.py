"""TLS before a plain server on loopback: what browsers do for https alone can be seen in a test."""

from __future__ import annotations

import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding as E
from cryptography.hazmat.primitives.serialization import NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

PIECE_BYTES_MAX = 65_536


@dataclass(frozen=True)
class Certificate:
    """A certificate of our own, which a browser is told to believe."""

    file: Path
    """Certificate and key."""
    digest: str
    """Digest of its public key, as Chromium's command line takes it."""


def make_certificate(folder: Path, *names: str) -> Certificate:
    """Make a certificate for some hosts, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    hosts = x509.SubjectAlternativeName([x509.DNSName(host) for host in names])
    now, day = datetime.now(UTC), timedelta(days=1)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name)
    builder = builder.public_key(key.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - day).not_valid_after(now + day)
    made = builder.add_extension(hosts, critical=False).sign(key, SHA256())
    private = key.private_bytes(E.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = folder / "tls.pem"
    file.write_bytes(made.public_bytes(E.PEM) + private)
    public = key.public_key().public_bytes(E.DER, PublicFormat.SubjectPublicKeyInfo)
    return Certificate(file, b64encode(sha256(public).digest()).decode())


@contextmanager
def behind_tls(certificate: Certificate, port: int) -> Iterator[int]:
    """Give a port of loopback that speaks TLS and passes everything on to a plain one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.file)

    class Handler(BaseRequestHandler):
        """Passes one connection on, both ways."""

        def handle(self) -> None:
            """Pass on until either side ends."""
            with (
                suppress(OSError),
                context.wrap_socket(self.request, server_side=True) as outside,
                socket.create_connection(("127.0.0.1", port)) as inside,
            ):
                back = Thread(target=_pass, args=(inside, outside), daemon=True)
                back.start()
                _pass(outside, inside)
                back.join(10)

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _pass(source: socket.socket, sink: socket.socket) -> None:
    """Pass bytes on until the source ends, and say so to the sink."""
    with suppress(OSError):
        while piece := source.recv(PIECE_BYTES_MAX):
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR if not isinstance(sink, ssl.SSLSocket) else socket.SHUT_RDWR)
