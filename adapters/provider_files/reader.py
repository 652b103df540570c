"""The port's reader: chooses the mapping, opens the source, starts the reading."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from adapters.provider_files.catalogue import AUTO, load_mapping
from adapters.provider_files.reading import FileReading
from commands.ports.provider_files import (
    Expect,
    FileRejected,
    Limits,
    MappingSource,
    OpenableFile,
    Role,
    SourceNames,
    UploadMedia,
)

_LIMITS = Limits()
_EXPECT = Expect()


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of this machine, opened as it is: for files already checked and stored, and for tests."""

    location: Path
    path: str = ""
    sha256: str | None = None

    def __post_init__(self) -> None:
        if not self.path:
            object.__setattr__(self, "path", self.location.name)

    def open(self) -> BinaryIO:
        """Open it for reading."""
        return self.location.open("rb", buffering=0)


class ArrowProviderFileReader:
    """Reads provider files with pyarrow, one block at a time, on the calling thread."""

    def __init__(self) -> None:
        pa.set_cpu_count(1)  # other threads belong to the caller, who stores while this reads

    def read(
        self,
        file: OpenableFile,
        *,
        mapping: MappingSource = AUTO,
        role: Role = "all",
        base: int = 0,
        expect: Expect = _EXPECT,
        limits: Limits = _LIMITS,
        prefix: bytes = b"",
    ) -> FileReading:
        """Read a stored file. FileRejected for a mapping that is wrong or unknown; all else while iterating."""
        return FileReading(
            file,
            mapping=load_mapping(mapping),
            media=None,
            role=role,
            base=base,
            expect=expect,
            limits=limits,
            prefix=prefix,
        )

    def read_upload(
        self,
        blocks: Iterable[bytes],
        *,
        name: str,
        media: UploadMedia,
        mapping: MappingSource = AUTO,
        base: int = 0,
        expect: Expect = _EXPECT,
        limits: Limits = _LIMITS,
        prefix: bytes = b"",
    ) -> FileReading:
        """Read a request body as it streams in; it can be iterated once."""
        chosen = mapping if media == "csv" else "ledgerline"
        return FileReading(
            StreamedFile(name, iter(blocks)),
            mapping=load_mapping(chosen),
            media=media,
            role="all",
            base=base,
            expect=expect,
            limits=limits,
            prefix=prefix,
        )

    def format_of(self, file: OpenableFile) -> str:
        """Which built-in format the header of a stored file is of. FileRejected for none."""
        return self.read(file).format().name

    def source_names(self, mapping: MappingSource) -> SourceNames:
        """Which attributes carry display names; FileRejected for `auto`, which is known only with a header."""
        found = load_mapping(mapping)
        if found is None:
            raise FileRejected("format-unknown", "The format must be named to know its display names.")
        return SourceNames(found.customer_name, found.product_name)


@dataclass(frozen=True, slots=True)
class StreamedFile:
    """A body that streams in once and can't be wound back."""

    path: str
    blocks: Iterator[bytes]
    sha256: None = None

    def open(self) -> BinaryIO:
        """Give the stream; only once."""
        return io.BufferedReader(_BlockStream(self.blocks), buffer_size=1024 * 1024)


class _BlockStream(io.RawIOBase):
    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # the base says WriteableBuffer
        while not self._rest:
            block = next(self._blocks, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken
