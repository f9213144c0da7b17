"""The server's ``/routez`` document: its connections to the other servers of its cluster."""

from datetime import datetime
from typing import TypedDict

from msgspec import Struct

from dotgnatly.monitoring._common import NEVER, Bytes, Port
from dotgnatly.monitoring.subsz import SubDetail


class RoutezOptions(TypedDict, total=False):
    """What ``routez`` takes. Source: ``server.RoutezOptions`` (2.15)."""

    subscriptions: bool
    subscriptions_detail: bool


class SubjectPermission(Struct, frozen=True, kw_only=True):
    """Subjects that may pass. Source: ``server.SubjectPermission`` (2.15)."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class RouteInfo(Struct, frozen=True, kw_only=True, rename={"import_": "import"}):
    """A connection of a route, which has several. Source: ``server.RouteInfo`` (2.15)."""

    rid: int = 0
    """Its number, as a ``cid``."""
    remote_id: str = ""
    """The other server's id, as its name."""
    remote_name: str = ""
    did_solicit: bool = False
    """Whether this server opened it."""
    is_configured: bool = False
    """Whether it is in ``routes``, or the other server told of itself."""
    ip: str = ""
    port: Port = 0
    start: datetime = NEVER
    last_activity: datetime = NEVER
    rtt: str = ""
    uptime: str = ""
    idle: str = ""
    import_: SubjectPermission | None = None
    """``import`` in the JSON."""
    export: SubjectPermission | None = None
    pending_size: Bytes = 0
    in_msgs: int = 0
    out_msgs: int = 0
    in_bytes: Bytes = 0
    out_bytes: Bytes = 0
    subscriptions: int = 0
    subscriptions_list: tuple[str, ...] = ()
    subscriptions_list_detail: tuple[SubDetail, ...] = ()
    account: str = ""
    """Whose messages it carries, if it is one account's only."""
    compression: str = ""


class Routez(Struct, frozen=True, kw_only=True, rename={"import_": "import"}):
    """All routes. Source: ``server.Routez`` (2.15)."""

    server_id: str = ""
    server_name: str = ""
    now: datetime = NEVER
    import_: SubjectPermission | None = None
    """``import`` in the JSON."""
    export: SubjectPermission | None = None
    num_routes: int = 0
    routes: tuple[RouteInfo, ...] = ()
