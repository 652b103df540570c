"""Chapters in which invoices come in."""

import csv
import io
from decimal import Decimal
from typing import Any

from commands.mail.texts import BUILT_IN
from services.demo.client import DemoFailed
from services.demo.stage import Stage
from services.demo.world import change_total


def show_files(stage: Stage) -> None:
    """What lies in the suppliers' folders."""
    rows = []
    for supplier in stage.world.suppliers:
        for invoice in supplier.invoices:
            formats = ", ".join(f.format or "own CSV by mapping file" for f in invoice.files)
            rows.append(
                (supplier.code, invoice.header.number, formats, f"{invoice.lines:,}", f"{invoice.total:,.2f} EUR")
            )
    paper = stage.world.paper
    rows.append(("PAPERLINE", paper.header.number, "focus-1.2, by hand", f"{paper.lines:,}", f"{paper.total:,.2f} EUR"))
    stage.show("", ("provider", "invoice", "format", "lines", "total"), rows, right=("lines", "total"))


def set_up(stage: Stage) -> None:
    """Reference data over HTTP: every change of it is an event, too."""
    world = stage.world
    codes = [s.code for s in world.suppliers] + ["PAPERLINE"]
    for supplier in world.suppliers:
        _put_provider(stage, supplier.code, supplier.name, {"manifest": str(supplier.manifest)})
    _put_provider(stage, "PAPERLINE", "Paperline", None)
    customers = [
        {"code": f"C{n:03}", "name": c.name, "identifiers": [{"provider": p, "identifier": c.id} for p in codes]}
        for n, c in enumerate(world.customers, start=1)
    ]
    products = [
        {
            "code": f"P{n:03}",
            "name": p.name,
            "unit": p.unit,
            "identifiers": [{"provider": code, "identifier": p.reference} for code in codes],
        }
        for n, p in enumerate(world.products, start=1)
    ]
    for path, items in (("/customers/bulk", customers), ("/products/bulk", products)):
        answer = stage.admin.send("POST", path, items)
        stage.expect(path, answer["created"], len(items))
    for code in ("provider-invoice-changed", "import-summary"):
        stage.admin.send("PUT", f"/notification-templates/{code}", _template(code))
    stage.say(f"{len(codes)} providers, {len(customers)} customers, {len(products)} products, two mail templates.")


def daily_sync(stage: Stage) -> None:
    """The job that runs at two in the morning, started by hand."""
    started = stage.admin.send("POST", "/jobs/provider-sync/run")
    stage.finished_job(started)
    rows = []
    for supplier in stage.world.suppliers:
        for made in supplier.invoices:
            found = stage.invoice(supplier.code, made.header.number)
            rows.append(
                (
                    supplier.code,
                    made.header.number,
                    found["status_reason"],
                    found["difference"] or "",
                    f"{found['lines']:,}",
                )
            )
    stage.show("", ("provider", "invoice", "status", "difference", "lines"), rows, right=("difference", "lines"))
    for code, number in (("FOCUSCLOUD", "FC-1002"), ("BROADLINE", "BL-77")):
        failed = stage.invoice(code, number)
        stage.expect(number, failed["status_reason"], "error")
        stage.say(f"{number} says:")
        for message in failed["messages"]:
            stage.quote(message)
    stage.expect("FC-1001", stage.invoice("FOCUSCLOUD", "FC-1001")["status_reason"], "active")
    stage.expect("G-2026-10", stage.invoice("PARTNERCENTRE", "G-2026-10")["status_reason"], "active")


def override(stage: Stage) -> None:
    """A manual sync with an override; the same on the larger difference is refused."""
    reason = "Rounding of the provider, confirmed by phone"
    done = _sync(stage, "FOCUSCLOUD", "FC-1003", {"reason": reason})
    found = stage.invoice("FOCUSCLOUD", "FC-1003")
    stage.expect("FC-1003", found["status_reason"], "active")
    stage.say(f"FC-1003 is active: {found['overridden']} EUR waived for “{reason}” ({done['status']}).")
    _sync(stage, "FOCUSCLOUD", "FC-1002", {"reason": "Please"})
    refused = stage.invoice("FOCUSCLOUD", "FC-1002")
    stage.expect("FC-1002", refused["status_reason"], "error")
    stage.say(f"FC-1002 stays in error: {refused['difference']} EUR is too much for anybody to waive.")


