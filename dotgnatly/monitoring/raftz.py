"""The server's ``/raftz`` document: its Raft groups, those of JetStream in a cluster."""

from datetime import datetime
from typing import Any, TypeAlias, TypedDict

from msgspec import Struct

from dotgnatly.monitoring._options import Name
from dotgnatly.monitoring.streams import StreamState


class RaftzOptions(TypedDict, total=False):
    """What ``raftz`` takes. Source: ``server.RaftzOptions`` (2.15)."""

    account: Name
    group: Name


class RaftzGroupPeer(Struct, frozen=True, kw_only=True):
    """Another server of a group. Source: ``server.RaftzGroupPeer`` (2.15)."""

    name: str = ""
    known: bool = False
    """False while it joins or leaves."""
    last_replicated_index: int = 0
    last_seen: str = ""
    """How long ago, as Go writes durations."""


class RaftzGroup(Struct, frozen=True, kw_only=True):
    """A group, as this server sees it. Source: ``server.RaftzGroup`` (2.15)."""

    id: str = ""
    """Of this server, in the group."""
    state: str = ""
    """``LEADER``, ``FOLLOWER``, ``CANDIDATE`` or ``CLOSED``."""
    size: int = 0
    quorum_needed: int = 0
    observer: bool = False
    paused: bool = False
    overrun: bool = False
    overrun_count: int = 0
    committed: int = 0
    applied: int = 0
    catching_up: bool = False
    leader: str = ""
    """Its id."""
    leader_since: datetime | None = None
    ever_had_leader: bool = False
    term: int = 0
    voted_for: str = ""
    pterm: int = 0
    """Term and index of the last entry."""
    pindex: int = 0
    system_account: bool = False
    traffic_account: str = ""
    """Whose connections between servers carry its messages."""
    ipq_proposal_len: int = 0
    ipq_entry_len: int = 0
    ipq_resp_len: int = 0
    ipq_apply_len: int = 0
    wal: StreamState = StreamState()
    """Its log."""
    wal_error: Any = None
    """None is well; of an error Go's JSON says little, often no more than ``{}``."""
    peers: dict[str, RaftzGroupPeer] = {}
    """By id."""


RaftzStatus: TypeAlias = dict[str, dict[str, RaftzGroup]]
"""The groups by account and name. Source: ``server.RaftzStatus`` (2.15)."""
