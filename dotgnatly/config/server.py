"""The configuration of one server: the top level of nats-server's configuration file."""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from os import PathLike
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from dotgnatly.config._base import (
    Block,
    Bytes,
    Bytes32,
    Duration,
    FilePath,
    FlagMap,
    Password,
    Port,
    SecretMap,
    StringMap,
    Strings,
    WriteTimeout,
)
from dotgnatly.config._containers import Items, Named, Nested, NestedOrUrl
from dotgnatly.config._kinds import Path, Span, Whole
from dotgnatly.config._subjects import Mappings as SubjectMappings
from dotgnatly.errors import ConfigError, Fault

if TYPE_CHECKING:
    from dotgnatly.config.accounts import AccountConfiguration
    from dotgnatly.config.auth import AuthorizationConfiguration
    from dotgnatly.config.cluster import ClusterConfiguration
    from dotgnatly.config.gateway import GatewayConfiguration
    from dotgnatly.config.jetstream import JetStreamConfiguration
    from dotgnatly.config.leafnode import LeafNodeConfiguration
    from dotgnatly.config.mappings import Destinations
    from dotgnatly.config.mqtt import MqttConfiguration
    from dotgnatly.config.ocsp import OcspCacheConfiguration, OcspConfiguration
    from dotgnatly.config.proxies import ProxiesConfiguration
    from dotgnatly.config.resolver import ResolverConfiguration
    from dotgnatly.config.tls import TlsConfiguration
    from dotgnatly.config.websocket import WebsocketConfiguration

# The module of a block is imported at the first use of the block.
Accounts: TypeAlias = Annotated[
    "Mapping[str, AccountConfiguration | Mapping[str, Any] | None] | Sequence[str]",
    Named(Nested("accounts.AccountConfiguration"), bare=True),
]
Authorization: TypeAlias = Annotated[
    "AuthorizationConfiguration | Mapping[str, Any]", Nested("auth.AuthorizationConfiguration")
]
Cluster: TypeAlias = Annotated[
    "ClusterConfiguration | Mapping[str, Any]", Nested("cluster.ClusterConfiguration")
]
Gateway: TypeAlias = Annotated[
    "GatewayConfiguration | Mapping[str, Any]", Nested("gateway.GatewayConfiguration")
]
JetStream: TypeAlias = Annotated[
    'JetStreamConfiguration | Mapping[str, Any] | bool | Literal["enabled", "disabled"]',
    Nested("jetstream.JetStreamConfiguration"),
]
LeafNodes: TypeAlias = Annotated[
    "LeafNodeConfiguration | Mapping[str, Any]", Nested("leafnode.LeafNodeConfiguration")
]
Mappings: TypeAlias = Annotated["Mapping[str, Destinations | None]", SubjectMappings()]
Mqtt: TypeAlias = Annotated[
    "MqttConfiguration | Mapping[str, Any]", Nested("mqtt.MqttConfiguration")
]
Ocsp: TypeAlias = Annotated[
    "OcspConfiguration | Mapping[str, Any] | bool", Nested("ocsp.OcspConfiguration")
]
OcspCache: TypeAlias = Annotated[
    "OcspCacheConfiguration | Mapping[str, Any] | bool", Nested("ocsp.OcspCacheConfiguration")
]
Operators: TypeAlias = Annotated[
    str | PathLike[str] | Sequence[str | PathLike[str]], Items(Path(), lone=True)
]
Proxies: TypeAlias = Annotated[
    "ProxiesConfiguration | Mapping[str, Any]", Nested("proxies.ProxiesConfiguration")
]
Resolver: TypeAlias = Annotated[
    "ResolverConfiguration | Mapping[str, Any] | str",
    NestedOrUrl("resolver.ResolverConfiguration"),
]
Tls: TypeAlias = Annotated["TlsConfiguration | Mapping[str, Any]", Nested("tls.TlsConfiguration")]
Websocket: TypeAlias = Annotated[
    "WebsocketConfiguration | Mapping[str, Any]", Nested("websocket.WebsocketConfiguration")
]
LameDuckDuration: TypeAlias = Annotated[timedelta | float | str, Span(timedelta(seconds=30))]
GracePeriod: TypeAlias = Annotated[timedelta | float | str, Span(timedelta())]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where a configuration was read."""

    kind: Literal["file", "text"]
    path: str | None = None
    """The file, absolute; of a text None."""
    warnings: tuple[Fault, ...] = ()
    """What nats-server's parser warned of."""
    environ: bool = False
    """``os.environ`` was laid over it, and is again when it is read again."""


