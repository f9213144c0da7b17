"""What the JWT of an account says of it: limits, imports and exports, signing keys."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import (
    Block,
    Bytes,
    Count,
    LiteralSubject,
    Password,
    Strings,
    SubjectString,
)
from dotgnatly.config._containers import Items, Named, Nested
from dotgnatly.config._kinds import Choice, Faults, Percent
from dotgnatly.config.accounts import ClusterTraffic, LatencySampling, MsgTrace
from dotgnatly.errors import Fault
from dotgnatly.jwt._kinds import (
    AccountKey,
    AccountKeys,
    AccountRevocations,
    CurveKey,
    Key,
    Nanoseconds,
    UserKeys,
    UserRevocations,
)
from dotgnatly.jwt.user import Permissions, UserPermissionLimits

ShareType: TypeAlias = Literal["stream", "service"]
ResponseType: TypeAlias = Annotated[
    Literal["Singleton", "Stream", "Chunked"], Choice(("Singleton", "Stream", "Chunked"))
]
Weight: TypeAlias = Annotated[int | str, Percent(1)]


class JetStreamLimits(Block, frozen=True, kw_only=True):
    """Of an account, or of the streams of a tier. -1 is no limit.

    Source: ``jwt.JetStreamLimits`` (2.8).
    """

    mem_storage: Bytes | None | UnsetType = UNSET
    """Bytes in memory streams; default 0, none."""
    disk_storage: Bytes | None | UnsetType = UNSET
    """Bytes in file streams; default 0, none. Without either there is no JetStream."""
    streams: int | None | UnsetType = UNSET
    """Streams; default 0, no limit."""
    consumer: int | None | UnsetType = UNSET
    """Consumers; default 0, no limit."""
    max_ack_pending: int | None | UnsetType = UNSET
    """Most a consumer may set; default no limit."""
    mem_max_stream_bytes: Bytes | None | UnsetType = UNSET
    """Bytes of a memory stream; default no limit."""
    disk_max_stream_bytes: Bytes | None | UnsetType = UNSET
    """Bytes of a file stream; default no limit."""
    max_bytes_required: bool | None | UnsetType = UNSET
    """Every stream must set a limit; default false."""


TieredLimits: TypeAlias = Annotated[
    Mapping[str, JetStreamLimits | Mapping[str, Any] | None], Named(Nested(JetStreamLimits))
]


class OperatorLimits(JetStreamLimits, frozen=True, kw_only=True):
    """What the operator grants to an account. -1 is no limit.

    Source: ``jwt.OperatorLimits`` (2.8).
    """

    subs: int | None | UnsetType = UNSET
    """Subscriptions; default no limit."""
    data: Bytes | None | UnsetType = UNSET
    """Bytes; default no limit. The server does not look at it."""
    payload: Bytes | None | UnsetType = UNSET
    """Bytes of a message; default no limit but the server's."""
    imports: int | None | UnsetType = UNSET
    """Imports in the JWT; default no limit."""
    exports: int | None | UnsetType = UNSET
    """Exports in the JWT; default no limit."""
    wildcards: bool | None | UnsetType = UNSET
    """Exports may have wildcards; default true."""
    disallow_bearer: bool | None | UnsetType = UNSET
    """No user may have a bearer token; default false."""
    conn: int | None | UnsetType = UNSET
    """Connections; default no limit."""
    leaf: int | None | UnsetType = UNSET
    """Leaf node connections; default no limit."""
    tiered_limits: TieredLimits | None | UnsetType = UNSET
    """JetStream limits by the replicas of streams, "R1" and "R3", in place of those for all;
    default none."""


class ServiceLatency(Block, frozen=True, kw_only=True):
    """How long an exported service takes, measured. Source: ``jwt.ServiceLatency`` (2.8)."""

    sampling: LatencySampling | None | UnsetType = UNSET
    """Percent of the requests, 1 to 100, or "headers": those that ask for it; default "headers"."""
    results: LiteralSubject | None | UnsetType = UNSET
    """Where measurements are published; required."""


