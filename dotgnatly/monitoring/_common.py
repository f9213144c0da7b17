"""What several monitoring documents share: units, and what the server says about JetStream.

A structure is named after the server's own type, a field after its key in the JSON. A key that the
server left out has Go's zero value here; a key that this version does not know is ignored.
"""

from datetime import UTC, datetime
from typing import TypeAlias

from msgspec import Struct

Bytes: TypeAlias = int
Seconds: TypeAlias = float
Nanoseconds: TypeAlias = int
Port: TypeAlias = int

NEVER = datetime.min.replace(tzinfo=UTC)
"""Go's zero time, which the server sends for what has not happened."""


class ProxyInfo(Struct, frozen=True, kw_only=True):
    """The trusted proxy of a connection. Source: ``server.ProxyInfo`` (2.15)."""

    key: str = ""


class JetStreamConfig(Struct, frozen=True, kw_only=True):
    """JetStream as it is configured. Source: ``server.JetStreamConfig`` (2.15)."""

    max_memory: Bytes = 0
    max_storage: Bytes = 0
    store_dir: str = ""
    """With ``/jetstream`` at its end, which the server adds to the configured directory."""
    sync_interval: Nanoseconds = 0
    sync_always: bool = False
    domain: str = ""
    compress_ok: bool = False
    unique_tag: str = ""
    strict: bool = False


class JetStreamAPIStats(Struct, frozen=True, kw_only=True):
    """JetStream API requests since the start. Source: ``server.JetStreamAPIStats`` (2.15)."""

    level: int = 0
    """The API level that this server implements."""
    total: int = 0
    errors: int = 0
    inflight: int = 0


class JetStreamStats(Struct, frozen=True, kw_only=True):
    """What JetStream uses. Source: ``server.JetStreamStats`` (2.15)."""

    memory: Bytes = 0
    storage: Bytes = 0
    reserved_memory: Bytes = 0
    reserved_storage: Bytes = 0
    accounts: int = 0
    ha_assets: int = 0
    """Streams and consumers with more than one replica."""
    api: JetStreamAPIStats = JetStreamAPIStats()


class JSLimitOpts(Struct, frozen=True, kw_only=True):
    """Configured limits of JetStream; 0 is the default. Source: ``server.JSLimitOpts`` (2.15)."""

    max_request_batch: int = 0
    max_ack_pending: int = 0
    max_ha_assets: int = 0
    max_duplicate_window: Nanoseconds = 0
    max_batch_inflight_per_stream: int = 0
    max_batch_inflight_total: int = 0
    max_batch_size: int = 0
    max_batch_timeout: Nanoseconds = 0
    default_max_consumers: int = 0


class PeerInfo(Struct, frozen=True, kw_only=True):
    """A peer of a Raft group. Source: ``server.PeerInfo`` (2.15)."""

    name: str = ""
    current: bool = False
    """Seen recently, and fully caught up."""
    offline: bool = False
    active: Nanoseconds = 0
    """Since the peer was last seen."""
    lag: int = 0
    """Operations behind the leader."""
    peer: str = ""
    pending: bool = False
    """Assigned but not yet in the group, or leaving it."""


class MetaSnapshotStats(Struct, frozen=True, kw_only=True):
    """Snapshots of the meta group. Source: ``server.MetaSnapshotStats`` (2.15)."""

    pending_entries: int = 0
    pending_size: Bytes = 0
    last_time: datetime = NEVER
    last_duration: Nanoseconds = 0


class MetaClusterInfo(Struct, frozen=True, kw_only=True):
    """The Raft group that places streams. Source: ``server.MetaClusterInfo`` (2.15)."""

    name: str = ""
    leader: str = ""
    peer: str = ""
    """The leader's id; its name is ``leader``."""
    replicas: tuple[PeerInfo, ...] = ()
    cluster_size: int = 0
    quorum_needed: int = 0
    rescue: bool = False
    """The quorum is lowered, unsafely, by an active rescue."""
    pending: int = 0
    """Raft messages not yet processed."""
    pending_requests: int = 0
    pending_infos: int = 0
    snapshot: MetaSnapshotStats | None = None
