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
        MappingConfiguration,
        MsgTraceConfiguration,
        ServiceLatencyConfiguration,
    )
    from dotgnatly.config.auth import (
        AllowResponsesConfiguration,
        AuthCalloutConfiguration,
        AuthorizationConfiguration,
        PermissionsConfiguration,
        SubjectPermissionsConfiguration,
        UserConfiguration,
    )
    from dotgnatly.config.cluster import ClusterConfiguration, CompressionConfiguration
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
    from dotgnatly.config.server import BrokerConfiguration, Source
    from dotgnatly.config.tls import (
        OcspPeerConfiguration,
        TlsCertificateConfiguration,
        TlsConfiguration,
    )

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
    "MappingConfiguration",
    "MsgTraceConfiguration",
    "OcspPeerConfiguration",
    "PermissionsConfiguration",
    "ServiceLatencyConfiguration",
    "Source",
    "SubjectPermissionsConfiguration",
    "TlsCertificateConfiguration",
    "TlsConfiguration",
    "UserConfiguration",
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
    "MappingConfiguration": "accounts",
    "MsgTraceConfiguration": "accounts",
    "OcspPeerConfiguration": "tls",
    "PermissionsConfiguration": "auth",
    "ServiceLatencyConfiguration": "accounts",
    "Source": "server",
    "SubjectPermissionsConfiguration": "auth",
    "TlsCertificateConfiguration": "tls",
    "TlsConfiguration": "tls",
    "UserConfiguration": "auth",
}


def __getattr__(name: str) -> Any:
    """A class, from the module of its block: they are imported when they are first used."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    return value
