"""Servers in processes of their own, which are killed and come back."""

import asyncio
import itertools
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dotgnatly import BrokerConfiguration

# The pipe to the test closes with it, however it ends: no server outlives it.
SERVE = """
import os
import sys
import threading

from dotgnatly.cli import main

def end_with_the_test():
    os.read(0, 1)
    os._exit(1)

threading.Thread(target=end_with_the_test, daemon=True).start()
sys.exit(main(sys.argv[1:]))
"""


# Below those that systems give to outgoing connections: while a server is down, no client that
# looks for it gets its port, nor a connection to itself. Each is given once.
_PORTS = itertools.count(random.randrange(20_000, 30_000))


def free_ports(count: int) -> list[int]:
    """Ports that were free a moment ago."""
    found: list[int] = []
    while len(found) < count:
        port = next(_PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found.append(port)
    return found


async def until(condition: Callable[[], Awaitable[Any]], what: str, timeout: float = 30.0) -> float:
    """Wait until a condition holds and return the seconds that took; a failure if not in time."""
    begun = time.monotonic()
    while not await condition():
        if time.monotonic() > begun + timeout:
            pytest.fail(f"not within {timeout} s: {what}")
        await asyncio.sleep(0.05)  # between two looks at a condition
    return time.monotonic() - begun


class Server:
    """``dotgnatly serve`` in a process of its own; each start has the same ports and store.

    Its log, of all starts, is beside its configuration.
    """

    def __init__(self, folder: Path, name: str, host: str = "127.0.0.1", **fields: Any) -> None:
        self.name, self.host = name, host
        self.port, self.http_port = free_ports(2)
        self.process: subprocess.Popen[bytes] | None = None
        self._file = folder / f"{name}.conf"
        self._log = folder / f"{name}.log"
        config = BrokerConfiguration.from_dict({
            "server_name": name,
            "host": host,
            "port": self.port,
            "http_host": host,
            "http_port": self.http_port,
            **fields,
        })  # fmt: skip
        self._file.write_text(config.to_conf(), encoding="utf-8")

    @property
    def url(self) -> str:
        """Where its clients connect."""
        return f"nats://{self.host}:{self.port}"

    async def start(self) -> None:
        """Start it, or start it again, and wait until it is healthy."""
        self.launch()
        await self.healthy()

    def launch(self) -> None:
        """Start it, or start it again."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE, "serve", "-c", str(self._file)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    async def healthy(self) -> float:
        """Wait until its store is up to date, in a cluster with those of the others."""

        async def ok() -> bool:
            if self.process is not None and self.process.poll() is not None:
                pytest.fail(f"{self.name} has ended:\n{self._log.read_text(errors='replace')}")
            status = await self.get("/healthz")
            return status is not None and status["status"] == "ok"

        return await until(ok, f"{self.name} is healthy, see {self._log}")

    async def get(self, path: str) -> Any:
        """What its monitoring answers; None while it does not."""
        try:
            reader, writer = await asyncio.open_connection(self.host, self.http_port)
            try:
                writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
                answer = await reader.read()
            finally:
                writer.close()
        except OSError:
            return None
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    def kill(self) -> None:
        """End it as the kernel does, with no time for a word: SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process = None