def mend(stage: Stage) -> None:
    """errors.csv, with its empty column filled in, is the very file that mends."""
    invoice = stage.invoice("BROADLINE", "BL-77")
    text = stage.clerk.text(f"/provider-invoices/{invoice['id']}/errors.csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    stage.show(
        "errors.csv",
        ("kind", "reference", "code", "name", "lines", "amount"),
        [[r[c] for c in ("kind", "reference", "code", "name", "lines", "amount")] for r in rows],
        right=("lines", "amount"),
    )
    filled = _filled_in(rows)
    for path in ("/customers/bulk", "/products/bulk"):
        answer = stage.admin.upload(path, filled, "text/csv")
        stage.say(f"posted to {path}: {answer['created']} made; rows of the other kind are passed over")
    _sync(stage, "BROADLINE", "BL-77")
    mended = stage.invoice("BROADLINE", "BL-77")
    stage.expect("BL-77", mended["status_reason"], "active")
    stage.say(f"BL-77 is active, attempt {mended['attempt']}, with no other change.")


def change(stage: Stage) -> None:
    """Revision 2 with another total: recorded, mailed once, a problem until somebody settles it."""
    supplier = stage.world.suppliers[0]
    change_total(supplier, "G-2026-10", Decimal("240.00"))
    for _ in range(2):
        stage.clerk.finished(stage.clerk.send("POST", f"/providers/{supplier.code}/sync", {}))
    found = stage.invoice(supplier.code, "G-2026-10")
    stage.expect("change of G-2026-10", found["change_open"], True)
    mails = stage.mails(1)
    stage.say("Synced twice, one notice:")
    stage.quote(f"Subject: {mails[0]['Subject']}")
    stage.quote(str(mails[0].get_content()).strip())


def manual(stage: Stage) -> None:
    """A provider without a connection."""
    paper = stage.world.paper
    header = paper.header
    created = stage.clerk.send(
        "POST",
        "/provider-invoices",
        {
            "provider": "PAPERLINE",
            "invoice_number": header.number,
            "invoice_date": header.date.isoformat(),
            "period_from": header.period_from.isoformat(),
            "period_to": header.period_to.isoformat(),
            "currency": header.currency,
            "total": f"{paper.total:.2f}",
        },
    )
    path = f"/provider-invoices/{created['id']}"
    stage.clerk.upload(f"{path}/lines", paper.files[0].path.read_bytes(), "text/csv", part="upload-1")
    activated = stage.clerk.send("POST", f"{path}/activate", {})
    stage.expect(header.number, activated["status_reason"], "active")
    again = stage.clerk.send("POST", f"{path}/activate", {})
    stage.expect("a second activation", again["version"], activated["version"])
    stage.say(f"{header.number}: typed in, {paper.lines} lines uploaded, activated; activated again: nothing happened.")


def _put_provider(stage: Stage, code: str, name: str, connection: dict[str, str] | None) -> None:
    body: dict[str, Any] = {"name": name, "mode": "automatic" if connection else "manual"}
    if connection:
        body["connection"] = connection
    stage.admin.send("PUT", f"/providers/{code}", body)


def _template(code: str) -> dict[str, Any]:
    text = BUILT_IN[code]
    return {"to": ["imports@reseller.example"], "subject": text.subject, "body": text.body}


def _sync(stage: Stage, provider: str, number: str, override: dict[str, str] | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"invoice_number": number}
    if override:
        body["override_checksum"] = override
    return stage.clerk.finished(stage.clerk.send("POST", f"/providers/{provider}/sync", body))


def _filled_in(rows: list[dict[str, str]]) -> str:
    if not rows:
        raise DemoFailed("errors.csv is empty")
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    for number, row in enumerate(rows, start=1):
        writer.writerow({**row, "code": f"{'C' if row['kind'] == 'customer' else 'P'}9{number:02}"})
    return out.getvalue()
