"""How long until a server accepts connections, in a running process and in a fresh interpreter."""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from benchmarks._harness import LOOPBACK, Benchmark, Binary, Child, build, python
from dotgnatly import BrokerConfiguration, NatsController

ROUNDS = 60
BURST = 5
"""Starts in a process are measured in a row, or the caches would be those of the binary's start."""
FRESH_ROUNDS = 25
FIRST_START = """
import time
import msgspec

begin = time.perf_counter()
from dotgnatly import BrokerConfiguration, NatsController
controller = NatsController(BrokerConfiguration(port=-1))
controller.start()
elapsed = time.perf_counter() - begin
controller.shutdown()
print(elapsed)
"""


def ours(**options: Any) -> float:
    """Milliseconds, with the making of the configuration and the controller."""
    begin = time.perf_counter()
    controller = NatsController(BrokerConfiguration(**options))
    controller.start()
    elapsed = time.perf_counter() - begin
    controller.shutdown()
    return elapsed * 1e3


def native(program: Child, **options: Any) -> float:
    """Milliseconds in a Go program, with the reading of the configuration."""
    configuration = msgspec.json.encode({"host": LOOPBACK} | options).decode()
    return float(program.ask(configuration)["start_ns"]) / 1e6


def binary(program: Path, *flags: str) -> float:
    """Milliseconds from before the process is spawned until its port answers."""
    with Binary(program, *flags) as server:
        return server.seconds * 1e3


def fresh() -> float:
    """Milliseconds of import, load and first start, in an interpreter that has msgspec."""
    with python(FIRST_START) as child:
        return float(child.read()) * 1e3


def burst(start: Callable[[], float]) -> float:
    """The median of some starts."""
    return statistics.median(start() for _ in range(BURST))


def ways(program: Child, server: Path, folder: str | None) -> dict[str, Callable[[], float]]:
    """The three ways to start the same server; with JetStream if there is a folder for its data."""
    kind = "JetStream" if folder else "no JetStream"

    def options(side: str) -> dict[str, Any]:
        if folder is None:
            return {"port": -1}
        return {"port": -1, "jetstream": {"store_dir": f"{folder}/{side}"}}

    flags = ("-js", "-sd", f"{folder}/binary") if folder else ()
    return {
        f"ours, {kind}": partial(burst, partial(ours, **options("ours"))),
        f"native, {kind}": partial(burst, partial(native, program, **options("native"))),
        f"binary, {kind}": partial(binary, server, *flags),
    }


def main() -> None:
    """Start the same server in all these ways."""
    server = build("nats-server")
    with (
        tempfile.TemporaryDirectory(prefix="dotgnatly-bench-") as folder,
        Child(build("native"), "start") as program,
        Benchmark(name="start") as bench,
    ):
        for kind, data in (("no JetStream", None), ("JetStream", folder)):
            here, inside, outside = bench.take_turns(ROUNDS, ways(program, server, data))
            what = f"start, {kind}"
            bench.compare(f"{what}, to native in-process", here, inside, "ms", at_most=2)
            bench.compare(f"{what}, faster than the binary", here, outside, "ms", times_faster=8)
        here, outside = bench.take_turns(
            FRESH_ROUNDS,
            {"ours, fresh interpreter": fresh, "binary, again": partial(binary, server)},
        )
        what = "fresh interpreter: import, load, first start, to the binary"
        bench.compare(what, here, outside, "ms", at_most=2)


if __name__ == "__main__":
    main()
