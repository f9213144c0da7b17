"""Events of a server, and the handlers that are called for them."""

import _thread
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, get_args

import msgspec

from dotgnatly.config import BrokerConfiguration
from dotgnatly.diff import ConfigurationDiff
from dotgnatly.errors import ChangeVetoedError

if TYPE_CHECKING:
    from dotgnatly.history import ConfigurationVersion, VersionKind
    from dotgnatly.info import ServerInfo

T = TypeVar("T")

EventName: TypeAlias = Literal["configuration_changing", "configuration_changed"]
"""What a handler can be called for."""


class ConfigurationChanging(msgspec.Struct, kw_only=True):
    """A change that is checked and about to be made; a handler may refuse it."""

    previous: BrokerConfiguration
    """In force now."""
    current: BrokerConfiguration
    """In force after it."""
    diff: ConfigurationDiff
    """What it changes."""
    kind: "VersionKind"
    """That of the version to come: "update" also for one that turns out to take a restart."""
    info: "ServerInfo"
    """Of the server as it is now."""
    author: str | None
    """Who asks for it, as the call said."""
    reason: str | None
    """Why, as the call said."""
    vetoed: str | None = None
    """Why a handler refused it."""

    def veto(self, reason: str) -> None:
        """Refuse the change: the call that asks for it raises ChangeVetoedError with the reason.

        Nothing is changed, and no further handler is called.
        """
        self.vetoed = reason


class ConfigurationChanged(msgspec.Struct, frozen=True, kw_only=True):
    """A change that was made; the call that made it returns after the handlers."""

    previous: BrokerConfiguration
    """In force before it."""
    current: BrokerConfiguration
    """In force since."""
    diff: ConfigurationDiff
    """What it changed."""
    kind: "VersionKind"
    version: "ConfigurationVersion"
    """The one that it made."""
    previous_info: "ServerInfo"
    """Of the server as it was before."""
    info: "ServerInfo"
    """As it is now."""
    time: datetime
    """When the server had accepted it, UTC."""


Handler: TypeAlias = Callable[[Any], Awaitable[None] | None]
"""A function or a coroutine function that is given the event; what it returns is of no interest."""


class Handlers:
    """The handlers of one controller, in the order in which they came."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Handler, ...]] = dict.fromkeys(get_args(EventName), ())
        self._lock = _thread.allocate_lock()

    def add(self, event: EventName, handler: Handler) -> None:
        """Call the handler for the event from now on, after those that are there."""
        with self._lock:
            self._of[_known(event)] += (handler,)

    def remove(self, event: EventName, handler: Handler) -> None:
        """Call it no more; nothing happens if it was not called."""
        with self._lock:
            self._of[_known(event)] = tuple(h for h in self._of[event] if h != handler)

    def __contains__(self, event: object) -> bool:
        return bool(self._of[str(event)])

    def run(self, event: "ConfigurationChanging | ConfigurationChanged") -> None:
        """Call the handlers, blocking. One that raises is logged and hurts nobody.

        Raises:
            ChangeVetoedError: A handler refused the change; those after it were not called.
        """
        for handler in self._of[_name(event)]:
            try:
                result = handler(event)
                if isinstance(result, Awaitable):
                    wait_for(result)
            except Exception:  # noqa: BLE001 - whatever it raises
                _log(handler, event)
            _refuse_vetoed(event)

    async def arun(self, event: "ConfigurationChanging | ConfigurationChanged") -> None:
        """The same in the running event loop; asynchronous handlers are awaited one by one."""
        for handler in self._of[_name(event)]:
            try:
                result = handler(event)
                if isinstance(result, Awaitable):
                    await result
            except Exception:  # noqa: BLE001 - whatever it raises
                _log(handler, event)
            _refuse_vetoed(event)


class Handle(msgspec.Struct, frozen=True):
    """An event to wait for the handlers of, see ``dotgnatly.jobs.Step``."""

    handlers: Handlers
    event: ConfigurationChanging | ConfigurationChanged

    def run(self) -> None:
        """As ``Handlers.run``."""
        self.handlers.run(self.event)

    async def arun(self) -> None:
        """As ``Handlers.arun``."""
        await self.handlers.arun(self.event)


def _known(event: str) -> str:
    if event not in get_args(EventName):
        raise ValueError(f"there is no event {event!r}, only {', '.join(get_args(EventName))}")
    return event


def _name(event: object) -> EventName:
    changing = isinstance(event, ConfigurationChanging)
    return "configuration_changing" if changing else "configuration_changed"


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


def _log(handler: Handler, event: object) -> None:
    from dotgnatly import logs

    name = getattr(handler, "__qualname__", repr(handler))
    logs.package_logger().exception("the handler %s of %s failed", name, _name(event))


def _refuse_vetoed(event: object) -> None:
    if isinstance(event, ConfigurationChanging) and event.vetoed is not None:
        raise ChangeVetoedError(event.vetoed)
