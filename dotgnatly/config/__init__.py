"""The configuration of a server: one class for each block of nats-server's configuration file.

``server`` is the top level, every other module one block, ``_base`` what they have in common.
"""

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
