"""A line that is set up wrongly, as facts of another time may hold it: reported, and no other line waits for it."""

from commands.ports.event_store import Save, Write
from domain.billing_contract import lines
from domain.billing_contract.events import LineAdded
from domain.billing_contract.parts import FixedPriceTerms, MilestoneTerms, TimeAndMaterialTerms, UsageTerms
from domain.identity import Stream
from tests.support.agreements import STARTS, d, hours, seats
from tests.support.origins import origin

WORK = TimeAndMaterialTerms(classes=("time",), rule="FREQ=MONTHLY;BYMONTHDAY=15", first_run=d("2026-01-15"))
NO_CLASS = WORK.model_copy(update={"classes": ()})


async def told(agreed, contract, **wanted):
    """Lines that no command would take."""
    store = agreed.shop.desk.store
    for code, terms in wanted.items():
        history = await store.load(Stream("billing-contract", contract))
        fact = LineAdded(contract="K-1", line=code, name=code, starts=STARTS, ends=None, terms=terms)
        await store.append(Save(origin(), (Write(history, (fact,)),)))


async def said(agreed, contract):
    """Run date of each entry -> whether it is active, and the lines that it says were skipped."""
    found = await agreed.entries(contract)
    return {
        str(one.ref.run_date): (one.status, {skip.skipped: skip.code for skip in one.skipped}) for one in found.values()
    }


async def test_others_are_billed_and_the_entry_says_what_was_skipped(agreed):
    contract = await agreed.signed(lines={"seats": seats()})
    odd = {"build": FixedPriceTerms(milestones=()), "rule": WORK.model_copy(update={"rule": ""}), "use": UsageTerms()}
    await told(agreed, contract, **odd)
    (billed,) = await agreed.run("2026-02-02", contract)
    assert (billed.outcome, billed.code, billed.invoices[0].total) == ("invoiced", None, "31.00")
    assert len(billed.warnings) == 3
    assert "Line build was skipped: it has no milestone: add one." in billed.warnings
    codes = {"build": "no-milestone", "rule": "recurrence-invalid", "use": "usage-unclear"}
    assert await said(agreed, contract) == {"2026-02-02": ("inactive", codes)}
    assert await agreed.next_run(contract) == d("2026-03-02")
    await agreed.change(
        contract,
        lambda known: lines.add_milestone(
            known, "build", MilestoneTerms(name="M1", day=d("2026-03-01"), amount="100", ready=True)
        ),
    )
    (later,) = await agreed.run("2026-03-02", contract)
    assert [(i.contract_line, str(i.amount)) for i in (await agreed.invoice(later)).items] == [
        ("seats", "31"),
        ("build", "100"),
    ]
    assert await said(agreed, contract) == {
        "2026-02-02": ("inactive", codes),
        "2026-03-01": ("inactive", {"rule": codes["rule"]}),  # has no entry: said on the first that is billed
        "2026-03-02": ("inactive", {"use": codes["use"]}),
    }


async def test_an_entry_of_its_own_stays_active_is_looked_at_daily_and_is_billed_once_it_is_mended(agreed):
    contract = await agreed.signed(lines={"hours": WORK})
    await agreed.record(contract, "hours", hours("T1", "2026-01-05"))
    await told(agreed, contract, hours=NO_CLASS)
    for day in ("2026-01-15", "2026-01-16", "2026-02-15"):
        (billed,) = await agreed.run(day, contract)
        assert (billed.outcome, billed.code, billed.invoices) == ("skipped", "no-class", ())
        assert "it takes no class" in billed.reason
        assert await agreed.next_run(contract) == d("2026-01-15")
    waits = ("active", {"hours": "no-class"})
    assert await said(agreed, contract) == {"2026-01-15": waits, "2026-02-15": waits}
    found = await agreed.entries(contract)
    assert [len(one.skipped) for one in found.values()] == [1, 1]  # said once, however many runs look at it
    await told(agreed, contract, hours=WORK)
    (billed,) = await agreed.run("2026-02-16", contract)
    assert (billed.outcome, billed.invoices[0].total, billed.warnings) == ("invoiced", "90.00", ())
    assert list((await said(agreed, contract)).values()) == [("inactive", {})] * 2


async def test_what_others_have_to_bill_is_not_held_by_an_entry_that_waits(agreed):
    contract = await agreed.signed(lines={"hours": WORK, "seats": seats()}, offset=-16)
    await told(agreed, contract, hours=NO_CLASS)
    (billed,) = await agreed.run("2026-01-15", contract)
    assert (billed.outcome, billed.invoices[0].total) == ("invoiced", "31.00")
    assert billed.warnings == (
        "Line hours was skipped: it takes no class of transactions: end it, and add another line.",
    )
    by_kind = {one.ref.kind: one for one in (await agreed.entries(contract)).values()}
    assert (by_kind["cycle"].status, by_kind["cycle"].skipped) == ("inactive", ())
    assert (by_kind["run"].status, len(by_kind["run"].skipped)) == ("active", 1)
