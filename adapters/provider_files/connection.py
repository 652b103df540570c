"""An automatic provider that lists its invoices in a manifest beside its files, or at an HTTP address."""

from urllib.parse import urlsplit

from adapters.provider_files.catalogue import AUTO, load_mapping
from adapters.provider_files.manifest import ListedFile, ListedInvoice, parse_list
from adapters.provider_files.mapping import parse_mapping_text
from adapters.provider_files.source import FileSources, beside
from commands.ports.provider_files import (
    FileRejected,
    ListNotFetched,
    MappingSource,
    OfferedFile,
    OfferedInvoice,
)
from commands.ports.raw_files import KeptFile

_LIST_BYTES = 64 * 1024**2
_MAPPING_BYTES = 1024**2


class ManifestConnection:
    """See the port's `ProviderConnection`. `location` is the list's; file paths in it are relative to it."""

    def __init__(self, sources: FileSources, location: str, *, authorization: str | None = None) -> None:
        self._sources = sources
        self._location = location
        self._authorization = authorization

    def list_invoices(self) -> list[OfferedInvoice]:
        """Fetch and read the list. ListNotFetched when it can't be had or is wrong."""
        try:
            content = self._sources.read(self._location, max_bytes=_LIST_BYTES, authorization=self._authorization)
        except FileRejected as error:
            raise ListNotFetched(f"The list could not be fetched: {error.message}") from error
        is_csv = urlsplit(self._location).path.lower().endswith(".csv")
        return [self._offered(listed) for listed in parse_list(content, shape="csv" if is_csv else "json")]

    def open(self, file: OfferedFile) -> KeptFile:
        """Copy the file into the raw file store. FileRejected when it can't be had."""
        location = beside(self._location, file.path)
        return self._sources.fetch(location, authorization=self._access(location), name=file.path)

    def _access(self, location: str) -> str | None:
        """The connection's secret is for the list's own host, not for wherever the list points."""
        same = urlsplit(location)[:2] == urlsplit(self._location)[:2]
        return self._authorization if same else None

    def _offered(self, listed: ListedInvoice) -> OfferedInvoice:
        return OfferedInvoice(
            number=listed.number,
            date=listed.date,
            period_from=listed.period_from,
            period_to=listed.period_to,
            currency=listed.currency,
            total=listed.total,
            revision=listed.revision,
            tax_included=listed.tax_included,
            files=tuple(self._file(listed, file) for file in listed.files),
        )

    def _file(self, listed: ListedInvoice, file: ListedFile) -> OfferedFile:
        splits = file.split if isinstance(file.split, tuple) else (file.split,)
        try:
            mapping = self._mapping(file)
            load_mapping(mapping)
        except FileRejected as error:
            raise ListNotFetched(
                f"The list could not be read: invoice {listed.number}, file {file.path}: {error.message}"
            ) from error
        return OfferedFile(
            path=file.path, role=file.role, mapping=mapping, split={split.by: split.value for split in splits}
        )

    def _mapping(self, file: ListedFile) -> MappingSource:
        if file.format is not None:
            return file.format
        if isinstance(file.mapping, str):
            location = beside(self._location, file.mapping)
            content = self._sources.read(location, max_bytes=_MAPPING_BYTES, authorization=self._access(location))
            return parse_mapping_text(content.decode("utf-8", "replace"), name=file.mapping)
        return AUTO if file.mapping is None else file.mapping
