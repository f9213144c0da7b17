"""Waiting for jobs of the native library, blocking or in an event loop.

A job runs in Go. Whoever waits spins for some microseconds, then sleeps until Go sends a byte; so
signals are handled at once, and no thread is held in Go.

What several calls to the library make up together is written once, as steps: a generator that
yields each job it waits for. ``run`` drives it in a blocking way, ``arun`` in an event loop.
"""

from collections.abc import Generator
from typing import NamedTuple, TypeVar

from dotgnatly import runtime
from dotgnatly._wake import Wake
from dotgnatly.errors import DotgnatlyError

_SPIN_NS = 100_000
_SPIN_NS_IN_LOOP = 30_000  # an event loop has other things to do

T = TypeVar("T")


class Wait(NamedTuple):
    """A job to wait for; its result is sent back into the generator, its error thrown."""

    job: int
    timeout: float | None = None
    """Seconds until TimeoutError is thrown instead; the job goes on."""


Steps = Generator[Wait, bytes, T]


def wait(job: int, timeout: float | None = None) -> bytes:
    """Wait for a job and return its result. Signal handlers run meanwhile.

    Raises:
        TimeoutError: After ``timeout`` seconds; the job goes on and can be waited for again.
        DotgnatlyError: What the job ended with.
    """
    library = runtime.native()
    if not library.job_spin(job, _SPIN_NS):
        with Wake() as wake:
            if not library.job_watch(job, wake.writer):
                try:
                    wake.wait(timeout)
                finally:
                    library.job_watch(job, -1)
    result: bytes = library.job_take(job)
    return result


async def await_(job: int, timeout: float | None = None) -> bytes:
    """Wait for a job in the running event loop; otherwise as ``wait``."""
    import asyncio
    import socket  # every event loop can wait for one

    library = runtime.native()
    if not library.job_spin(job, _SPIN_NS_IN_LOOP):
        reader, writer = socket.socketpair()
        with reader, writer:
            reader.setblocking(False)  # noqa: FBT003 - the standard library's signature
            if not library.job_watch(job, writer.fileno()):
                try:
                    async with asyncio.timeout(timeout):
                        await asyncio.get_running_loop().sock_recv(reader, 1)
                finally:
                    library.job_watch(job, -1)
    result: bytes = library.job_take(job)
    return result


def ask(job: int) -> Steps[bytes]:
    """The step of a job that changes nothing: forgotten if the waiting is given up."""
    try:
        return (yield Wait(job))
    except DotgnatlyError:
        raise
    except BaseException:
        runtime.native().job_drop(job)
        raise


def run(steps: Steps[T]) -> T:
    """Drive steps to their end, blocking."""
    try:
        step = next(steps)
        while True:
            try:
                result = wait(*step)
            except BaseException as exc:  # noqa: BLE001 - also Ctrl-C, which the steps must know of
                step = steps.throw(exc)
            else:
                step = steps.send(result)
    except StopIteration as stop:
        value: T = stop.value
        return value


async def arun(steps: Steps[T]) -> T:
    """Drive steps to their end in the running event loop."""
    try:
        step = next(steps)
        while True:
            try:
                result = await await_(*step)
            except BaseException as exc:  # noqa: BLE001 - also a cancellation
                step = steps.throw(exc)
            else:
                step = steps.send(result)
    except StopIteration as stop:
        value: T = stop.value
        return value
