"""The configuration of a server: one class for each block of nats-server's configuration file.

``server`` is the top level, every other module one block, ``_base`` what they have in common.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dotgnatly.config.accounts import (
        AccountConfiguration,
        AccountJetStreamConfiguration,
        AccountLimitsConfiguration,
        ExportConfiguration,
        ImportConfiguration,
        ImportSourceConfiguration,
        MsgTraceConfiguration,
        ServiceLatencyConfiguration,
    )
    from dotgnatly.config.auth import (
        AllowResponsesConfiguration,
        AuthCalloutConfiguration,
        AuthorizationConfiguration,
        ListenerAuthorizationConfiguration,
        PermissionsConfiguration,
        SubjectPermissionsConfiguration,
        UserConfiguration,
    )
    from dotgnatly.config.cluster import ClusterConfiguration, CompressionConfiguration
    from dotgnatly.config.gateway import GatewayConfiguration, GatewayRemoteConfiguration
    from dotgnatly.config.jetstream import (
        JetStreamBatchConfiguration,
        JetStreamConfiguration,
        JetStreamLimitsConfiguration,
        JetStreamTpmConfiguration,
    )
    from dotgnatly.config.leafnode import (
        JetStreamClusterMigrateConfiguration,
        LeafNodeAuthorizationConfiguration,
        LeafNodeConfiguration,
        LeafNodeProxyConfiguration,
        LeafNodeRemoteConfiguration,
        LeafNodeUserConfiguration,
    )
    from dotgnatly.config.mappings import MappingConfiguration
    from dotgnatly.config.mqtt import MqttConfiguration
    from dotgnatly.config.ocsp import OcspCacheConfiguration, OcspConfiguration
    from dotgnatly.config.proxies import ProxiesConfiguration, TrustedProxyConfiguration
    from dotgnatly.config.resolver import ResolverConfiguration
    from dotgnatly.config.server import BrokerConfiguration, Source
    from dotgnatly.config.tls import (
        OcspPeerConfiguration,
        TlsCertificateConfiguration,
        TlsConfiguration,
    )
    from dotgnatly.config.websocket import WebsocketConfiguration

__all__ = [
    "AccountConfiguration",
    "AccountJetStreamConfiguration",
    "AccountLimitsConfiguration",
    "AllowResponsesConfiguration",
    "AuthCalloutConfiguration",
    "AuthorizationConfiguration",
    "BrokerConfiguration",
    "ClusterConfiguration",
    "CompressionConfiguration",
    "ExportConfiguration",
    "GatewayConfiguration",
    "GatewayRemoteConfiguration",
    "ImportConfiguration",
    "ImportSourceConfiguration",
    "JetStreamBatchConfiguration",
    "JetStreamClusterMigrateConfiguration",
    "JetStreamConfiguration",
    "JetStreamLimitsConfiguration",
    "JetStreamTpmConfiguration",
    "LeafNodeAuthorizationConfiguration",
    "LeafNodeConfiguration",
    "LeafNodeProxyConfiguration",
    "LeafNodeRemoteConfiguration",
    "LeafNodeUserConfiguration",
    "ListenerAuthorizationConfiguration",
    "MappingConfiguration",
    "MqttConfiguration",
    "MsgTraceConfiguration",
    "OcspCacheConfiguration",
    "OcspConfiguration",
    "OcspPeerConfiguration",
    "PermissionsConfiguration",
    "ProxiesConfiguration",
    "ResolverConfiguration",
    "ServiceLatencyConfiguration",
    "Source",
    "SubjectPermissionsConfiguration",
    "TlsCertificateConfiguration",
    "TlsConfiguration",
    "TrustedProxyConfiguration",
    "UserConfiguration",
    "WebsocketConfiguration",
]

_HOME = {
    "AccountConfiguration": "accounts",
    "AccountJetStreamConfiguration": "accounts",
    "AccountLimitsConfiguration": "accounts",
    "AllowResponsesConfiguration": "auth",
    "AuthCalloutConfiguration": "auth",
    "AuthorizationConfiguration": "auth",
    "BrokerConfiguration": "server",
    "ClusterConfiguration": "cluster",
    "CompressionConfiguration": "cluster",
    "ExportConfiguration": "accounts",
    "GatewayConfiguration": "gateway",
    "GatewayRemoteConfiguration": "gateway",
    "ImportConfiguration": "accounts",
    "ImportSourceConfiguration": "accounts",
    "JetStreamBatchConfiguration": "jetstream",
    "JetStreamClusterMigrateConfiguration": "leafnode",
    "JetStreamConfiguration": "jetstream",
    "JetStreamLimitsConfiguration": "jetstream",
    "JetStreamTpmConfiguration": "jetstream",
    "LeafNodeAuthorizationConfiguration": "leafnode",
    "LeafNodeConfiguration": "leafnode",
    "LeafNodeProxyConfiguration": "leafnode",
    "LeafNodeRemoteConfiguration": "leafnode",
    "LeafNodeUserConfiguration": "leafnode",
    "ListenerAuthorizationConfiguration": "auth",
    "MappingConfiguration": "mappings",
    "MqttConfiguration": "mqtt",
    "MsgTraceConfiguration": "accounts",
    "OcspCacheConfiguration": "ocsp",
    "OcspConfiguration": "ocsp",
    "OcspPeerConfiguration": "tls",
    "PermissionsConfiguration": "auth",
    "ProxiesConfiguration": "proxies",
    "ResolverConfiguration": "resolver",
    "ServiceLatencyConfiguration": "accounts",
    "Source": "server",
    "SubjectPermissionsConfiguration": "auth",
    "TlsCertificateConfiguration": "tls",
    "TlsConfiguration": "tls",
    "TrustedProxyConfiguration": "proxies",
    "UserConfiguration": "auth",
    "WebsocketConfiguration": "websocket",
}


def __getattr__(name: str) -> Any:
    """A class, from the module of its block: they are imported when they are first used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value
