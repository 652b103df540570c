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
from domain.provider_invoice.reported import Change, Reported, without_adjustment

Status = Literal["populating", "active", "error", "deactivated", "deleted"]


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
    listed: Reported | None = None
    """What the provider reported last, as far as it was another than what was imported."""
    adjusts: UUID | None = None
    adjusts_number: str | None = None
    adjusts_total: Decimal | None = None
    """An adjustment's: the corrected invoice's whole total."""
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
    def checked(self) -> Totals:
        """The checksum's figures: of an adjustment those of the whole corrected invoice, not of the difference.

        The difference itself would miss by a cent where both invoices were rounded, or by what was overridden.
        """
        if self.adjusts_total is None:
            return self.totals
        whole = LineSums.of(part.sums for name, part in self.parts.items() if part.complete and name != DIFFERENCE)
        return Totals.of(self.header.model_copy(update={"total": self.adjusts_total}), whole)

    @property
    def number_in_files(self) -> str:
        """The number that the provider's files say, if they say one: of an adjustment that of the corrected invoice."""
        return self.adjusts_number or self.number

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
    def imported(self) -> Reported:
        """What the provider's list is compared with: what was imported, or adjusted to since."""
        if self._last_adjusted < 0:
            return self.revision, self.header.total, None
        return self.changes[self._last_adjusted].reported

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
            whole = state.adjusts_total if fact.adjusts_total is None else fact.adjusts_total
            return replace(state, header=fact.header, overridden=None, adjusts_total=whole)
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
                listed=None,
                revision=fact.revision,
            )
        case e.ChangeReported():
            return _reported(state, fact)
        case e.ChangeAcknowledged():
            return _settled(state, "acknowledged")
        case e.ChangeWithdrawn() if state.changes:
            return replace(_settled(state, "withdrawn"), listed=(fact.revision, fact.total, None))
        case e.Adjusted():
            return _adjusted(state, fact)
        case e.ChangeReopened():
            return _reported(replace(state, changes=without_adjustment(state.changes, fact.adjustment)), fact)
        case e.Deactivated():
            return replace(state, status="deactivated", changes=(), listed=None)
        case e.Deleted():
            return replace(state, status="deleted", changes=(), listed=None, reasons=(), messages=(), import_code=None)
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
        adjusts_total=fact.adjusts_total,
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


def _reported(state: ProviderInvoice, fact: e.ChangeReported | e.ChangeReopened) -> ProviderInvoice:
    change = Change(fact.revision, fact.total, "open", fact.listed_currency)
    return replace(state, changes=(*state.changes, change), listed=change.reported)


def _adjusted(state: ProviderInvoice, fact: e.Adjusted) -> ProviderInvoice:
    """The change that it settles is the last one with its pair; of a manual invoice nothing was reported."""
    adjustments = tuple(dict.fromkeys((*state.adjustments, fact.adjustment)))
    if state.source == "manual":
        return replace(state, adjustments=adjustments)
    to: Reported = (fact.revision, fact.total, None)
    changes = list(state.changes)
    settled = Change(fact.revision, fact.total, "adjusted", adjustment=fact.adjustment)
    at = next((i for i in reversed(range(len(changes))) if changes[i].reported == to), None)
    if at is None:
        return replace(state, changes=(*changes, settled), adjustments=adjustments, listed=to)
    changes[at] = settled
    return replace(state, changes=tuple(changes), adjustments=adjustments)


def _settled(state: ProviderInvoice, how: Literal["acknowledged", "withdrawn"]) -> ProviderInvoice:
    if not state.changes:
        return state
    return replace(state, changes=(*state.changes[:-1], replace(state.changes[-1], how=how)))
