"""A whole NATS server inside this Python process.

    from dotgnatly import BrokerConfiguration, NatsController

    with NatsController(BrokerConfiguration(port=-1)) as controller:
        print(controller.client_url)

Importing the package starts nothing, and imports neither the server nor most of the package itself:
each public name brings its module with it when it is first asked for.
"""

import importlib
from typing import TYPE_CHECKING, Any

from dotgnatly.errors import (
    AlreadyRunningError,
    AuthenticationError,
    ChangeError,
    ChangeVetoedError,
    ClientError,
    ConfigError,
    ConnectionClosedError,
    DotgnatlyError,
    Fault,
    ForkedProcessError,
    ImpossibleChangeError,
    JetStreamError,
    KeyNotFoundError,
    NativeError,
    NoRespondersError,
    NotFoundError,
    ObjectNotFoundError,
    PortInUseError,
    RequestTimeoutError,
    RestartRequiredError,
    ServerStoppedError,
    ShutdownTimeoutError,
    SlowConsumerError,
    StartError,
    StartTimeoutError,
    StateError,
    StoreDamagedError,
    StoreInUseError,
    WrongRevisionError,
)

if TYPE_CHECKING:
    from dotgnatly.aio import AsyncNatsController
    from dotgnatly.authentication import AuthenticatedUser, AuthenticationRequest
    from dotgnatly.clients import ClientInfo
    from dotgnatly.cluster import (
        AsyncNatsCluster,
        AsyncNatsSuperCluster,
        NatsCluster,
        NatsSuperCluster,
    )
    from dotgnatly.config import (
        AccountConfiguration,
        AccountJetStreamConfiguration,
        AccountLimitsConfiguration,
        AllowResponsesConfiguration,
        AuthCalloutConfiguration,
        AuthorizationConfiguration,
        BrokerConfiguration,
        ClusterConfiguration,
        CompressionConfiguration,
        ExportConfiguration,
        GatewayConfiguration,
        GatewayRemoteConfiguration,
        ImportConfiguration,
        ImportSourceConfiguration,
        JetStreamBatchConfiguration,
        JetStreamClusterMigrateConfiguration,
        JetStreamConfiguration,
        JetStreamLimitsConfiguration,
        JetStreamTpmConfiguration,
        LeafNodeAuthorizationConfiguration,
        LeafNodeConfiguration,
        LeafNodeProxyConfiguration,
        LeafNodeRemoteConfiguration,
        LeafNodeUserConfiguration,
        ListenerAuthorizationConfiguration,
        MappingConfiguration,
        MqttConfiguration,
        MsgTraceConfiguration,
        OcspCacheConfiguration,
        OcspConfiguration,
        OcspPeerConfiguration,
        PermissionsConfiguration,
        ProxiesConfiguration,
        ResolverConfiguration,
        ServiceLatencyConfiguration,
        SubjectPermissionsConfiguration,
        TlsCertificateConfiguration,
        TlsConfiguration,
        TrustedProxyConfiguration,
        UserConfiguration,
        WebsocketConfiguration,
    )
    from dotgnatly.controller import NatsController
    from dotgnatly.diff import ConfigurationDiff, FieldChange
    from dotgnatly.events import ConfigurationChanged, ConfigurationChanging
    from dotgnatly.history import (
        ConfigurationStore,
        ConfigurationVersion,
        MemoryConfigurationStore,
        SqliteConfigurationStore,
    )
    from dotgnatly.info import EffectiveConfiguration, ServerInfo
    from dotgnatly.lameduck import AsyncLameDuck, LameDuck
    from dotgnatly.passwords import hash_password
    from dotgnatly.plan import AffectedClient, Plan, PlannedChange
    from dotgnatly.runtime import versions

