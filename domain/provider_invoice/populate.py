"""Filling an invoice: the header, chunks of a file, parts of a manual upload."""

from dataclasses import dataclass

from domain.fact import Fact
from domain.provider_invoice import events as e
from domain.provider_invoice.parts import FileRef, Header, LineSums, PartRef
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected

MAX_CHUNK = 10_000


@dataclass(frozen=True, slots=True)
class ChunkStored:
    """A chunk of at most 10,000 lines, as it lies in the line store under its population."""

    part: str
    population: int
    chunk: int
    first_line: int
    last_line: int
    sums: LineSums
    currencies: tuple[str, ...]
    digest: str
    file_sha256: str | None
    complete: bool


def create_manual(invoice: ProviderInvoice | None, provider: str, number: str, header: Header) -> list[Fact]:
    """A manual invoice begins. The same header again decides nothing; another one is refused."""
    if invoice is not None and invoice.status != "deleted":
        if invoice.source == "manual" and invoice.header == header:
            return []
        raise Rejected(
            "provider-invoice-exists",
            f"{provider} {number} exists with another header (total {invoice.header.total} {invoice.header.currency}, "
            f"{invoice.source}): correct it with PATCH, or delete it first.",
        )
    return [started(invoice, provider, number, header=header, source="manual")]


def started(
    invoice: ProviderInvoice | None,
    provider: str,
    number: str,
    *,
    header: Header,
    source: e.Source,
    revision: str | None = None,
    files: tuple[FileRef, ...] = (),
    carried: tuple[PartRef, ...] = (),
) -> e.PopulationStarted:
    """The first fact of an invoice, or of its next attempt."""
    return e.PopulationStarted(
        provider=provider,
        invoice_number=number,
        attempt=invoice.attempt + 1 if invoice else 1,
        source=source,
        revision=revision,
        header=header,
        files=files,
        carried=carried,
        adjusts=invoice.adjusts if invoice else None,
        adjusts_number=invoice.adjusts_number if invoice else None,
    )


def record_chunk(invoice: ProviderInvoice, chunk: ChunkStored) -> list[Fact]:
    """A chunk is stored. One that is recorded already decides nothing, so a resumed worker repeats safely."""
    if invoice.status != "populating":
        raise Rejected("not-populating", f"{invoice.number} is {invoice.status}: its lines can't change now.")
    if chunk.sums.rows > MAX_CHUNK:
        raise Rejected("chunk-too-large", f"A chunk has at most {MAX_CHUNK:,} lines.", kind="invalid")
    known = invoice.parts.get(chunk.part)
    if known and known.population == chunk.population and chunk.chunk <= known.chunks:
        return []
    return [_populated(invoice, chunk)]


def put_part(invoice: ProviderInvoice, chunks: list[ChunkStored], *, replace: bool) -> list[Fact]:
    """An uploaded part counts as a whole. Without `replace` a part that is there already is refused."""
    part = chunks[0].part
    facts = _reopened(invoice, without=part if replace else None)
    known = invoice.parts.get(part)
    if known is not None:
        if not replace:
            raise Rejected(
                "part-exists",
                f"Part {part!r} is there with {known.sums.rows:,} lines: replace it with PUT, or name another part.",
            )
        if invoice.status == "populating":
            facts.append(_removed(invoice, known, replaced=True))
    attempt = invoice.attempt + (1 if invoice.status != "populating" else 0)
    facts.extend(_populated(invoice, c, attempt=attempt) for c in chunks)
    return facts


def remove_part(invoice: ProviderInvoice, part: str) -> list[Fact]:
    """A part no longer counts; one that is not there decides nothing."""
    known = invoice.parts.get(part)
    if known is None:
        expect_manual_and_open(invoice)
        return []
    facts = _reopened(invoice, without=part)
    if invoice.status == "populating":
        facts.append(_removed(invoice, known, replaced=False))
    return facts


def correct_header(invoice: ProviderInvoice, header: Header) -> list[Fact]:
    """The header of a manual invoice, typed in anew; the same one decides nothing."""
    expect_manual_and_open(invoice)
    if header == invoice.header:
        return []
    facts: list[Fact] = _reopened(invoice, without=None)
    attempt = invoice.attempt + (1 if facts else 0)
    facts.append(
        e.HeaderCorrected(
            provider=invoice.provider,
            invoice_number=invoice.number,
            attempt=attempt,
            header=header,
            before=invoice.header,
        )
    )
    return facts


def expect_manual_and_open(invoice: ProviderInvoice) -> None:
    """Lines, parts and header change by hand only on manual invoices that are neither active nor deleted."""
    if invoice.source != "manual":
        raise Rejected(
            "provider-invoice-automatic",
            f"{invoice.number} comes from the provider's connection: sync it instead of typing it in.",
        )
    if invoice.status == "active":
        raise Rejected("provider-invoice-active", f"{invoice.number} is active: deactivate it first, or adjust it.")
    if invoice.status == "deleted":
        raise Rejected("provider-invoice-deleted", f"{invoice.number} is deleted: create it again.")


def _reopened(invoice: ProviderInvoice, *, without: str | None) -> list[Fact]:
    """The next attempt of a manual invoice that had ended, with the other parts carried over."""
    expect_manual_and_open(invoice)
    if invoice.status == "populating":
        return []
    carried = tuple(p for k, p in invoice.parts.items() if k != without and p.complete)
    return [started(invoice, invoice.provider, invoice.number, header=invoice.header, source="manual", carried=carried)]


def _populated(invoice: ProviderInvoice, chunk: ChunkStored, *, attempt: int | None = None) -> e.LinesPopulated:
    return e.LinesPopulated(
        provider=invoice.provider,
        invoice_number=invoice.number,
        attempt=attempt or invoice.attempt,
        part=chunk.part,
        population=chunk.population,
        chunk=chunk.chunk,
        first_line=chunk.first_line,
        last_line=chunk.last_line,
        sums=chunk.sums,
        currencies=chunk.currencies,
        digest=chunk.digest,
        file_sha256=chunk.file_sha256,
        complete=chunk.complete,
    )


def _removed(invoice: ProviderInvoice, part: PartRef, *, replaced: bool) -> e.PartRemoved:
    return e.PartRemoved(
        provider=invoice.provider,
        invoice_number=invoice.number,
        attempt=invoice.attempt,
        part=part.part,
        rows=part.sums.rows,
        replaced=replaced,
    )
