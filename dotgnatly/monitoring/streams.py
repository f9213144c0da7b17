"""JetStream's streams and consumers as monitoring documents have them.

What is a word there, such as a retention policy, is one in any version of the server, so its type
is ``str``.
"""

from datetime import datetime

from msgspec import Struct

from dotgnatly.monitoring._common import NEVER, Bytes, Nanoseconds, PeerInfo


class Placement(Struct, frozen=True, kw_only=True):
    """Which servers may have a stream. Source: ``server.Placement`` (2.15)."""

    cluster: str = ""
    tags: tuple[str, ...] = ()
    preferred: str = ""
    """The server that is to lead."""


class DesiredPeerInfo(Struct, frozen=True, kw_only=True):
    """A server that is to have it. Source: ``server.DesiredPeerInfo`` (2.15)."""

    name: str = ""
    offline: bool = False
    peer: str = ""


class DesiredClusterInfoOrigin(Struct, frozen=True, kw_only=True):
    """What it was before the change. Source: ``server.DesiredClusterInfoOrigin`` (2.15)."""

    replicas: int = 0
    placement: Placement | None = None
    retention: str = ""


class DesiredClusterInfoStatus(Struct, frozen=True, kw_only=True):
    """What a move waits for. Source: ``server.DesiredClusterInfoStatus`` (2.15)."""

    description: str = ""
    type: str = ""
    err: str = ""


class DesiredClusterInfo(Struct, frozen=True, kw_only=True):
    """Where a group moves to. Source: ``server.DesiredClusterInfo`` (2.15)."""

    created: datetime = NEVER
    name: str = ""
    replicas: tuple[DesiredPeerInfo, ...] = ()
    origin: DesiredClusterInfoOrigin | None = None
    status: DesiredClusterInfoStatus | None = None


class ClusterInfo(Struct, frozen=True, kw_only=True):
    """The servers of a stream or consumer. Source: ``server.ClusterInfo`` (2.15)."""

    name: str = ""
    """Of the cluster."""
    raft_group: str = ""
    leader: str = ""
    """The server's name; nothing while there is none."""
    leader_since: datetime | None = None
    system_account: bool = False
    traffic_account: str = ""
    replicas: tuple[PeerInfo, ...] = ()
    """The others."""
    desired: DesiredClusterInfo | None = None
    """While it moves."""


class LostStreamData(Struct, frozen=True, kw_only=True):
    """Messages that the store has lost. Source: ``server.LostStreamData`` (2.15)."""

    msgs: tuple[int, ...] | None = ()
    """Their sequence numbers."""
    bytes: Bytes = 0


class StreamState(Struct, frozen=True, kw_only=True):
    """What a stream holds. Source: ``server.StreamState`` (2.15)."""

    messages: int = 0
    bytes: Bytes = 0
    first_seq: int = 0
    first_ts: datetime = NEVER
    last_seq: int = 0
    last_ts: datetime = NEVER
    num_subjects: int = 0
    subjects: dict[str, int] = {}
    num_deleted: int = 0
    deleted: tuple[int, ...] = ()
    lost: LostStreamData | None = None
    consumer_count: int = 0


class SubjectTransformConfig(Struct, frozen=True, kw_only=True):
    """Subjects, and what becomes of them. Source: ``server.SubjectTransformConfig`` (2.15)."""

    src: str = ""
    dest: str = ""


class ExternalStream(Struct, frozen=True, kw_only=True):
    """How to reach a stream elsewhere. Source: ``server.ExternalStream`` (2.15)."""

    api: str = ""
    deliver: str = ""


class StreamConsumerSource(Struct, frozen=True, kw_only=True):
    """The consumer that a stream is sourced by. Source: ``server.StreamConsumerSource`` (2.15)."""

    name: str = ""
    deliver_subject: str = ""


class StreamSource(Struct, frozen=True, kw_only=True):
    """Where a stream gets messages from. Source: ``server.StreamSource`` (2.15)."""

    name: str = ""
    opt_start_seq: int = 0
    opt_start_time: datetime | None = None
    filter_subject: str = ""
    subject_transforms: tuple[SubjectTransformConfig, ...] = ()
    external: ExternalStream | None = None
    consumer: StreamConsumerSource | None = None


class RePublish(Struct, frozen=True, kw_only=True):
    """What is published again once it is stored. Source: ``server.RePublish`` (2.15)."""

    src: str = ""
    dest: str = ""
    headers_only: bool = False


class StreamConsumerLimits(Struct, frozen=True, kw_only=True):
    """Limits of a stream's consumers. Source: ``server.StreamConsumerLimits`` (2.15)."""

    inactive_threshold: Nanoseconds = 0
    max_ack_pending: int = 0


