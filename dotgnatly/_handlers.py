"""The handlers of a controller's events, and how they are called."""

import _thread
from collections.abc import Awaitable, Callable
from typing import Any, Literal, TypeAlias, TypeVar, get_args

import msgspec

from dotgnatly.errors import ChangeVetoedError

T = TypeVar("T")

EventName: TypeAlias = Literal[
    "configuration_changing",
    "configuration_changed",
    "client_connected",
    "client_disconnected",
    "authentication_failed",
    "slow_consumer",
    "account_connections",
    "jetstream_advisory",
    "lame_duck",
    "shutdown",
    "failed",
    "events_dropped",
]
"""What a handler can be called for."""

EVENT_NAMES: frozenset[str] = frozenset(get_args(EventName))
CHANGES: frozenset[str] = frozenset({"configuration_changing", "configuration_changed"})
"""Those that a call of the controller's makes, and waits for."""

MOST_WAITING = 10_000
"""Events that wait for whoever takes them, if nothing else is said."""

Handler: TypeAlias = Callable[[Any], Awaitable[None] | None]
"""A function or a coroutine function that is given the event; what it returns is of no interest."""


class Handlers:
    """The handlers of one controller, in the order in which they came."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Handler, ...]] = dict.fromkeys(EVENT_NAMES, ())
        self._lock = _thread.allocate_lock()

    def add(self, event: EventName, handler: Handler) -> None:
        """Call the handler for the event from now on, after those that are there."""
        with self._lock:
            self._of[known(event)] += (handler,)

    def remove(self, event: EventName, handler: Handler) -> None:
        """Call it no more; nothing happens if it was not called."""
        with self._lock:
            self._of[known(event)] = tuple(h for h in self._of[event] if h != handler)

    def __contains__(self, event: object) -> bool:
        return bool(self._of[str(event)])

    def run(self, name: str, event: object) -> None:
        """Call the handlers, blocking. One that raises is logged and hurts nobody.

        Raises:
            ChangeVetoedError: A handler refused the change; those after it were not called.
        """
        for handler in self._of[name]:
            try:
                result = handler(event)
                if isinstance(result, Awaitable):
                    wait_for(result)
            except Exception:  # noqa: BLE001 - whatever it raises
                _log(handler, name)
            _refuse_vetoed(event)

    async def arun(self, name: str, event: object) -> None:
        """The same in the running event loop; asynchronous handlers are awaited one by one."""
        for handler in self._of[name]:
            try:
                result = handler(event)
                if isinstance(result, Awaitable):
                    await result
            except Exception:  # noqa: BLE001 - whatever it raises
                _log(handler, name)
            _refuse_vetoed(event)


class Handle(msgspec.Struct, frozen=True):
    """An event to wait for the handlers of, see ``dotgnatly.jobs.Step``."""

    handlers: Handlers
    name: EventName
    event: object

    def run(self) -> None:
        """As ``Handlers.run``."""
        self.handlers.run(self.name, self.event)

    async def arun(self) -> None:
        """As ``Handlers.arun``."""
        await self.handlers.arun(self.name, self.event)


def known(event: str) -> str:
    """The name of an event.

    Raises:
        ValueError: There is none of that name.
    """
    if event not in EVENT_NAMES:
        names = ", ".join(get_args(EventName))
        raise ValueError(f"there is no event {event!r}, only {names}")
    return event


def wait_for(result: Awaitable[T]) -> T:
    """Run an asynchronous handler of a blocking controller to its end, in a loop of its own."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    async def main() -> T:
        return await result

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main())
    with ThreadPoolExecutor(1) as executor:  # a thread can run one loop at a time
        return executor.submit(asyncio.run, main()).result()


def _log(handler: Handler, event: str) -> None:
    from dotgnatly import logs

    name = getattr(handler, "__qualname__", repr(handler))
    logs.package_logger().exception("the handler %s of %s failed", name, event)


def _refuse_vetoed(event: object) -> None:
    reason = getattr(event, "vetoed", None)
    if reason is not None:
        raise ChangeVetoedError(reason)
