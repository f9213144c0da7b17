"""The difference between two configurations, field by field, without secrets."""

from collections.abc import Iterator

import msgspec

from dotgnatly.config import BrokerConfiguration
from dotgnatly.errors import Fault

_TRACING = "trace", "trace_verbose", "trace_headers"


class FieldChange(msgspec.Struct, frozen=True):
    """A field that differs."""

    keys: tuple[str | int, ...]
    """Where it is: names of fields and of entries, and indexes of lists, from the outside in."""
    before: str | None
    """The value as ``repr`` shows it, secrets as ``'***'``; None was not set."""
    after: str | None
    """Likewise; None is not set any more."""

    @property
    def path(self) -> str:
        """Where it is in one string, such as ``accounts.A.users[0].password``."""
        return join(self.keys)

    def __str__(self) -> str:
        before, after = (
            "(not set)" if value is None else value for value in (self.before, self.after)
        )
        return f"{self.path}: {before} -> {after}"


class ConfigurationDiff(msgspec.Struct, frozen=True):
    """What differs between two configurations; empty, and false, if nothing does.

    Values that are equal however they are written do not differ, nor does what was set back to its
    default from what was never set. Entries of a list are compared with what they were before,
    wherever they stand now.
    """

    changes: tuple[FieldChange, ...] = ()
    """In the order of the fields."""

    @property
    def paths(self) -> tuple[str, ...]:
        """Where the changes are."""
        return tuple(change.path for change in self.changes)

    def __iter__(self) -> Iterator[FieldChange]:
        return iter(self.changes)

    def __len__(self) -> int:
        return len(self.changes)

    def __contains__(self, path: object) -> bool:
        return path in self.paths

    def __str__(self) -> str:
        return "\n".join(map(str, self.changes))


def caveats(diff: ConfigurationDiff, after: BrokerConfiguration) -> tuple[Fault, ...]:
    """What a running server that takes the changes does not do all the same."""
    changed = {change.path: change.before for change in diff}
    now = {name: repr(getattr(after, name)) for name in _TRACING}
    was = {name: changed.get(name, value) for name, value in now.items()}
    if "True" in now.values() and "True" not in was.values():
        return (Fault("trace", "shows what new connections say, not those that are there already"),)
    return ()


def join(keys: tuple[str | int, ...]) -> str:
    """A key path as errors have it."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")


def compare(before: BrokerConfiguration, after: BrokerConfiguration) -> ConfigurationDiff:
    """What differs in the second configuration.

    Example:
        >>> before = BrokerConfiguration(port=4222, authorization={"token": "old"})
        >>> print(compare(before, before.merge({"port": None, "authorization": {"token": "new"}})))
        port: 4222 -> (not set)
        authorization.token: '***' -> '***'
    """
    return ConfigurationDiff(tuple(FieldChange(*change) for change in before.changes(after)))
