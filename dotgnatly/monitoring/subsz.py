"""The server's ``/subsz`` document: its subscriptions, and how they are found."""

from datetime import datetime
from typing import TypedDict

from msgspec import Struct

from dotgnatly.monitoring._common import NEVER
from dotgnatly.monitoring._options import Literally, Name, Number, Offset


class SubszOptions(TypedDict, total=False):
    """What ``subsz`` takes. Source: ``server.SubszOptions`` (2.15)."""

    subscriptions: bool
    account: Name
    test: Literally
    offset: Offset
    limit: Number


class SubDetail(Struct, frozen=True, kw_only=True):
    """A subscription. Source: ``server.SubDetail`` (2.15)."""

    account: str = ""
    """In ``subsz`` only, as the next one."""
    account_tag: str = ""
    subject: str = ""
    qgroup: str = ""
    sid: str = ""
    """Its number, or name, within the connection."""
    msgs: int = 0
    """Delivered so far."""
    max: int = 0
    """After how many it ends by itself; 0 is never."""
    cid: int = 0
    """Of the connection."""


class SublistStats(Struct, frozen=True, kw_only=True):
    """Subscriptions in figures. Source: ``server.SublistStats`` (2.15)."""

    num_subscriptions: int = 0
    num_cache: int = 0
    """Subjects whose subscriptions are remembered."""
    num_inserts: int = 0
    num_removes: int = 0
    num_matches: int = 0
    """How often subscriptions were looked for."""
    cache_hit_rate: float = 0
    """Of these looks, 0 to 1."""
    max_fanout: int = 0
    """Subscriptions of one subject, of those remembered."""
    avg_fanout: float = 0


class Subsz(SublistStats, frozen=True, kw_only=True):
    """Subscriptions: figures, and where asked for a page of them. Source: ``server.Subsz`` (2.15).

    The figures are those of the account, or of all; no other filter counts.
    """

    server_id: str = ""
    now: datetime = NEVER
    total: int = 0
    """How many fit the filters; 0 without ``subscriptions``."""
    offset: int = 0
    limit: int = 0
    subscriptions_list: tuple[SubDetail, ...] = ()
