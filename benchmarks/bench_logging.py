"""What the server's debug and trace lines cost its clients on their way into ``logging``."""

import re
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks._harness import Benchmark, Binary, Child, Side, build, python

ROUNDS, ROUNDS_OF_TRACE = 30, 5
PUBSUB, LOGINS = ("pubsub", "128", "150000"), ("logins", "1600")
SERVE = """
import json, logging, sys
from dotgnatly import BrokerConfiguration, NatsController
if {file!r}:
    logging.basicConfig(filename={file!r}, level=1)
with NatsController(BrokerConfiguration(port=-1, **{options!r})) as controller:
    print(json.dumps(controller.client_url), flush=True)
    sys.stdin.read()
"""


def serve(file: Path | None, **options: bool) -> Child:
    """A server in Python, which logs to a file or not at all."""
    return python(SERVE.format(file=file and str(file), options=options))


def rate(client: Child, url: str) -> float:
    """Thousands a second, of messages or of logins."""
    return float(client.ask(url)["per_second"]) / 1e3


def debug(bench: Benchmark, folder: Path) -> None:
    """With debug lines, to none; logins have some."""
    with ExitStack() as stack:
        plain = stack.enter_context(serve(None)).read()
        logged = stack.enter_context(serve(folder / "debug", debug=True)).read()
        flags = "-D", "-l", str(folder / "binary")
        binary = stack.enter_context(Binary(build("nats-server"), *flags)).url
        urls = {"no log": plain, "debug": logged, "binary, debug": binary}
        for what, arguments in {"messages": PUBSUB, "logins": LOGINS}.items():
            client = stack.enter_context(Child(build("native"), *arguments))
            without, ours, theirs = bench.take_turns(
                ROUNDS,
                {f"{what}, {name}": partial(rate, client, url) for name, url in urls.items()},
            )
            for name, other in {"no log": without, "the binary with -D": theirs}.items():
                bench.compare(
                    f"TCP {what}, debug into logging, to {name}", ours, other, "k/s", at_least=0.8
                )


def trace(bench: Benchmark, folder: Path) -> None:
    """How many lines are dropped, where each message makes several."""
    rates, shares = Side([]), Side([])
    for number in range(ROUNDS_OF_TRACE):
        file = folder / f"trace.{number}"
        with serve(file, trace=True) as program, Child(build("native"), *PUBSUB) as client:
            rates.values.append(rate(client, program.read()))
        text = file.read_text()
        told = re.findall(r"(\d+) log lines were dropped", text)
        dropped = sum(map(int, told))
        shares.values.append(dropped / (dropped + text.count("\n") - len(told)) * 100)
    bench.keep({"messages, trace": rates, "trace lines dropped": shares})
    bench.limit("trace lines that logging dropped, and counted", shares, "%", at_most=100)


def main() -> None:
    """Measure debug, then trace."""
    with (
        tempfile.TemporaryDirectory(prefix="dotgnatly-bench-") as folder,
        Benchmark(name="logging") as bench,
    ):
        debug(bench, Path(folder))
        trace(bench, Path(folder))


if __name__ == "__main__":
    main()
