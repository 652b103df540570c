"""What schedule entries say of lines that were skipped, and how a contract is told of that has nothing but these."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from commands.billing_contract.billing_desk import Billed
from commands.billing_contract.preparing import Prepared
from commands.billing_contract.providers import WAITING
from domain.billing_contract.entry import ref_of
from domain.billing_contract.entry_events import LineSkipped
from domain.billing_contract.planning import shares_cycle
from domain.billing_contract.selection import Due


def skip_facts(prepared: Prepared) -> Mapping[UUID, Sequence[LineSkipped]]:
    """By entry: on those that wait for the line, once for each reason; else on the one that is billed without it."""
    known, plan = prepared.known, prepared.plan
    found: dict[UUID, list[LineSkipped]] = {}
    for skip in plan.skipped:
        waiting = [due for due in plan.waits if _bills(prepared, due, skip.line)]
        billed = sorted(plan.due, key=lambda due: not _bills(prepared, due, skip.line))
        for due in waiting or [*billed, *plan.waits][:1]:
            ref = ref_of(known.contract.number, due.entry)
            state = known.entries.get(ref.entry)
            said = {(one.skipped, one.code) for one in state.skipped} if state is not None else set()
            if due in plan.waits and (skip.line, skip.code) in said:
                continue
            fact = LineSkipped(
                contract=known.contract.number,
                ref=ref,
                skipped=skip.line,
                day=plan.day,
                code=skip.code,
                reason=skip.reason,
            )
            found.setdefault(ref.entry, []).append(fact)
    return found


def unbilled(prepared: Prepared) -> Billed:
    """No invoice is made: nothing is due, or all that is waits for providers, or for a line to be mended."""
    known, skipped = prepared.known, prepared.plan.skipped
    held = () if prepared.asked.by_hand else prepared.held
    why = [*((WAITING, one.reason) for one in held), *((one.code, one.reason) for one in skipped)]
    if not why:
        return Billed(known.contract_id, known.contract.number, "nothing_to_bill")
    reason = " ".join(said for _, said in why)
    return Billed(known.contract_id, known.contract.number, "skipped", reason=reason, code=why[0][0])


def _bills(prepared: Prepared, due: Due, code: str) -> bool:
    line = prepared.known.contract.lines[code]
    return due.entry.line == code or (due.entry.line is None and shares_cycle(line))
