"""How long a Go client waits for replies, through the server in Python and through the binary."""

from collections import defaultdict

from benchmarks._harness import Benchmark, Child, Side, build
from benchmarks._servers import STATES, Served, servers

ROUNDS, SIZE, REQUESTS = 200, 128, 200


def main() -> None:
    """Compare the medians and the 99th percentiles of the rounds, with Python idle and busy."""
    medians: dict[tuple[Served, str], list[float]] = defaultdict(list)

    def p99(server: Served, state: str) -> float:
        answer = server.ask(client, state)
        medians[server, state].append(answer["p50_ns"] / 1e3)
        return float(answer["p99_ns"]) / 1e3

    with (
        servers() as both,
        Child(build("native"), "request", str(SIZE), str(REQUESTS)) as client,
        Benchmark(name="latency") as bench,
    ):
        sides = bench.take_turns(ROUNDS, both.turns("p99", p99))
        for state, *tails in zip(STATES, sides[::2], sides[1::2], strict=True):
            middles = bench.keep({
                f"p50, {name}, {state}": Side(medians[server, state][1:])  # the first warms up
                for name, server in both._asdict().items()
            })  # fmt: skip
            for what, (embedded, binary) in {"p50": middles, "p99": tails}.items():
                bench.compare(
                    f"{what} of a request, embedded to the binary, Python {state}",
                    embedded, binary, "us", times_faster=0.97,
                )  # fmt: skip


if __name__ == "__main__":
    main()
