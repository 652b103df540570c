"""Which engine imports provider files: the whole job on a generated FOCUS file, each engine alone on one core.

    python -m benchmarks.import_engines [--rows 1000000] [--width lean|wide]

Prints a table: lines per second of processor time (so that neighbours on the machine do not matter), peak memory above
the idle process, and whether rows, exact sum and digests agree.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import psutil

ENGINES = {
    "csv + Decimal": "plain",
    "pyarrow (built)": "ours",
    "DuckDB": "duck",
    "polars": "polar",
}


def measure(engine: str, path: Path) -> None:
    """In a process of its own: run one engine and print what was measured."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})
    run = import_module(f"benchmarks.engines.{engine}").run
    idle = psutil.Process().memory_info().rss
    started, used = time.perf_counter(), time.process_time()
    rows, total, digest = run(path)
    seconds, cpu = time.perf_counter() - started, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - idle
    print(
        json.dumps(
            {
                "rows": rows,
                "total": str(total.normalize()),
                "digest": digest,
                "seconds": seconds,
                "cpu": cpu,
                "peak": peak,
            }
        )
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--width", choices=("lean", "wide"), default="lean")
    options.add_argument("--only", nargs="*", choices=list(ENGINES.values()), default=list(ENGINES.values()))
    options.add_argument("--measure", nargs=2, metavar=("ENGINE", "FILE"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.measure:
        measure(given.measure[0], Path(given.measure[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(Path(folder) / "focus.csv", given.rows, given.width, given.only)


def compare(path: Path, rows: int, width: str, only: list[str]) -> None:
    total = import_module("services.demo.generator.million").million_focus(path, rows, 1, width=width)
    print(f"{rows:,} lines, {path.stat().st_size / 1e6:,.0f} MB, {width}, one core each\n")
    print("| engine | lines a CPU second | wall s | peak MiB above idle | same result |\n|---|---|---|---|---|")
    first: dict[str, object] | None = None
    for name, module in ENGINES.items():
        if module not in only:
            continue
        command = [sys.executable, "-m", "benchmarks.import_engines", "--measure", module, str(path)]
        environment = {**os.environ, "POLARS_MAX_THREADS": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        if done.returncode:
            print(f"| {name} | failed: {(done.stderr.strip().splitlines() or ['?'])[-1][:100]} | | | |")
            continue
        seen = json.loads(done.stdout)
        first = first or seen
        agree = all(seen[key] == first[key] for key in ("rows", "total", "digest"))
        same = "yes" if agree and seen["total"] == str(total.normalize()) else "NO"
        speed, peak = rows / seen["cpu"], seen["peak"] / 2**20
        print(f"| {name} | {speed:,.0f} | {seen['seconds']:.1f} | {peak:,.0f} | {same} |")


if __name__ == "__main__":
    main()
