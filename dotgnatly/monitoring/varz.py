"""The server's ``/varz`` document: who it is, how it is configured, what it has done.

A listener that is off has port 0.
"""

from datetime import datetime
from typing import TypedDict

from msgspec import Struct

from dotgnatly.monitoring._common import (
    NEVER,
    Bytes,
    JetStreamConfig,
    JetStreamStats,
    JSLimitOpts,
    MetaClusterInfo,
    Nanoseconds,
    Port,
    Seconds,
)
from dotgnatly.monitoring.claims import OperatorClaims


class VarzOptions(TypedDict):
    """What ``varz`` takes: nothing. Source: ``server.VarzOptions`` (2.15)."""


class ClusterOptsVarz(Struct, frozen=True, kw_only=True):
    """The listener for routes. Source: ``server.ClusterOptsVarz`` (2.15)."""

    name: str = ""
    addr: str = ""
    cluster_port: Port = 0
    auth_timeout: Seconds = 0
    urls: tuple[str, ...] = ()
    """Configured routes, ``host:port``."""
    tls_timeout: Seconds = 0
    tls_required: bool = False
    tls_verify: bool = False
    pool_size: int = 0
    write_deadline: Nanoseconds = 0
    write_timeout: str = ""
    tls_cert_not_after: datetime | None = None


class RemoteGatewayOptsVarz(Struct, frozen=True, kw_only=True):
    """A gateway to another cluster. Source: ``server.RemoteGatewayOptsVarz`` (2.15)."""

    name: str = ""
    tls_timeout: Seconds = 0
    urls: tuple[str, ...] = ()
    """Configured and learnt addresses, ``host:port``."""


class GatewayOptsVarz(Struct, frozen=True, kw_only=True):
    """The listener for gateways. Source: ``server.GatewayOptsVarz`` (2.15)."""

    name: str = ""
    host: str = ""
    port: Port = 0
    auth_timeout: Seconds = 0
    tls_timeout: Seconds = 0
    tls_required: bool = False
    tls_verify: bool = False
    advertise: str = ""
    connect_retries: int = 0
    gateways: tuple[RemoteGatewayOptsVarz, ...] = ()
    reject_unknown: bool = False
    write_deadline: Nanoseconds = 0
    """The cluster's, in 2.15."""
    write_timeout: str = ""
    """The cluster's, in 2.15."""
    tls_cert_not_after: datetime | None = None


class DenyRules(Struct, frozen=True, kw_only=True):
    """Subjects that a leaf node connection does not carry. Source: ``server.DenyRules`` (2.15)."""

    exports: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


class RemoteLeafOptsVarz(Struct, frozen=True, kw_only=True):
    """A leaf node connection to a hub. Source: ``server.RemoteLeafOptsVarz`` (2.15)."""

    local_account: str = ""
    tls_timeout: Seconds = 0
    urls: tuple[str, ...] = ()
    deny: DenyRules | None = None
    tls_ocsp_peer_verify: bool = False


class LeafNodeOptsVarz(Struct, frozen=True, kw_only=True):
    """The listener for leaf nodes, and the hubs. Source: ``server.LeafNodeOptsVarz`` (2.15)."""

    host: str = ""
    port: Port = 0
    auth_timeout: Seconds = 0
    tls_timeout: Seconds = 0
    tls_required: bool = False
    tls_verify: bool = False
    remotes: tuple[RemoteLeafOptsVarz, ...] = ()
    tls_ocsp_peer_verify: bool = False
    write_deadline: Nanoseconds = 0
    """The cluster's, in 2.15."""
    write_timeout: str = ""
    """The cluster's, in 2.15."""
    tls_cert_not_after: datetime | None = None


class MQTTOptsVarz(Struct, frozen=True, kw_only=True):
    """The listener for MQTT. Source: ``server.MQTTOptsVarz`` (2.15)."""

    host: str = ""
    port: Port = 0
    no_auth_user: str = ""
    auth_timeout: Seconds = 0
    tls_map: bool = False
    tls_timeout: Seconds = 0
    tls_pinned_certs: tuple[str, ...] = ()
    js_domain: str = ""
    ack_wait: Nanoseconds = 0
    max_ack_pending: int = 0
    tls_ocsp_peer_verify: bool = False
    tls_cert_not_after: datetime | None = None


class WebsocketOptsVarz(Struct, frozen=True, kw_only=True):
    """The listener for WebSocket. Source: ``server.WebsocketOptsVarz`` (2.15)."""

    host: str = ""
    port: Port = 0
    advertise: str = ""
    no_auth_user: str = ""
    jwt_cookie: str = ""
    handshake_timeout: Nanoseconds = 0
    auth_timeout: Seconds = 0
    no_tls: bool = False
    tls_map: bool = False
    tls_pinned_certs: tuple[str, ...] = ()
    same_origin: bool = False
    allowed_origins: tuple[str, ...] = ()
    compression: bool = False
    tls_ocsp_peer_verify: bool = False
    tls_cert_not_after: datetime | None = None


class JetStreamVarz(Struct, frozen=True, kw_only=True):
    """JetStream; every part is None while it is off. Source: ``server.JetStreamVarz`` (2.15)."""

    config: JetStreamConfig | None = None
    stats: JetStreamStats | None = None
    meta: MetaClusterInfo | None = None
    """None without a cluster."""
    limits: JSLimitOpts | None = None


