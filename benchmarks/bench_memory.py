"""What a Python process with an idle server weighs, against Python and nats-server as two."""

import sys
import time
from pathlib import Path

from benchmarks._harness import Benchmark, Binary, Side, build, python

ROUNDS = 7
SETTLE = 1.0
"""Seconds in which a process that has started comes to rest."""
BARE = "import sys; print(0, flush=True); sys.stdin.read()"
WITH_SERVER = """
import sys
from dotgnatly import BrokerConfiguration, NatsController
with NatsController(BrokerConfiguration(port=-1)):
    print(0, flush=True)
    sys.stdin.read()
"""


def resident(pid: int) -> float:
    """Megabytes of memory that a process has in use, its share of others' included."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6


def main() -> None:
    """Let the three processes idle side by side, and read what the kernel says of them."""
    if not Path("/proc/self/status").exists():
        sys.exit("memory is read from /proc, which this system does not have")
    server = build("nats-server")
    with Benchmark(name="memory") as bench:
        ours, apart = Side([]), Side([])
        for _ in range(ROUNDS):
            with python(WITH_SERVER) as one, python(BARE) as bare, Binary(server) as binary:
                one.read()
                bare.read()
                time.sleep(SETTLE)
                ours.values.append(resident(one.pid))
                apart.values.append(resident(bare.pid) + resident(binary.pid))
        bench.keep({"ours": ours, "bare Python + bare nats-server": apart})
        bench.compare(
            "memory with an idle server, to bare Python + bare nats-server",
            ours, apart, "MB", at_most=1.2,
        )  # fmt: skip


if __name__ == "__main__":
    main()
