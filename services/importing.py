"""What `ledgerline import` does: through the same commands as the API, in this process."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final
from uuid import UUID

from pydantic import ValidationError

from adapters.provider_files.mapping import parse_mapping_text
from adapters.provider_files.reader import ArrowProviderFileReader
from commands.origin import Origin
from commands.ports.operations import Item
from commands.ports.provider_files import Expect, FileRejected, KindSums, MappingSource, Reading, UploadMedia
from commands.provider_invoice.activate import activate
from commands.provider_invoice.create import create
from commands.provider_invoice.desk import load
from commands.provider_invoice.put_lines import Upload, put_lines
from commands.provider_invoice.reading import provider_mapping
from commands.reference.save import save
from commands.sync.request import request_sync
from domain.money import add, fixed, plain
from domain.provider_invoice.parts import Header as InvoiceHeader
from domain.provider_invoice.state import ProviderInvoice
from domain.reference.bodies import Connection, ProviderBody
from domain.reference.kinds import KINDS
from domain.rejected import Rejected
from services.operator_origin import operator_origin
from services.settings import Settings
from services.wiring import Parts, open_parts
from services.worker import make_runner

LEDGERLINE: Final = "ledgerline"
_BLOCK: Final = 1024 * 1024
_MEDIA: Final[dict[str, UploadMedia]] = {".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson"}


@dataclass(frozen=True, slots=True)
class Header:
    """What the caller says of the invoice; without a date it is the period's end."""

    provider: str
    number: str
    total: Decimal
    period_from: date
    period_to: date
    dated: date | None
    currency: str


