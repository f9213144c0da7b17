"""How long it takes, and how much memory, to read 1,000 accounts and 10,000 users from a file."""

import sys
import tempfile
import time
from pathlib import Path

from benchmarks._harness import Benchmark, Child, Side, build, python
from dotgnatly import BrokerConfiguration

ROUNDS = 30
FRESH = 7
"""Processes that read the file once, to see what they took for it at most."""
ACCOUNTS = 1_000
USERS = 10
"""Of each account; every third one has permissions."""
READ_ONCE = """
import sys
from dotgnatly import BrokerConfiguration
config = BrokerConfiguration.from_file({path!r})
print(len(config.accounts), flush=True)
sys.stdin.read()
"""


def large_file(directory: str) -> Path:
    """A file as one would write it."""
    lines = ["port: -1", "accounts {"]
    for account in range(ACCOUNTS):
        lines += [f"  TENANT{account} {{", "    users: ["]
        for user in range(USERS):
            name = f"t{account}-u{user}"
            allowed = (
                f', permissions: {{publish: ["{name}.>", "_INBOX.>"],'
                f' subscribe: {{allow: ["{name}.*.in", "_INBOX.>"], deny: "{name}.x.in"}}}}'
            )
            rest = "" if user % 3 else allowed
            lines.append(f'      {{user: "{name}", password: "secret-of-{name}"{rest}}}')
        lines += ["    ]", "  }"]
    path = Path(directory) / "large.conf"
    path.write_text("\n".join([*lines, "}", ""]), encoding="utf-8")
    return path


def peak(pid: int) -> float:
    """Megabytes that a process has had in use at most."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def main() -> None:
    """Read it into the typed object here, and into the server's options in a Go program."""
    if not Path("/proc/self/status").exists():
        sys.exit("memory is read from /proc, which this system does not have")
    with tempfile.TemporaryDirectory() as directory, Benchmark(name="read") as bench:
        path = large_file(directory)

        def ours() -> float:
            """Milliseconds until the typed object is there, what nats-server refuses refused."""
            begin = time.perf_counter()
            BrokerConfiguration.from_file(path)
            return (time.perf_counter() - begin) * 1e3

        with Child(build("native"), "read") as program:

            def native() -> float:
                """Milliseconds of ``Options.ProcessConfigFile``."""
                return float(program.ask(str(path))["read_ns"]) / 1e6

            here, inside = bench.take_turns(ROUNDS, {"ours": ours, "native": native})
        bench.compare(
            "reading 1,000 accounts and 10,000 users, to the server's own parse",
            here, inside, "ms", at_most=2,
        )  # fmt: skip

        large, small = Side([]), Side([])
        for _ in range(FRESH):
            with (
                python(READ_ONCE.format(path=str(path))) as one,
                Child(build("native"), "read") as other,
            ):
                one.read()
                other.ask(str(path))
                large.values.append(peak(one.pid))
                small.values.append(peak(other.pid))
        bench.keep({"Python that has read it": large, "native that has read it": small})
        bench.compare(
            "peak memory of a process that reads them once, to a native one",
            large, small, "MB", at_most=3,
        )  # fmt: skip


if __name__ == "__main__":
    main()
