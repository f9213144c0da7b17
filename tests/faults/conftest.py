"""Fixtures of the tests that break something: what they break, and the table of what came of it."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import nats
import pytest
from nats.aio.client import Client

from tests.faults import networks
from tests.faults.publishers import Publisher
from tests.faults.servers import Server

TABLE = pytest.StashKey[list[tuple[str, ...]]]()
HEAD = ("fault", "rounds", "acknowledged", "lost", "measured")


@pytest.fixture
def report(pytestconfig: pytest.Config) -> Callable[..., None]:
    """Adds a row to the table: ``report("hub killed", rounds, acknowledged, lost, "in 2 s")``."""

    def add(fault: str, rounds: int, acknowledged: int, lost: int, measured: str = "") -> None:
        row = (fault, str(rounds), f"{acknowledged:,}", str(lost), measured)
        pytestconfig.stash.setdefault(TABLE, []).append(row)

    return add


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print the table."""
    if rows := config.stash.get(TABLE, None):
        terminalreporter.section("faults")
        widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
        for fault, *numbers, measured in (HEAD, *rows):
            cells = [fault.ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True)]
            terminalreporter.write_line("  ".join([*cells, measured]).rstrip())


@pytest.fixture
def rounds() -> Callable[[int], int]:
    """How often a fault happens: so many times, or what FAULT_ROUNDS says."""
    return lambda usual: int(os.environ.get("FAULT_ROUNDS") or usual)


@pytest.fixture
async def network() -> AsyncIterator[networks.Namespaces | networks.Proxy]:
    """A network between a hub and a leaf node that can be cut. Ask for it first."""
    network = networks.made()
    yield network
    await network.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Makes servers: ``server("hub", **configuration)``; they are killed after the test."""
    made: list[Server] = []

    def make(name: str, *address: str, **fields: Any) -> Server:
        made.append(Server(tmp_path, name, *address, **fields))
        return made[-1]

    yield make
    for one in made:
        one.kill()


@pytest.fixture
async def connect() -> AsyncIterator[Callable[..., Any]]:
    """Connects clients that look for their servers for ever; they are closed after the test."""
    clients: list[Client] = []

    async def ignore(_: Exception) -> None:
        """A server that is away is what the tests are about."""

    async def connect(*servers: Server, **options: Any) -> Client:
        options = {"max_reconnect_attempts": -1, "reconnect_time_wait": 0.1} | options
        urls = [one.url for one in servers]
        clients.append(await nats.connect(urls, dont_randomize=True, error_cb=ignore, **options))
        return clients[-1]

    yield connect
    for client in clients:
        await client.close()


@pytest.fixture
async def publish() -> AsyncIterator[Callable[..., Publisher]]:
    """Starts publishers: ``publish(client, "subject")``; they end with the test."""
    started: list[Publisher] = []

    def start(client: Client, subject: str, **options: Any) -> Publisher:
        started.append(Publisher(client, subject, **options))
        return started[-1]

    yield start
    for publisher in started:
        await publisher.close()
