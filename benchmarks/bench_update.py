"""How long a change of one flag takes on a running server with one client."""

import time
from itertools import cycle

import msgspec

from benchmarks._harness import LOOPBACK, Benchmark, Child, build, connect
from dotgnatly import BrokerConfiguration, NatsController

ROUNDS = 300


def main() -> None:
    """Toggle ``debug`` here, and in a program that parses the text, reloads and reads Varz."""
    start = {"host": LOOPBACK, "port": -1}
    with (
        NatsController(BrokerConfiguration(port=-1)) as controller,
        Child(build("native"), "update", msgspec.json.encode(start).decode()) as program,
        connect(str(controller.client_url)),
        connect(program.read()["url"]),
        Benchmark(name="update") as bench,
    ):
        flags, native_flags = cycle([True, False]), cycle([True, False])

        def ours() -> float:
            """Milliseconds, with the version kept and the outcome verified."""
            begin = time.perf_counter()
            controller.update_config(debug=next(flags))
            return (time.perf_counter() - begin) * 1e3

        def native() -> float:
            """Milliseconds of parsing, ReloadOptions and Varz."""
            text = msgspec.json.encode(start | {"debug": next(native_flags)}).decode()
            answer = program.ask(text)
            assert answer["connections"] == 1
            return float(answer["update_ns"]) / 1e6

        here, inside = bench.take_turns(ROUNDS, {"ours": ours, "native": native})
        bench.compare(
            "update_config of one flag, 1 client, to native parse, reload and Varz",
            here, inside, "ms", at_most=3,
        )  # fmt: skip


if __name__ == "__main__":
    main()
