"""The ``leafnodes`` block: a listener for leaf nodes, and remotes to be a leaf node of."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, TypeAlias

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import (
    Block,
    Duration,
    FilePath,
    Password,
    Port,
    Subjects,
    Timeout,
    Urls,
    UrlString,
    WriteTimeout,
)
from dotgnatly.config._containers import Items, Nested
from dotgnatly.config.cluster import Compression
from dotgnatly.config.tls import Tls, TlsConfiguration
from dotgnatly.errors import Fault


class LeafNodeUserConfiguration(Block, frozen=True, kw_only=True):
    """A user with which leaf nodes log in, and the account that it binds them to.

    Source: ``server.parseLeafUsers`` (2.15).
    """

    _identity: ClassVar[tuple[str, ...]] = ("user",)
    _aliases: ClassVar[Mapping[str, str]] = {"username": "user", "pass": "password"}

    user: str | None | UnsetType = UNSET
    """Name of the user; required. Source: ``User.Username``."""
    password: Password | None | UnsetType = UNSET
    """Password of the user; default none. Source: ``User.Password``."""
    account: str | None | UnsetType = UNSET
    """Account that leaf nodes are bound to; default the global account.
    Source: ``User.Account``."""
    proxy_required: bool | None | UnsetType = UNSET
    """Must come through a trusted proxy; default false. Source: ``User.ProxyRequired``."""


LeafNodeUsers: TypeAlias = Annotated[
    Sequence[LeafNodeUserConfiguration | Mapping[str, Any]],
    Items(Nested(LeafNodeUserConfiguration)),
]


class LeafNodeAuthorizationConfiguration(Block, frozen=True, kw_only=True):
    """The ``leafnodes.authorization`` block: one user, one nkey, or a list of users.

    Without it leaf nodes log in as clients do. Source: ``server.parseLeafAuthorization`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {"username": "user", "pass": "password"}

    user: str | None | UnsetType = UNSET
    """Name of the one user; default none. Source: ``LeafNodeOpts.Username``."""
    password: Password | None | UnsetType = UNSET
    """Password of the one user; default none. Source: ``LeafNodeOpts.Password``."""
    nkey: str | None | UnsetType = UNSET
    """Public user nkey, in place of name and password; default none.
    Source: ``LeafNodeOpts.Nkey``."""
    account: str | None | UnsetType = UNSET
    """What the one user is bound to; default the global account.
    Source: ``LeafNodeOpts.Account``."""
    users: LeafNodeUsers | None | UnsetType = UNSET
    """Several users; default none. Source: ``LeafNodeOpts.Users``."""
    timeout: Timeout | None | UnsetType = UNSET
    """How long a leaf node may take to log in; default 2 s, with TLS its timeout and 1 s.
    Source: ``LeafNodeOpts.AuthTimeout``."""
    proxy_required: bool | None | UnsetType = UNSET
    """All must come through a trusted proxy; default false.
    Source: ``LeafNodeOpts.ProxyRequired``."""

    def _contradictions(self) -> Iterable[Fault]:
        if self.users:
            for single in ("user", "nkey"):
                if getattr(self, single):
                    yield Fault(single, "cannot stand beside a list of users")


ProxyTls: TypeAlias = Annotated[
    TlsConfiguration | Mapping[str, Any],
    Nested(
        TlsConfiguration,
        only=(
            *("cert_file", "key_file", "ca_file", "certs", "insecure", "timeout", "min_version"),
            *("cipher_suites", "allow_insecure_cipher_suites", "curve_preferences", "cert_store"),
            *("cert_match_by", "cert_match", "cert_match_skip_invalid", "ca_certs_match"),
        ),
    ),
]


class LeafNodeProxyConfiguration(Block, frozen=True, kw_only=True):
    """The ``leafnodes.remotes.proxy`` block: an HTTP proxy.

    Source: ``RemoteLeafOpts.Proxy`` (2.15).
    """

    url: UrlString | None | UnsetType = UNSET
    """``http://host:port`` or ``https://host:port``; required.
    Source: ``RemoteLeafOpts.Proxy.URL``."""
    username: str | None | UnsetType = UNSET
    """Who logs in to the proxy; default nobody. Source: ``RemoteLeafOpts.Proxy.Username``."""
    password: Password | None | UnsetType = UNSET
    """With which password; default none. Source: ``RemoteLeafOpts.Proxy.Password``."""
    timeout: Duration | None | UnsetType = UNSET
    """How long connecting may take; default 0, the dial timeout.
    Source: ``RemoteLeafOpts.Proxy.Timeout``."""
    tls: ProxyTls | None | UnsetType = UNSET
    """For an https proxy, its keys for a client; default the system's CAs.
    Source: ``RemoteLeafOpts.Proxy.TLSConfig``."""

    def _contradictions(self) -> Iterable[Fault]:
        if not self.url:
            if self.username or self.password or self.timeout or self.tls:
                yield Fault("url", "is required")
        elif bool(self.username) != bool(self.password):
            yield Fault("password" if self.username else "username", "is required as well")


class JetStreamClusterMigrateConfiguration(Block, frozen=True, kw_only=True):
    """The ``jetstream_cluster_migrate`` block of a remote. ``True`` is the empty block.

    Source: ``RemoteLeafOpts.JetStreamClusterMigrate`` (2.15).
    """

    may_be_false: ClassVar[bool] = True

    _exact: ClassVar[bool] = True

    leader_migrate_delay: Duration | None | UnsetType = UNSET
    """How long the remote must be away before leaders move; default 0.
    Source: ``RemoteLeafOpts.JetStreamClusterMigrateDelay``."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that true stands for."""
        return cls() if value is True else value


Migrate: TypeAlias = Annotated[
    JetStreamClusterMigrateConfiguration | Mapping[str, Any] | bool,
    Nested(JetStreamClusterMigrateConfiguration),
]
Proxy: TypeAlias = Annotated[
    LeafNodeProxyConfiguration | Mapping[str, Any], Nested(LeafNodeProxyConfiguration)
]


class LeafNodeRemoteConfiguration(Block, frozen=True, kw_only=True):
    """An entry of ``leafnodes.remotes``: servers to be a leaf node of.

    Source: ``server.RemoteLeafOpts``, ``server.parseRemoteLeafNodes`` (2.15).
    """

    _identity: ClassVar[tuple[str, ...]] = ("urls", "account", "credentials")
    _aliases: ClassVar[Mapping[str, str]] = {
        "dont_randomize": "no_randomize",
        "url": "urls",
        "local": "account",
        "creds": "credentials",
        "seed": "nkey",
        "deny_import": "deny_imports",
        "deny_export": "deny_exports",
        "ws_compress": "ws_compression",
        "websocket_compress": "ws_compression",
        "websocket_compression": "ws_compression",
        "websocket_no_masking": "ws_no_masking",
        "js_cluster_migrate": "jetstream_cluster_migrate",
        "isolate": "isolate_leafnode_interest",
    }

    urls: Urls | None | UnsetType = UNSET
    """One of them is connected to: ``nats-leaf://user:password@host:port``, or ``tls``, ``ws``,
    ``wss``, with 7422 where there is no port; default none.
    Source: ``RemoteLeafOpts.URLs``."""
    no_randomize: bool | None | UnsetType = UNSET
    """Try the URLs in their order; default false. Source: ``RemoteLeafOpts.NoRandomize``."""
    account: str | None | UnsetType = UNSET
    """Local account that is connected; default the global account.
    Source: ``RemoteLeafOpts.LocalAccount``."""
    credentials: FilePath | None | UnsetType = UNSET
    """Credentials file, ``~`` and ``$NAME`` are expanded; default none.
    Source: ``RemoteLeafOpts.Credentials``."""
    nkey: Password | None | UnsetType = UNSET
    """User nkey seed, in place of credentials; default none. Source: ``RemoteLeafOpts.Nkey``."""
    tls: Tls | None | UnsetType = UNSET
    """TLS of the connection; default none. Source: ``RemoteLeafOpts.TLSConfig``."""
    hub: bool | None | UnsetType = UNSET
    """Be the hub although we connect; default false. Source: ``RemoteLeafOpts.Hub``."""
    deny_imports: Subjects | None | UnsetType = UNSET
    """Subjects that the remote cannot send; default none.
    Source: ``RemoteLeafOpts.DenyImports``."""
    deny_exports: Subjects | None | UnsetType = UNSET
    """Subjects that are not sent to the remote; default none.
    Source: ``RemoteLeafOpts.DenyExports``."""
    compression: Compression | None | UnsetType = UNSET
    """Compression of the connection; default "s2_auto". Source: ``RemoteLeafOpts.Compression``."""
    ws_compression: bool | None | UnsetType = UNSET
    """Of ``ws`` URLs: compress frames; default false. Source: ``RemoteLeafOpts.Websocket``."""
    ws_no_masking: bool | None | UnsetType = UNSET
    """Of ``ws`` URLs: do not mask frames; default false. Source: ``RemoteLeafOpts.Websocket``."""
    jetstream_cluster_migrate: Migrate | None | UnsetType = UNSET
    """Move stream leaders to other servers while the remote is away; default false."""
    isolate_leafnode_interest: bool | None | UnsetType = UNSET
    """Hide the other leaf nodes' subscriptions from the remote; default false.
    Source: ``RemoteLeafOpts.LocalIsolation``."""
    request_isolation: bool | None | UnsetType = UNSET
    """Ask the remote to do so; default false. Source: ``RemoteLeafOpts.RequestIsolation``."""
    first_info_timeout: Duration | None | UnsetType = UNSET
    """How long the remote's first INFO may take; default 1 s.
    Source: ``RemoteLeafOpts.FirstInfoTimeout``."""
    dial_timeout: Duration | None | UnsetType = UNSET
    """How long connecting may take; default that of ``leafnodes``.
    Source: ``RemoteLeafOpts.DialTimeout``."""
    disabled: bool | None | UnsetType = UNSET
    """Keep the entry and do not connect; default false. Source: ``RemoteLeafOpts.Disabled``."""
    proxy: Proxy | None | UnsetType = UNSET
    """HTTP proxy to go through; default none. Source: ``RemoteLeafOpts.Proxy``."""
    ignore_discovered_servers: bool | None | UnsetType = UNSET
    """Connect to ``urls`` only, not to servers that the remote names; default false.
    Source: ``RemoteLeafOpts.IgnoreDiscoveredServers``."""

    def _contradictions(self) -> Iterable[Fault]:
        if self.credentials and self.nkey:
            yield Fault("nkey", "cannot stand beside credentials")


LeafNodeAuthorization: TypeAlias = Annotated[
    LeafNodeAuthorizationConfiguration | Mapping[str, Any],
    Nested(LeafNodeAuthorizationConfiguration),
]
Remotes: TypeAlias = Annotated[
    Sequence[LeafNodeRemoteConfiguration | Mapping[str, Any]],
    Items(Nested(LeafNodeRemoteConfiguration)),
]


class LeafNodeConfiguration(Block, frozen=True, kw_only=True):
    """The ``leafnodes`` block.

    Source: ``server.LeafNodeOpts``, ``server.parseLeafNodes`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {
        "net": "host",
        "reconnect_delay": "reconnect",
        "reconnect_interval": "reconnect",
        "leafnode_advertise": "advertise",
        "minimum_version": "min_version",
        "isolate": "isolate_leafnode_interest",
    }
    _pairs: ClassVar[Mapping[str, tuple[str, str]]] = {"listen": ("host", "port")}

    host: str | None | UnsetType = UNSET
    """Address that the listener binds to; default "0.0.0.0". Source: ``LeafNodeOpts.Host``."""
    port: Port | None | UnsetType = UNSET
    """Port of the listener, -1 takes a free one; default 0, no listener.
    Source: ``LeafNodeOpts.Port``."""
    advertise: str | None | UnsetType = UNSET
    """``host:port`` that leaf nodes are told; default what was bound.
    Source: ``LeafNodeOpts.Advertise``."""
    no_advertise: bool | None | UnsetType = UNSET
    """Do not tell leaf nodes of the cluster's other servers; default false.
    Source: ``LeafNodeOpts.NoAdvertise``."""
    authorization: LeafNodeAuthorization | None | UnsetType = UNSET
    """How leaf nodes log in; default as clients do."""
    tls: Tls | None | UnsetType = UNSET
    """TLS of the listener; default none. Source: ``LeafNodeOpts.TLSConfig``."""
    min_version: str | None | UnsetType = UNSET
    """Lowest version of a leaf node's server, "2.8.0" or later; default any.
    Source: ``LeafNodeOpts.MinVersion``."""
    remotes: Remotes | None | UnsetType = UNSET
    """Servers to be a leaf node of; default none. Source: ``LeafNodeOpts.Remotes``."""
    reconnect: Duration | None | UnsetType = UNSET
    """Pause between attempts to connect to a remote; default 1 s.
    Source: ``LeafNodeOpts.ReconnectInterval``."""
    dial_timeout: Duration | None | UnsetType = UNSET
    """How long connecting to a remote may take; default 1 s.
    Source: ``LeafNodeOpts.DialTimeout``."""
    compression: Compression | None | UnsetType = UNSET
    """Compression of connections to leaf nodes; default "s2_auto".
    Source: ``LeafNodeOpts.Compression``."""
    isolate_leafnode_interest: bool | None | UnsetType = UNSET
    """Hide leaf nodes' subscriptions from each other; default false.
    Source: ``LeafNodeOpts.IsolateLeafnodeInterest``."""
    write_deadline: Duration | None | UnsetType = UNSET
    """How long a write may block; default the server's. Source: ``LeafNodeOpts.WriteDeadline``."""
    write_timeout: WriteTimeout | None | UnsetType = UNSET
    """What then: "close" or "retry"; "default" is "retry".
    Source: ``LeafNodeOpts.WriteTimeout``."""
