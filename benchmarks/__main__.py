"""`make bench`: every benchmark, one after the other, each beside its yardstick in the same run.

`python -m benchmarks NAME...` runs some. Exit code 1 when one of them failed to run or missed its goal.
"""

import subprocess
import sys
import time
from pathlib import Path

BENCHMARKS = {
    "append": "durable appends of 16 callers, one event a command, against the stock recorder",
    "http_command": "a durable command over HTTP against a no-op with the same authentication and validation",
    "projection": "events into the invoice list against the library's ProjectionRunner",
    "import_million": "a million lines from file to checked and stored, against a bare COPY",
    "usage_path": "a million imported lines to ten thousand open invoices: routed, added up, priced, appended",
    "latency": "append to readable in the read model, through Kafka, at 500 events a second",
    "purchase_latency": "one purchase posted to its invoice showing it open",
    "invoice_run": "10,000 contracts of three lines to open invoices, what one costs, and a day without any",
    "bulk_generate": "10,000 contracts generated in bulk: time to the 202, and to open invoices",
    "preview": "the preview of a contract with 50 lines over HTTP",
    "approvals": "bulk approval of 10,000 open invoices with numbers, and the cost of one as there are more",
    "search": "any view, part of a number, total or cluster among a million customer invoices, with exact counts",
    "import_engines": "engines that could read provider files, on the same job",
}


def main(names: list[str]) -> int:
    if {"-h", "--help"}.intersection(names):
        print(__doc__)
        print("\n".join(f"{name:16} {what}" for name, what in BENCHMARKS.items()))
        print("\nOptions of one: python -m benchmarks.NAME --help")
        return 0
    unknown = [n for n in names if n not in BENCHMARKS]
    if unknown:
        print(f"There is no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}.", file=sys.stderr)
        return 2
    results = []
    for name in names or BENCHMARKS:
        print(f"\n=== {name}: {BENCHMARKS[name]}", flush=True)
        started = time.monotonic()
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        code = subprocess.run(command, check=False, cwd=Path(__file__).parent.parent).returncode
        results.append((name, code, time.monotonic() - started))
    print()
    for name, code, seconds in results:
        print(f"{name:16} {'ok' if code == 0 else f'exit code {code}':14} {seconds:6.0f} s")
    return int(any(code for _, code, _ in results))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
