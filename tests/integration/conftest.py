"""Fixtures of the tests with real clients: they must not be cut off, and count what arrives."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import nats
import pytest
from nats import errors
from nats.aio.client import Client

from dotgnatly import AsyncNatsController
from tests.conftest import answer, answered, arrived, is_answered
from tests.doors import ACCOUNTS

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests" / "data"


@pytest.fixture(scope="session")
def nats_server_binary() -> Path:
    """The stock server."""
    if shutil.which("go") is None or not (ROOT / "benchmarks").exists():
        pytest.skip("needs Go and a checkout")
    from benchmarks import _harness

    return _harness.build("nats-server")


class Clients:
    """Clients that must stay connected until they are closed."""

    def __init__(self) -> None:
        self.open: list[Client] = []
        self.disconnects = 0
        self.errors: list[Exception] = []

    def callbacks(self) -> dict[str, Any]:
        """Options that make a client of nats-py tell of its troubles."""

        async def disconnected() -> None:
            self.disconnects += not self._closing

        async def failed(error: Exception) -> None:
            self.errors.append(error)

        self._closing = False
        return {"disconnected_cb": disconnected, "error_cb": failed}

    async def connect(self, url: str, **options: Any) -> Client:
        """One over the network."""
        return self.add(await nats.connect(url, **self.callbacks(), **options))

    def add(self, client: Client) -> Client:
        """Another one, made with ``callbacks``."""
        self.open.append(client)
        return client

    async def check(self) -> None:
        """All of them are connected still, and have been all the time."""
        for client in self.open:
            await client.flush(timeout=10)
        assert (self.disconnects, self.errors) == (0, [])

    async def close(self) -> None:
        """Close all of them."""
        self._closing = True
        for client in self.open:
            await client.close()


async def connect_once(url: str, **options: Any) -> Client:
    """A client that does not try again.

    nats-py leaves a connection open that was refused, and takes one that was closed for made.
    """
    client = Client()
    try:
        await client.connect(url, allow_reconnect=False, **options)
    except BaseException:
        await client.close()
        raise
    if not client.is_connected:
        await client.close()
        raise ConnectionResetError
    return client


async def written(log: Path, text: str) -> None:
    """Return when a log file has this text."""

    def found() -> bool:
        return text in log.read_text()

    async with asyncio.timeout(10):
        while not found():
            await asyncio.sleep(0.005)  # between two looks


@pytest.fixture
async def clients() -> AsyncIterator[Clients]:
    """Clients that are closed after the test, which asks ``check`` itself while the server runs."""
    clients = Clients()
    yield clients
    await clients.close()


async def becomes_unanswered(client: Client, subject: str) -> None:
    """Wait until nobody is known any more who answers; a request meanwhile may be lost."""
    async with asyncio.timeout(15):
        while True:
            with suppress(errors.TimeoutError):
                if not await is_answered(client, subject):
                    return
            await asyncio.sleep(0.01)


async def lets_in(port: int, user: str = "", password: str = "") -> bool:
    """Whether a listener for routes takes a server that logs in so."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    info = json.loads((await reader.readline()).removeprefix(b"INFO "))
    login = {"name": "stranger", "cluster": info["cluster"], "user": user, "pass": password}
    writer.write(f"CONNECT {json.dumps(login)}\r\nPING\r\n".encode())
    said = b""
    async with asyncio.timeout(10):
        while not said.startswith((b"-ERR", b"PONG")):
            said = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return said.startswith(b"PONG")


class Traffic:
    """Clients that publish numbers, each on a subject of its own, and one more that counts them."""

    def __init__(
        self, publishers: list[Client], listener: Client, subject: str = "traffic"
    ) -> None:
        self._publishers, self._listener, self._subject = publishers, listener, subject
        self.sent = [0] * len(publishers)
        self.received: list[list[int]] = [[] for _ in publishers]
        self._stop = asyncio.Event()

    async def start(self) -> None:
        """Begin; returns when the first numbers have arrived."""
        await self._listener.subscribe(f"{self._subject}.*", cb=self._count)
        await answer(self._listener, self._subject, b"")
        for client in self._publishers:
            await answered(client, self._subject)  # and so are the numbers, from wherever it is
        self._tasks = [
            asyncio.create_task(self._publish(who, client))
            for who, client in enumerate(self._publishers)
        ]
        await self.advance()

    async def advance(self, by: int = 20) -> None:
        """Return when this many more have come from each."""
        goal = [len(numbers) + by for numbers in self.received]
        async with asyncio.timeout(20):
            while any(len(got) < n for got, n in zip(self.received, goal, strict=True)):
                await asyncio.sleep(0)

    async def stop(self) -> None:
        """End, and assert that every number has arrived once and in order."""
        self._stop.set()
        await asyncio.gather(*self._tasks)
        for client in self._publishers:
            await arrived(client)
        async with asyncio.timeout(20):
            while sum(map(len, self.received)) < sum(self.sent):
                await asyncio.sleep(0)
        await arrived(self._listener)
        assert self.received == [list(range(sent)) for sent in self.sent]

    async def _publish(self, who: int, client: Client) -> None:
        while not self._stop.is_set():
            await client.publish(f"{self._subject}.{who}", b"%d" % self.sent[who])
            self.sent[who] += 1
            await asyncio.sleep(0)

    async def _count(self, message: Any) -> None:
        who = int(message.subject.rpartition(".")[2])
        self.received[who].append(int(message.data))


@pytest.fixture
def traffic() -> type[Traffic]:
    """The class ``Traffic``."""
    return Traffic


class Command:
    """``python -m dotgnatly`` in a process of its own."""

    def __init__(self, *arguments: str | Path, cwd: Path, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dotgnatly", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=cwd,
            env=os.environ | environment,
        )
        self.lines: list[str] = []

    def wait_for(self, text: str) -> str:
        """The first line on stderr, from now on, that has this text."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line.rstrip("\n"))
            if text in line:
                return self.lines[-1]
        return pytest.fail(f"it ended without {text!r}:\n" + "\n".join(self.lines))

    def ready(self) -> int:
        """Wait until it serves and return the port for clients."""
        listening = self.wait_for("Listening for client connections on")
        self.wait_for("Server is ready")
        return int(listening.rpartition(":")[2])

    def send(self, number: int) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def finish(self) -> tuple[int, str, str]:
        """Wait for its end: exit code, stdout, the whole of stderr."""
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        err = self.process.stderr.read()  # communicate would pass over what is buffered already
        out = self.process.stdout.read()
        code = self.process.wait(timeout=30)
        return code, out, "".join(line + "\n" for line in self.lines) + err


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Callable[..., Command]]:
    """Starts the command: ``command("serve", "-p", "-1")``; it is ended after the test."""
    started: list[Command] = []

    def start(*arguments: str | Path, **environment: str) -> Command:
        started.append(Command(*arguments, cwd=tmp_path, **environment))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.communicate()


@pytest.fixture
async def serve() -> AsyncIterator[Callable[..., Awaitable[AsyncNatsController]]]:
    """Starts servers that ask a function; they are shut down after the test."""
    async with AsyncExitStack() as servers:

        async def serve(decide: Any, config: Any = None, **seeds: str) -> AsyncNatsController:
            controller = AsyncNatsController({"port": -1} | ACCOUNTS | (config or {}))
            controller.on_authenticate(decide, **seeds)
            return await servers.enter_async_context(controller)

        yield serve
