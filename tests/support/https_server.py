"""A real HTTPS endpoint on 127.0.0.1 with an authority of its own, which charges once per key and misbehaves on request."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came; names of headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["idempotency-key"]


@dataclass(slots=True)
class Endpoint:
    """`behaves` is what it does with the next requests, its last word for all that follow; `asked` are the requests.

    A number: that status. `redirect`: to itself. `hang`: no answer until `talks` is set. `close`: no answer. `cut`: 201,
    and closed in mid-answer. `endless`: 200 and a body without end. `once`: 201, but 409 for a key it has charged.
    What it charged is in `charged`, once per key, whatever it answered: also with `hang`, `close`, `cut`, 500.
    """

    ca_file: Path
    behaves: list[int | str] = field(default_factory=lambda: ["once"])
    asked: list[Asked] = field(default_factory=list)
    charged: dict[str, bytes] = field(default_factory=dict)
    talks: asyncio.Event = field(default_factory=asyncio.Event)
    hanging: int = 0
    port: int = 0
    content: bytes = b'{"code": "card_declined", "message": "names a person"}'

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}/charges?tenant=7"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            while await self._answer(reader, writer):
                pass
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            writer.close()
            await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines if line)}
        body = await reader.readexactly(int(headers["content-length"]))
        asked = Asked(first.split(" ")[1], headers, body)
        how = self.behaves.pop(0) if len(self.behaves) > 1 else self.behaves[0]
        known = asked.key in self.charged
        if not isinstance(how, int) or how >= 500:
            self.charged.setdefault(asked.key, body)
        self.asked.append(asked)
        match how:
            case "close":
                return False
            case "cut":
                writer.write(b"HTTP/1.1 201 Created\r\ncontent-length: 1000\r\n\r\n{")
                await writer.drain()
                return False
            case "endless":
                writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
                while not writer.is_closing():
                    writer.write(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")
                    await writer.drain()
                return False
            case "redirect":
                writer.write(f"HTTP/1.1 307 Go\r\nlocation: {self.url}\r\ncontent-length: 0\r\n\r\n".encode())
            case "hang":
                self.hanging += 1
                await self.talks.wait()
                self.hanging -= 1
                writer.write(_plain(201, self.content))
            case "once":
                writer.write(_plain(409 if known else 201, self.content))
            case _:
                writer.write(_plain(int(how), self.content))
        await writer.drain()
        return True


def _plain(status: int, content: bytes) -> bytes:
    return f"HTTP/1.1 {status} X\r\ncontent-length: {len(content)}\r\n\r\n".encode() + content


def write_certificates(folder: Path) -> tuple[Path, Path]:
    """An authority's certificate, and a file with key and certificate for 127.0.0.1 that it signed."""
    now, authority, own = (
        datetime.now(UTC),
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])

    def signed(
        subject: x509.Name, key: ec.EllipticCurvePrivateKey, extensions: Sequence[tuple[x509.ExtensionType, bool]]
    ):
        builder = x509.CertificateBuilder(
            issuer,
            subject,
            key.public_key(),
            x509.random_serial_number(),
            now - timedelta(days=1),
            now + timedelta(days=9),
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(authority, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    usage |= {"encipher_only": False, "decipher_only": False}
    root = signed(
        issuer,
        authority,
        [
            (x509.BasicConstraints(ca=True, path_length=0), True),
            (x509.SubjectKeyIdentifier.from_public_key(authority.public_key()), False),
            (x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, **usage), True),
        ],
    )
    leaf = signed(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")]),
        own,
        [
            (x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False),
            (x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), False),
        ],
    )
    private = own.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    ca_file, server_file = folder / "authority.pem", folder / "server.pem"
    ca_file.write_bytes(root)
    server_file.write_bytes(private + leaf)
    return ca_file, server_file


@contextlib.asynccontextmanager
async def https_server(folder: Path) -> AsyncIterator[Endpoint]:
    """Listens until the block ends."""
    ca_file, server_file = write_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_file)
    found = Endpoint(ca_file)
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with contextlib.suppress(asyncio.CancelledError):  # the test is over
            await found.serve(reader, writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[Endpoint]:
    """Sync and charge are asked here."""
    async with https_server(tmp_path) as found:
        yield found
