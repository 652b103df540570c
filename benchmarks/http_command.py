"""Durable commands over HTTP against a no-op endpoint with the same authentication and validation, in one run.

    python -m benchmarks.http_command [--seconds 5] [--connections 16] [--rounds 3]

One uvicorn worker is a process of its own, on an embedded PostgreSQL with fsync on and the rate limit off; this process
makes the load over so many connections, each sending its next request when the last one is answered. Goal: >= 0.6.
"""

import argparse
import asyncio
import itertools
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop

GOAL = 0.6


async def serve(folder: Path, port: int) -> None:
    from starlette.responses import Response

    from commands.keys.create import make_first_key
    from services.api.access import may
    from services.api.app import create_app
    from services.api.call import CallDep
    from services.api.rendering import Json
    from services.api.route import ApiRoute
    from services.api.routes.provider_invoices import NewProviderInvoice
    from services.api.serve import REQUESTS_LEAVE, server_of
    from services.garbage import collect_rarely
    from services.logging import configure_logging
    from services.operator_origin import operator_origin
    from services.settings import load_settings
    from services.wiring import open_parts

    configure_logging("warning")

    @may("provider-invoice.create")
    async def noop(call: CallDep, body: NewProviderInvoice) -> Response:
        return Json({"number": body.invoice_number, "by": call.caller.actor})

    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with open_parts(load_settings(data=folder, rate_limit=0)) as parts:
        made = await make_first_key(parts.store, operator_origin(parts, "bench"), os.urandom(32))
        app = create_app(parts)
        route = ApiRoute("/v1/noop", noop, methods=["POST"])
        app.router.routes.insert(0, route)
        server = server_of(app, "127.0.0.1", port)
        collect_rarely(REQUESTS_LEAVE)  # as `serve_until` does
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        sys.stdout.write(f"{made.secret if made else ''}\n")
        sys.stdout.flush()
        profiler = None
        if os.environ.get("PROFILE"):
            import cProfile

            profiler = cProfile.Profile()
            profiler.enable()
        await stop.wait()
        if profiler is not None:
            profiler.disable()
            profiler.dump_stats(os.environ["PROFILE"])
        server.should_exit = True
        await serving


class Connection(asyncio.Protocol):
    """Sends requests one after the other over one connection, and counts its answers."""

    def __init__(self, load: "Load") -> None:
        self.load = load
        self.buffer = b""
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.send()

    def send(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.load.request())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length: ", 1)[1].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self.buffer = b""
        now = time.perf_counter()
        self.load.answered(int(head[9:12]), now - self.sent, body)
        if now < self.load.until:
            self.send()
        else:
            self.transport.close()
            self.load.close_one()


class Load:
    def __init__(self, path: str, key: str, seconds: float, connections: int, numbers: "itertools.count[int]") -> None:
        self.head = (
            f"POST {path} HTTP/1.1\r\nhost: api\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n"
        )
        self.numbers = numbers
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}
        self.left = connections
        self.done = asyncio.get_running_loop().create_future()
        self.until = time.perf_counter() + seconds

    def request(self) -> bytes:
        body = json.dumps(
            {
                "provider": "BENCH",
                "invoice_number": f"F-{next(self.numbers)}",
                "invoice_date": "2026-01-31",
                "period_from": "2026-01-01",
                "period_to": "2026-01-31",
                "currency": "EUR",
                "total": "1234.50",
            }
        )
        return f"{self.head}content-length: {len(body)}\r\n\r\n{body}".encode()

    def answered(self, status: int, seconds: float, body: bytes) -> None:
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latencies.append(seconds)
        if status >= 400 and self.statuses[status] == 1:
            print(body.decode())

    def close_one(self) -> None:
        self.left -= 1
        if not self.left:
            self.done.set_result(None)


async def run(
    port: int, path: str, key: str, seconds: float, connections: int, numbers: "itertools.count[int]"
) -> Load:
    load = Load(path, key, seconds, connections, numbers)
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(lambda: Connection(load), "127.0.0.1", port)
    await load.done
    return load


async def main(seconds: float, connections: int, rounds: int) -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.http_command", "--serve", folder, "--port", str(port)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            key = server.stdout.readline().strip()
            assert key.startswith("ll_"), "the server did not start"
            return await measure(port, key, server.pid, seconds, connections, rounds)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


async def measure(port: int, key: str, pid: int, seconds: float, connections: int, rounds: int) -> int:
    import httpx
    import psutil

    process = psutil.Process(pid)
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {key}"}) as client:
        made = await client.put(f"http://127.0.0.1:{port}/v1/providers/BENCH", json={"name": "Benchmark"})
        assert made.status_code == 201, made.text
    numbers = itertools.count(1)
    paths = {"no-op": "/v1/noop", "durable command": "/v1/provider-invoices"}
    for path in paths.values():
        await run(port, path, key, 1.0, connections, numbers)
    ratios, rates = [], {name: [] for name in paths}
    for number in range(rounds):
        for name, path in paths.items():
            before = sum(process.cpu_times()[:2])
            load = await run(port, path, key, seconds, connections, numbers)
            cpu = (sum(process.cpu_times()[:2]) - before) / len(load.latencies)
            assert set(load.statuses) <= {200, 201}, load.statuses
            rate = len(load.latencies) / seconds
            rates[name].append(rate)
            cut = statistics.quantiles(load.latencies, n=100)
            print(
                f"round {number + 1}  {name:16}{rate:9,.0f}/s   p50 {cut[49] * 1e3:5.2f} ms"
                f"   p99 {cut[98] * 1e3:6.2f} ms   worker CPU {cpu * 1e6:5.0f} us a request"
                f", {cpu * rate:4.0%} of a core"
            )
        ratios.append(rates["durable command"][-1] / rates["no-op"][-1])
    ratio = statistics.median(ratios)
    print(f"\n{'':18}requests/s (median)")
    for name, several in rates.items():
        print(f"{name:18}{statistics.median(several):10,.0f}")
    print(f"{'ratio':18}{ratio:10.2f}   goal {GOAL}")
    return 0 if ratio >= GOAL else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    if given.serve:
        uvloop.run(serve(given.serve, given.port))
        sys.exit(0)
    sys.exit(uvloop.run(main(given.seconds, given.connections, given.rounds)))
