"""What a field of a configuration can hold: the kinds of single values.

A kind says of one type of field how a value is taken in, what can be wrong with it, how it is
written for the server, how it is shown to people, and how a change is merged into it. Taking in
refuses no value: what cannot be made into the kind's own type stays as it is and is a fault later,
so that all faults come out together.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, TypeAlias

from msgspec import UNSET

from dotgnatly.config import _units
from dotgnatly.config._units import REDACTED
from dotgnatly.errors import Fault

Faults = Sequence[Fault]

Keys: TypeAlias = tuple[str | int, ...]
"""Where a value is: the names of fields and entries, and indexes of lists, from the outside in."""

Change: TypeAlias = tuple[Keys, str | None, str | None]
"""A value that differs: where, and how both are shown to people; None is not set."""

_INT64_MIN, _INT64_MAX = -(1 << 63), (1 << 63) - 1
_LEAST_PLAIN_FLOAT = 1e-4
_LONGEST_SHOWN = 60


def wrong(expected: str, value: object, *, secret: bool = False) -> Faults:
    """The fault of a value that is not what was expected."""
    got = type(value).__name__ if secret else shown(value)
    return (Fault("", f"expected {expected}, got {got}", repr(REDACTED) if secret else got),)


def shown(value: object) -> str:
    """A value for people: what is secret in any text is not in it, nor all of what is long."""
    if isinstance(value, timedelta):
        value = _units.format_duration(_units.nanoseconds(value))
    if isinstance(value, str):
        text = repr(_units.redact(value))
    elif isinstance(value, int) and value.bit_length() > _LONGEST_SHOWN * 8:
        text = hex(value)  # Python refuses to write very long ones in decimal
    elif value is None or isinstance(value, int | float):
        text = repr(value)
    else:
        text = type(value).__name__
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."


def under(key: object, faults: Iterable[Fault]) -> list[Fault]:
    """The faults of the value of a key, or of the item with an index, with their whole path."""
    head = f"[{key}]" if isinstance(key, int) else str(key)
    return [
        Fault(head + path if not path or path[0] == "[" else f"{head}.{path}", message, value)
        for path, message, value in faults
    ]


def as_switch(value: object) -> object:
    """True or false for the words that may stand for them in a ``jetstream`` key."""
    words = {"enabled": True, "enable": True, "disabled": False, "disable": False}
    return words.get(value.lower(), value) if isinstance(value, str) else value


class Kind:
    """Any value: the base of the kinds."""

    takes_all: ClassVar[bool] = True
    """Whether taking in leaves every value as it is: then it need not be done."""

    def __init_subclass__(cls) -> None:
        cls.takes_all = cls.take is Kind.take and cls.take_conf is Kind.take_conf

    def take(self, value: Any) -> Any:
        """The value in the kind's own type, or as it is."""
        return value

    def take_conf(self, value: Any) -> Any:
        """The same for a value that nats-server's parser gave."""
        return self.take(value)

    def parse(self, text: str) -> Any:
        """What a text in the environment stands for, to be taken in."""
        return text

    def faults(self, value: Any) -> Faults:  # noqa: ARG002 - for other kinds
        """What is wrong with a value that was taken in."""
        return ()

    def plain(self, value: Any) -> Any:
        """The value as the server's parser wants it, in builtin types."""
        return value

    def show(self, value: Any) -> str:
        """The value for people, without secrets."""
        return repr(_units.redact(value)) if isinstance(value, str) else shown(value)

    def merge(self, base: Any, change: Any, *, keep_none: bool) -> Any:  # noqa: ARG002 - as above
        """The value after a change, which is not None."""
        return change

    def delta(self, before: Any, after: Any) -> Any:  # noqa: ARG002 - as above
        """The change that makes the second value, which is set, of the first."""
        return after

    def changes(self, before: Any, after: Any) -> Iterable[Change]:
        """What differs between two values; either may be unset."""
        if before != after:
            yield (), self.shown(before), self.shown(after)

    def shown(self, value: Any) -> str | None:
        """As ``show``; None if it is not set."""
        return None if value is None or value is UNSET else self.show(value)


class Flag(Kind):
    """True or false."""

    def parse(self, text: str) -> Any:
        words = {"true": True, "yes": True, "on": True, "1": True}
        words |= {"false": False, "no": False, "off": False, "0": False}
        return words.get(text.lower(), text)

    def faults(self, value: Any) -> Faults:
        return () if value is True or value is False else wrong("true or false", value)


class Whole(Kind):
    """An integer in a range."""

    def __init__(self, low: int = _INT64_MIN, high: int = _INT64_MAX) -> None:
        self.low, self.high = low, high

    def parse(self, text: str) -> Any:
        return int(text) if _units.is_integer(text) else text

    def faults(self, value: Any) -> Faults:
        if not isinstance(value, int) or isinstance(value, bool):
            return wrong("an integer", value)
        if self.low <= value <= self.high:
            return ()
        open_ended = self.high == _INT64_MAX and value < self.low
        return wrong(f"{self.low} or more" if open_ended else f"{self.low} to {self.high}", value)


