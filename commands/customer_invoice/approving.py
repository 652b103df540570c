"""One approval of one invoice, decided but not stored: what it needs to be, with or without a number."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from commands.customer_invoice.desk import Answering, InvoicingDesk, Loaded, Outcome
from commands.customer_invoice.request_approval import snapshot_of
from commands.origin import Origin
from commands.ports.event_store import Rows, Save
from commands.ports.numbering import NumberedSave
from domain.customer_invoice import approval
from domain.customer_invoice.approval import Number
from domain.customer_invoice.approval_events import Approved
from domain.customer_invoice.state import evolve
from domain.numbering.numbers import Receiver


@dataclass(frozen=True, slots=True)
class Ready:
    """`save`: a step that does not end it (None: decided before). `numbered`: the last word, which takes a number."""

    save: Save | None
    numbered: NumberedSave | None
    outcome: Outcome
    """Without the number."""
    outcome_with: Callable[[Number], Outcome]


def decide_approval(
    loaded: Loaded,
    origin: Origin,
    name: str | None,
    *,
    comment: str | None = None,
    answer: Answering = None,
    rows: Sequence[Rows] = (),
) -> Ready:
    """The origin's actor says yes. Raises what the decision raises."""
    setting = loaded.setting
    decision = approval.approve(
        loaded.state,
        setting.process,
        setting.groups,
        approver=origin.actor,
        snapshot=snapshot_of(loaded, name),
        today=setting.today,
        comment=comment,
    )
    before = loaded.after(decision.facts)
    ends: dict[Number, Approved] = {}

    def end_with(number: Number) -> Approved:
        if number not in ends:
            ends.clear()
            ends[number] = approval.approved(before.state, number, approver=origin.actor, day=origin.business_date)
        return ends[number]

    def outcome_with(number: Number) -> Outcome:
        state = evolve(before.state, end_with(number)) or before.state
        return replace(before, version=before.version + 1, state=state)

    def finish(number: Number) -> Save:
        told = answer(outcome_with(number)) if answer else None
        return replace(loaded.save(origin, (*decision.facts, end_with(number))), rows=(), answer=told)

    if not decision.completes:
        save = loaded.save(origin, decision.facts, rows) if decision.facts else None
        return Ready(save, None, before, outcome_with)
    # Rendered for its key only: the answer that is stored is made with the number.
    told = answer(outcome_with(Number("", setting.series.code, None, 0))) if answer else None
    numbered = NumberedSave(
        origin=origin,
        after=(loaded.history,),
        receiver=Receiver(loaded.history.stream.id, loaded.state.reference, loaded.state.customer),
        series=setting.series,
        order=(loaded.state.period_to, loaded.state.customer, loaded.history.stream.id),
        finish=finish,
        subject=decision.facts[0].data_subject(),
        key=told.key if told else None,
        rows=(*loaded.rows, *rows),
    )
    return Ready(None, numbered, before, outcome_with)


async def names_for(desk: InvoicingDesk, loaded: Sequence[Loaded]) -> dict[str, str]:
    """Names of the customers whose snapshot is taken by an approval: those of invoices that are `open`."""
    codes = list(dict.fromkeys(one.state.customer for one in loaded if one.state.status == "open"))
    return dict(await desk.billing.reference.customer_names(codes)) if codes else {}
