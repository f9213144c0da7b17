"""Throws what is no configuration, or nearly one, at the parser and at a running server.

``python -m tests.fuzz.fuzz_config [SECONDS] [SEED]``: the one answer allowed is an error of ours.
What was thrown last is in ``build/fuzz/last.txt``, should the process die of it.
"""

import faulthandler
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from dotgnatly import BrokerConfiguration, ConfigError, DotgnatlyError, NatsController, conffile
from dotgnatly.config._base import _fields
from tests.configurations import NAMES, SUBJECTS, TEXTS, URLS, blocks

LAST = Path("build/fuzz/last.txt").absolute()
HANGS = 60
"""Seconds after which one input is taken for a hang."""
BASE = BrokerConfiguration(port=-1)

_KEYS = sorted({*_fields(BrokerConfiguration).spellings, "users", "allow", "mode", "urls", "max"})
_TOKENS = [
    *"{}[]():=,;#'\"$\n\t \\", "//", "\\x4", "include", "include a.conf", "$a", "-1", "1k", "1.5",
    "2020-01-01T00:00:00Z", "127.0.0.1:-1", "(\n", "\n)\n", "true", "off", "\0", "é", "$2a$",
    *_KEYS,
]  # fmt: skip
soup = st.lists(st.sampled_from(_TOKENS), max_size=60).map("".join)
noise = st.binary(max_size=200).map(lambda data: data.decode("utf-8", "surrogateescape"))
safe = st.one_of(NAMES, TEXTS, SUBJECTS, URLS).filter(lambda text: not text.startswith(("/", ".")))
anything = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), safe, st.binary(max_size=5),
        st.timedeltas(),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(safe, inner, max_size=4),
        st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    ),
    max_leaves=20,
)  # fmt: skip
wrong = st.dictionaries(st.one_of(st.sampled_from(_KEYS), safe), anything, max_size=4)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A file that was one, but for some slips of the pen."""
    text = draw(blocks(BrokerConfiguration)).to_conf()
    for _ in range(draw(st.integers(0, 4))):
        at, length = draw(st.integers(0, len(text))), draw(st.integers(0, 8))
        slip = draw(st.sampled_from(["", *_TOKENS]))
        text = text[:at] + slip + text[at + length :]
    return str(text)


class Fuzzer:
    """Counts what comes of it."""

    def __init__(self, server: NatsController) -> None:
        self.server = server
        self.counts: Counter[str] = Counter()

    def read(self, text: str) -> None:
        """As a text and as a file."""
        Path("a.conf").write_bytes(text.encode("utf-8", "surrogateescape"))
        for read in (lambda: BrokerConfiguration.from_text(text), _read_file):
            self._expect("read", read, ConfigError)

    def change(self, change: Any) -> None:
        """On the running server, which must be as before, or as told."""
        before = self.server.config
        if not self._expect("changed", lambda: self.server.update_config(change), DotgnatlyError):
            assert self.server.config is before
        assert self.server.is_running
        self.server.varz()
        with suppress(DotgnatlyError):
            self.server.replace_config(BASE)
            return
        self.server.shutdown()
        self.server.start(BASE)

    def _expect(self, what: str, call: Callable[[], Any], error: type[Exception]) -> bool:
        try:
            call()
        except error:
            self.counts[f"not {what}"] += 1
            return False
        self.counts[what] += 1
        return True


def _read_file() -> None:
    config = BrokerConfiguration.from_file("a.conf")
    with suppress(ConfigError):
        config.validate()
        text = conffile.render(config).decode()
        assert _read(config.to_conf()) == _read(text)


def _read(text: str) -> BrokerConfiguration:
    try:
        return BrokerConfiguration.from_text(text)
    except ConfigError as exc:
        raise AssertionError("what was read and is valid is not read again") from exc


def main() -> None:
    """Go on until the time is over or something is found."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    first = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
    print(f"seed {first}, {seconds:g} s")
    deadline = time.monotonic() + seconds
    LAST.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory, NatsController(BASE) as server:
        os.chdir(directory)  # names of files in what is thrown are relative
        fuzzer = Fuzzer(server)
        targets: list[tuple[Callable[[Any], None], st.SearchStrategy[Any]]] = [
            (fuzzer.read, st.one_of(soup, noise)), (fuzzer.read, damaged()),
            (fuzzer.change, wrong), (fuzzer.change, blocks(BrokerConfiguration)),
        ]  # fmt: skip
        number = first
        while time.monotonic() < deadline:
            for target, strategy in targets:
                _throw(target, strategy, number)
                number += 1
        faulthandler.cancel_dump_traceback_later()
        os.chdir("/")
    print(dict(sorted(fuzzer.counts.items())))


def _throw(target: Callable[[Any], None], strategy: st.SearchStrategy[Any], number: int) -> None:
    @seed(number)
    @settings(
        max_examples=100, database=None, deadline=None, suppress_health_check=[*HealthCheck],
        phases=[Phase.generate, Phase.shrink], print_blob=False,
    )  # fmt: skip
    @given(strategy)
    def once(value: Any) -> None:
        faulthandler.dump_traceback_later(HANGS, exit=True)
        LAST.write_text(repr(value), encoding="utf-8", errors="backslashreplace")
        target(value)

    once()


if __name__ == "__main__":
    main()
