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
    from dotgnatly.info import ServerInfo
    from dotgnatly.versions import ConfigurationVersion

__all__ = [
    "AccountConfiguration",
    "AccountJetStreamConfiguration",
    "AccountLimitsConfiguration",
    "AllowResponsesConfiguration",
    "AlreadyRunningError",
    "AsyncNatsController",
    "AuthCalloutConfiguration",
    "AuthenticationError",
    "AuthorizationConfiguration",
    "BrokerConfiguration",
    "ChangeError",
    "ChangeVetoedError",
    "ClientError",
    "ClusterConfiguration",
    "CompressionConfiguration",
    "ConfigError",
    "ConfigurationVersion",
    "ConnectionClosedError",
    "DotgnatlyError",
    "ExportConfiguration",
    "Fault",
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
    "LeafNodeAuthorizationConfiguration",
    "LeafNodeConfiguration",
    "LeafNodeProxyConfiguration",
    "LeafNodeRemoteConfiguration",
    "LeafNodeUserConfiguration",
    "ListenerAuthorizationConfiguration",
    "MappingConfiguration",
    "MqttConfiguration",
    "MsgTraceConfiguration",
    "NativeError",
    "NatsController",
    "NoRespondersError",
    "NotFoundError",
    "ObjectNotFoundError",
    "OcspCacheConfiguration",
    "OcspConfiguration",
    "OcspPeerConfiguration",
    "PermissionsConfiguration",
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
]

_HOMES = {
    "AsyncNatsController": "aio",
    "ConfigurationVersion": "versions",
    "NatsController": "controller",
    "ServerInfo": "info",
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
