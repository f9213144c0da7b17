"""How long a change of one flag takes on a running server, with one client and with a thousand.

A thousand clients that talk all the while must notice none of two hundred changes.
"""

import time
from contextlib import ExitStack
from itertools import cycle
from typing import Any

import msgspec

from benchmarks._harness import LOOPBACK, Benchmark, Child, Row, build
from dotgnatly import BrokerConfiguration, NatsController

CROWD = 1000
PACE = 5000
"""Messages a second of the whole crowd."""
CHANGES = 200
START: dict[str, Any] = {"host": LOOPBACK, "port": -1}


def main() -> None:
    """Toggle ``debug`` here, and in a program that parses the text, reloads and reads Varz."""
    with Benchmark(name="update") as bench:
        compare(bench, clients=1, rounds=300, at_most=2)
        compare(bench, clients=CROWD, rounds=40, at_most=1.2)
        talk(bench)


def compare(bench: Benchmark, *, clients: int, rounds: int, at_most: float) -> None:
    """Our change, version and verification included, beside a Go program's."""
    with ExitStack() as stack:
        controller = stack.enter_context(NatsController(BrokerConfiguration(**START)))
        native = build("native")
        text = msgspec.json.encode(START).decode()
        program = stack.enter_context(Child(native, "update", text))
        for url in (controller.client_url, program.read()["url"]):
            crowd = stack.enter_context(Child(native, "crowd", str(clients), "0"))
            assert crowd.ask(str(url)) == {"clients": clients}
        flags, native_flags = cycle([True, False]), cycle([True, False])

        def ours() -> float:
            """Milliseconds, with the version kept and the outcome verified."""
            begin = time.perf_counter()
            controller.update_config(debug=next(flags))
            return (time.perf_counter() - begin) * 1e3

        def theirs() -> float:
            """Milliseconds of parsing, ReloadOptions and Varz."""
            text = msgspec.json.encode(START | {"debug": next(native_flags)}).decode()
            answer = program.ask(text)
            assert answer["connections"] == clients
            return float(answer["update_ns"]) / 1e6

        here, inside = bench.take_turns(
            rounds, {f"ours, {clients} clients": ours, f"native, {clients} clients": theirs}
        )
        some = "1 client" if clients == 1 else f"{clients:,} clients"
        bench.compare(
            f"update_config of one flag, {some}, to native parse, reload and Varz",
            here, inside, "ms", at_most=at_most,
        )  # fmt: skip


def talk(bench: Benchmark) -> None:
    """Two hundred changes under clients that publish and subscribe."""
    with (
        NatsController(BrokerConfiguration(**START)) as controller,
        Child(build("native"), "crowd", str(CROWD), str(PACE)) as crowd,
    ):
        crowd.ask(str(controller.client_url))
        for flag in (number % 2 == 0 for number in range(CHANGES)):
            controller.update_config(debug=flag, max_payload=(1 << 20) + flag)
        report = crowd.ask("end")
    assert report["sent"] > 0
    sent = f"{CROWD:,} clients, {CHANGES} changes, {report['sent']:,} messages"
    for what in ("disconnects", "lost"):
        figure = report[what]
        bench.rows.append(
            Row(
                what=f"{sent}: {what}",
                ours=figure,
                unit="",
                figure=figure,
                limit="at most",
                target=0,
            )
        )


if __name__ == "__main__":
    main()
