"""Who may connect, and what they may do: the ``authorization`` block and users."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, get_args

from msgspec import UNSET, UnsetType

from dotgnatly.config._base import Block, Duration, Password, Strings, Timeout
from dotgnatly.config._containers import Items, Nested
from dotgnatly.config._kinds import Choice, Faults, Seconds, wrong
from dotgnatly.config._subjects import Subject, names_queue
from dotgnatly.errors import Fault

ConnectionType: TypeAlias = Literal[
    "STANDARD", "WEBSOCKET", "LEAFNODE", "LEAFNODE_WS", "MQTT", "MQTT_WS", "IN_PROCESS"
]
ConnectionTypes: TypeAlias = Annotated[
    ConnectionType | Sequence[ConnectionType], Items(Choice(get_args(ConnectionType)), lone=True)
]
PermittedSubjects: TypeAlias = Annotated[str | Sequence[str], Items(Subject(queue=True), lone=True)]


class SubjectPermissionsConfiguration(Block, frozen=True, kw_only=True):
    """Subjects allowed and denied. A subject or a list in its place is ``allow``.

    Source: ``server.parseSubjectPermission`` (2.15).
    """

    allow: PermittedSubjects | None | UnsetType = UNSET
    """Subjects, wildcards included; to subscribe also "subject queue", for a queue group; default
    all. Source: ``SubjectPermission.Allow``."""
    deny: PermittedSubjects | None | UnsetType = UNSET
    """Exceptions from ``allow``; default none. Source: ``SubjectPermission.Deny``."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that a subject or a list of them stands for."""
        return cls(allow=value) if isinstance(value, str | list | tuple) else value


SubjectPermissions: TypeAlias = Annotated[
    SubjectPermissionsConfiguration | Mapping[str, Any] | str | Sequence[str],
    Nested(SubjectPermissionsConfiguration),
]


class AllowResponsesConfiguration(Block, frozen=True, kw_only=True):
    """Leave to publish to the reply subjects of received requests. ``True`` is the empty block.

    Source: ``server.parseAllowResponses`` (2.15).
    """

    may_be_false: ClassVar[bool] = True

    _aliases: ClassVar[Mapping[str, str]] = {
        "max_msgs": "max",
        "max_messages": "max",
        "max_responses": "max",
        "expiration": "expires",
        "ttl": "expires",
    }

    max: int | None | UnsetType = UNSET
    """Replies to a request, negative is no limit; default 1.
    Source: ``ResponsePermission.MaxMsgs``."""
    expires: Duration | None | UnsetType = UNSET
    """How long replies may come, negative is for ever; default 2 min.
    Source: ``ResponsePermission.Expires``."""

    @classmethod
    def from_short(cls, value: object) -> object:
        """The block that true stands for."""
        return cls() if value is True else value


AllowResponses: TypeAlias = Annotated[
    AllowResponsesConfiguration | Mapping[str, Any] | bool,
    Nested(AllowResponsesConfiguration),
]


