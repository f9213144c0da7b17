"""What the benchmarks share: turns between the compared sides, the other sides, the results."""

import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

import msgspec

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
LOOPBACK = "127.0.0.1"
CHILD_ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}
"""An installed package has its byte code compiled, so what a child imports must have it too."""


# -- measuring and reporting -----------------------------------------------------------------------


def _short(value: float) -> float:
    return float(f"{value:.4g}")


class Side(msgspec.Struct, frozen=True):
    """The measurements of one side of a comparison, a value for each round."""

    values: list[float]

    @property
    def median(self) -> float:
        """The middle of all measurements."""
        return statistics.median(self.values)

    @property
    def noise(self) -> float:
        """The interquartile range, as a part of the median."""
        if len(self.values) == 1:
            return 0
        low, _, high = statistics.quantiles(self.values, n=4)
        return (high - low) / self.median

    @property
    def summary(self) -> "Summary":
        """What is written down, to four digits."""
        quartiles = statistics.quantiles(self.values, n=4) if len(self.values) > 1 else ()
        return Summary(
            rounds=len(self.values),
            median=_short(self.median),
            quartiles=tuple(map(_short, quartiles)),
            range=(_short(min(self.values)), _short(max(self.values))),
        )


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The measurements of a side, short enough to keep."""

    rounds: int
    median: float
    quartiles: tuple[float, ...]
    range: tuple[float, float]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table: a figure, what it is compared with, and what it should be."""

    what: str
    ours: float
    theirs: float | None = None
    unit: str
    figure: float
    """What is held against the target: a ratio of medians, or ``ours`` itself."""
    limit: Literal["at most", "at least"]
    target: float
    noise: float = 0
    """Of the noisier side."""

    @property
    def met(self) -> bool:
        """Whether the figure is what it should be."""
        return self.figure <= self.target if self.limit == "at most" else self.figure >= self.target

    def __str__(self) -> str:
        ours, theirs = (
            "" if value is None else f"{value:,.4g} {self.unit}"
            for value in (self.ours, self.theirs)
        )
        unit = self.unit if self.theirs is None else "x"
        verdict = "met" if self.met else "**missed**"
        return (
            f"| {self.what} | {ours} | {theirs} | {self.figure:.3g} {unit} "
            f"| {self.limit} {self.target:g} {unit} | {self.noise:.0%} | {verdict} |"
        )


HEADING = (
    "| what | ours | theirs | figure | target | noise | verdict |\n|---|---|---|---|---|---|---|"
)


class Benchmark(msgspec.Struct, kw_only=True):
    """One run; at its end it prints its rows and writes ``results/<name>.json``."""

    name: str
    environment: dict[str, Any] = {}
    rows: list[Row] = []
    sides: dict[str, Summary] = {}

    def __enter__(self) -> Self:
        self.environment = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.release()} {platform.machine()}",
            "cpus": os.cpu_count(),
            "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        }
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            return
        RESULTS.mkdir(exist_ok=True)
        document = msgspec.json.format(msgspec.json.encode(self), indent=1)
        (RESULTS / f"{self.name}.json").write_bytes(document + b"\n")
        print(HEADING, *self.rows, sep="\n")

    def take_turns(self, rounds: int, sides: Mapping[str, Callable[[], float]]) -> list[Side]:
        """Measure every side once a round, so that a slow moment of the machine meets all of them.

        The first round warms up and is not counted. The order turns by one each round, so that no
        side always comes after the same other one.

        Returns:
            What was measured, a side for each of ``sides``.
        """
        names = list(sides)
        values: dict[str, list[float]] = {name: [] for name in names}
        for number in range(rounds + 1):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                value = sides[name]()
                if number:
                    values[name].append(value)
        return self.keep({name: Side(values[name]) for name in names})

    def keep(self, sides: Mapping[str, Side]) -> list[Side]:
        """Have these measurements written down; returns them."""
        self.sides |= {name: side.summary for name, side in sides.items()}
        return list(sides.values())

    def compare(
        self,
        what: str,
        ours: Side,
        theirs: Side,
        unit: str,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
        times_faster: float | None = None,
    ) -> None:
        """Add a row for the ratio of two medians; one of the last three is its target."""
        ratio = ours.median / theirs.median
        targets = [target for target in (at_most, at_least, times_faster) if target is not None]
        self.rows.append(
            Row(
                what=what,
                ours=_short(ours.median),
                theirs=_short(theirs.median),
                unit=unit,
                figure=_short(ratio if times_faster is None else 1 / ratio),
                limit="at least" if at_most is None else "at most",
                target=targets[0],
                noise=_short(max(ours.noise, theirs.noise)),
            )
        )

    def limit(
        self,
        what: str,
        side: Side,
        unit: str,
        *,
        at_most: float | None = None,
        at_least: float | None = None,
    ) -> None:
        """Add a row for a median compared with nothing; one of the last two is its target."""
        [target] = [target for target in (at_most, at_least) if target is not None]
        self.rows.append(
            Row(
                what=what,
                ours=_short(side.median),
                unit=unit,
                figure=_short(side.median),
                limit="at least" if at_most is None else "at most",
                target=target,
                noise=_short(side.noise),
            )
        )


