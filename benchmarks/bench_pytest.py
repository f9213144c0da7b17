"""What a server for each test costs a test run, and the plugin one that has no servers."""

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks._harness import CHILD_ENVIRONMENT, Benchmark, Side

ROUNDS = 7
TESTS = 200
TEST = """
import pytest

@pytest.mark.parametrize("number", range({tests}))
def test_it({fixture}, number):
    assert number >= 0
"""


def seconds(folder: str, fixture: str, *arguments: str) -> float:
    """How long a run of all the tests takes, from before it is spawned to its end."""
    file = Path(folder, f"test_{fixture}.py")
    file.write_text(TEST.format(tests=TESTS, fixture=fixture))
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, str(file)],
        check=True, cwd=folder, env=CHILD_ENVIRONMENT, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return time.perf_counter() - begin


def main() -> None:
    """Run the same tests with servers, without, and without the plugin."""
    with (
        tempfile.TemporaryDirectory(prefix="dotgnatly-bench-") as folder,
        Benchmark(name="pytest") as bench,
    ):
        servers, none, no_plugin = bench.take_turns(
            ROUNDS,
            {
                "a JetStream server each": partial(seconds, folder, "jetstream_server"),
                "no server": partial(seconds, folder, "request"),
                "no plugin": partial(seconds, folder, "request", "-p", "no:dotgnatly"),
            },
        )
        pairs = zip(servers.values, none.values, strict=True)
        [more] = bench.keep({"more for the servers": Side([with_ - bare for with_, bare in pairs])})
        what = f"{TESTS} tests with a JetStream server each, more than with none"
        bench.limit(what, more, "s", at_most=2)
        what = f"{TESTS} tests without a server, to no plugin"
        bench.compare(what, none, no_plugin, "s", at_most=1.05)


if __name__ == "__main__":
    main()