class BrokerConfiguration(Block, frozen=True, kw_only=True, dict=True):
    """The configuration of a server, or a change of one: only what was set counts.

    Fields and blocks are the keys of nats-server's configuration file with its meanings. Of these
    ``listen``, ``http`` and ``https`` are read into a host and a port each.

    Example:
        >>> config = BrokerConfiguration(port=-1, max_payload="2MB", jetstream={"domain": "hub"})
        >>> config.max_payload
        2097152
        >>> config.merge({"jetstream": {"domain": None}, "debug": True, "max_payload": None})
        BrokerConfiguration(port=-1, debug=True, jetstream=JetStreamConfiguration())

    Source: ``Options.processConfigFileLine`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {
        "net": "host",
        "maps": "mappings",
        "no_sublist_cache": "disable_sublist_cache",
        "monitor_port": "http_port",
        "leaf": "leafnodes",
        "storedir": "store_dir",
        "logfile": "log_file",
        "log_size_limit": "logfile_size_limit",
        "log_max_num": "logfile_max_num",
        "pidfile": "pid_file",
        "max_conn": "max_connections",
        "max_subs": "max_subscriptions",
        "max_subscription_tokens": "max_sub_tokens",
        "operators": "operator",
        "roots": "operator",
        "root": "operator",
        "root_operators": "operator",
        "root_operator": "operator",
        "account_resolver": "resolver",
        "accounts_resolver": "resolver",
        "system": "system_account",
        "no_system": "no_system_account",
        "no_sys_acc": "no_system_account",
        "trusted": "trusted_keys",
        "ws": "websocket",
    }
    _pairs: ClassVar[Mapping[str, tuple[str, str]]] = {
        "listen": ("host", "port"),
        "http": ("http_host", "http_port"),
        "https": ("http_host", "https_port"),
    }

    # -- identity ------------------------------------------------------------------------------
    server_name: str | None | UnsetType = UNSET
    """Unique in a cluster, without spaces; default the server's id.
    Source: ``Options.ServerName``."""
    server_tags: Strings | None | UnsetType = UNSET
    """Tags such as "region:eu", for the placement of streams; default none.
    Source: ``Options.Tags``."""
    server_metadata: StringMap | None | UnsetType = UNSET
    """Shown in monitoring; default none. Source: ``Options.Metadata``."""
    feature_flags: FlagMap | None | UnsetType = UNSET
    """Opt in or out of features of the server, by name; default none.
    Source: ``Options.FeatureFlags``."""

    # -- clients -------------------------------------------------------------------------------
    host: str | None | UnsetType = UNSET
    """Address that clients connect to; default "127.0.0.1", in a file "0.0.0.0".
    Source: ``Options.Host``."""
    port: Port | None | UnsetType = UNSET
    """Port that clients connect to, -1 takes a free one; default 4222. Source: ``Options.Port``."""
    client_advertise: str | None | UnsetType = UNSET
    """``host:port`` that clients of other servers are told; default what was bound.
    Source: ``Options.ClientAdvertise``."""
    tls: Tls | None | UnsetType = UNSET
    """TLS of clients; default none. Source: ``Options.TLSConfig``."""
    allow_non_tls: bool | None | UnsetType = UNSET
    """Let clients without TLS in although there is ``tls``; default false.
    Source: ``Options.AllowNonTLS``."""
    ocsp: Ocsp | None | UnsetType = UNSET
    """OCSP stapling; default as the certificate demands. Source: ``Options.OCSPConfig``."""
    ocsp_cache: OcspCache | None | UnsetType = UNSET
    """Cache of OCSP answers; default none. Source: ``Options.OCSPCacheConfig``."""
    proxy_protocol: bool | None | UnsetType = UNSET
    """Clients come through a proxy that sends PROXY headers; default false.
    Source: ``Options.ProxyProtocol``."""
    proxies: Proxies | None | UnsetType = UNSET
    """Proxies that clients may come through; default none. Source: ``Options.Proxies``."""

    # -- monitoring ----------------------------------------------------------------------------
    http_host: str | None | UnsetType = UNSET
    """Address of the monitoring port, written in the keys ``http`` or ``https``; default ``host``.
    Source: ``Options.HTTPHost``."""
    http_port: Port | None | UnsetType = UNSET
    """Monitoring port, -1 takes a free one; default 0, none. Source: ``Options.HTTPPort``."""
    https_port: Port | None | UnsetType = UNSET
    """The same with TLS, needs ``tls``; default 0, none. Source: ``Options.HTTPSPort``."""
    http_base_path: str | None | UnsetType = UNSET
    """Path before the endpoints; default "/". Source: ``Options.HTTPBasePath``."""
    prof_port: Port | None | UnsetType = UNSET
    """Port of Go's profiler; default 0, none. Source: ``Options.ProfPort``."""
    prof_block_rate: int | None | UnsetType = UNSET
    """Nanoseconds of waiting for each sample of the block profile; default 0, none.
    Source: ``Options.ProfBlockRate``."""

    # -- logging -------------------------------------------------------------------------------
    debug: bool | None | UnsetType = UNSET
    """Log more; default false. Source: ``Options.Debug``."""
    trace: bool | None | UnsetType = UNSET
    """Log the protocol; default false. Source: ``Options.Trace``."""
    trace_verbose: bool | None | UnsetType = UNSET
    """And that of the system account; implies ``trace``; default false.
    Source: ``Options.TraceVerbose``."""
    trace_headers: bool | None | UnsetType = UNSET
    """Log headers and not payloads; implies ``trace``; default false.
    Source: ``Options.TraceHeaders``."""
    max_traced_msg_len: Bytes | None | UnsetType = UNSET
    """Bytes of a message that are logged; default 0, all. Source: ``Options.MaxTracedMsgLen``."""
    logtime: bool | None | UnsetType = UNSET
    """Log lines begin with the time; default true. Source: ``Options.Logtime``."""
    logtime_utc: bool | None | UnsetType = UNSET
    """In UTC; default false, local time. Source: ``Options.LogtimeUTC``."""
    log_file: FilePath | None | UnsetType = UNSET
    """Where the log goes; default stderr. Source: ``Options.LogFile``."""
    logfile_size_limit: Bytes | None | UnsetType = UNSET
    """Bytes from which a new file is begun; default 0, never. Source: ``Options.LogSizeLimit``."""
    logfile_max_num: int | None | UnsetType = UNSET
    """Files that are kept; default 0, all. Source: ``Options.LogMaxFiles``."""
    syslog: bool | None | UnsetType = UNSET
    """Log to syslog; default false. Source: ``Options.Syslog``."""
    remote_syslog: str | None | UnsetType = UNSET
    """Log to the syslog at this address, ``udp://host:port``; default none.
    Source: ``Options.RemoteSyslog``."""
    pid_file: FilePath | None | UnsetType = UNSET
    """Where the process id is written; default nowhere. Source: ``Options.PidFile``."""
    ports_file_dir: FilePath | None | UnsetType = UNSET
    """Directory of a file with the bound ports; default none. Source: ``Options.PortsFileDir``."""
    connect_error_reports: int | None | UnsetType = UNSET
    """Log each so many-th failure of a first connection to a server; default 3600.
    Source: ``Options.ConnectErrorReports``."""
    reconnect_error_reports: int | None | UnsetType = UNSET
    """Log each so many-th failure to connect again; default 1.
    Source: ``Options.ReconnectErrorReports``."""

    # -- limits --------------------------------------------------------------------------------
    max_connections: int | None | UnsetType = UNSET
    """Client connections, 0 is none; default 65,536. Source: ``Options.MaxConn``."""
    max_subscriptions: int | None | UnsetType = UNSET
    """Subscriptions of a connection; default 0, no limit. Source: ``Options.MaxSubs``."""
    max_sub_tokens: Annotated[int, Whole(1, 255)] | None | UnsetType = UNSET
    """Tokens of a subscription's subject, 1 to 255; default no limit.
    Source: ``Options.MaxSubTokens``."""
    max_control_line: Bytes32 | None | UnsetType = UNSET
    """Bytes of a protocol line; default 4096. Source: ``Options.MaxControlLine``."""
    max_payload: Bytes32 | None | UnsetType = UNSET
    """Bytes of a message, headers included; default 1 MiB. Source: ``Options.MaxPayload``."""
    max_pending: Bytes | None | UnsetType = UNSET
    """Bytes waiting for a client; default 64 MiB. Source: ``Options.MaxPending``."""
    max_closed_clients: int | None | UnsetType = UNSET
    """Closed connections that are remembered, at most 10,000,000; default 10,000.
    Source: ``Options.MaxClosedClients``."""
    no_fast_producer_stall: bool | None | UnsetType = UNSET
    """Do not slow publishers down for slow consumers; default false.
    Source: ``Options.NoFastProducerStall``."""
    no_header_support: bool | None | UnsetType = UNSET
    """Messages have no headers; default false. Source: ``Options.NoHeaderSupport``."""
    disable_sublist_cache: bool | None | UnsetType = UNSET
    """Do not cache who receives what; default false. Source: ``Options.NoSublistCache``."""

    # -- liveness ------------------------------------------------------------------------------
    ping_interval: Duration | None | UnsetType = UNSET
    """How often clients are pinged; default 2 min. Source: ``Options.PingInterval``."""
    ping_max: int | None | UnsetType = UNSET
    """Pings without answer until a client is closed; default 2. Source: ``Options.MaxPingsOut``."""
    write_deadline: Duration | None | UnsetType = UNSET
    """How long a write to a client may block; default 10 s. Source: ``Options.WriteDeadline``."""
    write_timeout: WriteTimeout | None | UnsetType = UNSET
    """What then: "close" or "retry"; "default" is "close". Source: ``Options.WriteTimeout``."""
    lame_duck_duration: LameDuckDuration | None | UnsetType = UNSET
    """How long lame duck mode takes to close the clients, 30 s or more; default 2 min.
    Source: ``Options.LameDuckDuration``."""
    lame_duck_grace_period: GracePeriod | None | UnsetType = UNSET
    """How long it waits before that, shorter than the duration; default 10 s.
    Source: ``Options.LameDuckGracePeriod``."""

    # -- accounts and authentication -----------------------------------------------------------
    authorization: Authorization | None | UnsetType = UNSET
    """Who may connect; default everybody."""
    accounts: Accounts | None | UnsetType = UNSET
    """Accounts by name, or a list of names; default one for all. Source: ``Options.Accounts``."""
    no_auth_user: str | None | UnsetType = UNSET
    """User that clients are that do not log in; default none. Source: ``Options.NoAuthUser``."""
    system_account: str | None | UnsetType = UNSET
    """Account of the server's events and of requests to it; default "$SYS".
    Source: ``Options.SystemAccount``."""
    no_system_account: bool | None | UnsetType = UNSET
    """Have none; default false. Source: ``Options.NoSystemAccount``."""
    mappings: Mappings | None | UnsetType = UNSET
    """Subjects of the global account that become others, by subject; default none.
    Source: ``server.parseAccountMappings``."""
    operator: Operators | None | UnsetType = UNSET
    """Operator JWTs or files of them; default none. Source: ``Options.TrustedOperators``."""
    trusted_keys: Strings | None | UnsetType = UNSET
    """Public operator nkeys; default none. Source: ``Options.TrustedKeys``."""
    resolver: Resolver | None | UnsetType = UNSET
    """Where account JWTs come from: "MEMORY", "URL(...)" or a block; default none, with an
    ``operator`` the URL that it names. Source: ``Options.AccountResolver``."""
    resolver_tls: Tls | None | UnsetType = UNSET
    """TLS of a URL resolver; default none. Source: ``Options.AccountResolverTLSConfig``."""
    resolver_preload: SecretMap | None | UnsetType = UNSET
    """Account JWTs by public account nkey; default none."""
    resolver_pinned_accounts: Strings | None | UnsetType = UNSET
    """Accounts that the resolver alone may bring; default all."""
    default_sentinel: Password | None | UnsetType = UNSET
    """User JWT of clients that send none, for auth callout; default none.
    Source: ``Options.DefaultSentinel``."""

    # -- JetStream and other protocols ---------------------------------------------------------
    jetstream: JetStream | None | UnsetType = UNSET
    """Streams, key-value and object stores; default off. Source: ``Options.JetStream``."""
    store_dir: FilePath | None | UnsetType = UNSET
    """As ``jetstream.store_dir``, of which there may be one; default none.
    Source: ``Options.StoreDir``."""
    default_js_domain: StringMap | None | UnsetType = UNSET
    """JetStream domain of accounts, by account; default none.
    Source: ``Options.JsAccDefaultDomain``."""
    cluster: Cluster | None | UnsetType = UNSET
    """Routes to the other servers of a cluster; default none. Source: ``Options.Cluster``."""
    gateway: Gateway | None | UnsetType = UNSET
    """A cluster of clusters; default none. Source: ``Options.Gateway``."""
    leafnodes: LeafNodes | None | UnsetType = UNSET
    """Leaf nodes, and servers to be a leaf node of; default none. Source: ``Options.LeafNode``."""
    websocket: Websocket | None | UnsetType = UNSET
    """Clients by WebSocket; default none. Source: ``Options.Websocket``."""
    mqtt: Mqtt | None | UnsetType = UNSET
    """Clients by MQTT; default none. Source: ``Options.MQTT``."""

    @property
    def source(self) -> Source | None:
        """The file or text that it was read from; None if it was made in Python.

        It is no part of the configuration: not compared, and kept by ``replace`` and ``merge``.
        """
        return vars(self).get("source")

    @classmethod
    def from_conf(cls, keys: Mapping[str, Any], source: Source | None = None) -> Self:
        """As ``Block.from_conf``, with the source of the keys."""
        config = sourced(super().from_conf(keys), source)
        vars(config)["as_read"] = True
        return config

    @classmethod
    def from_file(cls, path: str | PathLike[str]) -> "BrokerConfiguration":
        """Read a configuration file as nats-server does: includes, variables, ``os.environ``.

        Raises:
            ConfigError: nats-server refuses it, or two spellings of a key disagree.
        """
        from dotgnatly import conffile

        return conffile.read_file(path)

    @classmethod
    def from_text(cls, text: str) -> "BrokerConfiguration":
        """Read a text as ``from_file`` reads a file; it includes from the working directory.

        Raises:
            ConfigError: As ``from_file``.
        """
        from dotgnatly import conffile

        return conffile.read_text(text)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> "BrokerConfiguration":
        """What the environment says: a change to ``merge`` into a configuration.

        ``NATS__PORT`` is the key ``port``, ``NATS__JETSTREAM__STORE_DIR`` one in a block,
        ``NATS__ACCOUNTS__A__JETSTREAM`` one of account A. Key names may be in any letter case and
        spelling of the server's. A list is "a,b" or JSON, a block or map JSON; true and false are
        also yes, on, 1 and no, off, 0. ``NATS__JETSTREAM_ENABLED`` and
        ``NATS__JETSTREAM_STORE_DIR`` are known as well.

        Args:
            environ: The variables; default ``os.environ``. Others than ``NATS__`` are passed over.

        Raises:
            ConfigError: A variable names no key, cannot be read as its key's value, or disagrees
                with another; each fault names its variable.
        """
        from dotgnatly.config import _environ

        config = _environ.read(os.environ if environ is None else environ)
        return _marked(config, environ=environ is None)

    def to_conf(self) -> str:
        """The configuration as a file that nats-server accepts and people can read.

        Secrets are in it, in clear. ``from_text`` reads the same configuration from it, apart from
        what a file cannot say: None, ``http_host`` without a port, and false for one of
        ``trace_verbose`` and ``trace_headers`` beside what implies tracing. As nats-server refuses
        an empty file, nothing is written as an empty ``server_metadata``. Where a file names no
        ``host``, nats-server listens on all addresses; a configuration made in Python does not.

        Raises:
            ConfigError: A key or value cannot be written. ``validate`` says which.
        """
        from dotgnatly import conffile

        return conffile.format_(self)

    def to_conf_keys(self) -> dict[str, Any]:
        """The keys for nats-server's parser, none of which depends on their order: it is random."""
        keys = self.to_dict()
        if "http_host" in keys:
            host = keys.pop("http_host")
            for key, port in (("http", "http_port"), ("https", "https_port")):
                if port in keys:
                    keys[key] = f"{f'[{host}]' if ':' in host else host}:{keys.pop(port)}"
        # Each of these sets trace as well, also to false.
        if keys.get("trace") or keys.get("trace_verbose") or keys.get("trace_headers"):
            for key in ("trace_verbose", "trace_headers"):
                if keys.get(key) is False:
                    del keys[key]
        return keys

    def validate(
        self, *, dont_listen: bool = False, on_authenticate: bool = False
    ) -> tuple[Fault, ...]:
        """Check every key, all of them together, and the files that they name. Needs no server.

        Args:
            dont_listen: Whether it is for a server without a listener for clients.
            on_authenticate: Whether a function of the program decides who may log in.

        Returns:
            What is doubtful and no fault, each with its key path.

        Raises:
            ConfigError: With every fault that there is, and the warnings; what a file says is named
                by its file:line:column.
        """
        from dotgnatly.config import _rules

        errors = super().faults()
        found = _rules.find(
            self, dont_listen=dont_listen, on_authenticate=on_authenticate, broken=bool(errors)
        )
        told = {fault.path for fault in errors}
        errors += (fault for fault in found.errors if fault.path not in told)
        if not errors:
            return tuple(found.warnings)
        error = ConfigError(errors=errors, warnings=found.warnings)
        if vars(self).get("as_read"):
            from dotgnatly import conffile

            error = conffile.with_places(error, self)
        raise error

    def _contradictions(self) -> Iterable[Fault]:
        if self.trace is False and (self.trace_verbose or self.trace_headers):
            yield Fault("trace", "is false, but trace_verbose and trace_headers imply it")
        for name, tls in (("tls", self.tls), ("resolver_tls", self.resolver_tls)):
            if getattr(tls, "verify_cert_and_check_known_urls", None):
                path = f"{name}.verify_cert_and_check_known_urls"
                yield Fault(path, "is of clusters and gateways only")
        if self.store_dir and getattr(self.jetstream, "store_dir", None):
            yield Fault("store_dir", "is given a second time in jetstream")

    def merge(  # pyright: ignore[reportIncompatibleMethodOverride] - the same, as mypy sees
        self, change: Self | Mapping[str, Any], *, keep_none: bool = False
    ) -> Self:
        """As ``Block.merge``; a file with ``from_environ()`` over it is reloaded with it."""
        merged = super().merge(change, keep_none=keep_none)
        if self.source and isinstance(change, BrokerConfiguration) and vars(change).get("environ"):
            source = msgspec.structs.replace(self.source, environ=True)
            return sourced(merged.replace(), source)
        return merged

    def _with(self, changes: Mapping[str, Any]) -> Self:
        return sourced(super()._with(changes), self.source)

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._values(), self.source)


_T = TypeVar("_T", bound=BrokerConfiguration)


def _marked(config: _T, *, environ: bool) -> _T:
    vars(config)["environ"] = environ
    return config


def sourced(config: _T, source: Source | None) -> _T:
    """The configuration itself, with where it was read."""
    vars(config)["source"] = source
    return config


def _rebuild(
    cls: type[BrokerConfiguration], values: dict[str, Any], source: Source | None
) -> BrokerConfiguration:
    return sourced(cls(**values), source)
