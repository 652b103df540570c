"""What a provider invoice is, folded from its facts; lines are never read for it."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal
from uuid import UUID

from domain.fact import Fact
from domain.provider_invoice import events as e
from domain.provider_invoice.parts import DIFFERENCE, ErrorReason, FileRef, Header, LineSums, PartRef, Totals

Status = Literal["populating", "active", "error", "deactivated", "deleted"]


@dataclass(frozen=True, slots=True)
class Change:
    """What the provider reported for an active invoice; `open` until somebody or the provider settles it."""

    revision: str | None
    total: Decimal
    how: Literal["open", "acknowledged", "withdrawn", "adjusted"]


@dataclass(frozen=True, slots=True)
class ProviderInvoice:
    """The present state. `status` is the status reason; `ended` says how the attempt's checks ended, if they did."""

    provider: str
    number: str
    source: e.Source
    header: Header
    attempt: int = 1
    status: Status = "populating"
    revision: str | None = None
    files: tuple[FileRef, ...] = ()
    parts: Mapping[str, PartRef] = field(default_factory=dict)
    reasons: tuple[ErrorReason, ...] = ()
    messages: tuple[str, ...] = ()
    import_code: str | None = None
    difference: Decimal | None = None
    tries: int = 0
    overridden: Decimal | None = None
    changes: tuple[Change, ...] = ()
    adjusts: UUID | None = None
    adjusts_number: str | None = None
    adjustments: tuple[UUID, ...] = ()

    @property
    def counted(self) -> tuple[PartRef, ...]:
        """The parts that count, by name: the complete ones; of an adjustment, once it is made, its difference alone."""
        difference = self.parts.get(DIFFERENCE)
        if difference is not None:
            return (difference,) if difference.complete else ()
        return tuple(part for _, part in sorted(self.parts.items()) if part.complete)

    @property
    def sums(self) -> LineSums:
        """Exact sums over the parts that count."""
        return LineSums.of(p.sums for p in self.counted)

    @property
    def totals(self) -> Totals:
        """The checksum's figures as of now."""
        return Totals.of(self.header, self.sums)

    @property
    def rows(self) -> int:
        """Lines in the parts that count."""
        return self.sums.rows

    @property
    def last_line(self) -> int:
        """The highest line number in use; new parts number their lines above it."""
        return max((p.last_line for p in self.parts.values()), default=0)

    @property
    def currencies(self) -> tuple[str, ...]:
        """Currencies of the lines, sorted."""
        return tuple(sorted({c for p in self.counted for c in p.currencies}))

    @property
    def since_adjusted(self) -> tuple[Change, ...]:
        """Changes reported since the last adjustment."""
        return self.changes[self._last_adjusted + 1 :]

    @property
    def imported(self) -> tuple[str | None, Decimal]:
        """The (revision, total) that the provider's list is compared with: what was imported, or adjusted to since."""
        if self._last_adjusted < 0:
            return self.revision, self.header.total
        return self.changes[self._last_adjusted].revision, self.changes[self._last_adjusted].total

    @property
    def _last_adjusted(self) -> int:
        return max((i for i, change in enumerate(self.changes) if change.how == "adjusted"), default=-1)

    @property
    def open_change(self) -> Change | None:
        """The last reported change, while nobody settled it."""
        return self.changes[-1] if self.changes and self.changes[-1].how == "open" else None

    @property
    def populations(self) -> tuple[int, ...]:
        """Populations of the line store that hold this attempt's lines."""
        return tuple(sorted(p.population for p in self.counted))

    @property
    def left_out(self) -> int:
        """Rows of the files that are no lines of this invoice."""
        return sum(p.left_out for p in self.parts.values() if p.complete)


