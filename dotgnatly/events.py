"""Events of a server: what its handlers and iterators are given.

Those of a change come from the controller. Of its connections the server itself tells, as every
nats-server does in its system account; a client inside the process listens there.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from dotgnatly._handlers import EventName, Handler
from dotgnatly.config import BrokerConfiguration
from dotgnatly.diff import ConfigurationDiff

if TYPE_CHECKING:
    from dotgnatly.history import ConfigurationVersion, VersionKind
    from dotgnatly.info import ServerInfo


class ConfigurationChanging(Struct, kw_only=True):
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


class ConfigurationChanged(Struct, frozen=True, kw_only=True):
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


class EventServer(Struct, frozen=True, kw_only=True):
    """The server that an event is of. Source: ``server.ServerInfo`` (2.15)."""

    name: str
    id: str


class ServerEvent(Struct, frozen=True, kw_only=True):
    """What all that happens on a server has in common."""

    time: datetime = field(name="timestamp")
    """When it happened, UTC."""
    server: EventServer


class EventClient(Struct, frozen=True, kw_only=True):
    """A client or a leaf node, as it was then. Source: ``server.ClientInfo`` (2.15)."""

    cid: int = field(name="id")
    """The number of its connection, see ``clients``."""
    kind: str = "Client"
    """Or "Leafnode"."""
    type: str = field(default="", name="client_type")
    """Of a client "nats", "websocket" or "mqtt"; of a leaf node nothing."""
    name: str = ""
    """What it calls itself."""
    user: str = ""
    """The user or nkey that it logged in as, or wanted to; of a token only that there was one."""
    account: str = field(default="$G", name="acc")
    host: str = ""
    """Where it comes from; nothing inside the process."""
    lang: str = ""
    """The language of its client library, such as "python3"."""
    version: str = field(default="", name="ver")
    """The version of its client library."""
    start: datetime | None = None
    """When it connected, UTC."""
    stop: datetime | None = None
    """When that ended, UTC."""
    rtt: int = 0
    """The round trip time that was measured last, in nanoseconds."""
    mqtt_client: str = field(default="", name="client_id")
    """The client identifier of MQTT."""
    tags: tuple[str, ...] = ()
    """Of its user JWT."""


class EventTraffic(Struct, frozen=True, kw_only=True):
    """Messages one way. Source: ``server.DataStats`` (2.15)."""

    msgs: int = 0
    bytes: int = 0


class ClientConnected(ServerEvent, frozen=True, kw_only=True):
    """A client or a leaf node has logged in. Source: ``server.ConnectEventMsg`` (2.15)."""

    client: EventClient


class ClientDisconnected(ServerEvent, frozen=True, kw_only=True):
    """One that had logged in is gone. Source: ``server.DisconnectEventMsg`` (2.15)."""

    client: EventClient
    reason: str
    """As ``reason`` of closed connections in ``connz``: "Client Closed", "Stale Connection"."""
    sent: EventTraffic = EventTraffic()
    """By the client, as all figures here."""
    received: EventTraffic = EventTraffic()


class AuthenticationFailed(ClientDisconnected, frozen=True, kw_only=True):
    """Somebody could not log in, or may no longer be logged in after a change.

    Source: ``$SYS.SERVER.<id>.CLIENT.AUTH.ERR``, ``server.DisconnectEventMsg`` (2.15).
    """


class SlowConsumer(ClientDisconnected, frozen=True, kw_only=True):
    """A client was slow in reading, and is disconnected by it; ``client_disconnected`` follows."""


class AccountConnections(ServerEvent, frozen=True, kw_only=True):
    """How many are connected to an account, here: when that changes, and every 30 s.

    Of the global account ``$G``, of which the server says nothing, only when that changes, and
    without messages. Source: ``server.AccountNumConns`` (2.15).
    """

    account: str = field(name="acc")
    name: str = ""
    """For people; without one as ``account``."""
    conns: int = 0
    """Clients."""
    leafnodes: int = 0
    total_conns: int = 0
    """Both."""
    num_subscriptions: int = 0
    sent: EventTraffic = EventTraffic()
    """By the server."""
    received: EventTraffic = EventTraffic()
    slow_consumers: int = 0


class JetStreamAdvisory(ServerEvent, frozen=True, kw_only=True):
    """What JetStream reports. Source: ``server.JSAdvisoryPrefix`` (2.15).

    An advisory goes to all servers of a cluster, and each of them tells it. It is a message in the
    account: who may publish to its subject there can make one up.
    """

    account: str
    """Of the stream; nothing for one of the server itself."""
    subject: str
    """Such as "$JS.EVENT.ADVISORY.STREAM.CREATED.ORDERS"."""
    advisory: dict[str, Any]
    """The message: ``type`` ("io.nats.jetstream.advisory.v1.stream_action"), ``stream`` ..."""

    def __post_init__(self) -> None:
        client = self.advisory.get("client")
        if isinstance(client, dict):
            for secret in ("jwt", "nonce"):
                client.pop(secret, None)


class LameDuckBegun(ServerEvent, frozen=True, kw_only=True):
    """The server has begun to send its clients elsewhere.

    Of those it closes also the connection that hears of events, sooner or later: what follows may
    lack some, until ``shutdown``.
    """

    duration_ns: int
    grace_ns: int
    clients: int
    """Clients and leaf nodes that were connected then."""


class ServerShutdown(ServerEvent, frozen=True, kw_only=True):
    """The server is gone, and all its connections with it. The last event of a server."""


class ServerFailed(ServerEvent, frozen=True, kw_only=True):
    """What would have ended the nats-server command. The server stops: ``shutdown`` follows."""

    reason: str
    """The server's fatal log line."""


class EventsDropped(ServerEvent, frozen=True, kw_only=True):
    """Events are missing here: they came faster than they were taken, or could not be heard."""

    count: int | None
    """How many; None if nobody knows, because the connection that hears of them was closed: a
    reload has made an open server one with users, or the other way."""


EVENTS: dict[str, Any] = {
    "configuration_changing": ConfigurationChanging,
    "configuration_changed": ConfigurationChanged,
    "client_connected": ClientConnected,
    "client_disconnected": ClientDisconnected,
    "authentication_failed": AuthenticationFailed,
    "slow_consumer": SlowConsumer,
    "account_connections": AccountConnections,
    "jetstream_advisory": JetStreamAdvisory,
    "lame_duck": LameDuckBegun,
    "shutdown": ServerShutdown,
    "failed": ServerFailed,
    "events_dropped": EventsDropped,
}
"""The type of each event."""
NAMES: dict[type, str] = {kind: name for name, kind in EVENTS.items()}

__all__ = [
    "AccountConnections",
    "AuthenticationFailed",
    "ClientConnected",
    "ClientDisconnected",
    "ConfigurationChanged",
    "ConfigurationChanging",
    "EventClient",
    "EventName",
    "EventServer",
    "EventTraffic",
    "EventsDropped",
    "Handler",
    "JetStreamAdvisory",
    "LameDuckBegun",
    "ServerEvent",
    "ServerFailed",
    "ServerShutdown",
    "SlowConsumer",
]
