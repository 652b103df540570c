"""Files come from allowed places only; raw files are kept under their digest."""

import datetime as dt
import hashlib
import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from adapters.provider_files.raw_files import RawFileStore
from adapters.provider_files.source import AllowedPlaces, FileSources, beside
from commands.ports.provider_files import FileRejected


class _Handler(BaseHTTPRequestHandler):
    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("Authorization")))
        if self.path.startswith("/to?"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to?"))
            self.end_headers()
            return
        self.send_response(200 if self.path == "/file.csv" else 404)
        self.end_headers()
        if self.path == "/file.csv":
            self.wfile.write(b"content")

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[ThreadingHTTPServer]:
    handler = type("Handler", (_Handler,), {"seen": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        if context is not None:
            running.socket = context.wrap_socket(running.socket, server_side=True)
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with serving() as running:
        yield running


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[tuple[ThreadingHTTPServer, ssl.SSLContext]]:
    """A server on localhost with a certificate of its own, and a context that trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - dt.timedelta(days=1), now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = Encoding.PEM
    both = certificate.public_bytes(pem) + key.private_bytes(pem, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "server.pem").write_bytes(both)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    trusted = ssl.create_default_context(cadata=certificate.public_bytes(pem).decode())
    with serving(context) as running:
        running.handle_error = lambda *_: None  # a client that refuses the certificate is no news
        yield running, trusted


@pytest.fixture
def sources(tmp_path: Path) -> FileSources:
    (tmp_path / "in").mkdir()
    return FileSources(AllowedPlaces(roots=[tmp_path / "in"], max_bytes=1_000), RawFileStore(tmp_path / "files"))


def refused(sources: FileSources, location: str) -> FileRejected:
    with pytest.raises(FileRejected) as error:
        sources.fetch(location)
    return error.value


def test_a_raw_file_is_kept_once_under_its_digest(sources, tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / "in" / name).write_bytes(b"content")
    first = sources.fetch(str(tmp_path / "in" / "a.csv"), name="a.csv")
    second = sources.fetch(f"file://{tmp_path}/in/b.csv")
    assert first.sha256 == hashlib.sha256(b"content").hexdigest() == second.sha256
    assert (first.path, first.bytes, first.location) == ("a.csv", 7, second.location)
    with first.open() as opened:
        assert opened.read() == b"content"
    again = RawFileStore(tmp_path / "files").get(first.sha256, "a.csv")
    assert again == first
    assert sum(path.is_file() for path in (tmp_path / "files").rglob("*")) == 1


def test_a_raw_file_that_is_gone(tmp_path):
    with pytest.raises(FileRejected) as error:
        RawFileStore(tmp_path).get("ab" * 32, "a.csv")
    assert error.value.code == "file-not-found"


def test_outside_the_allowed_folder(sources, tmp_path):
    (tmp_path / "secret.csv").write_bytes(b"x")
    (tmp_path / "in" / "link.csv").symlink_to(tmp_path / "secret.csv")
    (tmp_path / "in" / "folder").symlink_to(tmp_path)
    (tmp_path / "inside.csv").write_bytes(b"x")
    for location in (
        "/etc/passwd",
        "file:///etc/passwd",
        str(tmp_path / "secret.csv"),
        str(tmp_path / "inside.csv"),
        f"{tmp_path}/in/../secret.csv",
        f"{tmp_path}/in/link.csv",
        f"{tmp_path}/in/folder/secret.csv",
        "relative.csv",
        "gopher://example/x",
        "\x00",
    ):
        assert refused(sources, location).code == "location-not-allowed", location


def test_what_is_no_file(sources, tmp_path):
    assert refused(sources, str(tmp_path / "in" / "missing.csv")).code == "file-not-found"
    (tmp_path / "in" / "folder").mkdir()
    assert refused(sources, str(tmp_path / "in" / "folder")).code == "file-not-found"
    os.mkfifo(tmp_path / "in" / "pipe")
    assert refused(sources, str(tmp_path / "in" / "pipe")).code == "file-not-found"


def test_a_file_that_is_too_large_leaves_nothing(sources, tmp_path):
    (tmp_path / "in" / "big.csv").write_bytes(b"x" * 1_001)
    assert refused(sources, str(tmp_path / "in" / "big.csv")).code == "file-too-large"
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


def test_over_http_of_an_allowed_host(server, tmp_path):
    address = f"127.0.0.1:{server.server_port}"
    sources = FileSources(AllowedPlaces(hosts=frozenset({address})), RawFileStore(tmp_path))
    assert sources.fetch(f"http://{address}/file.csv").bytes == 7
    assert sources.fetch(f"http://{address}/to?/file.csv", authorization="Bearer k").bytes == 7
    assert server.RequestHandlerClass.seen[-1] == ("/file.csv", "Bearer k")
    assert refused(sources, f"http://{address}/none.csv").code == "file-not-found"
    assert refused(sources, f"http://{address}/to?/to?/to?/to?/to?/file.csv").code == "fetch-failed"


def test_over_https_with_a_certificate_that_is_checked(tls_server, tmp_path):
    server, trusted = tls_server
    address = f"localhost:{server.server_port}"
    places = AllowedPlaces(hosts=frozenset({address}))
    assert FileSources(places, RawFileStore(tmp_path), verify=trusted).fetch(f"https://{address}/file.csv").bytes == 7
    error = refused(FileSources(places, RawFileStore(tmp_path)), f"https://{address}/file.csv")
    assert error.code == "fetch-failed"
    assert "CERTIFICATE" in error.message.upper()


def test_hosts_that_are_not_allowed(server, tmp_path):
    address = f"127.0.0.1:{server.server_port}"
    sources = FileSources(AllowedPlaces(hosts=frozenset({address, "files.example"})), RawFileStore(tmp_path))
    for location in (
        "https://other.example/x",
        "http://files.example/x",
        f"http://{address}/to?http://localhost:{server.server_port}/file.csv",
        f"http://{address}/to?file:///etc/passwd",
        f"http://user@{address}/file.csv",
        "s3://bucket/key",
    ):
        assert refused(sources, location).code == "location-not-allowed", location


def test_a_host_that_is_away(server, tmp_path):
    server.shutdown()
    server.server_close()
    address = f"127.0.0.1:{server.server_port}"
    sources = FileSources(AllowedPlaces(hosts=frozenset({address})), RawFileStore(tmp_path))
    error = refused(sources, f"http://{address}/file.csv")
    assert error.code == "fetch-failed"
    assert "try again later" in error.message


def test_paths_beside_a_list():
    assert beside("/in/list/manifest.json", "a.csv") == "/in/list/a.csv"
    assert beside("/in/manifest.json", "/other/a.csv") == "/other/a.csv"
    assert beside("https://h.example/x/list", "a/b.csv") == "https://h.example/x/a/b.csv"
    assert beside("https://h.example/x/list", "https://g.example/b.csv") == "https://g.example/b.csv"
    assert beside("s3://bucket/x/manifest.csv", "a.csv") == "s3://bucket/x/a.csv"
