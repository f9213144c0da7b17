"""What happens on a server, on its way to the handlers and iterators of its controller."""

import _thread
import itertools
import os
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import msgspec

from dotgnatly import runtime
from dotgnatly._handlers import CHANGES, MOST_WAITING, EventName
from dotgnatly._reader import Reader
from dotgnatly.events import (
    EVENTS,
    NAMES,
    EventsDropped,
    EventServer,
    ServerEvent,
    ServerShutdown,
)
from dotgnatly.jobs import Steps, Wait

if TYPE_CHECKING:
    import asyncio

    from dotgnatly._server import Server

Credentials: TypeAlias = str | os.PathLike[str]

_BRIDGE = frozenset({"lame_duck", "shutdown", "failed", "events_dropped"})
"""What is told without a client inside."""
_GLANCE_S = 0.1 if sys.platform == "win32" else None  # where no signal ends a wait for a lock


class _Queue:
    """Events in their order, so many at the most; then the oldest are dropped, and counted."""

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"size is {size}")
        self.dropped = 0
        self._size = size
        self._events: deque[ServerEvent] = deque()
        self._lost = 0
        self._lock = _thread.allocate_lock()

    def put(self, event: ServerEvent) -> None:
        """Add one."""
        with self._lock:
            if len(self._events) == self._size:
                self._events.popleft()
                self._lost += 1
                self.dropped += 1
            self._events.append(event)

    def take(self) -> ServerEvent | None:
        """The next one, if there is one."""
        with self._lock:
            if not self._events:
                return None
            if self._lost:
                first, count, self._lost = self._events[0], self._lost, 0
                return EventsDropped(time=first.time, server=first.server, count=count)
            return self._events.popleft()


class _Stream:
    """What both kinds of iterators have."""

    def __init__(self, watching: "Watching", names: frozenset[str], size: int) -> None:
        self._queue = _Queue(size)
        self.names = names
        self._closed = False
        self._watching = watching

    @property
    def dropped(self) -> int:
        """How many events there was no room for; ``events_dropped`` stands where they were."""
        return self._queue.dropped

    def close(self) -> None:
        """Take no more; whoever waits for the next event stops."""
        self._closed = True
        self._watching.remove(self)
        self._wake()

    def deliver(self, name: str, event: ServerEvent) -> None:
        """Add an event, if it is one of those that are wanted."""
        if name in self.names:
            self._queue.put(event)
            self._wake()

    def _next(self) -> ServerEvent | None:
        event = self._queue.take()
        if isinstance(event, ServerShutdown):
            self._closed = True
            self._watching.remove(self)
        return event

    def _wake(self) -> None:
        raise NotImplementedError


class EventStream(_Stream):
    """The events of a server, as they come: an iterator that waits for the next one.

    It ends with ``shutdown``, the last one, or when it is closed; it is a context manager, too.
    """

    def __init__(self, watching: "Watching", names: frozenset[str], size: int) -> None:
        self._come = threading.Condition()
        super().__init__(watching, names, size)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> ServerEvent:
        try:
            return self.get()
        except EOFError:
            raise StopIteration from None

    def get(self, timeout: float | None = None) -> ServerEvent:
        """Wait for the next event.

        Args:
            timeout: Seconds to wait; None is for as long as it takes.

        Raises:
            TimeoutError: None has come in time.
            EOFError: There will be none any more.
        """
        runtime.refuse_forked()
        end = None if timeout is None else time.monotonic() + timeout
        with self._come:
            while (event := self._next()) is None:
                left = None if end is None else end - time.monotonic()
                if self._closed:
                    raise EOFError("there are no more events")
                if left is not None and left <= 0:
                    raise TimeoutError(f"no event within {timeout} s")
                self._come.wait(left if _GLANCE_S is None else min(left or _GLANCE_S, _GLANCE_S))
        return event

    def _wake(self) -> None:
        with self._come:
            self._come.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncEventStream(_Stream):
    """As ``EventStream``, for one event loop: an asynchronous iterator and context manager."""

    _loop: "asyncio.AbstractEventLoop | None" = None
    _come: "asyncio.Event"

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ServerEvent:
        try:
            return await self.get()
        except EOFError:
            raise StopAsyncIteration from None

    async def get(self) -> ServerEvent:
        """Wait for the next event.

        Raises:
            EOFError: There will be none any more.
        """
        import asyncio

        if self._loop is None:
            self._come, self._loop = asyncio.Event(), asyncio.get_running_loop()
        while (event := self._next()) is None:
            if self._closed:
                raise EOFError("there are no more events")
            await self._come.wait()
            self._come.clear()
        return event

    def _wake(self) -> None:
        if self._loop is not None:
            _soon(self._loop, self._come.set)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


def _soon(loop: "asyncio.AbstractEventLoop", function: Callable[[], object]) -> bool:
    """Have a loop call a function, if it is still open."""
    try:
        loop.call_soon_threadsafe(function)
    except RuntimeError:
        return False
    return True


