"""How long the package takes to import, and its native half to load."""

from functools import partial

from benchmarks._harness import Benchmark, python

ROUNDS = 30
TIMED = """
import time
import msgspec
{setup}
begin = time.perf_counter()
{statement}
print((time.perf_counter() - begin) * 1e3)
"""


def timed(statement: str, setup: str = "") -> float:
    """Milliseconds of a statement in a fresh interpreter that has msgspec."""
    with python(TIMED.format(setup=setup, statement=statement)) as child:
        return float(child.read())


def main() -> None:
    """Time both, each in interpreters of its own."""
    with Benchmark(name="import") as bench:
        imported, loaded = bench.take_turns(
            ROUNDS,
            {
                "import": partial(timed, "import dotgnatly"),
                "load": partial(timed, "runtime.native()", "from dotgnatly import runtime"),
            },
        )
        bench.limit("import dotgnatly, msgspec imported", imported, "ms", at_most=5)
        bench.limit("loading _native", loaded, "ms", at_most=10)


if __name__ == "__main__":
    main()