__all__ = [
    "AccountConfiguration",
    "AccountJetStreamConfiguration",
    "AccountLimitsConfiguration",
    "AffectedClient",
    "AllowResponsesConfiguration",
    "AlreadyRunningError",
    "AsyncLameDuck",
    "AsyncNatsCluster",
    "AsyncNatsController",
    "AsyncNatsSuperCluster",
    "AuthCalloutConfiguration",
    "AuthenticatedUser",
    "AuthenticationError",
    "AuthenticationRequest",
    "AuthorizationConfiguration",
    "BrokerConfiguration",
    "ChangeError",
    "ChangeVetoedError",
    "ClientError",
    "ClientInfo",
    "ClusterConfiguration",
    "CompressionConfiguration",
    "ConfigError",
    "ConfigurationChanged",
    "ConfigurationChanging",
    "ConfigurationDiff",
    "ConfigurationStore",
    "ConfigurationVersion",
    "ConnectionClosedError",
    "DotgnatlyError",
    "EffectiveConfiguration",
    "ExportConfiguration",
    "Fault",
    "FieldChange",
    "ForkedProcessError",
    "GatewayConfiguration",
    "GatewayRemoteConfiguration",
    "ImportConfiguration",
    "ImportSourceConfiguration",
    "ImpossibleChangeError",
    "JetStreamBatchConfiguration",
    "JetStreamClusterMigrateConfiguration",
    "JetStreamConfiguration",
    "JetStreamError",
    "JetStreamLimitsConfiguration",
    "JetStreamTpmConfiguration",
    "KeyNotFoundError",
    "LameDuck",
    "LeafNodeAuthorizationConfiguration",
    "LeafNodeConfiguration",
    "LeafNodeProxyConfiguration",
    "LeafNodeRemoteConfiguration",
    "LeafNodeUserConfiguration",
    "ListenerAuthorizationConfiguration",
    "MappingConfiguration",
    "MemoryConfigurationStore",
    "MqttConfiguration",
    "MsgTraceConfiguration",
    "NativeError",
    "NatsCluster",
    "NatsController",
    "NatsSuperCluster",
    "NoRespondersError",
    "NotFoundError",
    "ObjectNotFoundError",
    "OcspCacheConfiguration",
    "OcspConfiguration",
    "OcspPeerConfiguration",
    "PermissionsConfiguration",
    "Plan",
    "PlannedChange",
    "PortInUseError",
    "ProxiesConfiguration",
    "RequestTimeoutError",
    "ResolverConfiguration",
    "RestartRequiredError",
    "ServerInfo",
    "ServerStoppedError",
    "ServiceLatencyConfiguration",
    "ShutdownTimeoutError",
    "SlowConsumerError",
    "SqliteConfigurationStore",
    "StartError",
    "StartTimeoutError",
    "StateError",
    "StoreDamagedError",
    "StoreInUseError",
    "SubjectPermissionsConfiguration",
    "TlsCertificateConfiguration",
    "TlsConfiguration",
    "TrustedProxyConfiguration",
    "UserConfiguration",
    "WebsocketConfiguration",
    "WrongRevisionError",
    "hash_password",
    "versions",
]

_HOMES = {
    "AffectedClient": "plan",
    "AsyncLameDuck": "lameduck",
    "AsyncNatsCluster": "cluster",
    "AsyncNatsController": "aio",
    "AsyncNatsSuperCluster": "cluster",
    "AuthenticatedUser": "authentication",
    "AuthenticationRequest": "authentication",
    "ClientInfo": "clients",
    "ConfigurationChanged": "events",
    "ConfigurationChanging": "events",
    "ConfigurationDiff": "diff",
    "ConfigurationStore": "history",
    "ConfigurationVersion": "history",
    "EffectiveConfiguration": "info",
    "FieldChange": "diff",
    "LameDuck": "lameduck",
    "MemoryConfigurationStore": "history",
    "NatsCluster": "cluster",
    "NatsController": "controller",
    "NatsSuperCluster": "cluster",
    "Plan": "plan",
    "PlannedChange": "plan",
    "ServerInfo": "info",
    "SqliteConfigurationStore": "history",
    "hash_password": "passwords",
    "versions": "runtime",
}
"""The modules of the names that are not errors; all others are blocks of the configuration."""


if not TYPE_CHECKING:  # for a checker every misspelt name would be one

    def __getattr__(name: str) -> Any:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = importlib.import_module(f"{__name__}.{_HOMES.get(name, 'config')}")
        value = globals()[name] = getattr(home, name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
