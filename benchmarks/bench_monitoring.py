"""How long monitoring calls take: typed here, and the bare Go call with its JSON."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import msgspec

from benchmarks._harness import LOOPBACK, Benchmark, Child, build
from dotgnatly import BrokerConfiguration, NatsController

CROWD = 1000
START: dict[str, Any] = {"host": LOOPBACK, "port": -1}


def main() -> None:
    """Ask our server, and the same one in a Go program: general facts, and a thousand clients."""
    with Benchmark(name="monitoring") as bench, ExitStack() as stack:
        controller = stack.enter_context(NatsController(BrokerConfiguration(**START)))
        native = build("native")
        text = msgspec.json.encode(START).decode()
        program = stack.enter_context(Child(native, "monitor", text))

        def ours(ask: Callable[[], object]) -> float:
            """Milliseconds until the structure is there."""
            begin = time.perf_counter()
            ask()
            return (time.perf_counter() - begin) * 1e3

        def theirs(endpoint: str) -> float:
            """Milliseconds of the call and its JSON."""
            return float(program.ask(endpoint)["ns"]) / 1e6

        def compare(endpoint: str, what: str, *, rounds: int, at_most: float) -> None:
            typed, raw, inside = bench.take_turns(
                rounds,
                {
                    f"ours, {what}": lambda: ours(getattr(controller, endpoint)),
                    f"ours, {what}, raw": lambda: ours(
                        lambda: getattr(controller, endpoint)(raw=True)
                    ),
                    f"native, {what}": lambda: theirs(endpoint),
                },
            )
            bench.compare(
                f"{what}, typed, to the Go call and its JSON", typed, inside, "ms", at_most=at_most
            )
            bench.compare(f"{what}, raw, likewise", raw, inside, "ms", at_most=at_most)

        urls = [str(controller.client_url), program.read()["url"]]
        compare("varz", "varz", rounds=1000, at_most=3)
        for url in urls:
            crowd = stack.enter_context(Child(native, "crowd", str(CROWD), "0"))
            assert crowd.ask(url) == {"clients": CROWD}
        assert controller.connz().num_connections == CROWD
        compare("connz", f"connz of {CROWD:,} clients", rounds=100, at_most=2)


if __name__ == "__main__":
    main()
