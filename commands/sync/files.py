"""The files of an offered invoice: fetched into the raw file store, and named as events name them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from commands.ports.imports import KeepMapping
from commands.ports.provider_files import (
    FileRejected,
    MappingSource,
    OfferedFile,
    OfferedInvoice,
    ProviderConnection,
    ProviderFileReader,
    Role,
)
from commands.ports.raw_files import KeptFile, RawFiles
from commands.provider_invoice.desk import InvoiceDesk
from commands.provider_invoice.reading import mapping_name, provider_mapping
from commands.sync.desk import SyncDesk
from domain.provider_invoice.parts import DIFFERENCE, FileRef
from domain.rejected import Rejected

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Fetched:
    """Files as kept, in the order of the list; `refused` is why the next one could not be had."""

    files: tuple[FileRef, ...]
    mappings: tuple[KeepMapping, ...]
    refused: FileRejected | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One file of an attempt, ready to be read as part `part`."""

    part: str
    role: Role
    mapping: MappingSource
    mapping_name: str
    split: Mapping[str, tuple[str, ...]]
    kept: KeptFile


async def fetch_files(
    desk: InvoiceDesk, connection: ProviderConnection, offered: OfferedInvoice, own_mapping: str | None
) -> Fetched:
    """Fetch all files of an invoice. `own_mapping`: the provider's, for files that the list names no format for."""

    files: list[FileRef] = []
    mappings: dict[str, KeepMapping] = {}
    for file in offered.files:
        try:
            ref, keep = await asyncio.to_thread(_fetch, connection, desk.files, desk.reader, file, own_mapping)
        except FileRejected as refused:
            return Fetched(tuple(files), tuple(mappings.values()), refused)
        files.append(ref)
        if keep is not None:
            mappings[keep.name] = keep
    return Fetched(tuple(files), tuple(mappings.values()))


def _fetch(
    connection: ProviderConnection,
    raw: RawFiles,
    reader: ProviderFileReader,
    file: OfferedFile,
    own_mapping: str | None,
) -> tuple[FileRef, KeepMapping | None]:
    opened = connection.open(file)
    if opened.sha256 is None:
        raise TypeError("a connection gives files that are kept under their digest")
    kept = raw.get(opened.sha256, file.path)
    mapping = file.mapping
    if mapping == AUTO:
        mapping = _own(own_mapping) if own_mapping else reader.format_of(kept)
    split = dict(file.split)
    name = mapping_name(mapping, split)
    ref = FileRef(path=file.path, role=file.role, sha256=kept.sha256, size=kept.bytes, mapping=name)
    return ref, None if name == mapping else KeepMapping(name, mapping, split)


def _own(text: str) -> MappingSource:
    try:
        return provider_mapping(text)
    except Rejected as error:
        raise FileRejected(error.code, error.detail) from error


def part_names(files: Sequence[FileRef]) -> list[str]:
    """A part for each file, named by its path; the same path again (for another role) is told apart by a number."""
    names: list[str] = []
    for file in files:
        name, number = file.path, 1
        while name in names or name == DIFFERENCE:
            number += 1
            name = f"{file.path}#{number}"
        names.append(name)
    return names


async def sources_of(desk: SyncDesk, files: Sequence[FileRef]) -> list[Source]:
    """The files of an attempt as they were kept when it began. FileRejected for one that is gone."""
    sources = []
    for part, file in zip(part_names(files), files, strict=True):
        kept = await asyncio.to_thread(desk.invoices.files.get, file.sha256, file.path)
        name = file.mapping or AUTO
        found = await desk.imports.mapping(name)
        mapping, split = found if found is not None else (name, {})
        sources.append(Source(part, file.role, mapping, name, split, kept))
    return sources