# -- the sides -------------------------------------------------------------------------------------


@cache
def build(name: Literal["native", "nats-server"]) -> Path:
    """Our native program, or the stock server, from the very versions that gobridge/go.mod pins."""
    go = shutil.which("go")
    if go is None:
        sys.exit("the benchmarks need Go, for the sides that they compare with")
    sources = {
        "native": sorted(str(path) for path in (ROOT / "benchmarks" / "native").glob("*.go")),
        "nats-server": ["github.com/nats-io/nats-server/v2"],
    }
    output = ROOT / "build" / "benchmarks" / name
    subprocess.run(  # without cgo, as the server is released
        [go, "-C", str(ROOT / "gobridge"), "build", "-trimpath", "-buildvcs=false",
         "-ldflags=-s -w", "-o", str(output), *sources[name]],
        check=True, env=os.environ | {"CGO_ENABLED": "0"},
    )  # fmt: skip
    return output


class Child:
    """A process that answers each line of input with a line of JSON, and ends with its input."""

    def __init__(self, *command: str | Path) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            cwd=ROOT, env=CHILD_ENVIRONMENT,
        )  # fmt: skip
        self.pid = self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def read(self) -> Any:
        """The next answer."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a child ended with {self._process.wait()}, see above")
        return msgspec.json.decode(line)

    def ask(self, line: str) -> Any:
        """Send a line and wait for its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        return self.read()


def python(code: str) -> Child:
    """A fresh interpreter that runs some code."""
    return Child(sys.executable, "-c", code)


class Binary:
    """The stock server as a process of its own, on a free port of the loopback interface.

    Attributes:
        url: Where clients connect.
        pid: Its process.
        seconds: From before it was spawned until its port answered.
    """

    def __init__(self, program: Path, *flags: str) -> None:
        with socket.create_server((LOOPBACK, 0)) as listener:
            port = listener.getsockname()[1]
        self.url = f"nats://{LOOPBACK}:{port}"
        command = [str(program), "-a", LOOPBACK, "-p", str(port), *flags]
        begin = time.perf_counter()
        self._process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        self.pid = self._process.pid
        try:
            with _dial(self.url) as client:
                client.recv(1)
                self.seconds = time.perf_counter() - begin
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)


def connect(url: str) -> socket.socket:
    """An idle client of a running server."""
    client = _dial(url)
    client.sendall(b'CONNECT {"verbose":false}\r\nPING\r\n')
    answer = b""
    while b"PONG\r\n" not in answer:
        answer += client.recv(4096)
    return client


def _dial(url: str) -> socket.socket:
    """A connection to a server that may still be starting."""
    host, _, port = url.removeprefix("nats://").rpartition(":")
    deadline = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection((host, int(port)), timeout=10)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.0002)
