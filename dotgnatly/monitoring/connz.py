"""The server's ``/connz`` document: its connections of clients and leaf nodes, open or closed."""

from datetime import datetime
from typing import Literal, TypeAlias, TypedDict

from msgspec import Struct

from dotgnatly.monitoring._common import NEVER, Bytes, Port, ProxyInfo
from dotgnatly.monitoring._options import Filter, Name, Number, Offset
from dotgnatly.monitoring.subsz import SubDetail

SortOpt: TypeAlias = Literal[
    "cid", "start", "subs", "pending", "msgs_to", "msgs_from", "bytes_to", "bytes_from",
    "last", "idle", "uptime", "stop", "reason", "rtt",
]  # fmt: skip
"""Source: ``server.SortOpt`` (2.15)."""
ConnState: TypeAlias = Literal["open", "closed", "any", "all"]
"""Source: ``server.ConnState`` (2.15)."""


class ConnectionOptions(TypedDict, total=False):
    """Which connections, what of each, and how many at a time: what ``iter_connections`` takes."""

    auth: bool
    subscriptions: bool
    subscriptions_detail: bool
    state: ConnState
    user: Name
    account: Name
    filter_subject: Filter
    mqtt_client: Name
    limit: Number


class ConnzOptions(ConnectionOptions, total=False):
    """What ``connz`` takes. Source: ``server.ConnzOptions`` (2.15)."""

    sort: SortOpt
    offset: Offset
    cid: Number


class TLSPeerCert(Struct, frozen=True, kw_only=True):
    """A certificate that a client has shown. Source: ``server.TLSPeerCert`` (2.15)."""

    subject: str = ""
    spki_sha256: str = ""
    cert_sha256: str = ""


class ConnInfo(Struct, frozen=True, kw_only=True):
    """A connection. Source: ``server.ConnInfo`` (2.15)."""

    cid: int = 0
    """Its number, which no other connection of the server ever has."""
    kind: str = ""
    """``Client`` or ``Leafnode``; in ``gatewayz`` ``Gateway``."""
    type: str = ""
    """Of a client ``nats``, ``websocket`` or ``mqtt``."""
    ip: str = ""
    port: Port = 0
    start: datetime = NEVER
    last_activity: datetime = NEVER
    stop: datetime | None = None
    """When it was closed, and ``reason`` why; None while it is open."""
    reason: str = ""
    rtt: str = ""
    """As Go writes durations; "0s" until it is known, for which the server asks the client now."""
    uptime: str = ""
    idle: str = ""
    pending_bytes: Bytes = 0
    """Waiting to be sent to it."""
    in_msgs: int = 0
    """From it; ``out_msgs`` is to it."""
    out_msgs: int = 0
    in_bytes: Bytes = 0
    out_bytes: Bytes = 0
    stalls: int = 0
    """How often it was held back, as a fast publisher."""
    subscriptions: int = 0
    """How many it has; the subjects are in the two lists below, of which one can be asked for."""
    name: str = ""
    lang: str = ""
    version: str = ""
    """Of its client library, as ``lang``."""
    tls_version: str = ""
    tls_cipher_suite: str = ""
    tls_peer_certs: tuple[TLSPeerCert, ...] = ()
    """With ``auth``, and so the fields from ``authorized_user`` to ``tags``."""
    tls_first: bool = False
    authorized_user: str = ""
    """User, nkey, or of a token only that there was one."""
    account: str = ""
    """Nothing for the global account."""
    subscriptions_list: tuple[str, ...] = ()
    subscriptions_list_detail: tuple[SubDetail, ...] = ()
    jwt: str = ""
    """Not of a bearer token."""
    issuer_key: str = ""
    name_tag: str = ""
    tags: tuple[str, ...] = ()
    mqtt_client: str = ""
    """The client id of MQTT."""
    proxy: ProxyInfo | None = None
    """Through which it came."""


class Connz(Struct, frozen=True, kw_only=True):
    """Connections, a page of them. Source: ``server.Connz`` (2.15)."""

    server_id: str = ""
    now: datetime = NEVER
    num_connections: int = 0
    """How many are here."""
    total: int = 0
    """How many there are in this state and account; no other filter counts."""
    offset: int = 0
    limit: int = 0
    connections: tuple[ConnInfo, ...] = ()