class _Caller:
    """Calls the handlers, one event after the other.

    In the controller's event loop, or on a thread, which is there for as long as there are events.
    """

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._queue = _Queue(MOST_WAITING)
        self._lock = _thread.allocate_lock()
        self._busy = False
        self._loop: asyncio.AbstractEventLoop | None = None
        """Where they are called just now."""

    def put(self, event: ServerEvent) -> None:
        """Have its handlers called."""
        self._queue.put(event)
        loop = self._server.loop
        with self._lock:
            if self._busy and not (self._loop and self._loop.is_closed()):
                return
            self._busy, self._loop = True, loop
        if loop is not None:
            if not in_loop(loop, self._call_all_here):
                self._busy = False  # nobody is there to call
            return
        thread = threading.Thread(target=self._call_all, name="dotgnatly-handlers", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter ends
            self._call_all()

    def _call_all(self) -> None:
        while (event := self._next()) is not None:
            name = NAMES[type(event)]
            with suppress(SystemExit):  # it would end the thread, and the other events with it
                self._server.handlers.run(name, event)

    async def _call_all_here(self) -> None:
        import asyncio

        try:
            while (event := self._next()) is not None:
                name = NAMES[type(event)]
                await self._server.handlers.arun(name, event)
                await asyncio.sleep(0)  # handlers that never wait leave the loop to others, too
        except BaseException:  # cancelled, or by a handler: the next event begins anew
            self._busy = False
            raise

    def _next(self) -> ServerEvent | None:
        with self._lock:
            event = self._queue.take()
            self._busy = event is not None
            return event


_tasks: "set[asyncio.Task[None]]" = set()


def in_loop(
    loop: "asyncio.AbstractEventLoop", function: Callable[[], Coroutine[Any, Any, None]]
) -> bool:
    """Run a coroutine function in a loop, if it is still open."""

    def begin() -> None:
        task = loop.create_task(function())
        _tasks.add(task)  # else nobody would hold it
        task.add_done_callback(_tasks.discard)

    return _soon(loop, begin)


class Watching:
    """What a controller wants to hear of its server, and who wants it."""

    def __init__(self, server: "Server") -> None:
        self._server = server
        self._streams: weakref.WeakSet[_Stream] = weakref.WeakSet()
        self._caller = _Caller(server)
        self._credentials = ""
        self._told: dict[str, Any] = {}
        self._lock = _thread.allocate_lock()
        self._number = next(_numbers)
        _watching[self._number] = self

    def use(self, credentials: Credentials | None) -> None:
        """Listen with these in operator mode, from the next time that something else is wanted."""
        if isinstance(credentials, os.PathLike):
            with open(credentials, encoding="utf-8") as file:
                credentials = file.read()
        self._credentials = credentials or self._credentials

    def settings(self) -> dict[str, Any]:
        """What Go is told of it."""
        handlers = self._server.handlers
        wanted = {name for name in EVENTS if name not in CHANGES and name in handlers}
        wanted.update(*(stream.names for stream in self._open()))
        wanted -= _BRIDGE
        return {
            "whom": self._number,
            "system": bool(wanted),
            "advisories": "jetstream_advisory" in wanted,
            "credentials": self._credentials,
        }

    def start(self, library: ModuleType) -> None:
        """Be told from now on, by a server that is going to be started with the settings."""
        self._told = self.settings()
        reader.start(library)

    def watch(self) -> Steps[None]:
        """Have the server tell what has come to be wanted, if it runs.

        Raises:
            ConfigError: Its configuration does not allow it.
            StateError: It cannot tell it.
        """
        wanted, told = self.settings(), self._told
        for each in ("system", "advisories"):
            wanted[each] = wanted[each] or told.get(each, False)  # nothing is taken back
        if wanted != told and self._server.running:
            library = runtime.native()
            reader.start(library)
            yield Wait(library.server_watch(self._server.handle, msgspec.json.encode(wanted)))
            self._told = wanted

    def add(self, stream: _Stream) -> None:
        """Give it what happens from now on."""
        with self._lock:
            self._streams.add(stream)

    def remove(self, stream: _Stream) -> None:
        """Give it nothing any more."""
        with self._lock:
            self._streams.discard(stream)

    def _open(self) -> list[_Stream]:
        with self._lock:
            return list(self._streams)

    def deliver(self, name: str, event: ServerEvent) -> None:
        """Give an event to all who want it."""
        for stream in self._open():
            stream.deliver(name, event)
        if name in self._server.handlers:
            self._caller.put(event)

    def lose(self, count: int) -> None:
        """Say that some events were lost on the way."""
        server = EventServer(name="", id="")
        lost = EventsDropped(time=datetime.now(UTC), server=server, count=count)
        self.deliver("events_dropped", lost)


class _Batch(msgspec.Struct, frozen=True):
    events: list[tuple[int, EventName, str]]
    dropped: dict[int, int]


_decode = msgspec.json.Decoder(_Batch).decode
_numbers = itertools.count(1)
_watching: "weakref.WeakValueDictionary[int, Watching]" = weakref.WeakValueDictionary()


def _deliver_all(library: ModuleType) -> None:
    batch = _decode(library.events_take())
    for whom, count in batch.dropped.items():
        if (watching := _watching.get(whom)) is not None:
            watching.lose(count)
    for whom, name, data in batch.events:
        if (watching := _watching.get(whom)) is not None:
            try:
                watching.deliver(name, msgspec.json.decode(data, type=EVENTS[name]))
            except Exception:  # noqa: BLE001 - the others are told all the same
                _log(name)


reader = Reader("dotgnatly-events", "events_open", _deliver_all)


def _log(name: str) -> None:
    from dotgnatly import logs

    logs.package_logger().exception("an event %s could not be told", name)
