"""A chapter in which the next cycle of a contract is looked at and billed by hand: exactly what was seen, and once."""

import datetime as dt
from typing import Any

from services.demo.chapters_contracts import CUSTOMERS, contract_of
from services.demo.stage import Stage


def ahead(stage: Stage) -> None:
    """Previewed down to its sources; changed by somebody; refused with what is different; generated as seen."""
    path = f"/billing-contracts/{contract_of(stage)}"
    seen = stage.clerk.send("POST", f"{path}/preview")
    cycle = {"cycle": seen["entry"]["from"]}
    stage.say(f"The next cycle, {cycle['cycle']} to {seen['entry']['to']}: a preview, which changes nothing.")
    _show(stage, seen)
    changed = dt.date.fromisoformat(cycle["cycle"]) + dt.timedelta(days=10)
    stage.clerk.send("POST", f"{path}/lines/SEATS/quantity", {"from": changed.isoformat(), "quantity": "18"})
    stage.say(f"Meanwhile somebody orders 18 workplaces from {changed} on. Who bills what was seen is told:")
    said = stage.clerk.refused("POST", f"{path}/generate", {**cycle, "expect": seen["digest"]})
    stage.expect("the outdated preview", (said["status"], said["code"]), (409, "preview-outdated"))
    for one in said["differences"]:
        if one["what"] == "item":
            stage.quote(f"{one['customer']}, {one['line']}: {one['before']['amount']} is {one['now']['amount']} now")
    made = stage.clerk.send("POST", f"{path}/generate", {**cycle, "expect": said["digest"]})
    stage.expect("the invoices", [i["total"] for i in made["invoices"]], [i["total"] for i in said["invoices"]])
    stage.expect("their customers", [i["customer"] for i in made["invoices"]], list(CUSTOMERS))
    stage.say(f"Looked at again and billed: {', '.join(i['reference'] for i in made['invoices'])}, with a warning:")
    for warning in made["warnings"]:
        stage.quote(warning)
    twice = stage.clerk.refused("POST", f"{path}/generate", cycle)
    stage.expect("the same cycle again", twice["code"], "cycle-invoiced")
    stage.say(f"Once more is refused; the next one that is not billed begins on {twice['next']}.")


def _show(stage: Stage, seen: dict[str, Any]) -> None:
    for invoice in seen["invoices"]:
        for item in invoice["items"]:
            stage.quote(f"{invoice['customer']}, {item['contract_line']}: {item['amount']} {seen['currency']}")
            for source in item["sources"]:
                for part in source["segments"]:
                    days = f"{part['days']} / {part['of_days']}"
                    stage.quote(f"  {part['first']} to {part['last']}: {part['quantity']} x {part['price']} x {days}")
                stage.quote(f"  {source['share']} % of {source['whole']}")
