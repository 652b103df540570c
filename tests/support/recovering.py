"""A PostgreSQL that is on its way up, as its clients see one: refused, then turned away, then the real one."""

import socket
import struct
import threading
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from tests.support.ports import free_port

_ENCRYPTED = (80877103, 80877104)
"""Codes of the requests for TLS and GSSAPI, which come before the start-up packet."""
_FIELDS = (
    "SFATAL",
    "VFATAL",
    "C57P03",
    "Mthe database system is not yet accepting connections",
    "DConsistent recovery state has not been yet reached.",
)


class RecoveringPostgres:
    """In front of the PostgreSQL of `url` (TCP), on a port where nobody listens until `recover` or `come_up`."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._port = free_port()
        self._up = False
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    @property
    def url(self) -> str:
        """Where clients go."""
        user = self._target.netloc.rpartition("@")[0]
        return urlunsplit(self._target._replace(netloc=f"{user}@127.0.0.1:{self._port}"))

    def recover(self) -> None:
        """Tell whoever connects that connections are not yet accepted."""
        self._listener = socket.create_server(("127.0.0.1", self._port))
        self._spawn(self._listen, self._listener)

    def come_up(self) -> None:
        """Be the real one from now on."""
        if self._listener is None:
            self.recover()
        self._up = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for opened in [self._listener, *self._open]:
            if opened is not None:
                _end(opened)
        for thread in self._threads:
            thread.join()
        for opened in [self._listener, *self._open]:
            if opened is not None:
                opened.close()

    def _spawn(self, work: "object", *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]  # a method of ours
        self._threads.append(thread)
        thread.start()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._open.add(client)
            self._spawn(self._forward if self._up else _turn_away, client)

    def _forward(self, client: socket.socket) -> None:
        server = socket.create_connection((self._target.hostname or "", self._target.port or 0))
        self._open.add(server)
        self._spawn(_pump, client, server)
        _pump(server, client)


def _turn_away(client: socket.socket) -> None:
    """Answer a start-up packet as a server does that recovers."""
    try:
        while (head := client.recv(8, socket.MSG_WAITALL)) and struct.unpack("!ii", head)[1] in _ENCRYPTED:
            client.sendall(b"N")
        fields = b"".join(field.encode() + b"\0" for field in _FIELDS) + b"\0"
        if head:
            client.recv(struct.unpack("!i", head[:4])[0] - 8, socket.MSG_WAITALL)
            client.sendall(b"E" + struct.pack("!i", len(fields) + 4) + fields)
    except OSError:
        return  # the client gave up before
    finally:
        _end(client)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Pass bytes on until one side has ended."""
    try:
        while data := source.recv(1 << 16):
            sink.sendall(data)
    except OSError:
        return
    finally:
        _end(source)
        _end(sink)


def _end(opened: socket.socket) -> None:
    """Wake whoever waits on it."""
    try:
        opened.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
