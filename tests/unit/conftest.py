"""Fixtures of the unit tests: one suite for both controllers and log lines."""

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Self

import pytest

from dotgnatly import AsyncNatsController, BrokerConfiguration, NatsController, conffile, logs
from tests.conftest import wait_until

LAST_BEFORE = ("before", "Server Exiting..")


class Awaited:
    """A controller or cluster of either kind, awaited: calls of a blocking one run in threads."""

    def __init__(self, controller: Any) -> None:
        self.controller = controller

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.controller, name)
        if not callable(value) or inspect.iscoroutinefunction(value):
            return value
        return partial(asyncio.to_thread, value)

    async def __aenter__(self) -> Self:
        if hasattr(self.controller, "__aenter__"):
            await self.controller.__aenter__()
        else:
            await asyncio.to_thread(self.controller.__enter__)
        return self

    async def __aexit__(self, *exc: object) -> None:
        if hasattr(self.controller, "__aexit__"):
            await self.controller.__aexit__(*exc)
        else:
            await asyncio.to_thread(self.controller.__exit__, *exc)


@pytest.fixture(params=[NatsController, AsyncNatsController], ids=["blocking", "async"])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Callable[..., Awaited]]:
    """Makes controllers of one class, by their arguments; they are shut down at the end."""
    made: list[Awaited] = []

    def make(config: Any = None, **options: Any) -> Awaited:
        controller = request.param(
            BrokerConfiguration(port=-1) if config is None else config, **options
        )
        made.append(Awaited(controller))
        return made[-1]

    yield make
    for controller in made:
        await controller.shutdown()


@pytest.fixture
async def broker(make: Callable[..., Awaited]) -> Awaited:
    """A running server on a free port."""
    controller = make()
    await controller.start()
    return controller


@pytest.fixture
def start(make: Callable[..., Awaited]) -> Callable[..., Awaitable[Awaited]]:
    """Starts a server of one class on a free port, by the fields of its configuration."""

    async def start(**fields: Any) -> Awaited:
        controller = make(BrokerConfiguration(**{"port": -1} | fields))
        await controller.start()
        return controller

    return start


@pytest.fixture
def reread() -> Callable[..., BrokerConfiguration]:
    """Makes a configuration by its fields, writes it, and has nats-server's parser read it."""

    def reread(**fields: Any) -> BrokerConfiguration:
        text = conffile.render(BrokerConfiguration(**fields))
        return BrokerConfiguration.from_text(text.decode())

    return reread


@pytest.fixture
def lines() -> Iterator[list[logging.LogRecord]]:
    """The log lines of the test's servers that have been delivered so far; the list grows."""

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    records: list[logging.LogRecord] = []
    logger, handler = logging.getLogger("dotgnatly.server"), Collect()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logs.TRACE)
    with NatsController(BrokerConfiguration(port=-1, server_name="before")):
        pass  # lines are delivered in order: what comes after its last one is the test's own
    wait_until(lambda: [r for r in records if (r.server_name, r.msg) == LAST_BEFORE])
    records.clear()
    yield records
    logger.setLevel(level)
    logger.removeHandler(handler)
