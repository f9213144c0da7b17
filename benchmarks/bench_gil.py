"""What another Python thread notices of a start, a reload and a stop."""

import threading
import time
from collections.abc import Callable
from functools import partial
from itertools import cycle

from benchmarks._harness import Benchmark, Side
from dotgnatly import BrokerConfiguration, NatsController

ROUNDS = 100
ALONE = 0.02
"""Seconds for which the counting thread is left alone, to know its own pace."""


class Counter(threading.Thread):
    """A thread that counts as fast as it can."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.count = 0
        self.stopped = False

    def run(self) -> None:
        """Count until told to stop."""
        while not self.stopped:
            self.count += 1

    def pace(self, call: Callable[[], object]) -> float:
        """Millions a second while the calling thread is in a call."""
        count, begin = self.count, time.perf_counter()
        call()
        return (self.count - count) / (time.perf_counter() - begin) / 1e6


def main() -> None:
    """Compare its pace during each with its pace while the main thread sleeps."""
    controller = NatsController(BrokerConfiguration(port=-1))
    flags = cycle([True, False])
    steps: dict[str, Callable[[], object]] = {
        "start": controller.start,
        "reload": lambda: controller.update_config(debug=next(flags)),
        "stop": controller.shutdown,
    }
    for step in steps.values():  # the first start in a process loads the native half
        step()
    counter = Counter()
    counter.start()
    with Benchmark(name="gil") as bench:
        paces = {name: Side([]) for name in ("alone", *steps)}
        for _ in range(ROUNDS):
            for name, step in steps.items():
                paces["alone"].values.append(counter.pace(partial(time.sleep, ALONE)))
                paces[name].values.append(counter.pace(step))
        bench.keep(paces)
        for name in steps:
            bench.compare(
                f"pace of a counting thread during {name}, to its own",
                paces[name], paces["alone"], "M/s", at_least=0.9,
            )  # fmt: skip
    counter.stopped = True
    counter.join()


if __name__ == "__main__":
    main()
