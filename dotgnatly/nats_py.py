"""nats-py's own client over a socket pair into the embedded server: all of it, and no network."""

import asyncio
import socket
import ssl
from typing import Any
from urllib.parse import ParseResult

from nats.aio.client import Client
from nats.aio.transport import Transport
from nats.errors import ProtocolError

from dotgnatly._server import Server
from dotgnatly.errors import DotgnatlyError

_URL = "nats://in-process:4222"
"""nats-py wants a URL; nothing is looked up."""


async def connect(server: Server, **options: Any) -> Client:
    """Connect a client to the server inside this process.

    Args:
        server: The server; after a restart the client finds it again.
        **options: Those of ``nats.connect``, ``servers`` apart.
    """
    if "servers" in options:
        raise TypeError("connect_nats_py connects to this server: it takes no servers")
    server.require_running()  # else the client would try to reach it for minutes
    client = InsideClient(server)
    try:
        await client.connect([_URL], **options)
    except BaseException:
        client.transport.close()  # nats-py leaves it open
        raise
    return client


class InsideClient(Client):
    """nats-py's client, which keeps the transport that it has."""

    def __init__(self, server: Server) -> None:
        super().__init__()
        self._transport = self.transport = InsideTransport(server)

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:  # noqa: FBT001, FBT002
        # Other servers of a cluster cannot be reached through this one's transport.
        info.pop("connect_urls", None)
        await super()._process_info(info, initial_connection)


class InsideTransport(Transport):
    """A stream over a socket pair whose other end is the server's."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self, uri: ParseResult, buffer_size: int, connect_timeout: int) -> None:  # noqa: ARG002
        """Connect anew; the URI says nothing."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:  # closed here if the server did not take it
                self._server.connect(theirs)
            ours.setblocking(False)  # noqa: FBT003 - the standard library's signature
            self._reader, self._writer = await asyncio.open_connection(sock=ours, limit=buffer_size)
        except DotgnatlyError as exc:  # as a server that cannot be reached: the client tries again
            ours.close()
            await asyncio.sleep(0)  # a client that tries without a pause must let others run
            raise ConnectionRefusedError(str(exc)) from exc

    async def connect_tls(
        self,
        uri: str | ParseResult,  # noqa: ARG002 - the interface
        ssl_context: ssl.SSLContext,  # noqa: ARG002
        buffer_size: int,  # noqa: ARG002
        connect_timeout: int,  # noqa: ARG002
    ) -> None:
        """TLS inside one process protects nothing, and the server does not ask for it."""
        raise ProtocolError

    def write(self, payload: bytes) -> None:
        """Queue bytes."""
        self._open_writer().write(payload)

    def writelines(self, payload: list[bytes]) -> None:
        """Queue many bytes."""
        self._open_writer().writelines(payload)

    async def read(self, buffer_size: int) -> bytes:
        """What has come, up to buffer_size bytes."""
        return await self._open_reader().read(buffer_size)

    async def readline(self) -> bytes:
        """One line with its end."""
        return await self._open_reader().readline()

    async def drain(self) -> None:
        """Wait until enough of the queue is written."""
        await self._open_writer().drain()

    async def wait_closed(self) -> None:
        """Wait until it is closed."""
        if self._writer is not None:
            await self._writer.wait_closed()

    def close(self) -> None:
        """Close it; it can be connected again."""
        if self._writer is not None:
            self._writer.close()

    def at_eof(self) -> bool:
        """Whether the server has closed its end."""
        return self._open_reader().at_eof()

    def __bool__(self) -> bool:  # pyright: ignore[reportIncompatibleMethodOverride] - untyped there
        return True  # else the client would take a transport of its own

    def _open_reader(self) -> asyncio.StreamReader:
        if self._reader is None:
            raise ProtocolError
        return self._reader

    def _open_writer(self) -> asyncio.StreamWriter:
        if self._writer is None:
            raise ProtocolError
        return self._writer
