"""Lines of contracts beside what happens to them: given facts, then rows."""

from datetime import date

from domain.billing_contract.parts import FixedPriceTerms, MilestoneTerms
from domain.identity import contract_transactions_stream
from projections.contract_lines.fold import CONTRACT_LINES
from tests.projections.given import rows
from tests.support.contract_facts import ContractFacts
from tests.support.records import Happened

BUILD = FixedPriceTerms(milestones=(MilestoneTerms(name="M1", day=date(2026, 3, 1), amount="100.50"),))


def test_milestones_are_shown_as_they_are_now():
    k, happened = ContractFacts(), Happened()
    happened.add(k.stream, k.signed(), k.line(), k.line("build", BUILD), k.milestone("M2"), k.ready("M1"))
    happened.add(k.stream, k.ready("M2"), k.unready("M2"))
    own = contract_transactions_stream("K-1", "build", 2026)
    happened.add(own, k.ready(transaction="M2"), key=k.stream.id)
    found = {row.line: row for row in rows(CONTRACT_LINES, happened)["contract_lines"].values()}
    assert found["seats"].milestones == ()
    assert found["build"].milestones == (
        {"name": "M1", "day": "2026-03-01", "amount": "100.5", "ready": True},
        {"name": "M2", "day": "2026-03-01", "amount": "100", "ready": False},
    )
    assert found["build"].version == 7
