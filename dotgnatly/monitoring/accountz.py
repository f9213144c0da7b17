"""The server's ``/accountz`` document: its accounts, or all that it knows of one."""

from datetime import datetime
from typing import TypedDict

from msgspec import Struct, field

from dotgnatly.monitoring import claims
from dotgnatly.monitoring._common import NEVER, Nanoseconds
from dotgnatly.monitoring._options import Name
from dotgnatly.monitoring.subsz import SublistStats


class AccountzOptions(TypedDict, total=False):
    """What ``accountz`` takes. Source: ``server.AccountzOptions`` (2.15)."""

    account: Name


class MapDest(Struct, frozen=True, kw_only=True):
    """What some of the messages of a subject become. Source: ``server.MapDest`` (2.15)."""

    subject: str = ""
    weight: int = 0
    """Per cent."""
    cluster: str = ""


class ClientInfo(Struct, frozen=True, kw_only=True):
    """Who asked, or answered. Source: ``server.ClientInfo`` (2.15)."""

    start: datetime | None = None
    host: str = ""
    id: int = 0
    acc: str = ""
    svc: str = ""
    user: str = ""
    name: str = ""
    lang: str = ""
    ver: str = ""
    rtt: Nanoseconds = 0
    server: str = ""
    cluster: str = ""
    alts: tuple[str, ...] = ()
    stop: datetime | None = None
    jwt: str = ""
    issuer_key: str = ""
    name_tag: str = ""
    tags: tuple[str, ...] = ()
    kind: str = ""
    client_type: str = ""
    client_id: str = ""
    nonce: str = ""
    reply: str = ""


class ServiceLatency(Struct, frozen=True, kw_only=True):
    """A request that is being measured. Source: ``server.ServiceLatency`` (2.15)."""

    type: str = ""
    id: str = ""
    timestamp: datetime = NEVER
    status: int = 0
    """As in HTTP."""
    description: str = ""
    requestor: ClientInfo | None = None
    responder: ClientInfo | None = None
    header: dict[str, tuple[str, ...]] = {}
    start: datetime = NEVER
    service: Nanoseconds = 0
    system: Nanoseconds = 0
    total: Nanoseconds = 0


class ExtImport(claims.Import, frozen=True, kw_only=True):
    """Subjects of another account, as they are in use. Source: ``server.ExtImport`` (2.15)."""

    invalid: bool = False
    tracking: bool = False
    tracking_header: dict[str, tuple[str, ...]] = field(default_factory=dict)
    latency: claims.ServiceLatency | None = None
    m1: ServiceLatency | None = None


class ExtExport(claims.Export, frozen=True, kw_only=True):
    """Subjects for other accounts, as they are in use. Source: ``server.ExtExport`` (2.15)."""

    approved_accounts: tuple[str, ...] = ()
    """Nothing is all."""
    revoked_activations: dict[str, datetime] = field(default_factory=dict)


class ExtVrIssues(Struct, frozen=True, kw_only=True):
    """What is doubtful in a JWT. Source: ``server.ExtVrIssues`` (2.15)."""

    description: str = ""
    blocking: bool = False
    time_check: bool = False


class AccountInfo(Struct, frozen=True, kw_only=True):
    """An account. Source: ``server.AccountInfo`` (2.15)."""

    account_name: str = ""
    update_time: datetime = NEVER
    is_system: bool = False
    expired: bool = False
    complete: bool = False
    """Nothing that it imports is missing."""
    jetstream_enabled: bool = False
    leafnode_connections: int = 0
    """To this server, as the next one."""
    client_connections: int = 0
    subscriptions: int = 0
    mappings: dict[str, tuple[MapDest, ...]] = {}
    exports: tuple[ExtExport, ...] = ()
    imports: tuple[ExtImport, ...] = ()
    jwt: str = ""
    """In operator mode, and ``decoded_jwt`` what it says."""
    issuer_key: str = ""
    name_tag: str = ""
    tags: tuple[str, ...] = ()
    decoded_jwt: claims.AccountClaims | None = None
    validation_result_jwt: tuple[ExtVrIssues, ...] = ()
    revoked_user: dict[str, datetime] = {}
    """By nkey, up to when what was signed for it is refused."""
    sublist_stats: SublistStats | None = None
    responses: dict[str, ExtImport] = {}
    """Requests to services that are not answered yet."""


class Accountz(Struct, frozen=True, kw_only=True):
    """The names of all accounts, or one account. Source: ``server.Accountz`` (2.15)."""

    server_id: str = ""
    now: datetime = NEVER
    system_account: str = ""
    accounts: tuple[str, ...] = ()
    """Without the option ``account``."""
    account_detail: AccountInfo | None = None
    """With it."""
