"""Waiting for jobs of the native library, blocking or in an event loop.

A job runs in Go. Whoever waits spins for some microseconds, then sleeps on a socket that Go sends
a byte on; so signals are handled at once, and no thread is held in Go.

What several calls to the library make up together is written once, as steps: a generator that
yields each job it waits for. ``run`` drives it in a blocking way, ``arun`` in an event loop.
"""

import time
from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dotgnatly import runtime
from dotgnatly.errors import DotgnatlyError

if TYPE_CHECKING:
    import socket

_SPIN_NS = 100_000
_SPIN_NS_IN_LOOP = 30_000  # an event loop has other things to do
_GLANCE_S = 0.05

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
        import socket  # slow at the first time, and meanwhile the job goes on

        reader, writer = socket.socketpair()
        with reader, writer:
            if not library.job_watch(job, writer.fileno()):
                try:
                    _receive(reader, timeout)
                finally:
                    library.job_watch(job, -1)
    result: bytes = library.job_take(job)
    return result


def _receive(reader: "socket.socket", timeout: float | None) -> None:
    # A signal that comes just before the wait, or on a thread of Go's, does not end it; in Winsock
    # none does. So look up often enough to notice one.
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        left = _GLANCE_S if deadline is None else deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        reader.settimeout(min(left, _GLANCE_S))
        with suppress(TimeoutError):
            reader.recv(1)
            return


async def await_(job: int, timeout: float | None = None) -> bytes:
    """Wait for a job in the running event loop; otherwise as ``wait``."""
    import asyncio
    import socket

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
