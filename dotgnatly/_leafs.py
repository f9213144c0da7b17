"""What leaf nodes hear of a hub, and what they send to it: permissions of their user there."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from dotgnatly._accounts import accounts_of
from dotgnatly._changes import Changes, MakeNext, Options
from dotgnatly.config import BrokerConfiguration
from dotgnatly.config._containers import Items
from dotgnatly.config._kinds import under
from dotgnatly.config._subjects import Subject
from dotgnatly.errors import ConfigError, Fault, NotFoundError
from dotgnatly.history import ConfigurationVersion
from dotgnatly.jobs import Steps

if TYPE_CHECKING:
    from dotgnatly.config import PermissionsConfiguration, SubjectPermissionsConfiguration

T = TypeVar("T")

Subjects: TypeAlias = str | Sequence[str]
SubjectsChange: TypeAlias = Subjects | Callable[[tuple[str, ...]], Subjects]
"""Subjects, or a function that makes of those in force the ones that are to be."""

_EVERYTHING = (">",)
_NOTHING = ("_NOTHING",)
"""What is allowed where nothing is. To the server an empty list is none, and allows everything;
and who must not hear ``>`` sends nothing, as a leaf node, to subscriptions to wildcards either."""

_SUBJECTS = Items(Subject(), lone=True)  # and no queue groups: to leaf nodes they allow nothing


def setting(
    user: str, imports: SubjectsChange | None, exports: SubjectsChange | None, inboxes: Subjects
) -> MakeNext:
    """The change of what the leaf nodes of a user hear and send."""
    replies = _subjects("inboxes", inboxes)

    def permit(permissions: "PermissionsConfiguration") -> "PermissionsConfiguration":
        if imports is not None:
            heard = _side("imports", permissions.subscribe, imports, replies)
            permissions = permissions.replace(subscribe=heard)
        if exports is not None:
            # Beside leave to respond no list of what may be published is a list of nothing.
            unlisted = () if permissions.allow_responses else _EVERYTHING
            sent = _side("exports", permissions.publish, exports, replies, unlisted)
            permissions = permissions.replace(publish=sent)
        return permissions

    def make(config: BrokerConfiguration) -> BrokerConfiguration:
        _users_count(config)
        if block := _with_user(config.authorization, user, permit):
            return config.replace(authorization=block)
        accounts = accounts_of(config)
        for name, account in accounts.items():
            if block := _with_user(account, user, permit):
                return config.replace(accounts=accounts | {name: block})
        raise NotFoundError(f"there is no user {user} in a list of users")

    return make


def _users_count(config: BrokerConfiguration) -> None:
    """Refuse where leaf nodes log in past the users."""
    own: Any = config.leafnodes and config.leafnodes.authorization  # type: ignore[union-attr]
    if own and (own.user or own.nkey or own.users):
        message = "leaf nodes log in by this, which knows no permissions, and not as users"
        raise ConfigError(errors=[Fault("leafnodes.authorization", message)])


def _with_user(
    block: Any, user: str, permit: "Callable[[PermissionsConfiguration], PermissionsConfiguration]"
) -> Any:
    """An account, or the block ``authorization``, with a user changed; None without the user."""
    from dotgnatly.config import PermissionsConfiguration

    users = list(block.users or ()) if block else []
    for index, found in enumerate(users):
        if user in (found.user, found.nkey):
            before = found.permissions or block.default_permissions or PermissionsConfiguration()
            users[index] = found.replace(permissions=permit(before))
            return block.replace(users=users)
    return None


def _side(
    place: str,
    permission: Any,
    change: SubjectsChange,
    replies: tuple[str, ...],
    unlisted: tuple[str, ...] = _EVERYTHING,
) -> "SubjectPermissionsConfiguration":
    """One side of the permissions after a change; what it denies stays denied."""
    from dotgnatly.config import SubjectPermissionsConfiguration

    before = permission or SubjectPermissionsConfiguration()
    allow = before.allow or unlisted
    if callable(change):
        ours = {*_NOTHING, *replies, *_examples(allow)}
        change = change(tuple(subject for subject in allow if subject not in ours))
    subjects = _subjects(place, change)
    allow = (*subjects, *replies) if subjects else _NOTHING
    return before.replace(allow=tuple(dict.fromkeys((*allow, *_examples(allow)))))


def _examples(subjects: Sequence[str]) -> list[str]:
    """For each subject with a ``*`` inside one that it covers, which allows nothing more.

    A subscription to ``a.>`` is passed on if the server finds something allowed in it. In its tree
    of subjects it does not look below a ``*``: it would not find ``a.*.b``, but does ``a._.b``.
    Source: ``server.getAllNodes`` (2.15).
    """
    split = [subject.split(".") for subject in subjects]
    return [
        ".".join("_" if part == "*" else part for part in parts)
        for parts in split
        if "*" in parts[:-1]
    ]


def _subjects(place: str, value: Any) -> tuple[str, ...]:
    taken: tuple[str, ...] = _SUBJECTS.take(value)
    if faults := under(place, _SUBJECTS.faults(taken)):
        raise ConfigError(errors=faults)
    return taken


class LeafCalls:
    """What ``NatsController`` does with leaf nodes."""

    _changes: Changes

    def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    def set_leaf_subjects(
        self,
        user: str,
        *,
        imports: SubjectsChange | None = None,
        exports: SubjectsChange | None = None,
        inboxes: Subjects = "_INBOX.>",
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """Set on the hub which subjects cross to and from the leaf nodes that log in as a user.

        They become permissions of the user, a part of the configuration: they survive reloads and
        restarts, and a rollback brings the ones before back. A leaf node is told of them when it
        logs in, so it is disconnected, and gone when the call returns. It connects again by itself,
        after its ``leafnodes.reconnect``; where nothing differs, nobody is disconnected.

        Args:
            user: Name or nkey of a user of ``authorization`` or of an account.
            imports: What a leaf node may hear of the hub (to the server, where the user may
                subscribe), wildcards included: subjects, or a function that makes of those in
                force the new ones, in one step with the change. ``[]`` is nothing, ``">"``
                everything, None leaves them.
            exports: What a leaf node may send to the hub (where the user may publish), likewise.
            inboxes: Where replies are sent to. They may cross wherever anything may, or no request
                would be answered, and a leaf node that hears them hears those of others too.
                ``[]`` keeps replies back; clients with an inbox prefix need theirs here.
            timeout: Seconds until it must be done.
            author: Who does it, for the version.
            reason: Why, for the version.

        Returns:
            The version that is in force now.

        Raises:
            NotFoundError: There is no such user; in this case, too, nothing was changed.
            ConfigError: Something is no subject, with its place; or leaf nodes do not log in as
                users, by ``leafnodes.authorization``.
            DotgnatlyError: As ``update_config``.
            Exception: What a function raised; nothing was changed.

        Example:
            >>> from dotgnatly import NatsController
            >>> edge = {"user": "edge", "password": "secret"}
            >>> config = {"port": -1, "authorization": {"users": [edge]}}
            >>> with NatsController(config) as hub:
            ...     _ = hub.set_leaf_subjects("edge", imports="orders.>", exports=["heat.*"])
            ...     _ = hub.set_leaf_subjects("edge", imports=lambda there: [*there, "news"])
            ...     print(*hub.config.authorization.users[0].permissions.subscribe.allow)
            orders.> news _INBOX.>

        Source: ``client.setPermissions``, ``Server.sendPermsAndAccountInfo`` (2.15).
        """
        options = Options(timeout, author=author, reason=reason)
        change = setting(user, imports, exports, inboxes)
        return self._run(self._changes.apply(change, options))


class AsyncLeafCalls:
    """What ``AsyncNatsController`` does with leaf nodes."""

    _changes: Changes

    async def _run(self, steps: Steps[T]) -> T:
        raise NotImplementedError  # as the controller does

    async def set_leaf_subjects(
        self,
        user: str,
        *,
        imports: SubjectsChange | None = None,
        exports: SubjectsChange | None = None,
        inboxes: Subjects = "_INBOX.>",
        timeout: float | None = 30.0,
        author: str | None = None,
        reason: str | None = None,
    ) -> ConfigurationVersion:
        """As ``NatsController.set_leaf_subjects``."""
        options = Options(timeout, author=author, reason=reason)
        change = setting(user, imports, exports, inboxes)
        return await self._run(self._changes.apply(change, options))
