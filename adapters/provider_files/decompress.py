"""From a raw file to plain bytes: plain, gzip, or a zip with one file in it, never more than the limits allow.

What a file is shows in its first bytes, not in its name. Everything streams: no block is larger than asked for, and
a bomb is stopped by the absolute limit or by its ratio before it has done harm.
"""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Literal

from commands.ports.provider_files import FileRejected, Limits, OpenableFile

Container = Literal["plain", "gzip", "zip", "parquet"]

_READ = 1024 * 1024
_RATIO_FREE = 64 * 1024 * 1024  # below this nobody is harmed, and tiny files compress oddly
_ENCODING_MARKS = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"\x00\x00\xfe\xff": "UTF-32",
}


class RawBytes:
    """The raw file as it is read, with its size and, unless it was known, its digest."""

    def __init__(self, file: OpenableFile) -> None:
        self._file = file
        self._stream = file.open()
        self._hash = None if file.sha256 else hashlib.sha256()
        self._ended = False
        self.size = 0

    @property
    def stream(self) -> BinaryIO:
        """The open file, for readers that seek; digest it first with `drain`."""
        return self._stream

    def read(self, size: int) -> bytes:
        """Read on, at most `size` bytes; empty at the end."""
        data = self._stream.read(size)
        self._ended = not data
        self.size += len(data)
        if self._hash is not None:
            self._hash.update(data)
        return data

    def drain(self) -> None:
        """Read to the end, once, for the sake of size and digest."""
        while not self._ended:
            self.read(_READ)

    def digest(self) -> str:
        """SHA-256 (hex) of what was read, or the one that was known."""
        return self._file.sha256 or ("" if self._hash is None else self._hash.hexdigest())

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def container_of(head: bytes) -> Container:
    """What the first bytes say a file is."""
    if head[:2] == b"\x1f\x8b":
        return "gzip"
    if head[:4] == b"PK\x03\x04" or head[:4] == b"PK\x05\x06":
        return "zip"
    if head[:4] == b"PAR1":
        return "parquet"
    return "plain"


def plain_blocks(raw: RawBytes, head: bytes, container: Container, path: str, limits: Limits) -> Iterator[bytes]:
    """Give the plain bytes, `head` (already read) included. FileRejected when broken or beyond the limits."""
    if container == "gzip":
        blocks = _gunzip(raw, head, path)
    elif container == "zip":
        blocks = _unzip(raw, path, limits)
    else:
        blocks = _as_they_are(raw, head, limits.block_bytes)
    return _limited(blocks, raw, path, limits, compressed=container != "plain")


def _as_they_are(raw: RawBytes, head: bytes, size: int) -> Iterator[bytes]:
    block = head + raw.read(size - len(head))
    while block:
        yield block
        block = raw.read(size)


def _gunzip(raw: RawBytes, head: bytes, path: str) -> Iterator[bytes]:
    inflate = zlib.decompressobj(wbits=31)
    pending = head
    try:
        while pending or (pending := raw.read(_READ)):
            if inflate.eof:  # several members after one another are one file; zeros at the end are padding
                pending = pending.lstrip(b"\x00")
                if not pending:
                    continue
                inflate = zlib.decompressobj(wbits=31)
            yield inflate.decompress(pending, _READ)
            pending = inflate.unused_data if inflate.eof else inflate.unconsumed_tail
        yield inflate.flush()
    except zlib.error as error:
        raise FileRejected("file-broken", f"{path} is damaged ({error}): fetch it again.", file=path) from error
    if not inflate.eof:
        raise FileRejected("file-truncated", f"{path} ends in the middle of its gzip data: fetch it again.", file=path)


def _unzip(raw: RawBytes, path: str, limits: Limits) -> Iterator[bytes]:
    if not raw.stream.seekable():
        raise FileRejected("compressed-upload", f"{path} is a zip: upload its CSV as it is or as gzip.", file=path)
    raw.drain()
    try:
        with zipfile.ZipFile(raw.stream) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) != 1:
                names = ", ".join(entry.filename[:60] for entry in entries[:5])
                raise FileRejected(
                    "zip-not-one-file",
                    f"{path} holds {len(entries)} files ({names}): a zip must hold exactly one CSV.",
                    file=path,
                )
            if entries[0].flag_bits & 1:
                raise FileRejected("file-encrypted", f"{path} is encrypted: provide it without a password.", file=path)
            with archive.open(entries[0]) as inner:
                while block := inner.read(min(_READ, limits.block_bytes)):
                    yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise FileRejected("file-broken", f"{path} is a damaged zip ({error}): fetch it again.", file=path) from error


def _limited(blocks: Iterator[bytes], raw: RawBytes, path: str, limits: Limits, *, compressed: bool) -> Iterator[bytes]:
    total = 0
    for block in blocks:
        total += len(block)
        if total > limits.max_bytes:
            raise FileRejected(
                "file-too-large",
                f"{path} is larger than {limits.max_bytes:,} bytes when unpacked: split it into several files.",
                file=path,
            )
        if compressed and total > _RATIO_FREE and total > limits.max_ratio * max(raw.size, 1):
            raise FileRejected(
                "compression-bomb",
                f"{path} unpacks to more than {limits.max_ratio} times its size (over {total:,} bytes): "
                "it is no plausible provider file and was not read on.",
                file=path,
            )
        yield block


def refuse_other_encodings(head: bytes, path: str) -> None:
    """FileRejected `encoding` when the plain bytes begin like UTF-16 or UTF-32."""
    for mark, name in _ENCODING_MARKS.items():
        if head.startswith(mark):
            raise FileRejected("encoding", f"{path} is written in {name}: save it as UTF-8.", file=path)
