"""The claims of JWTs as monitoring documents have them, times in Unix seconds; -1 is no limit.

A limit that is left out is 0. To verify a JWT, or to make one, see ``dotgnatly.jwt``.
"""

from typing import Literal

from msgspec import Struct

from dotgnatly.monitoring._common import Nanoseconds


class ClaimsData(Struct, frozen=True, kw_only=True):
    """What all claims say. Source: ``jwt.ClaimsData`` (2.8)."""

    aud: str = ""
    exp: int = 0
    jti: str = ""
    iat: int = 0
    iss: str = ""
    name: str = ""
    nbf: int = 0
    sub: str = ""


class Operator(Struct, frozen=True, kw_only=True):
    """What an operator's JWT says about NATS. Source: ``jwt.Operator`` (2.8)."""

    signing_keys: tuple[str, ...] = ()
    account_server_url: str = ""
    operator_service_urls: tuple[str, ...] = ()
    system_account: str = ""
    assert_server_version: str = ""
    strict_signing_key_usage: bool = False
    tags: tuple[str, ...] = ()
    type: str = ""
    version: int = 0


class OperatorClaims(ClaimsData, frozen=True, kw_only=True):
    """A trusted operator's JWT. Source: ``jwt.OperatorClaims`` (2.8)."""

    nats: Operator = Operator()


class ServiceLatency(Struct, frozen=True, kw_only=True):
    """Which requests are measured, and where it is said. Source: ``jwt.ServiceLatency`` (2.8)."""

    sampling: int | Literal["headers"] = "headers"
    """Per cent of the requests, or those whose headers ask for it."""
    results: str = ""
    """The subject."""


class Import(Struct, frozen=True, kw_only=True):
    """Subjects of another account. Source: ``jwt.Import`` (2.8)."""

    name: str = ""
    subject: str = ""
    account: str = ""
    token: str = ""
    to: str = ""
    local_subject: str = ""
    type: int | str = ""
    """``stream`` or ``service``; in ``responses`` the server says 1 or 2 for these, in 2.15."""
    share: bool = False
    allow_trace: bool = False


class Export(Struct, frozen=True, kw_only=True):
    """Subjects for other accounts. Source: ``jwt.Export`` (2.8)."""

    name: str = ""
    subject: str = ""
    type: str = ""
    """``stream`` or ``service``."""
    token_req: bool = False
    revocations: dict[str, int] = {}
    response_type: str = ""
    response_threshold: Nanoseconds = 0
    service_latency: ServiceLatency | None = None
    account_token_position: int = 0
    advertise: bool = False
    allow_trace: bool = False
    description: str = ""
    info_url: str = ""


class JetStreamLimits(Struct, frozen=True, kw_only=True):
    """Limits of an account's JetStream. Source: ``jwt.JetStreamLimits`` (2.8)."""

    mem_storage: int = 0
    disk_storage: int = 0
    streams: int = 0
    consumer: int = 0
    max_ack_pending: int = 0
    mem_max_stream_bytes: int = 0
    disk_max_stream_bytes: int = 0
    max_bytes_required: bool = False


class OperatorLimits(JetStreamLimits, frozen=True, kw_only=True):
    """Limits of an account, which its operator sets. Source: ``jwt.OperatorLimits`` (2.8)."""

    subs: int = 0
    data: int = 0
    payload: int = 0
    imports: int = 0
    exports: int = 0
    wildcards: bool = False
    disallow_bearer: bool = False
    conn: int = 0
    leaf: int = 0
    tiered_limits: dict[str, JetStreamLimits] = {}


class Permission(Struct, frozen=True, kw_only=True):
    """Subjects that may be used. Source: ``jwt.Permission`` (2.8)."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


class ResponsePermission(Struct, frozen=True, kw_only=True):
    """How often and how long requests may be answered. Source: ``jwt.ResponsePermission`` (2.8)."""

    max: int = 0
    ttl: Nanoseconds = 0


class Permissions(Struct, frozen=True, kw_only=True):
    """What a user may do. Source: ``jwt.Permissions`` (2.8)."""

    pub: Permission = Permission()
    sub: Permission = Permission()
    resp: ResponsePermission | None = None


class TimeRange(Struct, frozen=True, kw_only=True):
    """When users may be connected, ``hh:mm:ss``. Source: ``jwt.TimeRange`` (2.8)."""

    start: str = ""
    end: str = ""


class UserPermissionLimits(Permissions, frozen=True, kw_only=True):
    """What a user may do, and its limits. Source: ``jwt.UserPermissionLimits`` (2.8)."""

    src: tuple[str, ...] = ()
    times: tuple[TimeRange, ...] = ()
    times_location: str = ""
    subs: int = 0
    data: int = 0
    payload: int = 0
    bearer_token: bool = False
    proxy_required: bool = False
    allowed_connection_types: tuple[str, ...] = ()


class UserScope(Struct, frozen=True, kw_only=True):
    """A signing key, and what users may do that it signs. Source: ``jwt.UserScope`` (2.8)."""

    kind: str = ""
    key: str = ""
    role: str = ""
    template: UserPermissionLimits = UserPermissionLimits()
    description: str = ""


class WeightedMapping(Struct, frozen=True, kw_only=True):
    """What some of the messages of a subject become. Source: ``jwt.WeightedMapping`` (2.8)."""

    subject: str = ""
    weight: int = 0
    """Per cent; 0 is 100."""
    cluster: str = ""


class ExternalAuthorization(Struct, frozen=True, kw_only=True):
    """Who decides about logins. Source: ``jwt.ExternalAuthorization`` (2.8)."""

    auth_users: tuple[str, ...] = ()
    allowed_accounts: tuple[str, ...] = ()
    xkey: str = ""


class MsgTrace(Struct, frozen=True, kw_only=True):
    """Where traces of messages go. Source: ``jwt.MsgTrace`` (2.8)."""

    dest: str = ""
    sampling: int = 0


class Account(Struct, frozen=True, kw_only=True):
    """What an account's JWT says about NATS. Source: ``jwt.Account`` (2.8)."""

    imports: tuple[Import, ...] = ()
    exports: tuple[Export, ...] = ()
    limits: OperatorLimits = OperatorLimits()
    signing_keys: tuple[str | UserScope, ...] = ()
    revocations: dict[str, int] = {}
    default_permissions: Permissions = Permissions()
    mappings: dict[str, tuple[WeightedMapping, ...]] = {}
    authorization: ExternalAuthorization = ExternalAuthorization()
    trace: MsgTrace | None = None
    cluster_traffic: str = ""
    description: str = ""
    info_url: str = ""
    tags: tuple[str, ...] = ()
    type: str = ""
    version: int = 0


class AccountClaims(ClaimsData, frozen=True, kw_only=True):
    """An account's JWT. Source: ``jwt.AccountClaims`` (2.8)."""

    nats: Account = Account()