class SlowConsumersStats(Struct, frozen=True, kw_only=True):
    """Connections that were too slow, by kind. Source: ``server.SlowConsumersStats`` (2.15)."""

    clients: int = 0
    routes: int = 0
    gateways: int = 0
    leafs: int = 0


class StaleConnectionStats(Struct, frozen=True, kw_only=True):
    """Connections that went silent, by kind. Source: ``server.StaleConnectionStats`` (2.15)."""

    clients: int = 0
    routes: int = 0
    gateways: int = 0
    leafs: int = 0


class DiskIOWaitStats(Struct, frozen=True, kw_only=True):
    """Waiting for a turn at the disk. Source: ``server.DiskIOWaitStats`` (2.15)."""

    waiters: int = 0
    """Waiting now; the rest counts since the start."""
    waits: int = 0
    wait_time: Nanoseconds = 0
    max_wait_time: Nanoseconds = 0


class OCSPResponseCacheVarz(Struct, frozen=True, kw_only=True):
    """The cache of OCSP answers. Source: ``server.OCSPResponseCacheVarz`` (2.15)."""

    cache_type: str = ""
    cache_hits: int = 0
    cache_misses: int = 0
    cached_responses: int = 0
    cached_revoked_responses: int = 0
    cached_good_responses: int = 0
    cached_unknown_responses: int = 0


class ProxyOptsVarz(Struct, frozen=True, kw_only=True):
    """A proxy that may connect for others. Source: ``server.ProxyOptsVarz`` (2.15)."""

    key: str = ""


class ProxiesOptsVarz(Struct, frozen=True, kw_only=True):
    """The proxies of the server. Source: ``server.ProxiesOptsVarz`` (2.15)."""

    trusted: tuple[ProxyOptsVarz, ...] = ()


class Varz(Struct, frozen=True, kw_only=True):
    """The whole document, general facts first, then a part per block.

    Source: ``server.Varz`` (2.15).
    """

    server_id: str = ""
    server_name: str = ""
    version: str = ""
    proto: int = 0
    git_commit: str = ""
    go: str = ""
    host: str = ""
    port: Port = 0
    auth_required: bool = False
    tls_required: bool = False
    tls_verify: bool = False
    tls_ocsp_peer_verify: bool = False
    ip: str = ""
    connect_urls: tuple[str, ...] = ()
    """What clients are told to connect to, ``host:port``."""
    ws_connect_urls: tuple[str, ...] = ()
    max_connections: int = 0
    max_subscriptions: int = 0
    ping_interval: Nanoseconds = 0
    ping_max: int = 0
    http_host: str = ""
    http_port: Port = 0
    http_base_path: str = ""
    https_port: Port = 0
    auth_timeout: Seconds = 0
    max_control_line: Bytes = 0
    max_payload: Bytes = 0
    max_pending: Bytes = 0
    cluster: ClusterOptsVarz = ClusterOptsVarz()
    gateway: GatewayOptsVarz = GatewayOptsVarz()
    leaf: LeafNodeOptsVarz = LeafNodeOptsVarz()
    mqtt: MQTTOptsVarz = MQTTOptsVarz()
    websocket: WebsocketOptsVarz = WebsocketOptsVarz()
    jetstream: JetStreamVarz = JetStreamVarz()
    tls_timeout: Seconds = 0
    write_deadline: Nanoseconds = 0
    write_timeout: str = ""
    """What happens to a connection that missed its ``write_deadline``."""
    start: datetime = NEVER
    now: datetime = NEVER
    uptime: str = ""
    mem: Bytes = 0
    """Resident memory of the whole process, Python included."""
    cores: int = 0
    gomaxprocs: int = 0
    gomemlimit: Bytes = 0
    cpu: float = 0
    """Per cent of one core, of the whole process."""
    connections: int = 0
    total_connections: int = 0
    routes: int = 0
    """Connected; those configured are ``remotes``."""
    remotes: int = 0
    leafnodes: int = 0
    in_msgs: int = 0
    """From and to all kinds of connections; ``in_client_msgs`` and its like count clients only."""
    in_bytes: Bytes = 0
    in_client_msgs: int = 0
    in_client_bytes: Bytes = 0
    out_msgs: int = 0
    out_bytes: Bytes = 0
    out_client_msgs: int = 0
    out_client_bytes: Bytes = 0
    slow_consumers: int = 0
    stale_connections: int = 0
    stalled_clients: int = 0
    """How often a fast publisher was held back."""
    subscriptions: int = 0
    http_req_stats: dict[str, int] = {}
    """Requests by path of the monitoring listener."""
    config_load_time: datetime = NEVER
    config_digest: str = ""
    tags: tuple[str, ...] = ()
    metadata: dict[str, str] = {}
    feature_flags: dict[str, bool] = {}
    trusted_operators_jwt: tuple[str, ...] = ()
    trusted_operators_claim: tuple[OperatorClaims, ...] = ()
    system_account: str = ""
    pinned_account_fails: int = 0
    ocsp_peer_cache: OCSPResponseCacheVarz | None = None
    slow_consumer_stats: SlowConsumersStats = SlowConsumersStats()
    stale_connection_stats: StaleConnectionStats = StaleConnectionStats()
    disk_io_wait_stats: DiskIOWaitStats = DiskIOWaitStats()
    proxies: ProxiesOptsVarz | None = None
    tls_cert_not_after: datetime | None = None
