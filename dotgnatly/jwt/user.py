"""What the JWT of a user says of him: permissions and limits."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Self, TypeAlias

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import Block, Bytes, Strings
from dotgnatly.config._containers import Items, Nested
from dotgnatly.config.auth import ConnectionTypes, SubjectPermissions, no_queues
from dotgnatly.errors import Fault
from dotgnatly.jwt._kinds import AccountKey, Nanoseconds


class ResponsePermission(Block, frozen=True, kw_only=True):
    """Leave to publish to the reply subjects of received requests.

    Source: ``jwt.ResponsePermission`` (2.8).
    """

    max: int | None | UnsetType = UNSET
    """Replies to a request, negative is no limit; default 1."""
    ttl: Nanoseconds | None | UnsetType = UNSET
    """How long replies may come, negative is for ever; default 2 min."""


Response: TypeAlias = Annotated[ResponsePermission | Mapping[str, Any], Nested(ResponsePermission)]


class Permissions(Block, frozen=True, kw_only=True):
    """Subjects that may be used. Source: ``jwt.Permissions`` (2.8)."""

    pub: SubjectPermissions | None | UnsetType = UNSET
    """Subjects to publish to, ``allow`` and ``deny``; default all."""
    sub: SubjectPermissions | None | UnsetType = UNSET
    """Subjects to subscribe to, also "subject queue" for a queue group; default all."""
    resp: Response | None | UnsetType = UNSET
    """Leave to reply; then nothing else may be published unless ``pub`` says so; default none."""

    def _contradictions(self) -> Iterable[Fault]:
        yield from no_queues("pub", self.pub)
        for name, permission in (("pub", self.pub), ("sub", self.sub)):
            if getattr(permission, "allow", None) == () and not (name == "pub" and self.resp):
                reason = 'is empty, which allows everything: deny ">" to allow nothing'
                yield Fault(f"{name}.allow", reason)


class TimeRange(Block, frozen=True, kw_only=True):
    """A part of every day. Source: ``jwt.TimeRange`` (2.8)."""

    start: str | None | UnsetType = UNSET
    """When it begins, as "08:00:00"; required."""
    end: str | None | UnsetType = UNSET
    """When it ends, as "17:30:00"; required."""


Times: TypeAlias = Annotated[Sequence[TimeRange | Mapping[str, Any]], Items(Nested(TimeRange))]


class UserPermissionLimits(Permissions, frozen=True, kw_only=True):
    """What a user may do, or all users of a scoped signing key. -1 is no limit.

    Source: ``jwt.UserPermissionLimits`` (2.8).
    """

    subs: int | None | UnsetType = UNSET
    """Subscriptions of a connection; default no limit."""
    data: Bytes | None | UnsetType = UNSET
    """Bytes; default no limit. The server does not look at it."""
    payload: Bytes | None | UnsetType = UNSET
    """Bytes of a message; default no limit but the server's."""
    src: Strings | None | UnsetType = UNSET
    """Networks from which the user may connect, as "10.0.0.0/8"; default all."""
    times: Times | None | UnsetType = UNSET
    """Hours in which the user may be connected; default all."""
    times_location: str | None | UnsetType = UNSET
    """Time zone of the hours, as "Europe/Berlin"; default the server's own."""
    bearer_token: bool | None | UnsetType = UNSET
    """The JWT alone lets in, without the seed; default false."""
    proxy_required: bool | None | UnsetType = UNSET
    """Must come through a trusted proxy; default false."""
    allowed_connection_types: ConnectionTypes | None | UnsetType = UNSET
    """How the user may connect; default all."""


class User(UserPermissionLimits, frozen=True, kw_only=True):
    """The ``nats`` part of a user JWT. Source: ``jwt.User`` (2.8)."""

    issuer_account: AccountKey | None | UnsetType = UNSET
    """The account, where one of its signing keys signs; default the account that signs."""
    tags: Strings | None | UnsetType = UNSET
    """Default none."""

    @classmethod
    def scoped(cls, issuer_account: str, *, tags: Sequence[str] | None = None) -> Self:
        """A user whose permissions and limits are those of the scoped key that signs."""
        return cls(issuer_account=issuer_account, tags=tags, subs=0, data=0, payload=0)
