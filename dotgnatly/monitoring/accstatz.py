"""The server's ``/accstatz`` document: what goes on in its accounts, in figures."""

from datetime import datetime
from typing import TypedDict

from msgspec import Struct

from dotgnatly.monitoring._common import NEVER, Bytes
from dotgnatly.monitoring._options import Names


class AccountStatzOptions(TypedDict, total=False):
    """What ``accstatz`` takes. Source: ``server.AccountStatzOptions`` (2.15)."""

    accounts: Names
    include_unused: bool


class MsgBytes(Struct, frozen=True, kw_only=True):
    """Messages and their bytes. Source: ``server.MsgBytes`` (2.15)."""

    msgs: int = 0
    bytes: Bytes = 0


class DataStats(MsgBytes, frozen=True, kw_only=True):
    """Messages one way, and over which connections. Source: ``server.DataStats`` (2.15)."""

    gateways: MsgBytes | None = None
    routes: MsgBytes | None = None
    leafs: MsgBytes | None = None


class AccountStat(Struct, frozen=True, kw_only=True):
    """An account. Source: ``server.AccountStat`` (2.15)."""

    acc: str = ""
    name: str = ""
    """For people; without one as ``acc``."""
    conns: int = 0
    """Of clients, to this server, as ``leafnodes``."""
    leafnodes: int = 0
    total_conns: int = 0
    """Both."""
    num_subscriptions: int = 0
    sent: DataStats = DataStats()
    """By the server."""
    received: DataStats = DataStats()
    slow_consumers: int = 0


class AccountStatz(Struct, frozen=True, kw_only=True):
    """Accounts that are in use, or all. Source: ``server.AccountStatz`` (2.15)."""

    server_id: str = ""
    now: datetime = NEVER
    account_statz: tuple[AccountStat, ...] = ()
