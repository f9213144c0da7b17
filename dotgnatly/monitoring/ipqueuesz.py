"""The server's ``/ipqueuesz`` document: what waits in its queues, inside the process."""

from typing import TypeAlias, TypedDict

from msgspec import Struct

from dotgnatly.monitoring._options import Name


class IpqueueszOptions(TypedDict, total=False):
    """What ``ipqueuesz`` takes. Source: ``server.IpqueueszOptions`` (2.15)."""

    all: bool
    filter: Name


class IpqueueszStatusIPQ(Struct, frozen=True, kw_only=True):
    """A queue between goroutines. Source: ``server.IpqueueszStatusIPQ`` (2.15)."""

    pending: int = 0
    """Waiting."""
    in_progress: int = 0
    """Taken out, and not done."""


IpqueueszStatus: TypeAlias = dict[str, IpqueueszStatusIPQ]
"""The queues by their names. Source: ``server.IpqueueszStatus`` (2.15)."""