@dataclass(frozen=True, slots=True)
class Sums:
    """What a file adds up to, exactly."""

    file: str
    format: str
    lines: int
    licence: str
    usage: str
    tax: str
    currencies: str

    def document(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Imported:
    """How an import ended."""

    number: str
    status: str
    lines: int
    total: str
    currency: str
    messages: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _LocalFile:
    path: str
    sha256: str | None = None

    def open(self) -> BinaryIO:
        """From the beginning."""
        return Path(self.path).open("rb")


def mapping_of(text: str | None) -> MappingSource | None:
    """A format's name as it is, a mapping file (.toml) as its content. Rejected `mapping-invalid`, `file-not-found`."""
    if text is None or not text.endswith(".toml"):
        return text
    try:
        return parse_mapping_text(Path(text).read_text(encoding="utf-8"), name=text)
    except FileRejected as wrong:
        raise Rejected(wrong.code, wrong.message, kind="invalid") from wrong
    except (OSError, UnicodeDecodeError) as error:
        raise Rejected("file-not-found", f"The mapping {text} can't be read: {error}.", kind="invalid") from None


def sums_of(
    files: Sequence[Path], mapping: MappingSource, currency: str, progress: Callable[[int], None]
) -> list[Sums]:
    """Read the files and add them up; nothing is stored. Rejected names what is wrong with one. `currency` is that of
    lines that name none.
    """
    reader = ArrowProviderFileReader()
    found = []
    for file in files:
        totals: dict[str, KindSums] = {}
        currencies: set[str] = set()
        try:
            reading = _reading(reader, file, mapping, currency)
            for chunk in reading:
                for kind, sums in chunk.sums.items():
                    before = totals.get(kind, KindSums())
                    totals[kind] = KindSums(
                        before.count + sums.count, add(before.amount, sums.amount), add(before.tax, sums.tax)
                    )
                currencies |= chunk.currencies
                progress(chunk.rows)
        except FileRejected as wrong:
            raise Rejected(wrong.code, wrong.message, kind="invalid") from wrong
        report = reading.report()
        tax = add(*(s.tax for s in totals.values()), totals.get("tax", KindSums()).amount)
        found.append(
            Sums(
                file.name,
                report.format,
                report.rows,
                plain(totals.get("licence", KindSums()).amount),
                plain(totals.get("usage", KindSums()).amount),
                plain(tax),
                ", ".join(sorted(currencies)),
            )
        )
    return found


def _reading(reader: ArrowProviderFileReader, file: Path, mapping: MappingSource, currency: str) -> Reading:
    expect = Expect(currency=currency)
    media = _MEDIA.get(file.suffix, "csv")
    if media == "csv":
        return reader.read(_LocalFile(str(file)), mapping=mapping, expect=expect)
    return reader.read_upload(_raw(file), name=file.name, media=media, mapping=LEDGERLINE, expect=expect)


def import_files(
    settings: Settings,
    header: Header,
    files: Sequence[Path],
    mapping: MappingSource | None,
    progress: Callable[[int], None],
) -> Imported:
    """Type in the header, upload each file as a part, activate. All files are read first: a bad one leaves nothing."""

    async def run() -> Imported:
        async with open_parts(settings) as parts:
            origin = operator_origin(parts, "import")
            known = await parts.reference.provider(header.provider)
            own = provider_mapping(known.body.mapping) if known is not None and known.body.mapping else "auto"
            await asyncio.to_thread(sums_of, files, mapping or own, header.currency, progress)
            made = await create(
                parts.invoices, origin, provider=header.provider, number=header.number, header=_sound(header)
            )
            invoice = made.outcome.id
            for file in files:
                upload = Upload(file.name, _MEDIA.get(file.suffix, "csv"), mapping, replace=True)
                await put_lines(parts.invoices, origin, invoice, upload, _blocks(file))
            done = await activate(parts.invoices, origin, invoice)
            return _imported(done.outcome.state)

    return asyncio.run(run())


def import_manifest(
    settings: Settings, provider: str, manifest: Path, progress: Callable[[int, int | None], None]
) -> list[Imported]:
    """Sync what a manifest lists, here and now. A provider nobody knows yet is made, with this manifest.

    Rejected `list-not-fetched` says what is wrong with the manifest; what it lists ends each for itself.
    """
    location = manifest.resolve()
    folder = str(location.parent)
    allowed = settings.model_copy(update={"import_roots": (*settings.import_roots, folder)})

    async def run() -> list[Imported]:
        async with open_parts(allowed) as parts:
            origin = operator_origin(parts, "import")
            await _expect_provider(parts, origin, provider, str(location))
            asked = (await request_sync(parts.sync, origin, provider)).outcome
            stop = asyncio.Event()
            working = asyncio.create_task(make_runner(parts).run(stop))
            found = asked
            try:
                while found.open:
                    await asyncio.sleep(0.05)
                    found = await parts.operations.get(asked.id) or found
                    progress(found.done, found.total)
            finally:
                stop.set()
                await working
            if found.status != "done":
                raise Rejected("list-not-fetched", found.message or f"The sync ended as {found.status}.")
            return [await _of(parts, item) for item in await parts.operations.items(asked.id)]

    return asyncio.run(run())


async def _expect_provider(parts: Parts, origin: Origin, code: str, manifest: str) -> None:
    known = await parts.reference.provider(code)
    if known is None:
        body = ProviderBody(code=code, name=code, mode="automatic", connection=Connection(manifest=manifest))
        await save(parts.desk, origin, KINDS["provider"], body)
    elif known.body.connection is None or known.body.connection.manifest != manifest:
        raise Rejected(
            "other-connection",
            f"{code} is connected to {known.body.connection.manifest if known.body.connection else 'nothing'}: "
            "save its connection first, or name another provider.",
        )


async def _of(parts: Parts, item: Item) -> Imported:
    if item.href is None or item.outcome == "refused":  # there may be no invoice
        return Imported(item.name, item.outcome, 0, "", "", (item.detail or "",))
    return _imported((await load(parts.invoices, UUID(item.href.rpartition("/")[2]))).state)


def _imported(state: ProviderInvoice) -> Imported:
    currency = state.header.currency
    total = fixed(state.header.total, currency)
    return Imported(state.number, state.status, state.rows, total, currency, state.messages)


def _sound(header: Header) -> InvoiceHeader:
    try:
        return InvoiceHeader(
            invoice_date=header.dated or header.period_to,
            period_from=header.period_from,
            period_to=header.period_to,
            currency=header.currency,
            total=header.total,
        )
    except ValidationError as wrong:
        said = "; ".join(e["msg"].removeprefix("Value error, ") for e in wrong.errors())
        raise Rejected("invalid-header-fields", f"The header can't be: {said}.", kind="invalid") from None


def _raw(file: Path) -> Iterator[bytes]:
    with file.open("rb") as raw:
        while block := raw.read(_BLOCK):
            yield block


async def _blocks(file: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(file.open, "rb") as raw:
        while block := await asyncio.to_thread(raw.read, _BLOCK):
            yield block
