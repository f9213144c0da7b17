"""Networks between a hub and a leaf node that can be cut: nothing arrives, and nobody is told.

The test is on the hub's side. Each has the address ``hub``, on which the hub listens for leaf
nodes, and ``leaf``, at which the test finds the leaf node's server, however cut the network is.
"""

import asyncio
import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

CLONE_NEWNET = 0x40000000


def made() -> "Namespaces | Proxy":
    """A network of the better kind that can be made here."""
    if sys.platform == "linux":
        with suppress(OSError, subprocess.CalledProcessError):  # not for everybody, as not for CI
            return Namespaces()
    return Proxy()


class Namespaces:
    """Two network namespaces of Linux and a wire between them, which is pulled: packets are lost.

    The thread that makes them is in the first until ``close``. They have no names, so they are
    gone with the last process in them. A wire of its own leads the test to the leaf node's server.
    """

    hub, leaf = "10.77.0.1", "10.78.0.2"

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._files: list[int] = []
        home = self._current()
        try:
            self._beyond = self._new()
            self._here = self._new()
            for wire, network in (("wire", "10.77.0"), ("lan", "10.78.0")):
                end = f"name {wire} netns /proc/self/fd/{self._beyond}"
                self._ip(f"link add {wire} type veth peer {end}")
                self._plug_in(wire, f"{network}.1/24")
                with self.beyond():
                    self._plug_in(wire, f"{network}.2/24")
            self._ip("link set lo up")
        except BaseException:
            self._leave(home)
            raise
        self._home = home

    async def way_to(self, port: int) -> str:
        """The URL at which the leaf node finds this port of the hub's."""
        return f"nats://{self.hub}:{port}"

    @contextmanager
    def beyond(self) -> Iterator[None]:
        """What is started within is on the leaf node's side."""
        self._enter(self._beyond)
        try:
            yield
        finally:
            self._enter(self._here)

    def cut(self) -> None:
        """From now on nothing arrives."""
        self._ip("link set wire down")

    def mend(self) -> None:
        """From now on all arrives again."""
        self._ip("link set wire up")

    async def close(self) -> None:
        """Go back to where the thread was."""
        self._leave(self._home)

    def _current(self) -> int:
        self._files.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY))
        return self._files[-1]

    def _new(self) -> int:
        self._check(self._libc.unshare(CLONE_NEWNET))
        return self._current()

    def _enter(self, namespace: int) -> None:
        self._check(self._libc.setns(namespace, CLONE_NEWNET))

    def _leave(self, home: int) -> None:
        try:
            self._enter(home)
        finally:
            for file in self._files:
                os.close(file)

    def _check(self, result: int) -> None:
        if result:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def _plug_in(self, wire: str, address: str) -> None:
        self._ip(f"address add {address} dev {wire}")
        self._ip(f"link set {wire} up")

    def _ip(self, command: str) -> None:
        subprocess.run(["ip", *command.split()], check=True, pass_fds=[self._beyond])


class Proxy:
    """Passes bytes on, or holds them: connections stay open then, and new ones hear nothing.

    What is sent meanwhile arrives late, as what TCP sends again does.
    """

    hub = leaf = "127.0.0.1"

    def __init__(self) -> None:
        self._whole = asyncio.Event()
        self._whole.set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def way_to(self, port: int) -> str:
        """The URL at which the leaf node finds this port of the hub's."""

        async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._tasks.add(task := asyncio.current_task())
            try:
                await self._whole.wait()
                back, on = await asyncio.open_connection(self.hub, port)
                await asyncio.gather(self._pass(reader, on), self._pass(back, writer))
            except OSError:
                writer.close()  # nobody is there, or no more
            finally:
                self._tasks.discard(task)

        self._server = await asyncio.start_server(join, self.leaf, 0)
        return f"nats://{self.leaf}:{self._server.sockets[0].getsockname()[1]}"

    @contextmanager
    def beyond(self) -> Iterator[None]:
        """What is started within is on the leaf node's side."""
        yield

    def cut(self) -> None:
        """From now on nothing arrives."""
        self._whole.clear()

    def mend(self) -> None:
        """From now on all arrives again."""
        self._whole.set()

    async def close(self) -> None:
        """Listen no more; the connections have ended with the servers."""
        self._server.close()
        self.mend()
        await asyncio.gather(*self._tasks)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 16):
                await self._whole.wait()
                writer.write(data)
                await writer.drain()
        await self._whole.wait()  # the end is told no sooner than the rest
        writer.close()
