"""Events of a server: the calls by which a program hears of them."""

import _thread
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, overload

from dotgnatly import jobs
from dotgnatly._handlers import CHANGES, EVENT_NAMES, MOST_WAITING, EventName, Handler, known
from dotgnatly._server import Server

if TYPE_CHECKING:
    from dotgnatly.jobs import Steps
    from dotgnatly.watching import AsyncEventStream, Credentials, EventStream, Watching, _Stream

H = TypeVar("H", bound=Handler)
S = TypeVar("S", bound="_Stream")

_making = _thread.allocate_lock()


class EventCalls:
    """What both controllers do with events."""

    _server: Server

    @overload
    def on(
        self, event: EventName, *, credentials: "Credentials | None" = None
    ) -> Callable[[H], H]: ...
    @overload
    def on(
        self, event: EventName, handler: H, *, credentials: "Credentials | None" = None
    ) -> H: ...
    def on(
        self,
        event: EventName,
        handler: Handler | None = None,
        *,
        credentials: "Credentials | None" = None,
    ) -> Any:
        """Call a handler for an event, after those that are there; also as a decorator.

        Handlers are called one after the other, outside of all locks, so they may call the
        controller. One that raises is logged and hurts nobody. Those of a change are called by the
        call that makes it. Those of what happens on the server are called soon after it, on a
        thread, or in the event loop of an ``AsyncNatsController``; up to 10,000 events wait for
        them, then the oldest are dropped, and ``events_dropped`` says how many.

        Where the server runs already, it is told what is wanted: that takes some milliseconds. In
        an ``AsyncNatsController`` that is just being changed, or has ``on_authenticate``, it is
        told soon; what is wrong then is logged.

        Args:
            event: "configuration_changing", called with a ``ConfigurationChanging`` that it may
                ``veto``; "configuration_changed", with a ``ConfigurationChanged``; or, with those
                of ``dotgnatly.events``, "client_connected", "client_disconnected",
                "authentication_failed", "slow_consumer", "account_connections",
                "jetstream_advisory", "lame_duck", "shutdown", "failed", "events_dropped".
            handler: A function or a coroutine function; not given to decorate one.
            credentials: In operator mode, of a user of the system account: a .creds file by its
                path, or its text. Not needed for the last four events.

        Returns:
            The handler.

        Raises:
            ValueError: There is no such event.
            ConfigError: The configuration of a running server lets nobody listen: it is in operator
                mode and there are no credentials, it has ``no_system_account``, or a listener with
                an ``authorization`` of its own, which allows no users beside it. A start with such
                a configuration raises it, too.
            StateError: The server cannot tell them, as in lame duck mode.
        Source: ``server.accountConnectEvent``, ``server.accountDisconnectEvent`` (2.15).
        """
        if handler is None:
            return partial(self.on, event, credentials=credentials)
        self._server.handlers.add(event, handler)
        if event not in CHANGES:
            try:
                self._want(credentials)
            except BaseException:
                self._server.handlers.remove(event, handler)
                raise
        return handler

    def off(self, event: EventName, handler: Handler) -> None:
        """Call the handler for the event no more; nothing happens if it was not called.

        Raises:
            ValueError: There is no such event.
        """
        self._server.handlers.remove(event, handler)

    def on_changing(self, handler: H) -> H:
        """As ``on("configuration_changing")``."""
        return self.on("configuration_changing", handler)

    def on_changed(self, handler: H) -> H:
        """As ``on("configuration_changed")``."""
        return self.on("configuration_changed", handler)

    def _want(self, credentials: "Credentials | None") -> None:
        """Have a server that runs tell what handlers and streams have come to want."""
        watching = self._watching()
        watching.use(credentials)
        if self._server.running:
            self._begin(watching.watch())

    def _begin(self, steps: "Steps[None]") -> None:
        raise NotImplementedError  # as the controller does

    def _open(self, stream: S, credentials: "Credentials | None") -> S:
        watching = self._watching()
        watching.add(stream)
        try:
            self._want(credentials)
        except BaseException:
            watching.remove(stream)
            raise
        return stream

    def _watching(self) -> "Watching":
        if self._server.watching is None:
            from dotgnatly.watching import Watching

            watching = Watching(self._server)
            with _making:
                if self._server.watching is None:
                    self._server.watching = watching
        return self._server.watching

    def _chosen(self, names: tuple[EventName, ...]) -> frozenset[str]:
        chosen = frozenset(map(known, names)) or EVENT_NAMES - CHANGES
        if chosen & CHANGES:
            raise ValueError("the events of a change have handlers only")
        return chosen | {"shutdown", "events_dropped"}


class SyncEventCalls(EventCalls):
    """What ``NatsController`` does with events."""

    def events(
        self, *names: EventName, size: int = MOST_WAITING, credentials: "Credentials | None" = None
    ) -> "EventStream":
        """Iterate over what happens on the server, from now on, until it is shut down.

        Args:
            *names: Which events, see ``on``; default all but those of a change. "shutdown", with
                which it ends, and "events_dropped" are always among them.
            size: How many may wait to be taken; then the oldest are dropped, and counted.
            credentials: As for ``on``.

        Returns:
            An iterator, which waits for the next event; ``get`` waits with a timeout, and ``close``
            or the end of a ``with`` ends it. A server that does not run yet can be started later.

        Raises:
            ValueError: There is no such event, or it is one of a change, or ``size`` is below 1.
            ConfigError: As for ``on``.
            StateError: As for ``on``.

        Example:
            >>> from dotgnatly import NatsController
            >>> controller = NatsController({"port": -1})
            >>> with controller, controller.events("client_connected") as events:
            ...     controller.shutdown()
            ...     [type(event).__name__ for event in events]
            ['ServerShutdown']
        """
        from dotgnatly.watching import EventStream

        stream = EventStream(self._watching(), self._chosen(names), size)
        return self._open(stream, credentials)

    def _begin(self, steps: "Steps[None]") -> None:
        jobs.run(self._server.locked(steps))


class AsyncEventCalls(EventCalls):
    """What ``AsyncNatsController`` does with events."""

    def events(
        self, *names: EventName, size: int = MOST_WAITING, credentials: "Credentials | None" = None
    ) -> "AsyncEventStream":
        """As ``NatsController.events``, for ``async for``."""
        from dotgnatly.watching import AsyncEventStream

        stream = AsyncEventStream(self._watching(), self._chosen(names), size)
        return self._open(stream, credentials)

    def _begin(self, steps: "Steps[None]") -> None:
        server = self._server
        if server.loop is None or not (server.lock.locked() or server.authenticator):
            jobs.run(steps)  # which takes less than another turn of the loop
            return

        async def wait() -> None:
            from dotgnatly import logs

            try:
                await jobs.arun(server.locked(steps))
            except Exception:  # noqa: BLE001 - nobody waits for it
                logs.package_logger().exception("events are not told")

        from dotgnatly.watching import in_loop

        in_loop(server.loop, wait)
