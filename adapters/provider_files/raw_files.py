"""The folder of raw files: each kept under the SHA-256 of its bytes, written once, never changed."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from commands.ports.provider_files import FileRejected

_READ = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A raw file in the store, under the name that people know it by; opens from its beginning."""

    path: str
    sha256: str
    bytes: int
    location: Path

    def open(self) -> BinaryIO:
        """Open it for reading."""
        return self.location.open("rb", buffering=0)


class RawFileStore:
    """Content-addressed files below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, blocks: Iterable[bytes], path: str, *, max_bytes: int) -> StoredFile:
        """Copy the blocks in, hashing them on the way; the same bytes again are kept once.

        FileRejected `file-too-large` beyond `max_bytes`; then nothing is kept, as with any other error.
        """
        incoming = self._folder / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(dir=incoming)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                for block in at_most(max_bytes, blocks, path):
                    size += len(block)
                    digest.update(block)
                    out.write(block)
                out.flush()
                os.fsync(out.fileno())
            final = self._location(digest.hexdigest())
            final.parent.mkdir(parents=True, exist_ok=True)
            temporary.replace(final)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return StoredFile(path, digest.hexdigest(), size, final)

    def get(self, sha256: str, path: str) -> StoredFile:
        """A file that was put before. FileRejected `file-not-found` if it is not there (any more)."""
        location = self._location(sha256)
        try:
            size = location.stat().st_size
        except FileNotFoundError:
            raise gone(sha256, path) from None
        return StoredFile(path, sha256, size, location)

    def _location(self, sha256: str) -> Path:
        return self._folder / "sha256" / sha256[:2] / sha256


def gone(sha256: str, path: str) -> FileRejected:
    """The refusal of a raw file that is not there any more."""
    return FileRejected("file-not-found", f"The raw file of {path} ({sha256}) is gone: restore FILES.", file=path)


def at_most(most: int, blocks: Iterable[bytes], path: str) -> Iterable[bytes]:
    """The blocks, as long as they have no more bytes; FileRejected `file-too-large` then."""
    size = 0
    for block in blocks:
        size += len(block)
        if size > most:
            raise FileRejected("file-too-large", f"{path} is larger than {most:,} bytes: split it.", file=path)
        yield block


def read_blocks(stream: BinaryIO) -> Iterable[bytes]:
    """A stream's bytes in blocks."""
    while block := stream.read(_READ):
        yield block
