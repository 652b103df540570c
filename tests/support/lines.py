"""Lines as the import engine writes them, in few words; and a line store on a database of the test's own."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from psycopg_pool import AsyncConnectionPool

from adapters.line_store import PostgresLineStore
from commands.ports.line_store import CopyLines, Population
from tests.support.origins import NOW


@dataclass(frozen=True)
class L:
    """A line: usage of product P1 by c-1 for 10 unless said otherwise."""

    number: int
    customer: str | None = "c-1"
    product: str | None = "p-1"
    amount: str = "10"
    kind: str = "usage"
    charge: str = "usage"
    day: date = date(2026, 2, 3)
    subscription: str | None = None
    quantity: str = "1"
    tax: str = ""
    currency: str = "EUR"
    attributes: str = field(default='{"CustomerName":"Contoso, Ltd","Sku":"a ""b"""}')

    def canonical(self) -> str:
        def quoted(text):
            return "" if text is None else '"' + text.replace('"', '""') + '"'

        return (
            f"{self.number},{self.kind},{self.charge},{quoted(self.customer)},{quoted(self.product)},"
            f"{quoted(self.subscription)},{self.day},{self.day},{self.quantity},{quoted('h')},,{self.amount},{self.tax},"
            f"{self.currency},{quoted(self.attributes.replace(chr(34) * 2, chr(92) + chr(34)))}\n"
        )


def content(population: int, lines: Sequence[L]) -> bytes:
    return "".join(f"{population},{line.canonical()}" for line in lines).encode()


def digest(lines: Sequence[L]) -> str:
    return hashlib.sha256("".join(line.canonical() for line in lines).encode()).hexdigest()


def offer_digest(*rows: tuple[int, str]) -> str:
    return hashlib.sha256("".join(f"{n},{cost}\n" for n, cost in rows).encode()).hexdigest()


def total(lines: Sequence[L]) -> Decimal:
    return sum((Decimal(line.amount) for line in lines), Decimal(0))


async def stored(store: PostgresLineStore, invoice, lines: Sequence[L], *, attempt=1, part="f.csv") -> int:
    """A population with these lines."""
    population = await store.open_population(
        Population(invoice, attempt, part, customer_name="CustomerName", product_name="Sku"), NOW
    )
    await store.copy_lines(CopyLines(population, [content(population, lines)]))
    return population


async def identify(pool: AsyncConnectionPool, *rows: tuple) -> None:
    """(kind, identifier, code[, from, to]) of provider ACME; code None: not resold."""
    async with pool.connection() as connection:
        for kind, identifier, code, *period in rows:
            if code is None:
                await connection.execute("INSERT INTO not_resold VALUES ('ACME', %s, %s, 'r')", (kind, identifier))
            else:
                first, last = (*period, None, None)[:2]
                await connection.execute(
                    "INSERT INTO reference_identifiers VALUES (%s, 'ACME', %s, %s, %s, %s)",
                    (kind, identifier, code, first, last),
                )
