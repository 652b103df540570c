"""Chapters in which somebody looks."""

from services.demo.stage import Stage
from services.verification import verify_everything


def invoice_list(stage: Stage) -> None:
    """The read model, as current as this caller's last command."""
    items = stage.clerk.listed("/provider-invoices")
    rows = [
        (
            i["provider"],
            i["invoice_number"],
            i["status_reason"],
            i["total"],
            i["currency"],
            f"{i['usage']['offered_lines']:,}" if i.get("usage") else "",
            "changed" if i["change_total"] else f"waived {i['overridden']}" if i["overridden"] else "",
        )
        for i in items
    ]
    stage.show(
        "",
        ("provider", "invoice", "status", "total", "", "lines offered", "note"),
        rows,
        right=("total", "lines offered"),
    )
    stage.expect("invoices listed", len(items), 6)


def problems(stage: Stage) -> None:
    """What failed once and still needs somebody, with what to do next."""
    items = stage.clerk.listed("/problem-invoices")
    for item in items:
        kinds = ", ".join(item["kinds"])
        stage.say(f"[bold]{item['provider']} {item['invoice_number']}[/]: {kinds}, since {item['since'][:10]}")
        for message in item["messages"]:
            stage.quote(message)
    stage.expect("problem invoices", sorted(i["invoice_number"] for i in items), ["FC-1002", "G-2026-10"])


def summary(stage: Stage) -> None:
    """Built from the day's events, mailed once however often it is asked for."""
    for _ in range(2):
        stage.finished_job(stage.admin.send("POST", "/jobs/import-summary/run"))
    days = stage.clerk.listed("/import-summaries")
    rows = [
        (
            day["day"],
            p["provider"],
            p["succeeded"],
            p["failed_count"],
            p["changed_count"],
            ", ".join(f"{t['total']} {t['currency']}" for t in p["totals"]),
        )
        for day in days
        for p in day["providers"]
    ]
    stage.show("", ("day", "provider", "succeeded", "failed", "changed", "totals"), rows, right=("totals",))
    mails = stage.mails(2)
    stage.say(f"Asked for twice, mailed once, Message-ID {mails[1]['Message-ID']}:")
    stage.quote(f"Subject: {mails[1]['Subject']}")
    stage.quote(str(mails[1].get_content()).strip())


def history(stage: Stage) -> None:
    """Who did what, when, and the chain of hashes."""
    invoice = stage.invoice("BROADLINE", "BL-77")
    events = stage.clerk.get(f"/provider-invoices/{invoice['id']}/events")["items"]
    rows = [
        (
            e["version"],
            e["type"].removeprefix("provider-invoice."),
            e["recorded_at"][11:23],
            e["actor"] if not e.get("agent") else f"{e['actor']} by {e['agent']}",
            e["previous_hash"][:8],
            e["hash"][:8],
        )
        for e in events
    ]
    stage.show("BROADLINE BL-77", ("", "what", "at", "who", "previous", "hash"), rows)


def verify(stage: Stage) -> None:
    """Hash chains, digests of lines, the leak check, read models beside a replay."""
    checks = list(verify_everything(stage.running.database_url, stage.settings))
    stage.show("", ("", "check", "figures"), [("ok" if c.sound else "FOUND", c.name, c.figures) for c in checks])
    for check in checks:
        stage.expect(check.name, list(check.findings), [])
