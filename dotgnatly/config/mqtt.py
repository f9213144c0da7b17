"""The ``mqtt`` block: clients by MQTT."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import Block, Duration, Port
from dotgnatly.config._kinds import Whole
from dotgnatly.config.auth import ListenerAuthorization
from dotgnatly.config.tls import Tls


class MqttConfiguration(Block, frozen=True, kw_only=True):
    """The ``mqtt`` block. Source: ``server.MQTTOpts``, ``server.parseMQTT`` (2.15)."""

    _aliases: ClassVar[Mapping[str, str]] = {
        "net": "host",
        "authentication": "authorization",
        "ackwait": "ack_wait",
        "api_timeout": "js_api_timeout",
        "max_pending": "max_ack_pending",
        "max_inflight": "max_ack_pending",
        "consumer_auto_cleanup": "consumer_inactive_threshold",
    }
    _pairs: ClassVar[Mapping[str, tuple[str, str]]] = {"listen": ("host", "port")}

    host: str | None | UnsetType = UNSET
    """Address that the listener binds to; default "0.0.0.0". Source: ``MQTTOpts.Host``."""
    port: Port | None | UnsetType = UNSET
    """Port of the listener, -1 takes a free one; default 0, no listener.
    Source: ``MQTTOpts.Port``."""
    tls: Tls | None | UnsetType = UNSET
    """TLS of the listener; default none. Source: ``MQTTOpts.TLSConfig``."""
    authorization: ListenerAuthorization | None | UnsetType = UNSET
    """Who may connect here; default as other clients."""
    no_auth_user: str | None | UnsetType = UNSET
    """User that clients are that do not log in; default that of the server.
    Source: ``MQTTOpts.NoAuthUser``."""
    ack_wait: Duration | None | UnsetType = UNSET
    """How long until a message of QoS 1 or 2 without acknowledgement is sent again; default 30 s.
    Source: ``MQTTOpts.AckWait``."""
    js_api_timeout: Duration | None | UnsetType = UNSET
    """How long a call of JetStream may take; default 5 s. Source: ``MQTTOpts.JSAPITimeout``."""
    max_ack_pending: Annotated[int, Whole(0, 65_535)] | None | UnsetType = UNSET
    """Messages of QoS 1 and 2 that a subscription may have without acknowledgement, up to 65,535;
    default 0, which is 1024. Source: ``MQTTOpts.MaxAckPending``."""
    js_domain: str | None | UnsetType = UNSET
    """JetStream domain of the messages; default the server's. Source: ``MQTTOpts.JsDomain``."""
    stream_replicas: int | None | UnsetType = UNSET
    """Replicas of the streams; default by the size of the cluster, 3 at most.
    Source: ``MQTTOpts.StreamReplicas``."""
    consumer_replicas: int | None | UnsetType = UNSET
    """Without effect, as consumers have as many as their stream; the server warns; default none.
    Source: ``server.parseMQTT``."""
    consumer_memory_storage: bool | None | UnsetType = UNSET
    """Keep consumers in memory; default false. Source: ``MQTTOpts.ConsumerMemoryStorage``."""
    consumer_inactive_threshold: Duration | None | UnsetType = UNSET
    """How long until a consumer that nobody uses is deleted; default 0, never.
    Source: ``MQTTOpts.ConsumerInactiveThreshold``."""
    reject_qos2_publish: bool | None | UnsetType = UNSET
    """Close connections that publish with QoS 2; default false. Source: ``server.parseMQTT``."""
    downgrade_qos2_subscribe: bool | None | UnsetType = UNSET
    """Subscribe with QoS 1 where QoS 2 is asked for; default false.
    Source: ``server.parseMQTT``."""