Latency: TypeAlias = Annotated[ServiceLatency | Mapping[str, Any], Nested(ServiceLatency)]


class Export(Block, frozen=True, kw_only=True):
    """A stream or a service that an account offers. Source: ``jwt.Export`` (2.8)."""

    name: str | None | UnsetType = UNSET
    """Default none."""
    subject: SubjectString | None | UnsetType = UNSET
    """What is offered; required."""
    type: ShareType | None | UnsetType = UNSET
    """A "stream" of messages, or a "service"; required."""
    token_req: bool | None | UnsetType = UNSET
    """Only for accounts with an activation JWT; default false, for all."""
    revocations: AccountRevocations | None | UnsetType = UNSET
    """Accounts whose activations are revoked; default none."""
    response_type: ResponseType | None | UnsetType = UNSET
    """Of a service: a single reply, a stream of them, or one in chunks; default "Singleton"."""
    response_threshold: Nanoseconds | None | UnsetType = UNSET
    """Of a service: how long a reply may take; default 2 min."""
    service_latency: Latency | None | UnsetType = UNSET
    """Of a service: measure how long it takes; default not."""
    account_token_position: Count | None | UnsetType = UNSET
    """Which token of the subject is the importing account, from 1; default 0, none."""
    advertise: bool | None | UnsetType = UNSET
    """For tools that list it; default false."""
    allow_trace: bool | None | UnsetType = UNSET
    """Of a service: message traces go on into this account; default false."""
    description: str | None | UnsetType = UNSET
    """Default none."""
    info_url: str | None | UnsetType = UNSET
    """Default none."""


class Import(Block, frozen=True, kw_only=True):
    """A stream or a service of another account. Source: ``jwt.Import`` (2.8)."""

    name: str | None | UnsetType = UNSET
    """Default none."""
    subject: SubjectString | None | UnsetType = UNSET
    """Of a stream its subject there, of a service the one that is called there; required."""
    account: AccountKey | None | UnsetType = UNSET
    """The exporting account; required."""
    token: Password | None | UnsetType = UNSET
    """Activation JWT of the exporting account, where it wants one; default none."""
    to: str | None | UnsetType = UNSET
    """Deprecated: ``local_subject`` replaces it."""
    local_subject: str | None | UnsetType = UNSET
    """Subject that it has here, with ``$1`` for its wildcards; default its own."""
    type: ShareType | None | UnsetType = UNSET
    """A "stream" of messages, or a "service"; required."""
    share: bool | None | UnsetType = UNSET
    """Of a service: tell it who asks; default false."""
    allow_trace: bool | None | UnsetType = UNSET
    """Of a stream: message traces go on into this account; default false."""


class WeightedMapping(Block, frozen=True, kw_only=True):
    """A destination of a mapped subject. Source: ``jwt.WeightedMapping`` (2.8)."""

    subject: str | None | UnsetType = UNSET
    """Subject, with ``$1`` or ``{{wildcard(1)}}`` for the wildcards; required."""
    weight: Weight | None | UnsetType = UNSET
    """Percent of the messages; default 100."""
    cluster: str | None | UnsetType = UNSET
    """Only in this cluster; default everywhere."""


class ExternalAuthorization(Block, frozen=True, kw_only=True):
    """A service decides who may connect. Source: ``jwt.ExternalAuthorization`` (2.8)."""

    auth_users: UserKeys | None | UnsetType = UNSET
    """Users of the service itself; required."""
    allowed_accounts: AccountKeys | None | UnsetType = UNSET
    """Accounts the service may bind to, or "*"; default its own."""
    xkey: CurveKey | None | UnsetType = UNSET
    """Public curve key with which requests are encrypted; default none."""


Template: TypeAlias = Annotated[
    UserPermissionLimits | Mapping[str, Any], Nested(UserPermissionLimits)
]


