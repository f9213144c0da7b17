"""Lame duck mode: a server that sends its clients elsewhere before it stops."""

from typing import TypeVar

from dotgnatly import jobs, runtime
from dotgnatly._server import Server
from dotgnatly.errors import ShutdownTimeoutError
from dotgnatly.jobs import Steps, Wait

T = TypeVar("T")

_CONFIGURED = -1
_MOST_S = 2**63 / 1e9


class _Leaving:
    """What both kinds have."""

    def __init__(self, server: Server, handle: int) -> None:
        self._server = server
        self._handle = handle

    @property
    def clients_left(self) -> int:
        """The clients and leaf nodes that are still connected; 0 once the server has stopped."""
        left: int = runtime.native().server_clients_left(self._handle)
        return left

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.clients_left} clients left>"

    def _end(self, timeout: float | None) -> Steps[None]:
        late = ShutdownTimeoutError(f"{self._server} still runs after {timeout} s")
        return self._server.gone(self._handle, timeout, late)


class LameDuck(_Leaving):
    """A server on its way out. It goes on, whether this object is kept or not."""

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the server has stopped, and nothing of it is left.

        Args:
            timeout: Seconds to wait; None is for as long as it takes.

        Raises:
            ShutdownTimeoutError: It has not stopped in time, and goes on.
        """
        jobs.run(self._end(timeout))


class AsyncLameDuck(_Leaving):
    """A server on its way out. It goes on, whether this object is kept or not."""

    async def wait(self, timeout: float | None = None) -> None:
        """As ``LameDuck.wait``."""
        await jobs.arun(self._end(timeout))


def _leave(server: Server, duration: float | None, grace: float | None) -> Steps[int]:
    times = _nanoseconds("duration", duration), _nanoseconds("grace", grace)
    handle = server.require_running()
    yield Wait(runtime.native().server_lame_duck(handle, *times))
    return handle


def _nanoseconds(name: str, seconds: float | None) -> int:
    if seconds is None:
        return _CONFIGURED
    if not 0 <= seconds < _MOST_S:
        raise ValueError(f"{name} is {seconds} s")
    return round(seconds * 1e9)


class LameDuckCalls:
    """How ``NatsController`` stops with notice."""

    _server: Server

    def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    def lame_duck(self, duration: float | None = None, grace: float | None = None) -> LameDuck:
        """Stop with notice, and return at once: clients go to other servers, then this one stops.

        Nobody new is let in from now on, and clients are told to connect to another server. After
        the grace period those that are still there are closed one by one, about one a second or as
        many as the duration takes, so that they do not all come to the next server together. When
        the last one is closed, the server stops as by ``shutdown``, and can be started again.

        Until then it is running: it serves the clients that it has, but for JetStream, which it
        stops first; facts and monitoring answer. What would change its configuration raises
        StateError. ``shutdown``, or the same call again, ends it at once.

        Without a client port (``dont_listen``) JetStream goes on to the end, and it is over as
        soon as no client is left.

        Args:
            duration: About how many seconds until the last client is closed; default
                ``lame_duck_duration``.
            grace: Seconds of it until the first one is; default ``lame_duck_grace_period``, or half
                of the duration where that is shorter.

        Returns:
            How far it is, and a way to wait for its end.

        Raises:
            ServerStoppedError: It is not running.
            ValueError: They are less than nothing, or the grace period is not the shorter one
                (ConfigError); nothing was done.

        Example:
            >>> from dotgnatly import NatsController
            >>> controller = NatsController({"port": -1})
            >>> url = controller.start()
            >>> controller.lame_duck(duration=30, grace=5).wait()
            >>> controller.is_running
            False

        Source: ``Server.LameDuckShutdown`` (2.15).
        """
        steps = _leave(self._server, duration, grace)
        return LameDuck(self._server, self._run(self._server.locked(steps)))


class AsyncLameDuckCalls:
    """How ``AsyncNatsController`` stops with notice."""

    _server: Server

    async def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    async def lame_duck(
        self, duration: float | None = None, grace: float | None = None
    ) -> AsyncLameDuck:
        """As ``NatsController.lame_duck``."""
        steps = _leave(self._server, duration, grace)
        return AsyncLameDuck(self._server, await self._run(self._server.locked(steps)))
