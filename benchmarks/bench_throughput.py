"""Messages a second of a Go client over TCP, to the server in Python and to the binary."""

from benchmarks._harness import Benchmark, Child, build
from benchmarks._servers import STATES, Served, servers

ROUNDS = 60
MESSAGES = {("publish", 16): 1_000_000, ("publish", 128): 750_000,
            ("pubsub", 16): 250_000, ("pubsub", 128): 150_000}  # fmt: skip
"""How many a round, by operation and payload size: some tenths of a second."""


def main() -> None:
    """Let one client take turns between both servers, with a Python that is idle, and busy."""
    with servers() as both, Benchmark(name="throughput") as bench:
        for (operation, size), count in MESSAGES.items():
            what = f"{operation} {size} B"
            with Child(build("native"), operation, str(size), str(count)) as client:

                def rate(server: Served, state: str, client: Child = client) -> float:
                    return float(server.ask(client, state)["per_second"]) / 1e3

                sides = bench.take_turns(ROUNDS, both.turns(what, rate))
            for state, embedded, binary in zip(STATES, sides[::2], sides[1::2], strict=True):
                bench.compare(
                    f"TCP {what}, embedded to the binary, Python {state}",
                    embedded, binary, "k/s", at_least=0.97,
                )  # fmt: skip


if __name__ == "__main__":
    main()
