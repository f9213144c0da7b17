"""AsyncNatsController: the embedded server for programs with an event loop."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TypeVar

from dotgnatly import jobs, runtime
from dotgnatly._accounts import AsyncAccountCalls
from dotgnatly._change_calls import AsyncChangeCalls
from dotgnatly._events import AsyncEventCalls
from dotgnatly._leafs import AsyncLeafCalls
from dotgnatly._monitoring import AsyncMonitoringCalls
from dotgnatly.clients import AsyncClientCalls
from dotgnatly.config import BrokerConfiguration
from dotgnatly.controller import _Controller
from dotgnatly.errors import ForkedProcessError, StateError
from dotgnatly.jobs import Steps
from dotgnatly.lameduck import AsyncLameDuckCalls

if TYPE_CHECKING:
    from nats.aio.client import Client

    from dotgnatly.info import EffectiveConfiguration, ServerInfo

T = TypeVar("T")


class AsyncNatsController(
    _Controller,
    AsyncAccountCalls,
    AsyncChangeCalls,
    AsyncClientCalls,
    AsyncEventCalls,
    AsyncLameDuckCalls,
    AsyncLeafCalls,
    AsyncMonitoringCalls,
):
    """A NATS server inside this process, awaited; otherwise as ``NatsController``.

    An asynchronous context manager. It belongs to one event loop from its start to its shutdown; in
    another one its calls raise StateError. A cancelled ``start`` or change has undone itself; what
    is in force is always what ``config`` and ``is_running`` say.
    """

    async def _run(self, steps: Steps[T]) -> T:
        self._enter_loop()
        return await jobs.arun(steps)

    def _enter_loop(self) -> None:
        """Bind the controller to the running loop, unless another one uses it."""
        runtime.refuse_forked()
        loop = asyncio.get_running_loop()
        if self._server.loop is loop:
            return
        in_use = self._server.loop is not None and not self._server.loop.is_closed()
        if in_use and (self._server.running or self._server.lock.locked()):
            raise StateError("this controller belongs to another event loop; shut it down there")
        self._server.loop, self._server.lock = loop, asyncio.Lock()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        with suppress(ForkedProcessError):  # a child on its way out, past the parent's server
            await self.shutdown()

    async def start(
        self,
        config: BrokerConfiguration | Mapping[str, Any] | None = None,
        *,
        timeout: float | None = None,
    ) -> str | None:
        """As ``NatsController.start``."""
        return await self._run(self._server.locked(self._server.start(config, timeout)))

    async def shutdown(self, *, timeout: float | None = 30.0) -> None:
        """As ``NatsController.shutdown``."""
        await self._run(self._server.locked(self._server.shutdown(timeout)))

    async def effective_config(self) -> "EffectiveConfiguration":
        """As ``NatsController.effective_config``."""
        return await self._run(self._server.effective())

    async def get_info(self) -> "ServerInfo":
        """As ``NatsController.get_info``."""
        self._enter_loop()
        return await jobs.arun(self._server.info())

    async def ports(self) -> dict[str, int]:
        """As ``NatsController.ports``."""
        return dict(self._server.facts().ports)

    async def reopen_log(self) -> None:
        """As ``NatsController.reopen_log``."""
        await self._run(self._server.locked(self._server.reopen_log()))

    async def connect_nats_py(self, **options: Any) -> "Client":
        """As ``NatsController.connect_nats_py``."""
        from dotgnatly import nats_py

        return await nats_py.connect(self._server, **options)
