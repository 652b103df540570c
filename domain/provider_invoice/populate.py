"""Filling an invoice: the header, chunks of a file, parts of a manual upload."""

from dataclasses import dataclass
from decimal import Decimal

from domain.fact import Fact
from domain.money import add, less
from domain.provider_invoice import events as e
from domain.provider_invoice.checksum import readable
from domain.provider_invoice.parts import DIFFERENCE, FileRef, Header, LineSums, PartRef
from domain.provider_invoice.state import ProviderInvoice
from domain.rejected import Rejected

MAX_CHUNK = 10_000
MAX_PARTS = 200
"""So that an attempt's first fact, which names the parts carried over, stays well under 256 KiB."""


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
    mapping: str | None = None
    left_out: int = 0


def create_manual(invoice: ProviderInvoice | None, provider: str, number: str, header: Header) -> list[Fact]:
    """A manual invoice begins. The same header again decides nothing; another one is refused."""
    if invoice is not None and invoice.status != "deleted":
        if invoice.source == "manual" and invoice.header == header:
            return []
        currency = invoice.header.currency
        raise Rejected(
            "provider-invoice-exists",
            f"{provider} {number} exists with another header (total {readable(invoice.header.total, currency)} "
            f"{currency}, {invoice.source}): correct it with PATCH, or delete it first.",
        )
    return [started(invoice, provider, number, header=header, source="manual", again=True)]


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
    again: bool = False,
) -> e.PopulationStarted:
    """The first fact of an invoice, or of its next attempt (`again`: it was deleted, and what it adjusted is over)."""
    return e.PopulationStarted(
        provider=provider,
        invoice_number=number,
        attempt=invoice.attempt + 1 if invoice else 1,
        source=source,
        revision=revision,
        header=header,
        files=files,
        carried=carried,
        adjusts=invoice.adjusts if invoice and not again else None,
        adjusts_number=invoice.adjusts_number if invoice and not again else None,
        adjusts_total=invoice.adjusts_total if invoice and not again else None,
    )


def record_chunk(invoice: ProviderInvoice, chunk: ChunkStored) -> list[Fact]:
    """A chunk is stored. One that is recorded already decides nothing, so a resumed worker repeats safely."""
    if invoice.status != "populating":
        raise Rejected("not-populating", f"{invoice.number} is {invoice.status}: its lines can't change now.")
    if chunk.sums.rows > MAX_CHUNK:
        raise Rejected("chunk-too-large", f"A chunk has at most {MAX_CHUNK:,} lines.", kind="invalid")
    known = invoice.parts.get(chunk.part)
    if known and known.population != chunk.population:
        raise Rejected("import-running", f"Another worker is filling {chunk.part} of {invoice.number}.")
    done = known.chunks if known else 0
    if chunk.chunk <= done:
        return []
    if chunk.chunk != done + 1:
        raise Rejected("chunk-missing", f"Chunk {chunk.chunk} of {chunk.part} came after chunk {done}.")
    return [_populated(invoice, chunk)]


def expect_part(invoice: ProviderInvoice, part: str, *, replace: bool) -> None:
    """Refuse an upload that could not be stored, before a line of it is read."""
    expect_manual_and_open(invoice)
    if part == DIFFERENCE:
        raise Rejected("part-reserved", f"The name {DIFFERENCE!r} is kept for adjustments: name the part otherwise.")
    if part not in invoice.parts and len(invoice.parts) >= MAX_PARTS:
        raise Rejected("too-many-parts", f"{invoice.number} has {MAX_PARTS} parts already: put more lines into one.")
    if replace and part not in invoice.parts:
        raise Rejected("part-missing", f"{invoice.number} has no part {part!r} to replace: add it with POST.")


def put_part(invoice: ProviderInvoice, chunks: list[ChunkStored], *, replace: bool) -> list[Fact]:
    """An uploaded part counts as a whole. The same bytes read with the same mapping again decide nothing.

    Without `replace` a part that is there already with other bytes is refused.
    """
    part, last = chunks[0].part, chunks[-1]
    if not is_new(invoice, part, last.file_sha256, last.mapping, replace=replace):
        return []
    facts = _reopened(invoice, without=part if replace else None)
    known = invoice.parts.get(part)
    if known is not None and invoice.status == "populating":
        facts.append(_removed(invoice, known, replaced=True))
    attempt = invoice.attempt + (1 if invoice.status != "populating" else 0)
    facts.extend(_populated(invoice, c, attempt=attempt) for c in chunks)
    return facts


def is_new(invoice: ProviderInvoice, part: str, file_sha256: str | None, mapping: str | None, *, replace: bool) -> bool:
    """Whether an upload says anything new: False for the same bytes with the same mapping, Rejected otherwise."""
    expect_manual_and_open(invoice)
    known = invoice.parts.get(part)
    if known is not None:
        if (known.file_sha256, known.mapping) == (file_sha256, mapping):
            return False
        if not replace:
            raise Rejected(
                "part-exists",
                f"Part {part!r} is there with {known.sums.rows:,} lines: replace it with PUT, or name another part.",
            )
    expect_part(invoice, part, replace=replace)
    return True


def overlaps_others(invoice: ProviderInvoice, chunks: list[ChunkStored]) -> bool:
    """Whether another part was stored meanwhile that has these line numbers: then they must be given anew."""
    first, last = min(c.first_line for c in chunks), max(c.last_line for c in chunks)
    others = (p for name, p in invoice.parts.items() if name != chunks[0].part and p.sums.rows)
    return any(p.first_line <= last and first <= p.last_line for p in others)


def remove_part(invoice: ProviderInvoice, part: str) -> list[Fact]:
    """A part no longer counts; one that is not there decides nothing."""
    expect_manual_and_open(invoice)
    known = invoice.parts.get(part)
    if known is None or part == DIFFERENCE:
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
            adjusts_total=None
            if invoice.adjusts_total is None
            else add(invoice.adjusts_total, less(header.total, invoice.header.total)),
        )
    )
    return facts


def follow_billed(invoice: ProviderInvoice, billed: Decimal) -> list[Fact]:
    """An adjustment's total is the corrected invoice's less what is billed today: it follows when that has changed."""
    if invoice.adjusts_total is None:
        return []
    total = less(invoice.adjusts_total, billed)
    if total == invoice.header.total:
        return []
    return [
        e.HeaderCorrected(
            provider=invoice.provider,
            invoice_number=invoice.number,
            attempt=invoice.attempt,
            header=invoice.header.model_copy(update={"total": total}),
            before=invoice.header,
        )
    ]


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
    return [next_attempt(invoice, without=without)]


def next_attempt(invoice: ProviderInvoice, *, without: str | None = None) -> e.PopulationStarted:
    """The next attempt with the same header and parts, but one; an adjustment's difference is made anew."""
    carried = tuple(p for k, p in invoice.parts.items() if k not in {without, DIFFERENCE} and p.complete)
    return started(
        invoice,
        invoice.provider,
        invoice.number,
        header=invoice.header,
        source=invoice.source,
        revision=invoice.revision,
        files=invoice.files,
        carried=carried,
    )


def make_difference(invoice: ProviderInvoice, chunks: list[ChunkStored]) -> list[Fact]:
    """What an adjustment holds: new minus old, as stored; recorded with the facts that end its attempt."""
    if invoice.adjusts is None or DIFFERENCE in invoice.parts:
        return []
    return [_populated(invoice, c) for c in chunks]


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
        mapping=chunk.mapping,
        left_out=chunk.left_out,
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
