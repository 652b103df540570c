"""A busy day by chance, the same for the same seed: invoices are imported, fail, are mended, billed and changed."""

import random
from decimal import Decimal
from uuid import UUID

from tests.support.billing import CustomerInvoiceFacts, OfferFacts, ProviderInvoiceFacts, customer_saved
from tests.support.records import Happened


class BusyDay:
    """Lets one thing after the other happen to one of many invoices, each in an order that can be."""

    def __init__(self, happened: Happened, seed: int = 1, invoices: int = 20) -> None:
        self._happened = happened
        self._chance = random.Random(seed)
        self._steps = [self._provider_invoice(n) for n in range(invoices)]
        self._steps += [self._customer_invoice(n) for n in range(invoices)]
        self._steps += [self._customer(n) for n in range(invoices // 2)]

    def happen(self, times: int) -> None:
        """So many more commands."""
        for _ in range(times):
            next(self._chance.choice(self._steps))

    def _provider_invoice(self, n: int):
        i, add = ProviderInvoiceFacts(f"F-{n}"), self._happened.add
        attempt = 0
        while True:
            attempt += 1
            yield add(i.stream, i.started(attempt=attempt))
            yield add(i.stream, i.populated(attempt=attempt))
            if self._chance.random() < 0.5:
                yield add(i.stream, i.unresolved(attempt), i.checksum_failed(attempt))
                for tries in range(self._chance.randint(0, 3)):
                    yield add(i.stream, i.retried(attempt, tries + 2))
                add(i.stream, i.overridden(attempt), i.activated(attempt, "0.30"))
            else:
                add(i.stream, i.activated(attempt))
            offers = [OfferFacts(i, f"c-{c}", attempt) for c in range(self._chance.randint(1, 3))]
            for offer in offers:
                yield add(offer.stream, offer.offered(), key=i.stream.id)
            for offer in offers:
                yield add(offer.stream, offer.invoiced(UUID(int=n)), key=i.stream.id)
                if self._chance.random() < 0.3:
                    yield add(offer.stream, offer.released(UUID(int=n)), key=i.stream.id)
                    yield add(offer.stream, offer.reoffered(), key=i.stream.id)
            if self._chance.random() < 0.5:
                yield add(i.stream, i.changed())
                yield add(i.stream, self._chance.choice((i.acknowledged(), i.withdrawn(), i.adjusted())))
            for offer in offers:
                yield add(offer.stream, offer.withdrawn(), key=i.stream.id)
            yield add(i.stream, self._chance.choice((i.deactivated(), i.deleted(attempt))))

    def _customer_invoice(self, n: int):
        c, add = CustomerInvoiceFacts(f"R-{n}", f"c-{n % 5}"), self._happened.add
        yield add(c.stream, c.created())
        while True:
            cents = Decimal(self._chance.randint(-10_000, 10_000)) / 1000
            yield add(c.stream, c.added(self._chance.randint(1, 50), str(cents)))
            if self._chance.random() < 0.2:
                yield add(c.stream, c.removed())

    def _customer(self, n: int):
        version = 0
        while True:
            version += 1
            yield self._happened.add(*customer_saved(f"c-{n}", version, f"enc:{version}"))