class StreamConfig(Struct, frozen=True, kw_only=True):
    """How a stream is configured; -1 is no limit. Source: ``server.StreamConfig`` (2.15)."""

    name: str = ""
    description: str = ""
    subjects: tuple[str, ...] = ()
    retention: str = ""
    max_consumers: int = 0
    max_msgs: int = 0
    max_bytes: int = 0
    max_age: Nanoseconds = 0
    max_msgs_per_subject: int = 0
    max_msg_size: int = 0
    discard: str = ""
    storage: str = ""
    num_replicas: int = 0
    no_ack: bool = False
    duplicate_window: Nanoseconds = 0
    placement: Placement | None = None
    mirror: StreamSource | None = None
    sources: tuple[StreamSource, ...] = ()
    compression: str = ""
    first_seq: int = 0
    subject_transform: SubjectTransformConfig | None = None
    republish: RePublish | None = None
    allow_direct: bool = False
    mirror_direct: bool = False
    discard_new_per_subject: bool = False
    sealed: bool = False
    deny_delete: bool = False
    deny_purge: bool = False
    allow_rollup_hdrs: bool = False
    consumer_limits: StreamConsumerLimits = StreamConsumerLimits()
    allow_msg_ttl: bool = False
    subject_delete_marker_ttl: Nanoseconds = 0
    allow_msg_counter: bool = False
    allow_atomic: bool = False
    allow_msg_schedules: bool = False
    persist_mode: str = ""
    allow_batched: bool = False
    metadata: dict[str, str] = {}


class ApiError(Struct, frozen=True, kw_only=True):
    """An error of JetStream's. Source: ``server.ApiError`` (2.15)."""

    code: int = 0
    """As in HTTP."""
    err_code: int = 0
    description: str = ""


class StreamSourceInfo(Struct, frozen=True, kw_only=True):
    """How far a mirror or source has come. Source: ``server.StreamSourceInfo`` (2.15)."""

    name: str = ""
    external: ExternalStream | None = None
    lag: int = 0
    """Messages still to come."""
    seq: int = 0
    active: Nanoseconds = 0
    """Since something came; -1 if nothing has."""
    error: ApiError | None = None
    filter_subject: str = ""
    subject_transforms: tuple[SubjectTransformConfig, ...] = ()


class ConsumerConfig(Struct, frozen=True, kw_only=True):
    """How a consumer is configured. Source: ``server.ConsumerConfig`` (2.15)."""

    durable_name: str = ""
    name: str = ""
    description: str = ""
    deliver_policy: str = ""
    opt_start_seq: int = 0
    opt_start_time: datetime | None = None
    ack_policy: str = ""
    ack_wait: Nanoseconds = 0
    max_deliver: int = 0
    backoff: tuple[Nanoseconds, ...] = ()
    filter_subject: str = ""
    filter_subjects: tuple[str, ...] = ()
    replay_policy: str = ""
    rate_limit_bps: int = 0
    sample_freq: str = ""
    max_waiting: int = 0
    max_ack_pending: int = 0
    flow_control: bool = False
    headers_only: bool = False
    max_batch: int = 0
    max_expires: Nanoseconds = 0
    max_bytes: Bytes = 0
    deliver_subject: str = ""
    deliver_group: str = ""
    idle_heartbeat: Nanoseconds = 0
    inactive_threshold: Nanoseconds = 0
    num_replicas: int = 0
    mem_storage: bool = False
    direct: bool = False
    sourcing: bool = False
    metadata: dict[str, str] = {}
    pause_until: datetime | None = None
    priority_groups: tuple[str, ...] = ()
    priority_policy: str = ""
    priority_timeout: Nanoseconds = 0


class SequenceInfo(Struct, frozen=True, kw_only=True):
    """A place in a consumer and its stream. Source: ``server.SequenceInfo`` (2.15)."""

    consumer_seq: int = 0
    stream_seq: int = 0
    last_active: datetime | None = None


class PriorityGroupState(Struct, frozen=True, kw_only=True):
    """A priority group of a consumer. Source: ``server.PriorityGroupState`` (2.15)."""

    group: str = ""
    pinned_client_id: str = ""
    pinned_ts: datetime = NEVER


class ConsumerInfo(Struct, frozen=True, kw_only=True):
    """A consumer. Source: ``server.ConsumerInfo`` (2.15)."""

    stream_name: str = ""
    name: str = ""
    created: datetime = NEVER
    config: ConsumerConfig | None = None
    """With ``config``."""
    delivered: SequenceInfo = SequenceInfo()
    """The last message that was."""
    ack_floor: SequenceInfo = SequenceInfo()
    """Up to where all are acknowledged."""
    num_ack_pending: int = 0
    """Delivered and not acknowledged."""
    num_redelivered: int = 0
    num_waiting: int = 0
    """Requests for messages that wait."""
    num_pending: int = 0
    """Messages still to be delivered."""
    cluster: ClusterInfo | None = None
    push_bound: bool = False
    paused: bool = False
    pause_remaining: Nanoseconds = 0
    ts: datetime = NEVER
    """When all this was so."""
    priority_groups: tuple[PriorityGroupState, ...] = ()