class PermissionsConfiguration(Block, frozen=True, kw_only=True):
    """What a user may do; of a cluster, what is imported (publish) and exported (subscribe).

    Source: ``server.parseUserPermissions`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {
        "pub": "publish",
        "import": "publish",
        "sub": "subscribe",
        "export": "subscribe",
        "publish_allow_responses": "allow_responses",
    }

    publish: SubjectPermissions | None | UnsetType = UNSET
    """Subjects to publish to; default all. Source: ``Permissions.Publish``."""
    subscribe: SubjectPermissions | None | UnsetType = UNSET
    """Subjects to subscribe to; default all. Source: ``Permissions.Subscribe``."""
    allow_responses: AllowResponses | None | UnsetType = UNSET
    """Leave to reply; then nothing else may be published unless ``publish`` says so; default false.
    Source: ``Permissions.Response``."""

    def _contradictions(self) -> Iterable[Fault]:
        yield from no_queues("publish", self.publish)


def no_queues(name: str, permission: object) -> Iterable[Fault]:
    """Faults of subjects with a queue group, where there are none."""
    if isinstance(permission, SubjectPermissionsConfiguration):
        for key in ("allow", "deny"):
            subjects = getattr(permission, key)
            for index, subject in enumerate(subjects if isinstance(subjects, tuple) else ()):
                if names_queue(subject):
                    yield Fault(f"{name}.{key}[{index}]", "cannot have a queue group")


Permissions: TypeAlias = Annotated[
    PermissionsConfiguration | Mapping[str, Any], Nested(PermissionsConfiguration)
]


class UserConfiguration(Block, frozen=True, kw_only=True):
    """A user with a password or with an nkey. Source: ``server.parseUsers`` (2.15)."""

    _identity: ClassVar[tuple[str, ...]] = ("user", "nkey")
    _aliases: ClassVar[Mapping[str, str]] = {
        "username": "user",
        "pass": "password",
        "permission": "permissions",
        "authorization": "permissions",
        "connection_types": "allowed_connection_types",
        "clients": "allowed_connection_types",
    }

    user: str | None | UnsetType = UNSET
    """Name, unique in the server; default none. Source: ``User.Username``."""
    password: Password | None | UnsetType = UNSET
    """Password of the user; default none. Source: ``User.Password``."""
    nkey: str | None | UnsetType = UNSET
    """Public user nkey, in place of name and password; default none. Source: ``NkeyUser.Nkey``."""
    permissions: Permissions | None | UnsetType = UNSET
    """What the user may do; default the ``default_permissions`` beside the users.
    Source: ``User.Permissions``."""
    allowed_connection_types: ConnectionTypes | None | UnsetType = UNSET
    """How the user may connect; default all. Source: ``User.AllowedConnectionTypes``."""
    proxy_required: bool | None | UnsetType = UNSET
    """Must come through a trusted proxy; default false. Source: ``User.ProxyRequired``."""

    def _contradictions(self) -> Iterable[Fault]:
        if self.nkey and (self.user or self.password):
            yield Fault("nkey", "a user with an nkey has neither name nor password")
        elif not self.nkey and not self.user:
            yield Fault("", "a user needs a name or an nkey")


Users: TypeAlias = Annotated[
    Sequence[UserConfiguration | Mapping[str, Any]], Items(Nested(UserConfiguration))
]


class AuthCalloutConfiguration(Block, frozen=True, kw_only=True):
    """The ``authorization.auth_callout`` block: a service decides.

    Source: ``server.AuthCallout`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {
        "acc": "account",
        "users": "auth_users",
        "key": "xkey",
    }

    issuer: str | None | UnsetType = UNSET
    """Public account nkey that signs the answers; required. Source: ``AuthCallout.Issuer``."""
    account: str | None | UnsetType = UNSET
    """Account of the service; default "$G". Source: ``AuthCallout.Account``."""
    auth_users: Strings | None | UnsetType = UNSET
    """Names or nkeys of the users of the service itself; required.
    Source: ``AuthCallout.AuthUsers``."""
    xkey: str | None | UnsetType = UNSET
    """Public curve key with which requests are encrypted; default none.
    Source: ``AuthCallout.XKey``."""
    allowed_accounts: Strings | None | UnsetType = UNSET
    """Accounts the service may bind to; default all. Source: ``AuthCallout.AllowedAccounts``."""

    def _contradictions(self) -> Iterable[Fault]:
        if not self.issuer:
            yield Fault("issuer", "is required")
        if not self.auth_users:
            yield Fault("auth_users", "is required")


AuthCallout: TypeAlias = Annotated[
    AuthCalloutConfiguration | Mapping[str, Any], Nested(AuthCalloutConfiguration)
]


class AuthorizationConfiguration(Block, frozen=True, kw_only=True):
    """The ``authorization`` block: one user, a token, a list of users, or a service that decides.

    In ``cluster`` it is one user only. Source: ``server.parseAuthorization`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {
        "username": "user",
        "pass": "password",
        "default_permission": "default_permissions",
        "permissions": "default_permissions",
        "auth_hook": "auth_callout",
    }

    user: str | None | UnsetType = UNSET
    """Name of the one user; default none. Source: ``Options.Username``."""
    password: Password | None | UnsetType = UNSET
    """Password of the one user; default none. Source: ``Options.Password``."""
    token: Password | None | UnsetType = UNSET
    """A token in place of a user; default none. Source: ``Options.Authorization``."""
    users: Users | None | UnsetType = UNSET
    """Users of the global account; default none. Source: ``Options.Users``, ``Options.Nkeys``."""
    default_permissions: Permissions | None | UnsetType = UNSET
    """Of users that have none of their own; default everything."""
    timeout: Timeout | None | UnsetType = UNSET
    """How long a client may take to log in; default 2 s, with TLS its timeout and 1 s.
    Source: ``Options.AuthTimeout``."""
    auth_callout: AuthCallout | None | UnsetType = UNSET
    """Leave the decision to a service; default none. Source: ``Options.AuthCallout``."""
    proxy_required: bool | None | UnsetType = UNSET
    """All must come through a trusted proxy; default false. Source: ``Options.ProxyRequired``."""

    def _contradictions(self) -> Iterable[Fault]:
        if self.token and (self.user or self.password):
            yield Fault("token", "cannot stand beside a user and password")
        if self.users is not None and self.users is not UNSET:
            for single in ("user", "token"):
                if getattr(self, single):
                    yield Fault(single, "cannot stand beside a list of users")


Authorization: TypeAlias = Annotated[
    AuthorizationConfiguration | Mapping[str, Any], Nested(AuthorizationConfiguration)
]


def only_one_user(authorization: object) -> Iterable[Fault]:
    """Faults of an ``authorization`` block where servers log in to each other."""
    if isinstance(authorization, AuthorizationConfiguration):
        for name in ("users", "token", "auth_callout"):
            if getattr(authorization, name) not in (None, UNSET, ""):
                yield Fault(f"authorization.{name}", "servers log in with a user and password only")


class _Number(Seconds):
    """A duration that is read as a number of seconds; anything else is read as one second."""

    def take_conf(self, value: Any) -> Any:
        return self.take(value if type(value) in (int, float) else 1)

    def faults(self, value: Any) -> Faults:
        if isinstance(value, timedelta | str) and isinstance(self.plain(value), str):
            return wrong("a number of seconds, 0.0001 or more", self.plain(value))
        return super().faults(value)


class ListenerAuthorizationConfiguration(Block, frozen=True, kw_only=True):
    """The ``authorization`` block of ``websocket`` and ``mqtt``: one user, or a token.

    Without it clients log in there as they do elsewhere. Source: ``server.parseSimpleAuth`` (2.15).
    """

    _aliases: ClassVar[Mapping[str, str]] = {"username": "user", "pass": "password"}

    user: str | None | UnsetType = UNSET
    """Name of the one user; default none."""
    password: Password | None | UnsetType = UNSET
    """Password of the one user; default none."""
    token: Password | None | UnsetType = UNSET
    """A token in place of a user; default none."""
    timeout: Annotated[timedelta | float | str, _Number()] | None | UnsetType = UNSET
    """How long a client may take to log in; default as elsewhere."""


ListenerAuthorization: TypeAlias = Annotated[
    ListenerAuthorizationConfiguration | Mapping[str, Any],
    Nested(ListenerAuthorizationConfiguration),
]
