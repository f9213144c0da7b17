"""What the scripts share that tests run in interpreters of their own."""

import json
import os
import random
import select
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from dotgnatly import runtime


def until(condition: Callable[[], Any], what: str = "", timeout: float = 10.0) -> Any:
    """The first true value of the condition; AssertionError if there is none in time."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {timeout} s: {what or condition}"
        time.sleep(0.002)  # between two looks at a condition
    return value


def counts() -> dict[str, int]:
    """What is alive in the native library."""
    result: dict[str, int] = json.loads(runtime.native().counts())
    return result


def alive() -> dict[str, Any]:
    """All that a failed or finished server could have left behind in this process."""
    return counts() | {
        "descriptors": descriptors(),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "temporary files": sorted(os.listdir(tempfile.gettempdir())),
    }


def descriptors() -> int:
    """How many descriptors are open; -1 where the system does not say."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        if os.path.isdir(folder):
            return len(os.listdir(folder))
    return -1


def os_threads() -> int:
    """How many threads the system knows of, Go's included; -1 where it does not say."""
    return len(os.listdir("/proc/self/task")) if sys.platform == "linux" else -1


def memory() -> int:
    """Bytes of memory in use; -1 where the system does not say."""
    if sys.platform != "linux":
        return -1
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def settled(before: dict[str, Any]) -> None:
    """Assert that what is alive is soon no more than it was before."""
    try:
        until(lambda: not growth(before))
    except AssertionError:
        raise AssertionError(f"left behind: {growth(before)}") from None


def growth(before: dict[str, Any]) -> dict[str, Any]:
    """What is alive now and was not before."""
    now = alive()
    more: dict[str, Any] = {}
    for name, value in now.items():
        if isinstance(value, int):
            if value > before[name]:
                more[name] = value - before[name]
        elif extra := [item for item in value if item not in before[name]]:
            more[name] = extra
    return more


@contextmanager
def taken_port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def held_store() -> Iterator[str]:
    """A store directory that another server of this process has."""
    from dotgnatly import NatsController

    config = {"port": -1, "server_name": "holder", "jetstream": {"store_dir": "held"}}
    with NatsController(config):
        yield "held"


def a_file() -> str:
    """The path of a file, where a directory should be."""
    Path("file").touch()
    return "file"


def blocked_store() -> str:
    """A store that can be locked, but that JetStream cannot start in."""
    Path("blocked").mkdir()
    Path("blocked/jetstream").touch()
    return "blocked"


def unwritable() -> str:
    """A directory that nobody may write to, root included."""
    if os.name == "posix" and os.geteuid() == 0:
        return "/sys"
    Path("unwritable").mkdir(mode=0o500)
    return "unwritable"


def drain(fifo: str) -> Callable[[], None]:
    """Let whoever writes to a named pipe go on; gives a function that ends it."""
    reader = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)  # else it would wait for somebody who writes
    ended = threading.Event()

    def read() -> None:
        while not ended.is_set():
            if select.select([reader], [], [], 0.01)[0]:
                os.read(reader, 65536)
        os.close(reader)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()

    def end() -> None:
        ended.set()
        thread.join()

    return end


def feed(fifo: str, text: str) -> None:
    """Let whoever reads a named pipe go on, as often as it is opened."""

    def write() -> None:
        while True:
            with suppress(BrokenPipeError), Path(fifo).open("w") as file:
                file.write(text)

    threading.Thread(target=write, daemon=True).start()


class Interrupt:
    """Ctrl-C, or another signal, as soon as the main thread waits for a job in Go."""

    def __init__(self, number: signal.Signals = signal.SIGINT) -> None:
        self._number = number
        self._sent = 0.0
        threading.Thread(target=self._send, daemon=True).start()

    def _send(self) -> None:
        until(waiting, "the main thread waits")
        self._sent = time.monotonic()
        os.kill(os.getpid(), self._number)

    def took(self) -> float:
        """Seconds since it was sent."""
        assert self._sent, "the call ended before the signal was sent"
        return time.monotonic() - self._sent


def waiting(thread: threading.Thread | None = None) -> bool:
    """Whether a thread, the main one by default, waits for a job."""
    frame = sys._current_frames().get((thread or threading.main_thread()).ident or 0)
    module = frame.f_globals.get("__name__") if frame is not None else None
    return module in ("dotgnatly.jobs", "dotgnatly._wake")


async def add_stream(url: str, messages: int = 1) -> None:
    """Make a stream S with some messages in it."""
    import nats

    client = await nats.connect(url)
    stream = client.jetstream()
    await stream.add_stream(name="S", subjects=["s"])
    for _ in range(messages):
        await stream.publish("s", b"x")
    await client.close()


def in_fork(call: Callable[[], Any], fork: Callable[[], int] | None = None) -> str:
    """What a call gives, or raises, in a forked child."""
    reader, writer = os.pipe()
    pid = (fork or os.fork)()
    if pid == 0:
        try:
            said = repr(call())
        except BaseException as exc:  # noqa: BLE001 - whatever it is, the parent judges
            said = f"{type(exc).__name__}: {exc}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    try:
        if not select.select([reader], [], [], 5.0)[0]:
            return "hung"
        return os.read(reader, 65536).decode()
    finally:
        os.close(reader)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


class Child:
    """A forked child that lives until it is told to end, and does nothing."""

    def __init__(self, fork: Callable[[], int]) -> None:
        reader, self._writer = os.pipe()
        self.pid = fork()
        if self.pid == 0:
            os.close(self._writer)
            os.read(reader, 1)
            os._exit(0)
        os.close(reader)

    def lives(self) -> bool:
        """Whether it does."""
        return os.waitpid(self.pid, os.WNOHANG) == (0, 0)

    def end(self) -> None:
        """End it."""
        os.close(self._writer)
        os.waitpid(self.pid, 0)


def own_server() -> str:
    """Whether a worker process can have a server, or the name of the exception."""
    from dotgnatly import DotgnatlyError, NatsController

    try:
        with NatsController({"port": -1}) as controller:
            return str(controller.is_running)
    except DotgnatlyError as exc:
        return type(exc).__name__


def fill(descriptor: int) -> None:
    """Write to a pipe until it takes no more."""
    with suppress(BlockingIOError):
        while True:
            os.write(descriptor, bytes(65536))
    with suppress(BlockingIOError):
        while True:
            os.write(descriptor, b"\n")


def interrupted(call: Callable[[], Any], seconds: float) -> None:
    """Make a call with Ctrl-C at a random moment in so many seconds from now on."""

    def send() -> None:
        time.sleep(random.random() * seconds)
        os.kill(os.getpid(), signal.SIGINT)

    sender = threading.Thread(target=send)
    with suppress(KeyboardInterrupt):
        sender.start()
        call()
        sender.join()
        until(lambda: False)  # until it arrives
    sender.join()


def moments() -> Iterator[Callable[[], Awaitable[None]]]:
    """Ever longer waits, to cancel a task after: by steps of the loop, then by time."""
    import asyncio  # most scripts do without it

    async def steps(count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    yield from (partial(steps, count) for count in range(20))
    yield from (partial(asyncio.sleep, milliseconds / 4000) for milliseconds in range(60))
    yield partial(asyncio.sleep, 0.25)
