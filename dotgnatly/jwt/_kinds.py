"""What fields of claims hold, beside what those of a configuration do: see ``config._kinds``."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeAlias

from dotgnatly.config import _units
from dotgnatly.config._containers import FrozenDict, Items, Named
from dotgnatly.config._kinds import Faults, Kind, Span, Text, nanoseconds, under, wrong
from dotgnatly.config._rules.operators import is_public_nkey

_KINDS = {"A": "an account", "O": "an operator", "U": "a user", "X": "a curve"}


class Moment(Kind):
    """A point in time in whole seconds, kept as a datetime in UTC; in a JWT seconds since 1970."""

    def take(self, value: Any) -> Any:
        try:
            if isinstance(value, datetime) and value.tzinfo is not None:
                return value.astimezone(UTC).replace(microsecond=0)
            if isinstance(value, int) and not isinstance(value, bool):
                return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError):
            pass  # no year that Python knows
        return value

    def faults(self, value: Any) -> Faults:
        if not isinstance(value, datetime) or value.tzinfo is None:
            return wrong("a datetime with a time zone", value)
        # 0 would be no time at all: never expired.
        return () if value.timestamp() > 0 else wrong("a time after 1970", value.isoformat())

    def plain(self, value: Any) -> Any:
        return int(value.timestamp()) if isinstance(value, datetime) else value

    def show(self, value: Any) -> str:
        return repr(value.isoformat()) if isinstance(value, datetime) else super().show(value)


class Nanos(Span):
    """A duration; in a JWT a number of nanoseconds."""

    def take_conf(self, value: Any) -> Any:
        return self.take(f"{value}ns" if isinstance(value, int) else value)

    def plain(self, value: Any) -> Any:
        ns = nanoseconds(value) if isinstance(value, timedelta | str) else None
        return value if ns is None else ns

    def show(self, value: Any) -> str:
        return super().show(value if isinstance(value, str) else super().plain(value))


class Key(Text):
    """A public nkey of one kind, by its first letter; or one of some words."""

    def __init__(self, letter: str, *words: str) -> None:
        self.letter = letter
        self.words = words

    def faults(self, value: Any) -> Faults:
        if value in self.words or is_public_nkey(value, self.letter):
            return ()
        # A seed in its place is nothing to show.
        return wrong(f"the public nkey of {_KINDS[self.letter]}", value)


class Revocations(Named):
    """Times by public nkey of one kind, or "*"."""

    def __init__(self, letter: str) -> None:
        super().__init__(Moment())
        self.key = Key(letter, "*")

    def faults(self, value: Any) -> Faults:
        found = [*super().faults(value)]
        for key in value if isinstance(value, FrozenDict) else ():
            # Spelt wrong, nobody would be revoked.
            found += under(_units.redact(str(key)), self.key.faults(key))
        return found


Time: TypeAlias = Annotated[datetime | int, Moment()]
"""A datetime with a time zone, or seconds since 1970; kept as a datetime in UTC."""

Nanoseconds: TypeAlias = Annotated[timedelta | float | str, Nanos()]
"""A duration as in a configuration: a timedelta, seconds, or a Go duration such as "2m30s"."""

OperatorKey: TypeAlias = Annotated[str, Key("O")]
AccountKey: TypeAlias = Annotated[str, Key("A")]
UserKey: TypeAlias = Annotated[str, Key("U")]
CurveKey: TypeAlias = Annotated[str, Key("X")]
OperatorKeys: TypeAlias = Annotated[str | Sequence[str], Items(Key("O"), lone=True)]
UserKeys: TypeAlias = Annotated[str | Sequence[str], Items(Key("U"), lone=True)]
AccountKeys: TypeAlias = Annotated[str | Sequence[str], Items(Key("A", "*"), lone=True)]
"""Public nkeys of accounts, or "*" for all."""

UserRevocations: TypeAlias = Annotated[Mapping[str, datetime | int | None], Revocations("U")]
AccountRevocations: TypeAlias = Annotated[Mapping[str, datetime | int | None], Revocations("A")]
"""Times by the public nkey that is revoked, or "*" for all."""
