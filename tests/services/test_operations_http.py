"""Health, readiness and metrics over HTTP."""

import httpx
from prometheus_client import CollectorRegistry, Gauge

from services.operations_http import Heartbeat, OperationsServer


def test_a_process_that_is_well_says_so_and_shows_its_metrics():
    registry = CollectorRegistry()
    Gauge("ledgerline_lag_seconds", "Lag", registry=registry).set(3)
    with OperationsServer("127.0.0.1", 0, registry, {"loop": lambda: None}, {"feed": lambda: None}) as server:
        base = f"http://127.0.0.1:{server.port}"
        assert httpx.get(f"{base}/healthz").json() == {"loop": "ok"}
        ready = httpx.get(f"{base}/readyz")
        assert (ready.status_code, ready.json()) == (200, {"loop": "ok", "feed": "ok"})
        assert "ledgerline_lag_seconds 3.0" in httpx.get(f"{base}/metrics").text
        assert httpx.get(f"{base}/other").status_code == 404


def test_what_is_missing_shows_in_readiness_and_not_in_health():
    ready = {"feed": lambda: "no broker answers"}
    with OperationsServer("127.0.0.1", 0, CollectorRegistry(), {"loop": lambda: None}, ready) as server:
        base = f"http://127.0.0.1:{server.port}"
        assert httpx.get(f"{base}/healthz").status_code == 200
        answer = httpx.get(f"{base}/readyz")
        assert (answer.status_code, answer.json()["feed"]) == (503, "no broker answers")


def test_a_loop_that_stands_still_is_unhealthy():
    now, turns = 0.0, 1
    heartbeat = Heartbeat(lambda: turns, within=60, clock=lambda: now)
    now = 59
    assert heartbeat() is None
    now = 61
    assert heartbeat() == "the loop has not turned for 61 s"
    turns = 2
    assert heartbeat() is None
