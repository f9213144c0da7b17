"""What a change would do to a running server: hot, restart or impossible, field by field.

The classes are data, in ``reload_classes.toml``; here is what a class depends on beside its key.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import takewhile
from typing import Any, Literal, TypeAlias, cast

import msgspec
from msgspec import UNSET

from dotgnatly.config import BrokerConfiguration, JetStreamConfiguration
from dotgnatly.diff import ConfigurationDiff, FieldChange
from dotgnatly.errors import Fault

ReloadClass: TypeAlias = Literal["hot", "restart", "impossible"]
"""Whether a running server takes a change, only another start of it, or neither."""

_SEVERITY: tuple[ReloadClass, ...] = ("hot", "restart", "impossible")


class PlannedChange(msgspec.Struct, frozen=True):
    """A field that would change, and how."""

    change: FieldChange
    reload_class: ReloadClass

    def __str__(self) -> str:
        return f"{self.change} ({self.reload_class})"


class AffectedClient(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that a change would close."""

    cid: int
    """Its number, as in ``connz`` and ``leafz``."""
    kind: Literal["Client", "Leafnode"]
    name: str = ""
    """What the client calls itself."""
    user: str = ""
    """The user or nkey that it logged in as; nothing of a leaf node on its own side."""
    account: str = ""
    """The account that it is in."""
    reason: str
    """Why, in a few words, such as "the password changes"."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What ``update_config`` would do with a change, without doing it.

    It is of the moment: clients come and go, and somebody else may change something meanwhile. What
    a service of ``auth_callout`` would decide, it does not know.
    """

    diff: ConfigurationDiff
    """What differs, our defaults included."""
    changes: tuple[PlannedChange, ...]
    """Those of the diff, each with its class."""
    disconnected: tuple[AffectedClient, ...] = ()
    """The connections that it would close, by cid: clients and leaf nodes, with a restart all."""
    warnings: tuple[Fault, ...] = ()
    """What is doubtful about the configuration that would be in force, and what the change would
    not do, such as trace the connections that are there already."""

    @property
    def reload_class(self) -> ReloadClass:
        """That of the whole: the gravest of all fields. Of no change it is "hot"."""
        return worst(change.reload_class for change in self.changes)

    def paths(self, reload_class: ReloadClass) -> tuple[str, ...]:
        """The paths of the fields of one class, in their order."""
        return tuple(c.change.path for c in self.changes if c.reload_class == reload_class)

    def __str__(self) -> str:
        lines = [*map(str, self.changes)]
        lines += [
            f"closes {client.kind} {client.cid}: {client.reason}" for client in self.disconnected
        ]
        return "\n".join(lines)


def worst(classes: Iterable[ReloadClass]) -> ReloadClass:
    """The gravest of some classes."""
    return cast("ReloadClass", max(classes, key=_SEVERITY.index, default="hot"))


def classify(
    diff: ConfigurationDiff, before: BrokerConfiguration, after: BrokerConfiguration
) -> tuple[PlannedChange, ...]:
    """The class of each change, between two configurations that have our defaults in them."""
    planned: list[PlannedChange] = []
    for change in diff:
        text = entry(change.keys)
        decide = _CONDITIONS.get(text)
        found = decide(change, before, after) if decide else text
        planned.append(PlannedChange(change, msgspec.convert(found, ReloadClass)))
    return tuple(planned)


def only(
    changes: Iterable[PlannedChange], before: BrokerConfiguration, after: BrokerConfiguration
) -> BrokerConfiguration:
    """The configuration before with some of the changes; a list counts as a whole."""
    patch: dict[str, Any] = {}
    for planned in changes:
        level, value = patch, cast("Any", after)
        names = [*takewhile(lambda key: not isinstance(key, int), planned.change.keys)]
        for name in map(str, names):
            value = value.get(name) if isinstance(value, Mapping) else getattr(value, name)
            if value is None or value is UNSET or name is names[-1]:
                level[name] = None if value is UNSET else value
                break
            level = level.setdefault(name, {})
    return before.merge(patch)


def entry(keys: tuple[str | int, ...]) -> str:
    """What the table says of a field: a class, or one with a condition."""
    found: Any = _table()
    for left, key in enumerate(keys, 1 - len(keys)):
        if isinstance(found, str):
            break
        if not isinstance(key, int):
            found = found[key] if key in found else found["default"]
        elif left == 0:
            found = found["*"]
    return found if isinstance(found, str) else "restart"  # a block that came without a key


@cache
def _table() -> Mapping[str, Any]:
    import tomllib

    with open(os.path.join(os.path.dirname(__file__), "reload_classes.toml"), "rb") as file:
        return tomllib.load(file)


_Decide: TypeAlias = Callable[[FieldChange, BrokerConfiguration, BrokerConfiguration], ReloadClass]


def _jetstream(config: BrokerConfiguration) -> JetStreamConfiguration | None:
    """The block if it turns JetStream on."""
    block = config.jetstream
    on = isinstance(block, JetStreamConfiguration) and block.enabled is not False
    return block if on else None  # type: ignore[return-value]


def _while_jetstream_is_off(
    _: FieldChange, before: BrokerConfiguration, after: BrokerConfiguration
) -> ReloadClass:
    return "restart" if _jetstream(before) and _jetstream(after) else "hot"


def _raised(
    change: FieldChange, before: BrokerConfiguration, after: BrokerConfiguration
) -> ReloadClass:
    old, new = (getattr(_jetstream(config), str(change.keys[-1]), -1) for config in (before, after))
    if 0 <= old < new:
        return "hot"
    return _while_jetstream_is_off(change, before, after)


def _turned_off_in_a_cluster(
    _: FieldChange, before: BrokerConfiguration, after: BrokerConfiguration
) -> ReloadClass:
    # The server would remove its part of the meta group from disk.
    return "restart" if before.cluster and _jetstream(before) and not _jetstream(after) else "hot"


def _key_before(
    _: FieldChange, before: BrokerConfiguration, after: BrokerConfiguration
) -> ReloadClass:
    old, new = _jetstream(before), _jetstream(after)
    if not old or not old.encryption_key or not new:
        return "restart"
    known = new.encryption_key and new.prev_encryption_key == old.encryption_key
    return "restart" if known else "impossible"


def _stays(_: FieldChange, before: BrokerConfiguration, after: BrokerConfiguration) -> ReloadClass:
    return "hot" if before.proxies and after.proxies else "restart"


def _with_one_user(
    _: FieldChange, before: BrokerConfiguration, after: BrokerConfiguration
) -> ReloadClass:
    one = all(getattr(config.authorization, "user", None) for config in (before, after))
    return "hot" if one else "restart"


_CONDITIONS: dict[str, _Decide] = {
    "restart, hot while JetStream is off": _while_jetstream_is_off,
    "restart, hot to raise it or while JetStream is off": _raised,
    "hot, restart to turn it off in a cluster": _turned_off_in_a_cluster,
    "restart, impossible without the key before": _key_before,
    "restart, hot if it stays": _stays,
    "restart, hot with one user": _with_one_user,
}
