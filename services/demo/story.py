"""The demo, told in chapters: each does something through the API like any service would, and shows what came of it."""

from collections.abc import Callable, Sequence
from typing import Final

from rich.markup import escape

from services.demo import chapters_billing, chapters_by_hand, chapters_contracts, chapters_imports, chapters_reading
from services.demo.stage import Stage

CHAPTERS: Final[Sequence[tuple[str, Callable[[Stage], None]]]] = (
    ("Four suppliers have sent their invoices for October", chapters_imports.show_files),
    ("We know our customers, our products, our providers", chapters_imports.set_up),
    ("The daily sync takes what is listed", chapters_imports.daily_sync),
    ("30 cents too little: a person waives the checksum, with a reason", chapters_imports.override),
    ("Unknown references: fill in errors.csv, post it, sync again", chapters_imports.mend),
    ("The provider changes an invoice afterwards", chapters_imports.change),
    ("An invoice on paper: typed in, uploaded, activated", chapters_imports.manual),
    ("What we charge, and who approves", chapters_billing.set_prices),
    ("October's usage has found its invoices", chapters_billing.find_invoices),
    ("A purchase that no rule can price", chapters_billing.wrong_purchase),
    ("Why does it cost that?", chapters_billing.explain),
    ("Approval: one step, two steps, rejected, closed, all at once", chapters_billing.approve),
    ("Numbers without a gap", chapters_billing.certificate),
    ("The history of an invoice that two people did not like", chapters_billing.history),
    ("Nothing leaked", chapters_billing.leak_check),
    ("A contract: a line of every kind, two customers", chapters_contracts.agree),
    ("The invoice run bills the month, and the day again bills nothing", chapters_contracts.run),
    ("Why so much for the workplaces?", chapters_contracts.explain),
    ("The next month, by hand and ahead of time", chapters_by_hand.ahead),
    ("The invoice list of our providers", chapters_reading.invoice_list),
    ("The problem invoices: what still needs somebody", chapters_reading.problems),
    ("The daily import summary, and its mail", chapters_reading.summary),
    ("One invoice's history", chapters_reading.history),
    ("ledgerline verify", chapters_reading.verify),
)


def tell(stage: Stage) -> None:
    """All chapters, in order; DemoFailed says which expectation was not met."""
    stage.open()
    try:
        for number, (title, chapter) in enumerate(CHAPTERS, start=1):
            stage.console.print()
            stage.console.rule(f"[bold]{number}. {escape(title)}[/]", align="left", style="dim")
            chapter(stage)
        stage.console.print()
    finally:
        stage.close()
