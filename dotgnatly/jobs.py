"""Waiting for jobs of the native library, blocking or in an event loop.

A job runs in Go. Whoever waits spins for some microseconds, then sleeps until Go sends a byte; so
signals are handled at once, and no thread is held in Go.

What several calls to the library make up together is written once, as steps: a generator that
yields each job it waits for. ``run`` drives it in a blocking way, ``arun`` in an event loop.
"""

import time
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from msgspec import Struct

from dotgnatly._wake import wait_readable

if TYPE_CHECKING:
    from dotgnatly._native import Job

_SPIN_NS = 400_000  # as long as most changes and starts take
_SPIN_NS_IN_LOOP = 30_000  # an event loop has other things to do

T = TypeVar("T")


class Step(Protocol):
    """Something to wait for; its result is sent back into the generator, its error thrown."""

    def run(self) -> Any:
        """Wait, blocking."""
        ...

    async def arun(self) -> Any:
        """Wait in the running event loop."""
        ...


class Wait(Struct, frozen=True):
    """A job to wait for."""

    job: "Job"
    timeout: float | None = None
    """Seconds until TimeoutError is thrown instead; the job goes on."""

    def run(self) -> bytes:
        """As ``wait``."""
        return wait(self.job, self.timeout)

    async def arun(self) -> bytes:
        """As ``await_``."""
        return await await_(self.job, self.timeout)


class Locked(Struct, frozen=True):
    """Steps to take while holding a lock, of threads or of an event loop."""

    lock: Any
    steps: "Steps[Any]"

    def run(self) -> Any:
        """Block the thread until then; no signal handler can run between the lock and its block."""
        with self.lock:
            return run(self.steps)

    async def arun(self) -> Any:
        """Let the event loop go on until then."""
        async with self.lock:
            return await arun(self.steps)


class Call(Struct, frozen=True):
    """A function that may block, on the disk. In an event loop it runs on a thread."""

    function: Callable[[], Any]

    def run(self) -> Any:
        """Call it."""
        return self.function()

    async def arun(self) -> Any:
        """Call it on a thread. It is at its end when this is, a cancellation notwithstanding."""
        import asyncio

        future = asyncio.get_running_loop().run_in_executor(None, self.function)
        try:
            return await asyncio.shield(future)
        except asyncio.CancelledError:
            await asyncio.wait([future])
            raise


class Pause(Struct, frozen=True):
    """Nothing to do for some time, between two looks at what no job tells of."""

    seconds: float

    def run(self) -> None:
        """Sleep; signal handlers run meanwhile."""
        time.sleep(self.seconds)

    async def arun(self) -> None:
        """Let the event loop go on."""
        import asyncio

        await asyncio.sleep(self.seconds)


Steps = Generator[Step, Any, T]


def wait(job: "Job", timeout: float | None = None) -> bytes:
    """Wait for a job and return its result. Signal handlers run meanwhile.

    Raises:
        TimeoutError: After ``timeout`` seconds; the job goes on and can be waited for again.
        DotgnatlyError: What the job ended with.
    """
    if not job.spin(_SPIN_NS):
        wait_readable(job.watch(), timeout)
    return job.take()


async def await_(job: "Job", timeout: float | None = None) -> bytes:
    """Wait for a job in the running event loop; otherwise as ``wait``."""
    import asyncio
    import socket

    if not job.spin(_SPIN_NS_IN_LOOP):
        reader = socket.socket(fileno=job.watch())  # what every event loop can wait for
        try:
            reader.setblocking(False)  # noqa: FBT003 - the standard library's signature
            async with asyncio.timeout(timeout):
                await asyncio.get_running_loop().sock_recv(reader, 1)
        finally:
            reader.detach()  # it is the job's
    return job.take()


def run(steps: Steps[T]) -> T:
    """Drive steps to their end, blocking."""
    go_on: Callable[[Any], Step] = steps.send
    value: Any = None
    while True:
        try:
            step = go_on(value)
            go_on, value = steps.send, step.run()
        except BaseException as exc:  # also Ctrl-C, which the steps must know of, here or there
            if _ended(steps):
                value = None  # else it would hold the frame that holds it
                if not isinstance(exc, StopIteration):
                    raise
                result: T = exc.value
                return result
            go_on, value = steps.throw, exc


async def arun(steps: Steps[T]) -> T:
    """Drive steps to their end in the running event loop."""
    go_on: Callable[[Any], Step] = steps.send
    value: Any = None
    while True:
        try:
            step = go_on(value)
            go_on, value = steps.send, await step.arun()
        except BaseException as exc:  # also a cancellation
            if _ended(steps):
                value = None  # else it would hold the frame that holds it
                if not isinstance(exc, StopIteration):
                    raise
                result: T = exc.value
                return result
            go_on, value = steps.throw, exc


def _ended(steps: Any) -> bool:  # typing knows of no gi_frame
    return steps.gi_frame is None
