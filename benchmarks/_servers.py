"""The server in Python and the binary, with a Python that is idle or busy."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from benchmarks._harness import Binary, Child, build, python

STATES = "idle", "busy"
SERVE = """
import json
from dotgnatly import BrokerConfiguration, NatsController
controller = NatsController(BrokerConfiguration(port=-1))
print(json.dumps(controller.start()), flush=True)
"""
COUNT = """
import sys, threading
busy = False
def count():
    number = 0
    while busy:
        number += 1
for line in sys.stdin:
    if busy := line == "busy\\n":
        thread = threading.Thread(target=count)
        thread.start()
    else:
        thread.join()
    print(0, flush=True)
"""
SHUT_DOWN = """
controller.shutdown()
"""


class Served(NamedTuple):
    """A server, and the Python that it is in, or that runs beside it.

    Without one the binary would have a core more than a server in a busy Python.
    """

    url: str
    program: Child

    def ask(self, client: Child, state: str) -> Any:
        """What a client says of the server, with Python idle or busy."""
        if state == "idle":
            return client.ask(self.url)
        self.program.ask("busy")
        answer = client.ask(self.url)
        self.program.ask("idle")
        return answer


class Servers(NamedTuple):
    """Both, each in a process of its own."""

    embedded: Served
    binary: Served

    def turns(
        self, what: str, measure: Callable[[Served, str], float]
    ) -> dict[str, Callable[[], float]]:
        """The sides of a comparison: for each state of Python the server in it, then the binary."""
        return {
            f"{what}, {name}, {state}": partial(measure, server, state)
            for state in STATES
            for name, server in zip(self._fields, self, strict=True)
        }


@contextmanager
def servers() -> Iterator[Servers]:
    """The server in Python, and the binary with a Python beside it."""
    with (
        python(SERVE + COUNT + SHUT_DOWN) as embedded,
        python(COUNT) as beside,
        Binary(build("nats-server")) as binary,
    ):
        yield Servers(Served(embedded.read(), embedded), Served(binary.url, beside))
