"""The port to raw files as they came: each kept under the SHA-256 of its bytes, written once, never changed."""

from collections.abc import Iterable
from typing import Protocol

from commands.ports.provider_files import OpenableFile


class KeptFile(OpenableFile, Protocol):
    """A raw file in the store; opens from its beginning as often as one likes."""

    @property
    def sha256(self) -> str:
        """Hex digest of its bytes."""

    @property
    def bytes(self) -> int:
        """Its size."""


class RawFiles(Protocol):
    """Content-addressed files. The methods block: call them from a thread."""

    def put(self, blocks: Iterable[bytes], path: str, *, max_bytes: int) -> KeptFile:
        """Keep these bytes. FileRejected `file-too-large` beyond `max_bytes`; then, as with any error, nothing is."""
        ...

    def get(self, sha256: str, path: str) -> KeptFile:
        """A file that was put before. FileRejected `file-not-found`."""
        ...
