"""The server's ``/jsz`` document: JetStream, its accounts, streams and consumers."""

from datetime import datetime
from typing import TypedDict

from msgspec import Struct

from dotgnatly.monitoring._common import (
    NEVER,
    Bytes,
    JetStreamConfig,
    JetStreamStats,
    JSLimitOpts,
    MetaClusterInfo,
)
from dotgnatly.monitoring._options import Name, Number, Offset
from dotgnatly.monitoring.streams import (
    ClusterInfo,
    ConsumerInfo,
    StreamConfig,
    StreamSourceInfo,
    StreamState,
)


class JSzOptions(TypedDict, total=False):
    """What ``jsz`` takes. Source: ``server.JSzOptions`` (2.15)."""

    account: Name
    accounts: bool
    streams: bool
    consumer: bool
    direct_consumer: bool
    config: bool
    leader_only: bool
    offset: Offset
    limit: Number
    raft: bool
    stream_leader_only: bool


class RaftGroupDetail(Struct, frozen=True, kw_only=True):
    """The Raft group of a consumer. Source: ``server.RaftGroupDetail`` (2.15)."""

    name: str = ""
    raft_group: str = ""


class StreamDetail(Struct, frozen=True, kw_only=True):
    """A stream. Source: ``server.StreamDetail`` (2.15)."""

    name: str = ""
    created: datetime = NEVER
    cluster: ClusterInfo | None = None
    config: StreamConfig | None = None
    """With ``config``."""
    state: StreamState = StreamState()
    consumer_detail: tuple[ConsumerInfo, ...] = ()
    direct_consumer_detail: tuple[ConsumerInfo, ...] = ()
    mirror: StreamSourceInfo | None = None
    sources: tuple[StreamSourceInfo, ...] = ()
    stream_raft_group: str = ""
    """With ``raft``, as the next one."""
    consumer_raft_groups: tuple[RaftGroupDetail, ...] = ()


class AccountDetail(JetStreamStats, frozen=True, kw_only=True):
    """What an account has in JetStream. Source: ``server.AccountDetail`` (2.15)."""

    name: str = ""
    """For people; without one as ``id``."""
    id: str = ""
    stream_detail: tuple[StreamDetail, ...] = ()


class JSInfo(JetStreamStats, frozen=True, kw_only=True):
    """JetStream on this server. Source: ``server.JSInfo`` (2.15).

    The figures are those of all accounts, whichever was asked for.
    """

    server_id: str = ""
    now: datetime = NEVER
    disabled: bool = False
    """There is no JetStream; nothing below says anything."""
    config: JetStreamConfig = JetStreamConfig()
    limits: JSLimitOpts | None = None
    streams: int = 0
    streams_leader: int = 0
    """Those that this server leads; with ``raft``."""
    consumers: int = 0
    consumers_leader: int = 0
    messages: int = 0
    bytes: Bytes = 0
    meta_cluster: MetaClusterInfo | None = None
    """None without a cluster."""
    account_details: tuple[AccountDetail, ...] = ()
    total: int = 0
    """How many accounts there are."""
