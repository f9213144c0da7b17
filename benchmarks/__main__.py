"""Runs every benchmark in an interpreter of its own and prints one table.

The exit status is 1 if a target was missed, 2 if a benchmark failed.
"""

import os
import subprocess
import sys
import time

import msgspec

from benchmarks._harness import HEADING, RESULTS, ROOT, Benchmark, Row

NAMES = (
    "start", "update", "read", "import", "monitoring", "memory", "gil", "throughput",
    "latency", "logging", "logins", "pytest", "wheel",
)  # fmt: skip


def main() -> int:
    """Run them one after the other, so that none disturbs another."""
    begin = time.monotonic()
    rows: list[Row] = []
    failed: list[str] = []
    for name in NAMES:
        print(f"benchmarks.bench_{name} ...", file=sys.stderr, flush=True)
        command = [sys.executable, "-m", f"benchmarks.bench_{name}"]
        if subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode:
            failed.append(name)
            continue
        document = (RESULTS / f"{name}.json").read_bytes()
        rows += msgspec.json.decode(document, type=Benchmark).rows
    print(HEADING, *rows, sep="\n")
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"\n{time.monotonic() - begin:.0f} s on {os.cpu_count()} CPUs{load}.")
    for name in failed:
        print(f"benchmarks.bench_{name} failed, see above.")
    return 2 if failed else int(not all(row.met for row in rows))


if __name__ == "__main__":
    sys.exit(main())
