"""A broker that lives as long as an ASGI application: Starlette, FastAPI, Litestar.

::

    from dotgnatly.asgi import lifespan

    broker = lifespan({"port": 4222, "jetstream": {"store_dir": "data"}})
    app = Starlette(lifespan=broker, routes=[Route("/healthz", broker.health)])

Needs the extra ``dotgnatly[nats]``, and none of the frameworks.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import msgspec
from nats.aio.client import Client

from dotgnatly._layers import as_config
from dotgnatly.aio import AsyncNatsController
from dotgnatly.defaults import HOST, reachable, url
from dotgnatly.errors import PortInUseError, StartError, StoreInUseError
from dotgnatly.monitoring import Healthz

if TYPE_CHECKING:
    from typing import Self

    from dotgnatly.config import BrokerConfiguration

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_NAME = "dotgnatly.asgi"
"""What the clients of workers call themselves, unless they are given a name."""
_JOIN_S = 30.0
"""How long a worker tries to serve or to reach the one that does."""
_LEAVE_S = 10.0
"""How long the worker that serves waits for the others to be done."""
_LOOK_S = 0.05
_DEFAULT_PORT = 4222


class lifespan:  # noqa: N801 - called as a function, as those of contextlib are
    """The lifespan of an application with a broker inside; one object for one application.

    While the application runs, its state has ``nats``, a connected client of nats-py, and
    ``nats_server``, the ``AsyncNatsController``. At the end, when all requests are answered, the
    client is drained and the server shut down.

    Attributes:
        health: An ASGI application for a route, such as ``Route("/healthz", broker.health)``: it
            answers 200 or 503, and says why, as the server's own ``/healthz`` does.
    """

    def __init__(
        self,
        config: "BrokerConfiguration | Mapping[str, Any] | None" = None,
        *,
        shared: bool = False,
        dont_listen: bool = False,
        **options: Any,
    ) -> None:
        """Describe it; nothing is started.

        Args:
            config: The configuration of the server.
            shared: Have several workers share one server: the first to have the port serves, the
                others connect to it, and their ``nats_server`` does not run. When the first one is
                gone, one of the others serves.
            dont_listen: Open no client port.
            **options: Of the client, those of ``nats.connect``, ``servers`` apart.

        Raises:
            ConfigError: ``config`` is a dict with an unknown key.
            ValueError: ``shared`` needs a port that all workers know.
        """
        self._config = as_config(config)
        if shared and (dont_listen or self._config.port == -1):
            raise ValueError("workers can share a server only on a port that is given")
        self._shared = shared
        self._dont_listen = dont_listen
        self._options = {"name": _NAME, **options}
        self._server: AsyncNatsController | None = None
        self._client: Client | None = None
        self.health = _Health(self)

    @asynccontextmanager
    async def __call__(self, app: Any) -> AsyncIterator[dict[str, Any]]:
        """What the framework enters when the application starts, and leaves when it stops.

        Raises:
            StartError: The server cannot be started, nor that of another worker be reached.
            ConfigError: The configuration is not valid.
        """
        server = AsyncNatsController(self._config, dont_listen=self._dont_listen)
        try:
            client = await (self._share(server) if self._shared else self._serve(server))
            self._server, self._client = server, client
            state = {"nats": client, "nats_server": server}
            for name, value in state.items():
                setattr(app.state, name, value)
            standing_by = asyncio.create_task(_stand_by(server, client))
            try:
                yield state
            finally:
                standing_by.cancel()
                await asyncio.wait([standing_by])
                await _leave(client)
        finally:
            await self._stop(server)

    async def _serve(self, server: AsyncNatsController) -> Client:
        await server.start()
        return await server.connect_nats_py(**self._options)

    async def _share(self, server: AsyncNatsController) -> Client:
        """Serve, or connect to the worker that does, whichever can be done first."""
        host, port = self._address()
        deadline = time.monotonic() + _JOIN_S
        while True:
            try:
                return await self._serve(server)
            except (PortInUseError, StoreInUseError):  # the store comes first, the port last
                if time.monotonic() > deadline:
                    raise
            try:
                _, writer = await asyncio.open_connection(host, port)
            except OSError:  # it is about to serve, or has just ended
                await asyncio.sleep(_LOOK_S)
                continue
            writer.close()
            return await self._connect(url(host, port))

    def _address(self) -> tuple[str, int]:
        return reachable(self._config.host or HOST), self._config.port or _DEFAULT_PORT

    async def _connect(self, url: str) -> Client:
        client = Client()
        options = {"max_reconnect_attempts": -1, "reconnect_time_wait": _LOOK_S, **self._options}
        try:
            await asyncio.wait_for(client.connect([url], **options), _JOIN_S)
        except BaseException as exc:
            await client.close()
            if isinstance(exc, TimeoutError):
                raise StartError(f"nothing at {url} lets the client in, yet it is taken") from exc
            raise
        return client

    async def _stop(self, server: AsyncNatsController) -> None:
        """Shut the server down, when the other workers have answered their last requests."""
        deadline = time.monotonic() + (_LEAVE_S if self._shared else 0)
        while server.is_running and time.monotonic() < deadline:
            if self._options["name"] not in {client.name for client in await server.clients()}:
                break
            await asyncio.sleep(_LOOK_S)
        await server.shutdown()

    async def _ask(self) -> Healthz:
        """How the client is, and the server if it is this worker's."""
        if self._client is None or not self._client.is_connected:
            return Healthz(status="unavailable", status_code=503, error="not connected")
        if self._server is None or not self._server.is_running:
            return Healthz(status="ok", status_code=200)
        return await self._server.healthz()


class _Health:
    """An ASGI application that says how a broker is."""

    def __init__(self, broker: lifespan) -> None:
        self._broker = broker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        health = await self._broker._ask()  # noqa: SLF001 - of this module
        facts = {"status": health.status} | ({"error": health.error} if health.error else {})
        body = msgspec.json.encode(facts)
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ]
        await send(
            {"type": "http.response.start", "status": health.status_code, "headers": headers}
        )
        await send({"type": "http.response.body", "body": body})

    def __deepcopy__(self, _: Any) -> "Self":
        return self  # Litestar copies what it is given, before there is a server


async def _stand_by(server: AsyncNatsController, client: Client) -> None:
    """Serve when the worker that did is gone; the client finds this one as it finds any other."""
    while not (server.is_running or client.is_closed):
        await asyncio.sleep(_LOOK_S)
        if not client.is_connected:
            with suppress(PortInUseError, StoreInUseError):  # another one was faster
                await server.start()


async def _leave(client: Client) -> None:
    """Let the client finish what has arrived and send what is to be sent, and close it."""
    if client.is_connected:
        await client.drain()
    else:
        await client.close()
