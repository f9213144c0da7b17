"""The connections of a server: what is known of each, and how to be rid of one."""

from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from dotgnatly import runtime
from dotgnatly._server import Server
from dotgnatly.errors import ChangeError, NotFoundError
from dotgnatly.jobs import Steps, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from dotgnatly._native import Job

T = TypeVar("T")

_ALL = 2**31 - 1
"""More than there can be; a server asked for no number gives 1,024 of them."""
_MOST = 2**64 - 1


class ClientInfo(msgspec.Struct, frozen=True, kw_only=True, rename={"user": "authorized_user"}):
    """A connection of a client or a leaf node. Source: ``server.ConnInfo`` (2.15)."""

    cid: int
    """Its number, which no other connection of the server ever has."""
    kind: Literal["Client", "Leafnode"]
    type: str = ""
    """Of a client "nats", "websocket" or "mqtt"; of a leaf node nothing."""
    name: str = ""
    """What it calls itself."""
    user: str = ""
    """The user or nkey that it logged in as; of a token only that there was one."""
    account: str = "$G"
    """The account that it is in; the global one has this name, which the server leaves out."""
    ip: str = ""
    """Where it comes from; nothing inside the process."""
    port: int = 0
    """Its port there."""
    start: datetime
    """When it connected, UTC."""
    last_activity: datetime
    """When it last sent something or was sent something, UTC."""
    subscriptions: int = 0
    """How many it has now."""
    pending_bytes: int = 0
    """Bytes that wait to be sent to it."""
    in_msgs: int = 0
    """Messages that came from it."""
    out_msgs: int = 0
    """Messages that went to it."""
    in_bytes: int = 0
    """Their bytes, headers included."""
    out_bytes: int = 0
    """Likewise."""
    lang: str = ""
    """The language of its client library, such as "python3"."""
    version: str = ""
    """The version of its client library."""
    tls_version: str = ""
    """Such as "1.3"; nothing without TLS."""


class _Connz(msgspec.Struct, frozen=True):
    connections: list[ClientInfo]


_decode = msgspec.json.Decoder(_Connz).decode


def _clients(server: Server) -> Steps[list[ClientInfo]]:
    options = {"auth": True, "sort": "cid", "limit": _ALL}
    document = yield from server.document("clients", msgspec.json.encode(options))
    return _decode(document).connections


def _disconnect(server: Server, cid: int, timeout: float | None) -> Steps[None]:
    try:
        yield Wait(_ask(server, runtime.native().client_disconnect, cid), timeout)
    except TimeoutError:
        raise ChangeError(f"client {cid} is still there after {timeout} s") from None


def _lame_duck(server: Server, cid: int) -> Steps[None]:
    yield Wait(_ask(server, runtime.native().client_lame_duck, cid))


def _ask(server: Server, send: "Callable[[int, int], Job]", cid: int) -> "Job":
    handle = server.require_running()
    if not 0 < cid <= _MOST:
        raise NotFoundError(f"there is no client or leaf node with the cid {cid}")
    return send(handle, cid)


class ClientCalls:
    """What ``NatsController`` does with its clients."""

    _server: Server

    def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    def clients(self) -> list[ClientInfo]:
        """Every client and leaf node that is connected, by cid, however many there are.

        The connections by which ``on_authenticate`` answers and events are heard are none of them.

        Raises:
            ServerStoppedError: It is not running.
        Source: ``Server.Connz`` (2.15).
        """
        return self._run(_clients(self._server))

    def disconnect_client(self, cid: int, *, timeout: float | None = 5.0) -> None:
        """Close the connection of a client or a leaf node, and wait until it is gone.

        Most clients, and all leaf nodes, connect again by themselves: to keep one out, take its
        user away first.

        Args:
            cid: Its number, as in ``clients``.
            timeout: Seconds to wait.

        Raises:
            NotFoundError: There is no such connection.
            ChangeError: It is still there after ``timeout``; it goes on closing.
            ServerStoppedError: It is not running.
        Source: ``Server.DisconnectClientByID`` (2.15).
        """
        self._run(_disconnect(self._server, cid, timeout))

    def lame_duck_client(self, cid: int) -> None:
        """Tell a client that it should connect to another server; it is not disconnected.

        What it makes of that is its own affair: nats-py connects to another server of its list.

        Args:
            cid: Its number, as in ``clients``.

        Raises:
            NotFoundError: There is no such connection.
            StateError: It cannot be told: it is a leaf node, too old, or not ready yet.
            ServerStoppedError: It is not running.
        Source: ``Server.LDMClientByID`` (2.15).
        """
        self._run(_lame_duck(self._server, cid))


class AsyncClientCalls:
    """What ``AsyncNatsController`` does with its clients."""

    _server: Server

    async def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    async def clients(self) -> list[ClientInfo]:
        """As ``NatsController.clients``."""
        return await self._run(_clients(self._server))

    async def disconnect_client(self, cid: int, *, timeout: float | None = 5.0) -> None:
        """As ``NatsController.disconnect_client``."""
        await self._run(_disconnect(self._server, cid, timeout))

    async def lame_duck_client(self, cid: int) -> None:
        """As ``NatsController.lame_duck_client``."""
        await self._run(_lame_duck(self._server, cid))