class Size(Whole):
    """A number of bytes, or a string with a unit."""

    def parse(self, text: str) -> Any:
        return text

    def take(self, value: Any) -> Any:
        size = _units.parse_size(value) if isinstance(value, str) else None
        return value if size is None else size

    def faults(self, value: Any) -> Faults:
        if isinstance(value, str):
            return wrong("a number of bytes, or a string such as '64MB'", value)
        return super().faults(value)


class QuotedSize(Size):
    """A size that a file may have in quotes, where the units mean something else."""

    def take_conf(self, value: Any) -> Any:
        size = _units.parse_quoted_size(value) if isinstance(value, str) else None
        return value if size is None else size


class Percent(Whole):
    """A share of a hundred, as an integer or a string such as "50%"; or one of some words."""

    def __init__(self, low: int, *words: str) -> None:
        super().__init__(low, 100)
        self.words = words

    def parse(self, text: str) -> Any:
        return text

    def take(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        digits, word = value.removesuffix("%"), value.strip().lower()
        return int(digits) if _units.is_integer(digits) else word if word in self.words else value

    def faults(self, value: Any) -> Faults:
        return () if value in self.words else super().faults(value)


class Text(Kind):
    """A string."""

    secret = False

    def faults(self, value: Any) -> Faults:
        if not isinstance(value, str):
            return wrong("a string", value, secret=self.secret)
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                return wrong("a string in Unicode", value, secret=True)
        return ()


class Path(Text):
    """A path; a relative one is relative to the working directory."""

    def take(self, value: Any) -> Any:
        return os.fspath(value) if isinstance(value, os.PathLike) else value


class Secret(Text):
    """A string that nobody should see."""

    secret = True

    def show(self, value: Any) -> str:  # noqa: ARG002 - that is the point
        return repr(REDACTED)


class Url(Text):
    """A URL; who logs in with it, and how, is nobody's business."""

    secret = True

    def show(self, value: Any) -> str:
        return repr(_units.hide_user_info(value) if isinstance(value, str) else REDACTED)


class Choice(Kind):
    """One of some strings, in any letter case; some have other spellings."""

    def __init__(self, values: Sequence[str], **others: str) -> None:
        self.values = values
        self.spellings = {value.lower(): value for value in values} | others

    def take(self, value: Any) -> Any:
        return self.spellings.get(value.lower(), value) if isinstance(value, str) else value

    def faults(self, value: Any) -> Faults:
        if isinstance(value, str) and value in self.values:
            return ()
        return wrong(f"one of {', '.join(map(repr, self.values))}", value)


class Span(Kind):
    """A duration; for some fields a word that is none as well.

    It is kept as a timedelta, or as a Go duration if it is finer than a microsecond.
    """

    def __init__(
        self, low: timedelta | None = None, words: Mapping[str, str | bool] | None = None
    ) -> None:
        self.low = _INT64_MIN if low is None else _units.nanoseconds(low)
        self.words = words or {}
        self.others = [*dict.fromkeys(self.words.values())]

    def parse(self, text: str) -> Any:
        try:
            return float(text)
        except ValueError:
            return text

    def take(self, value: Any) -> Any:
        if isinstance(value, str) and value.lower() in self.words:
            return self.words[value.lower()]
        if isinstance(value, timedelta):
            return value
        ns = nanoseconds(value)
        if ns is None:
            return value
        us, rest = divmod(ns, 1_000)
        return _units.format_duration(ns) if rest else timedelta(microseconds=us)

    def faults(self, value: Any) -> Faults:
        if any(type(value) is type(other) and value == other for other in self.others):
            return ()
        ns = nanoseconds(value) if isinstance(value, timedelta | str) else None
        if ns is None:
            others = "".join(f" or {other!r}" for other in self.others)
            expected = f"a number of seconds, or a string such as '2m30s'{others}"
            return wrong(expected, self.plain(value))
        if ns < self.low:
            return wrong(f"{_units.format_duration(self.low)} or more", self.plain(value))
        return ()

    def plain(self, value: Any) -> Any:
        if isinstance(value, timedelta):
            return _units.format_duration(_units.nanoseconds(value))
        return value

    def show(self, value: Any) -> str:
        return super().show(self.plain(value))


class Seconds(Span):
    """A duration that the server keeps, and some of its parsers take, only in seconds."""

    def plain(self, value: Any) -> Any:
        if not isinstance(value, timedelta):
            return value
        seconds = value.total_seconds()
        if seconds.is_integer():
            return int(seconds)
        # No exponents: the server's parser does not know them.
        return seconds if abs(seconds) >= _LEAST_PLAIN_FLOAT else super().plain(value)


def nanoseconds(value: object) -> int | None:
    """A duration in nanoseconds, if it is one and one that Go can hold."""
    if isinstance(value, timedelta):
        ns: int | None = _units.nanoseconds(value)
    elif isinstance(value, str):
        ns = _units.parse_duration(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        ns = value * 1_000_000_000
    elif isinstance(value, float) and abs(value) < _INT64_MAX / 1e9:
        ns = round(value * 1e9)
    else:
        return None
    return ns if ns is not None and _INT64_MIN <= ns <= _INT64_MAX else None


FLAG, INTEGER, TEXT = Flag(), Whole(), Text()