class UserScope(Block, frozen=True, kw_only=True):
    """A signing key whose users may do what it says, and nothing else.

    Source: ``jwt.UserScope`` (2.8).
    """

    kind: Literal["user_scope"] | None | UnsetType = "user_scope"
    """There is no other one."""
    key: AccountKey | None | UnsetType = UNSET
    """The signing key: a public account nkey; required."""
    role: str | None | UnsetType = UNSET
    """Name for people; default none."""
    template: Template | None | UnsetType = UNSET
    """What its users may do, where subjects may have ``{{name()}}``, ``{{subject()}}``,
    ``{{tag(name)}}``, ``{{account-name()}}``, ``{{account-subject()}}``; default everything."""
    description: str | None | UnsetType = UNSET
    """Default none."""

    def _contradictions(self) -> Iterable[Fault]:
        if not self.key:
            yield Fault("key", "is required")
        for name in ("subs", "data", "payload"):
            if getattr(self.template, name, None) == 0:
                # The jwt module leaves 0 out, and reads what is left out as no limit.
                yield Fault(f"template.{name}", "cannot be 0 in a template")


class _SigningKey(Nested):
    """A public account nkey, or a scope with one."""

    def faults(self, value: Any) -> Faults:
        return Key("A").faults(value) if isinstance(value, str) else super().faults(value)

    def show(self, value: Any) -> str:
        return Key("A").show(value) if isinstance(value, str) else super().show(value)


SigningKeys: TypeAlias = Annotated[
    Sequence[str | UserScope | Mapping[str, Any]], Items(_SigningKey(UserScope))
]
Limits: TypeAlias = Annotated[OperatorLimits | Mapping[str, Any], Nested(OperatorLimits)]
Exports: TypeAlias = Annotated[Sequence[Export | Mapping[str, Any]], Items(Nested(Export))]
Imports: TypeAlias = Annotated[Sequence[Import | Mapping[str, Any]], Items(Nested(Import))]
Defaults: TypeAlias = Annotated[Permissions | Mapping[str, Any], Nested(Permissions)]
Mappings: TypeAlias = Annotated[
    Mapping[str, Sequence[WeightedMapping | Mapping[str, Any]] | None],
    Named(Items(Nested(WeightedMapping))),
]
External: TypeAlias = Annotated[
    ExternalAuthorization | Mapping[str, Any], Nested(ExternalAuthorization)
]


class Account(Block, frozen=True, kw_only=True):
    """The ``nats`` part of an account JWT. Source: ``jwt.Account`` (2.8)."""

    imports: Imports | None | UnsetType = UNSET
    """What it takes from other accounts; default nothing."""
    exports: Exports | None | UnsetType = UNSET
    """What it offers to other accounts; default nothing."""
    limits: Limits | None | UnsetType = UNSET
    """Limits of the account; default none, and no JetStream."""
    signing_keys: SigningKeys | None | UnsetType = UNSET
    """Other account nkeys that sign its users, plain or with a scope; default none."""
    revocations: UserRevocations | None | UnsetType = UNSET
    """Users whose JWTs up to a time are revoked, see ``revoke``; default none."""
    default_permissions: Defaults | None | UnsetType = UNSET
    """Of users that have none of their own; default everything."""
    mappings: Mappings | None | UnsetType = UNSET
    """Subjects that become others, by subject; default none."""
    authorization: External | None | UnsetType = UNSET
    """Leave the decision who may connect to a service; default none."""
    trace: MsgTrace | None | UnsetType = UNSET
    """Where traces of its messages go; default nowhere."""
    cluster_traffic: ClusterTraffic | None | UnsetType = UNSET
    """Account in which replication travels; default "system"."""
    description: str | None | UnsetType = UNSET
    """Default none."""
    info_url: str | None | UnsetType = UNSET
    """Default none."""
    tags: Strings | None | UnsetType = UNSET
    """Default none."""
