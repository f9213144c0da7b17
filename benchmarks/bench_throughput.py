"""Messages a second of a Go client over TCP, to the server in Python and to the binary."""

from functools import partial

from benchmarks._harness import Benchmark, Binary, Child, build, python

ROUNDS = 60
MESSAGES = {("publish", 16): 1_000_000, ("publish", 128): 750_000,
            ("pubsub", 16): 250_000, ("pubsub", 128): 150_000}  # fmt: skip
"""How many a round, by operation and payload size: some tenths of a second."""
SERVE = """
import json, sys
from dotgnatly import BrokerConfiguration, NatsController
with NatsController(BrokerConfiguration(port=-1)) as controller:
    print(json.dumps(controller.client_url), flush=True)
    sys.stdin.read()
"""


def rate(client: Child, url: str) -> float:
    """Thousands of messages a second."""
    return float(client.ask(url)["per_second"]) / 1e3


def main() -> None:
    """Let one client take turns between both servers, each in a process of its own."""
    with (
        python(SERVE) as child,
        Binary(build("nats-server")) as binary,
        Benchmark(name="throughput") as bench,
    ):
        url = child.read()
        for (operation, size), count in MESSAGES.items():
            with Child(build("native"), operation, str(size), str(count)) as client:
                embedded, apart = bench.take_turns(
                    ROUNDS,
                    {
                        f"{operation} {size} B, embedded": partial(rate, client, url),
                        f"{operation} {size} B, binary": partial(rate, client, binary.url),
                    },
                )
            bench.compare(
                f"TCP {operation}, {size} B, embedded to the binary",
                embedded, apart, "k/s", at_least=0.95,
            )  # fmt: skip


if __name__ == "__main__":
    main()
