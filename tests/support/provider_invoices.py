"""Facts of provider invoices in few words, for tests: ACME's F-1 over 100.00 EUR."""

from datetime import date
from decimal import Decimal

from domain.provider_invoice import events as e
from domain.provider_invoice.conclude import Resolved, Unresolved
from domain.provider_invoice.parts import FileRef, Header, KindSum, LineSums, MissingReference
from domain.provider_invoice.populate import ChunkStored
from domain.provider_invoice.state import ProviderInvoice, evolve, fold

PROVIDER, NUMBER = "ACME", "F-1"


def header(total="100.00", currency="EUR", **more) -> Header:
    february = {"period_from": date(2026, 2, 1), "period_to": date(2026, 2, 28)}
    return Header(
        invoice_date=date(2026, 3, 1),
        currency=currency,
        total=Decimal(total),
        **{**february, **more},
    )


def sums(usage="100", rows=2, licence="0", tax="0") -> LineSums:
    return LineSums(
        usage=KindSum(count=rows, amount=Decimal(usage)),
        licence=KindSum(count=int(licence != "0"), amount=Decimal(licence)),
        tax=KindSum(count=int(tax != "0"), amount=Decimal(tax)),
    )


def file(sha="aa", path="f.csv", **more) -> FileRef:
    return FileRef(path=path, sha256=sha, size=10, **more)


def chunk(part="f.csv", population=1, number=1, **more) -> ChunkStored:
    fields = {
        "first_line": 2 * number - 1,
        "last_line": 2 * number,
        "sums": sums(),
        "currencies": ("EUR",),
        "digest": f"{number:02}",
        "file_sha256": "aa",
        "complete": True,
        **more,
    }
    return ChunkStored(part=part, population=population, chunk=number, **fields)


def named(cls, attempt=1, **more):
    return cls(provider=PROVIDER, invoice_number=NUMBER, attempt=attempt, **more)


def started(attempt=1, source="automatic", total="100.00", files=(), **more):
    fields = {
        "header": header(total),
        "revision": "1" if source == "automatic" else None,
        "files": tuple(files),
        **more,
    }
    return named(e.PopulationStarted, attempt, source=source, **fields)


def populated(attempt=1, part="f.csv", population=1, number=1, **more):
    c = chunk(part, population, number, **more)
    return named(
        e.LinesPopulated,
        attempt,
        part=c.part,
        population=c.population,
        chunk=c.chunk,
        first_line=c.first_line,
        last_line=c.last_line,
        sums=c.sums,
        currencies=c.currencies,
        digest=c.digest,
        file_sha256=c.file_sha256,
        complete=c.complete,
    )


RESOLVED = Resolved(customers=(), excluded_rows=0, digest="dd")
UNRESOLVED = Unresolved(
    missing=2,
    lines=3,
    amount=Decimal("12.5"),
    biggest=(MissingReference(kind="customer", reference="c-9", lines=2, amount=Decimal(12)),),
)


def given(*facts) -> ProviderInvoice:
    state = fold(facts)
    assert state is not None
    return state


def after(state: ProviderInvoice, facts) -> ProviderInvoice:
    for fact in facts:
        state = evolve(state, fact)
    return state


def types(facts) -> list[str]:
    return [f.type.removeprefix("provider-invoice.") for f in facts]
