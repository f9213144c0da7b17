"""The server's ``/leafz`` document: its connections of leaf nodes, as hub and as leaf."""

from datetime import datetime
from typing import TypedDict

from msgspec import Struct

from dotgnatly.monitoring._common import NEVER, Bytes, Port, ProxyInfo
from dotgnatly.monitoring._options import Name


class LeafzOptions(TypedDict, total=False):
    """What ``leafz`` takes. Source: ``server.LeafzOptions`` (2.15)."""

    subscriptions: bool
    account: Name


class LeafInfo(Struct, frozen=True, kw_only=True):
    """A connection to a leaf node, or to a hub. Source: ``server.LeafInfo`` (2.15)."""

    id: int = 0
    """Its ``cid``."""
    name: str = ""
    """Of the other server."""
    is_spoke: bool = False
    """Whether this server is the leaf of it."""
    is_isolated: bool = False
    account: str = ""
    ip: str = ""
    port: Port = 0
    rtt: str = ""
    in_msgs: int = 0
    out_msgs: int = 0
    in_bytes: Bytes = 0
    out_bytes: Bytes = 0
    subscriptions: int = 0
    subscriptions_list: tuple[str, ...] = ()
    compression: str = ""
    websocket: bool = False
    proxy: ProxyInfo | None = None
    """Through which it came."""


class Leafz(Struct, frozen=True, kw_only=True):
    """All leaf nodes and hubs. Source: ``server.Leafz`` (2.15)."""

    server_id: str = ""
    now: datetime = NEVER
    leafnodes: int = 0
    leafs: tuple[LeafInfo, ...] = ()
