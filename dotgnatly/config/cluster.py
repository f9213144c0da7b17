"""The ``cluster`` block, and compression between servers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import Block, Duration, Port, Strings, Urls, WriteTimeout
from dotgnatly.config._containers import Items, Nested
from dotgnatly.config._kinds import Choice, Span
from dotgnatly.config.auth import (
    Authorization,
    AuthorizationConfiguration,
    Permissions,
    PermissionsConfiguration,
    no_queues,
    only_one_user,
)
from dotgnatly.config.tls import RouteTls
from dotgnatly.errors import Fault

CompressionMode: TypeAlias = Literal[
    "on", "off", "accept", "s2_auto", "s2_fast", "s2_better", "s2_best", "not_supported"
]


class _Mode(Choice):
    """A compression mode; true and false are two of them."""

    def __init__(self) -> None:
        words = {"enabled": "on", "true": "on", "disabled": "off", "false": "off"}
        short = {mode: f"s2_{mode}" for mode in ("auto", "fast", "better", "best")}
        spaced = {"not supported": "not_supported"}
        super().__init__(get_args(CompressionMode), **words, **short, **spaced)

    def take(self, value: Any) -> Any:
        return super().take(str(value) if isinstance(value, bool) else value)


Mode: TypeAlias = Annotated[CompressionMode | bool, _Mode()]
Durations: TypeAlias = Annotated[Sequence[Duration], Items(Span())]


class CompressionConfiguration(Block, frozen=True, kw_only=True):
    """A ``compression`` block; a mode in its place is ``mode``.

    Source: ``server.CompressionOpts``, ``server.parseCompression`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {
        "thresholds": "rtt_thresholds",
        "rtts": "rtt_thresholds",
        "rtt": "rtt_thresholds",
    }

    mode: Mode | None | UnsetType = UNSET
    """``off``, ``accept`` (if the other side asks), ``s2_fast``, ``s2_better``, ``s2_best``, or
    ``s2_auto`` (by the round trip time); ``on``, which is true, is ``s2_fast`` of a cluster and
    ``s2_auto`` of a leaf node; default "accept" of a cluster and "s2_auto" of a leaf node.
    Source: ``CompressionOpts.Mode``."""
    rtt_thresholds: Durations | None | UnsetType = UNSET
    """Of "s2_auto": round trips from which to compress, fast, better, best; default 10, 50, 100 ms.
    Source: ``CompressionOpts.RTTThresholds``."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that a mode stands for."""
        return cls.from_dict({"mode": value}) if isinstance(value, str | bool) else value


class _Compression(Nested):
    """Written as short as it can be: only a mode that stands alone may be true."""

    def plain(self, value: Any) -> Any:
        keys = super().plain(value)
        if isinstance(keys, dict) and keys.keys() == {"mode"}:
            return True if keys["mode"] == "on" else keys["mode"]
        return keys


Compression: TypeAlias = Annotated[
    CompressionConfiguration | Mapping[str, Any] | CompressionMode | bool,
    _Compression(CompressionConfiguration),
]


class ClusterConfiguration(Block, frozen=True, kw_only=True):
    """The ``cluster`` block: routes to the others of a cluster.

    Source: ``server.ClusterOpts`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {"net": "host", "cluster_advertise": "advertise"}
    _pairs: ClassVar[Mapping[str, tuple[str, str]]] = {"listen": ("host", "port")}

    name: str | None | UnsetType = UNSET
    """The same on all its servers, without spaces; default made up by the server, one for all.
    Source: ``ClusterOpts.Name``."""
    host: str | None | UnsetType = UNSET
    """Address that the route listener binds to; default "0.0.0.0". Source: ``ClusterOpts.Host``."""
    port: Port | None | UnsetType = UNSET
    """Port of the route listener, -1 takes a free one; default 0, no listener and no cluster.
    Source: ``ClusterOpts.Port``."""
    routes: Urls | None | UnsetType = UNSET
    """URLs of other servers to connect to, ``nats://user:password@host:port``; default none.
    Source: ``Options.Routes``."""
    advertise: str | None | UnsetType = UNSET
    """``host:port`` that other servers are told; default what was bound.
    Source: ``ClusterOpts.Advertise``."""
    no_advertise: bool | None | UnsetType = UNSET
    """Do not tell clients of the other servers; default false.
    Source: ``ClusterOpts.NoAdvertise``."""
    authorization: Authorization | None | UnsetType = UNSET
    """The one user with which the other servers log in; default none.
    Source: ``ClusterOpts.Username``."""
    permissions: Permissions | None | UnsetType = UNSET
    """Subjects to import (publish) and export (subscribe); default all.
    Source: ``ClusterOpts.Permissions``."""
    tls: RouteTls | None | UnsetType = UNSET
    """Routes by TLS, both sides with a certificate; default none.
    Source: ``ClusterOpts.TLSConfig``."""
    connect_retries: int | None | UnsetType = UNSET
    """Attempts to connect to a server heard of from others; default 0, one attempt.
    Source: ``ClusterOpts.ConnectRetries``."""
    connect_backoff: bool | None | UnsetType = UNSET
    """Wait longer after each attempt, up to 30 s; default false.
    Source: ``ClusterOpts.ConnectBackoff``."""
    pool_size: int | None | UnsetType = UNSET
    """Connections to each server, shared by the accounts, at most 65,535; -1 is one without
    pooling; default 3.
    Source: ``ClusterOpts.PoolSize``."""
    accounts: Strings | None | UnsetType = UNSET
    """Accounts with a connection of their own; default the system account.
    Source: ``ClusterOpts.PinnedAccounts``."""
    compression: Compression | None | UnsetType = UNSET
    """Compression of routes; default "accept". Source: ``ClusterOpts.Compression``."""
    ping_interval: Duration | None | UnsetType = UNSET
    """How often routes are pinged, at most 30 s; default the server's.
    Source: ``ClusterOpts.PingInterval``."""
    ping_max: int | None | UnsetType = UNSET
    """Pings without answer until a route is closed; default the server's.
    Source: ``ClusterOpts.MaxPingsOut``."""
    write_deadline: Duration | None | UnsetType = UNSET
    """How long a write may block; default the server's. Source: ``ClusterOpts.WriteDeadline``."""
    write_timeout: WriteTimeout | None | UnsetType = UNSET
    """What then: "close" or "retry"; "default" is "retry". Source: ``ClusterOpts.WriteTimeout``."""

    def _contradictions(self) -> Iterable[Fault]:
        yield from only_one_user(self.authorization)
        yield from _no_queues("permissions", self.permissions)
        if isinstance(self.permissions, PermissionsConfiguration) and (
            self.permissions.allow_responses
        ):
            yield Fault("permissions.allow_responses", "is of clients only")
        if isinstance(self.authorization, AuthorizationConfiguration):
            permissions = self.authorization.default_permissions
            yield from _no_queues("authorization.default_permissions", permissions)


def _no_queues(name: str, permissions: object) -> Iterable[Fault]:
    if isinstance(permissions, PermissionsConfiguration):
        yield from no_queues(f"{name}.subscribe", permissions.subscribe)