def evolve(state: ProviderInvoice | None, fact: Fact) -> ProviderInvoice | None:  # noqa: C901, PLR0911, PLR0912 -- one table of transitions
    """The state after a fact. Facts of other aggregates, and those that change nothing here, leave it as it is."""
    match fact:
        case e.PopulationStarted():
            return _started(state, fact)
        case _ if state is None:
            return None
        case e.LinesPopulated():
            return replace(state, parts={**state.parts, fact.part: _with_chunk(state.parts.get(fact.part), fact)})
        case e.PartRemoved():
            return replace(state, parts={k: v for k, v in state.parts.items() if k != fact.part})
        case e.HeaderCorrected():
            return replace(state, header=fact.header, overridden=None)
        case e.ReferencesUnresolved():
            return _failed(state, "unresolved_references", fact.message)
        case e.ChecksumFailed():
            return replace(_failed(state, "checksum_failed", fact.message), difference=fact.difference)
        case e.ChecksumOverridden():
            return replace(state, overridden=fact.difference)
        case e.ImportFailed():
            return replace(_failed(state, "import_failed", fact.message), import_code=fact.code)
        case e.ImportRetried():
            return replace(
                state,
                tries=fact.tries,
                reasons=fact.reasons,
                messages=fact.messages,
                difference=fact.difference,
                import_code=fact.code,
                revision=fact.revision,
            )
        case e.Activated():
            return replace(
                state,
                status="active",
                reasons=(),
                messages=(),
                import_code=None,
                difference=None,
                tries=0,
                changes=(),
                revision=fact.revision,
            )
        case e.ChangeReported():
            return replace(state, changes=(*state.changes, Change(fact.revision, fact.total, "open")))
        case e.ChangeAcknowledged():
            return _settled(state, "acknowledged")
        case e.ChangeWithdrawn():
            return _settled(state, "withdrawn")
        case e.Adjusted():
            settled = _settled(state, "adjusted")
            return replace(settled, adjustments=(*state.adjustments, fact.adjustment))
        case e.Deactivated():
            return replace(state, status="deactivated", changes=())
        case e.Deleted():
            return replace(state, status="deleted", changes=(), reasons=(), messages=(), import_code=None)
        case _:
            return state


def fold(facts: Iterable[Fact]) -> ProviderInvoice | None:
    """The state after all facts, None when there are none."""
    state: ProviderInvoice | None = None
    for fact in facts:
        state = evolve(state, fact)
    return state


def chained(digest: str, chunk_digest: str) -> str:
    """A part's digest after one more chunk: SHA-256 over the digest so far and the chunk's, both as hex."""
    return hashlib.sha256(f"{digest}{chunk_digest}".encode()).hexdigest()


def _started(state: ProviderInvoice | None, fact: e.PopulationStarted) -> ProviderInvoice:
    return ProviderInvoice(
        provider=fact.provider,
        number=fact.invoice_number,
        source=fact.source,
        header=fact.header,
        attempt=fact.attempt,
        revision=fact.revision,
        files=fact.files,
        parts={p.part: p for p in fact.carried},
        adjusts=fact.adjusts,
        adjusts_number=fact.adjusts_number,
        adjustments=state.adjustments if state else (),
    )


def _with_chunk(part: PartRef | None, fact: e.LinesPopulated) -> PartRef:
    if part is None or part.population != fact.population:
        return PartRef(
            part=fact.part,
            population=fact.population,
            first_line=fact.first_line,
            last_line=fact.last_line,
            sums=fact.sums,
            currencies=fact.currencies,
            chunks=1,
            digest=chained("", fact.digest),
            file_sha256=fact.file_sha256,
            mapping=fact.mapping,
            left_out=fact.left_out,
            complete=fact.complete,
        )
    return part.model_copy(
        update={
            "first_line": min(part.first_line, fact.first_line),
            "last_line": max(part.last_line, fact.last_line),
            "sums": part.sums.plus(fact.sums),
            "currencies": tuple(sorted({*part.currencies, *fact.currencies})),
            "chunks": part.chunks + 1,
            "digest": chained(part.digest, fact.digest),
            "left_out": part.left_out + fact.left_out,
            "complete": fact.complete,
        }
    )


def _failed(state: ProviderInvoice, reason: ErrorReason, message: str) -> ProviderInvoice:
    first = state.status != "error"
    return replace(
        state,
        status="error",
        reasons=(reason,) if first else (*state.reasons, reason),
        messages=(message,) if first else (*state.messages, message),
        tries=1,
    )


def _settled(state: ProviderInvoice, how: Literal["acknowledged", "withdrawn", "adjusted"]) -> ProviderInvoice:
    if not state.changes:
        return state
    return replace(state, changes=(*state.changes[:-1], replace(state.changes[-1], how=how)))
