"""One purchase posted to the invoice showing it, priced and `open`: what a poster waits for.

    python -m benchmarks.purchase_latency [--purchases 60]

Everything in one process on an embedded PostgreSQL with fsync on; purchases of many customers come a few a second, each
is polled for at its invoice. A calculation waits a second for more to come, so no figure is below that.
"""

import argparse
import statistics
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx

GOAL = 2.0
CUSTOMERS = 20
PAUSE = 0.15
PATIENCE = 30.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=60)
    count = parser.parse_args().purchases
    from services.demo.mailbox import free_port
    from services.settings import load_settings
    from services.up import running_up

    with tempfile.TemporaryDirectory(prefix="ll-bench-", ignore_cleanup_errors=True) as folder:
        settings = load_settings(data=Path(folder) / "data", port=free_port(), rate_limit=0, log_level="error")
        with running_up(settings) as running:
            if running.first_key is None:
                raise SystemExit("the store was not empty")
            headers = {"Authorization": f"Bearer {running.first_key.secret}"}
            with httpx.Client(base_url=f"{running.address}/v1", headers=headers, timeout=PATIENCE) as http:
                seconds = measure(http, count)
    seconds.sort()
    p50, p95 = statistics.median(seconds), seconds[int(len(seconds) * 0.95)]
    print(f"{count} purchases of {CUSTOMERS} customers, one every {PAUSE * 1000:.0f} ms")
    print(f"posted to open   p50 {p50:.2f} s   p95 {p95:.2f} s   worst {seconds[-1]:.2f} s   goal p50 <= {GOAL:.1f} s")
    return int(p50 > GOAL)


def measure(http: httpx.Client, count: int) -> list[float]:
    """Seconds from each purchase's acceptance to its invoice being open with it."""
    first = datetime.now(UTC).date().replace(day=1)
    done(http.put("/products/P1", json={"name": "Compute"}))
    price = {"family": "per_unit", "unit_price": "2"}
    done(http.put("/pricing-rules/ALL", json={"name": "Two", "currency": "EUR", "price": price}))
    for number in range(CUSTOMERS):
        done(http.put(f"/customers/C{number}", json={"name": "N", "bill_from": first.isoformat()}))
    found: list[float] = []
    watchers = []
    for number in range(count):
        customer = f"C{number % CUSTOMERS}"
        body = {"key": f"k-{number}", "customer": customer, "product": "P1", "quantity": "1"}
        time_ = datetime.now(UTC).isoformat()
        told = done(http.post("/purchases", json={**body, "time": time_}))
        watcher = threading.Thread(target=watch, args=(http, told, time.monotonic(), found))
        watcher.start()
        watchers.append(watcher)
        time.sleep(PAUSE)
    for watcher in watchers:
        watcher.join()
    if len(found) != count:
        raise SystemExit(f"{count - len(found)} purchases were never seen on an open invoice")
    return found


def watch(http: httpx.Client, told: dict[str, str], started: float, found: list[float]) -> None:
    """Until the purchase is on its invoice and that is open."""
    while time.monotonic() < started + PATIENCE:
        state = done(http.get(f"/purchases/{told['id']}"))["state"]
        if state == "invoiced" and done(http.get(f"/customer-invoices/{told['customer_invoice']}"))["status"] == "open":
            found.append(time.monotonic() - started)
            return
        time.sleep(0.05)


def done(answer: httpx.Response) -> dict[str, str]:
    """The answer of a success."""
    answer.raise_for_status()
    body: dict[str, str] = answer.json()
    return body


if __name__ == "__main__":
    sys.exit(main())
