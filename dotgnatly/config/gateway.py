"""The ``gateway`` block: a cluster of clusters."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeAlias

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import Block, Duration, Port, Urls, WriteTimeout
from dotgnatly.config._containers import Items, Nested
from dotgnatly.config.auth import Authorization, only_one_user
from dotgnatly.config.tls import RouteTls
from dotgnatly.errors import Fault


class GatewayRemoteConfiguration(Block, frozen=True, kw_only=True):
    """An entry of ``gateway.gateways``: another cluster.

    Source: ``server.RemoteGatewayOpts``, ``server.parseGateways`` (2.15).
    """

    _identity: ClassVar[tuple[str, ...]] = ("name",)
    _aliases: ClassVar[Mapping[str, str]] = {"url": "urls"}

    name: str | None | UnsetType = UNSET
    """Name of the cluster; required. Source: ``RemoteGatewayOpts.Name``."""
    urls: Urls | None | UnsetType = UNSET
    """URLs of its servers, ``nats://user:password@host:port``; required.
    Source: ``RemoteGatewayOpts.URLs``."""
    tls: RouteTls | None | UnsetType = UNSET
    """TLS of connections to it; default that of ``gateway``.
    Source: ``RemoteGatewayOpts.TLSConfig``."""


GatewayRemotes: TypeAlias = Annotated[
    Sequence[GatewayRemoteConfiguration | Mapping[str, Any]],
    Items(Nested(GatewayRemoteConfiguration)),
]


class GatewayConfiguration(Block, frozen=True, kw_only=True):
    """The ``gateway`` block. Source: ``server.GatewayOpts``, ``server.parseGateway`` (2.15)."""

    _aliases: ClassVar[Mapping[str, str]] = {
        "net": "host",
        "reject_unknown": "reject_unknown_cluster",
    }
    _pairs: ClassVar[Mapping[str, tuple[str, str]]] = {"listen": ("host", "port")}

    name: str | None | UnsetType = UNSET
    """Name of the own cluster, that of ``cluster``, without spaces; required.
    Source: ``GatewayOpts.Name``."""
    host: str | None | UnsetType = UNSET
    """Address that the listener binds to; default "0.0.0.0". Source: ``GatewayOpts.Host``."""
    port: Port | None | UnsetType = UNSET
    """Port of the listener, -1 takes a free one; required. Source: ``GatewayOpts.Port``."""
    advertise: str | None | UnsetType = UNSET
    """``host:port`` that other clusters are told; default what was bound.
    Source: ``GatewayOpts.Advertise``."""
    authorization: Authorization | None | UnsetType = UNSET
    """The one user with which other clusters log in; default none.
    Source: ``GatewayOpts.Username``."""
    tls: RouteTls | None | UnsetType = UNSET
    """Gateways by TLS, both sides with a certificate; default none.
    Source: ``GatewayOpts.TLSConfig``."""
    gateways: GatewayRemotes | None | UnsetType = UNSET
    """The other clusters, to connect to; default those that connect to this one.
    Source: ``GatewayOpts.Gateways``."""
    reject_unknown_cluster: bool | None | UnsetType = UNSET
    """Let in clusters of ``gateways`` only; default false.
    Source: ``GatewayOpts.RejectUnknown``."""
    connect_retries: int | None | UnsetType = UNSET
    """Attempts to connect to a cluster heard of from others; default 0, one attempt.
    Source: ``GatewayOpts.ConnectRetries``."""
    connect_backoff: bool | None | UnsetType = UNSET
    """Wait longer after each attempt, up to 30 s; default false.
    Source: ``GatewayOpts.ConnectBackoff``."""
    write_deadline: Duration | None | UnsetType = UNSET
    """How long a write may block; default the server's. Source: ``GatewayOpts.WriteDeadline``."""
    write_timeout: WriteTimeout | None | UnsetType = UNSET
    """What then: "close" or "retry"; "default" is "retry". Source: ``GatewayOpts.WriteTimeout``."""

    def _contradictions(self) -> Iterable[Fault]:
        yield from only_one_user(self.authorization)
