"""The server's ``/gatewayz`` document: its connections to other clusters."""

from datetime import datetime
from typing import TypedDict

from msgspec import Struct

from dotgnatly.monitoring._common import NEVER, Port
from dotgnatly.monitoring._options import Name
from dotgnatly.monitoring.connz import ConnInfo
from dotgnatly.monitoring.subsz import SubDetail


class GatewayzOptions(TypedDict, total=False):
    """What ``gatewayz`` takes. Source: ``server.GatewayzOptions`` (2.15)."""

    name: Name
    accounts: bool
    account_name: Name
    subscriptions: bool
    subscriptions_detail: bool


class AccountGatewayz(Struct, frozen=True, kw_only=True):
    """The interest of an account, as a gateway knows it. Source: ``server.AccountGatewayz`` (2.15).

    Subscriptions are told of gateways that go out only.
    """

    name: str = ""
    interest_mode: str = ""
    """``Optimistic``, ``Transitioning`` or ``Interest-Only``."""
    no_interest_count: int = 0
    interest_only_threshold: int = 0
    num_subs: int = 0
    num_queue_subs: int = 0
    subscriptions_list: tuple[str, ...] = ()
    subscriptions_list_detail: tuple[SubDetail, ...] = ()


class RemoteGatewayz(Struct, frozen=True, kw_only=True):
    """A gateway's connection. Source: ``server.RemoteGatewayz`` (2.15)."""

    configured: bool = False
    """Whether it is in ``gateways``, or another server told of it."""
    connection: ConnInfo | None = None
    accounts: tuple[AccountGatewayz, ...] = ()


class Gatewayz(Struct, frozen=True, kw_only=True):
    """All gateways, by the name of the other cluster. Source: ``server.Gatewayz`` (2.15)."""

    server_id: str = ""
    now: datetime = NEVER
    name: str = ""
    """Of this server's own cluster; nothing without a ``gateway`` block."""
    host: str = ""
    port: Port = 0
    outbound_gateways: dict[str, RemoteGatewayz] = {}
    """Where messages go out; there is one connection to each cluster."""
    inbound_gateways: dict[str, tuple[RemoteGatewayz, ...]] = {}
    """Where they come in, from several servers of a cluster."""
