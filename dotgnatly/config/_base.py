"""What all blocks of a configuration have in common, and the types that their fields share.

A block says by its annotations what its fields hold. Each type is an alias that tells the type
checkers what a constructor takes, and tells ``Block`` by a ``Kind`` what becomes of it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from operator import attrgetter
from os import PathLike
from types import NoneType
from typing import (
    Annotated,
    Any,
    ClassVar,
    Literal,
    Self,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
)

import msgspec
from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import astuple, force_setattr

from dotgnatly.config._containers import MAPPING, Items, Named, from_json
from dotgnatly.config._kinds import (
    FLAG,
    INTEGER,
    TEXT,
    Change,
    Choice,
    Kind,
    Path,
    Seconds,
    Secret,
    Size,
    Span,
    Url,
    Whole,
    under,
    wrong,
)
from dotgnatly.config._subjects import Subject
from dotgnatly.config._units import REDACTED, is_integer
from dotgnatly.errors import ConfigError, Fault

Port: TypeAlias = Annotated[int, Whole(-1, 65_535)]
"""A TCP port; -1 takes a free one."""

Count: TypeAlias = Annotated[int, Whole(0)]
"""A number that is not negative."""

Int32: TypeAlias = Annotated[int, Whole(-1, (1 << 31) - 1)]
"""A number that the server keeps in 32 bits; -1 is no limit."""

Bytes: TypeAlias = Annotated[int | str, Size()]
"""A size in bytes, or a string such as "64MB"; kept as bytes. One letter (K M G T P E) counts in
thousands, with B, i or iB in 1024, as in an unquoted size of a configuration file."""

Bytes32: TypeAlias = Annotated[int | str, Size(-1, (1 << 31) - 1)]
"""A size that the server keeps in 32 bits; -1 is no limit."""

Duration: TypeAlias = Annotated[timedelta | float | str, Span()]
"""A duration: a timedelta, a number of seconds, or a Go duration such as "2m30s" (h m s ms us ns);
kept as a timedelta, or as a Go duration if it is finer than a microsecond."""

Timeout: TypeAlias = Annotated[timedelta | float | str, Seconds()]
"""A duration as above, that the server keeps as a number of seconds."""

FilePath: TypeAlias = Annotated[str | PathLike[str], Path()]
"""A path; a relative one is relative to the working directory of the process."""

Password: TypeAlias = Annotated[str, Secret()]
"""A secret in clear, or hashed by bcrypt; not shown by ``repr``."""

UrlString: TypeAlias = Annotated[str, Url()]
"""A URL; ``repr`` shows it without user name and password."""

SubjectString: TypeAlias = Annotated[str, Subject()]
"""A subject, wildcards included."""

LiteralSubject: TypeAlias = Annotated[str, Subject(literal=True)]
"""A subject without wildcards."""

Strings: TypeAlias = Annotated[str | Sequence[str], Items(TEXT, lone=True)]
"""Strings; a single one may stand for a list of one. Kept as a tuple."""

Subjects: TypeAlias = Annotated[str | Sequence[str], Items(Subject(), lone=True)]
"""Subjects, wildcards included; a single one may stand for a list of one. Kept as a tuple."""

Urls: TypeAlias = Annotated[str | Sequence[str], Items(Url(), lone=True)]
"""URLs; a single one may stand for a list of one. Kept as a tuple."""

StringMap: TypeAlias = Annotated[Mapping[str, str | None], Named(TEXT)]
"""Strings by name."""

SecretMap: TypeAlias = Annotated[Mapping[str, str | None], Named(Secret())]
"""Secrets by name."""

FlagMap: TypeAlias = Annotated[Mapping[str, bool | None], Named(FLAG)]
"""True or false by name."""

WriteTimeout: TypeAlias = Literal["default", "close", "retry"]
"""What happens to a connection whose peer does not read."""

_PLAIN: dict[object, Kind] = {bool: FLAG, int: INTEGER, str: TEXT}


_B = TypeVar("_B", bound="Block")

_copy: Callable[[Any], Any] = attrgetter("__copy__")(Struct)
"""A copy made in C, without ``__post_init__``; msgspec's stubs do not have it."""


class _Fields(Struct, frozen=True):
    """What a class of blocks knows of its fields."""

    kinds: list[tuple[str, Kind | None]]
    """Every field of the struct in its order, those that are no keys without a kind."""
    by_name: dict[str, Kind]
    conf_takes: Mapping[str, Callable[[Any], Any]]
    """How a value of the parser's is taken in, where it does not stay as it is."""
    spellings: dict[str, str]
    """Every spelling of every key in lower case."""


@cache
def _fields(cls: "type[Block]") -> _Fields:
    """Worked out at the first use of a class: importing the package stays cheap."""
    annotations: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        annotations |= getattr(base, "__annotations__", {})
    kinds = [
        (name, None if name[0] == "_" or name in cls._derived else _kind(annotations[name]))
        for name in cls.__struct_fields__
    ]
    by_name = {name: kind for name, kind in kinds if kind is not None}
    takes = {name: kind.take_conf for name, kind in by_name.items() if not kind.takes_all}
    keys = [*by_name, *cls._derived, *cls._pairs]
    return _Fields(kinds, by_name, takes, dict(zip(keys, keys, strict=True)) | dict(cls._aliases))


@cache
def _blank(cls: "type[_B]") -> "_B":
    """The block that says nothing."""
    return cls()


def _kind(annotation: object) -> Kind:
    """The kind of a field from the type that stands before ``| None | UnsetType``."""
    (held,) = (arg for arg in get_args(annotation) if arg is not NoneType and arg is not UnsetType)
    if get_origin(held) is Annotated:
        kind: Kind = get_args(held)[1]
        return kind
    return Choice(get_args(held)) if get_origin(held) is Literal else _PLAIN[held]


class Block(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A block of the configuration: only what was set counts, None means back to the default.

    The constructor brings every value into one form, so that equal values are equal however they
    were written, and checks nothing: ``validate`` does. Blocks are immutable, comparable,
    picklable, and hashable if what they hold is.
    """

    _aliases: ClassVar[Mapping[str, str]] = {}
    """Other spellings of keys that the server accepts, in lower case."""
    _pairs: ClassVar[Mapping[str, tuple[str, str]]] = {}
    """Keys that say a host and a port at once, with the fields for these."""
    _exact: ClassVar[bool] = False
    """The server knows these keys in lower case only, and passes over other ones."""
    _derived: ClassVar[tuple[str, ...]] = ()
    """Fields that are no keys but another view of one."""

    _identity: ClassVar[tuple[str, ...]] = ()
    """What tells an entry of a list from the others; nothing is all of it."""

    may_be_false: ClassVar[bool] = False
    """False may stand in place of the block, for what there is without it."""

    _extras: Mapping[str, Any] | UnsetType = UNSET
    """Keys of a file that this version does not know: kept, and written back."""

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        for name, kind, value in self._items():
            if value is None:
                continue
            try:
                taken = kind.take(value)
            except ConfigError as exc:
                faults += under(name, exc.errors)
            else:
                if taken is not value:
                    force_setattr(self, name, taken)
        if faults:
            raise ConfigError(errors=faults)

    @classmethod
    def from_dict(cls, keys: Mapping[str, Any]) -> Self:
        """A block from its keys, in any spelling of the server's; values as in the constructor.

        Raises:
            ConfigError: A key is unknown, or there in two spellings that disagree, here or in a
                block within.
        """
        return cls(**cls._named(keys, conf=False))

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """A block from a JSON object with its keys, as ``from_dict``.

        Raises:
            ConfigError: It is not JSON, or as ``from_dict``.
        """
        return cls.from_dict(from_json(text))

    @classmethod
    def from_conf(cls, keys: Mapping[str, Any]) -> Self:
        """A block from its keys as nats-server's parser read them. Unknown ones are kept.

        Raises:
            ConfigError: A key is there in two spellings that disagree.
        """
        blank: Self = _blank(cls)
        return blank._with(cls._named(keys, conf=True))

    @classmethod
    def kind_of(cls, name: str) -> Kind | None:
        """What a field holds; None if it is no key."""
        return _fields(cls).by_name.get(name)

    @classmethod
    def names_of(cls, key: str) -> tuple[str, ...]:
        """The fields that a key sets, in any spelling of the server's."""
        name = _fields(cls).spellings.get(key if cls._exact else key.lower(), key)
        return cls._pairs.get(name, (name,))

    @classmethod
    def from_short(cls, value: object) -> object:
        """What a value stands for that is written in place of the block; itself if for nothing."""
        return value

    @classmethod
    def reset(cls) -> Self:
        """The change that sets every key back to its default."""
        values: dict[str, Any] = dict.fromkeys(_fields(cls).by_name)
        return cls(**values)

    def replace(self, **changes: Any) -> Self:
        """A copy with changes; values as in the constructor, a block replaces the whole block.

        Raises:
            ConfigError: As ``from_dict``.
        """
        named = self._named(changes, conf=False)
        taken = type(self)(**named)
        return self._with({name: getattr(taken, name) for name in named})

    __replace__ = replace

    def merge(self, change: Self | Mapping[str, Any], *, keep_none: bool = False) -> Self:
        """A copy with the set keys of a change: blocks key by key, maps by name, lists replaced.

        Args:
            change: Its None resets a key to its default, or removes an entry of a map.
            keep_none: The result is a change itself, the two in one: what they reset stays None.

        Raises:
            ConfigError: As ``from_dict``.
        """
        if not isinstance(change, type(self)):
            change = type(self).from_dict(_mapping(change))
        changed: dict[str, Any] = {}
        for name, kind, value in change._items():  # noqa: SLF001 - of the same class
            if value is None:
                changed[name] = None if keep_none else UNSET
            else:
                changed[name] = kind.merge(getattr(self, name), value, keep_none=keep_none)
        if extras := change._extras:  # noqa: SLF001 - as above
            changed["_extras"] = {**(self._extras or {}), **extras}
        return self._with(changed) if changed else self

    def validate(self) -> tuple[Fault, ...]:
        """Check every key that is set.

        Returns:
            What is doubtful and no fault, each with its key path.

        Raises:
            ConfigError: With every fault that there is, and the warnings.
        """
        if faults := self.faults():
            raise ConfigError(errors=faults)
        return ()

    def faults(self) -> list[Fault]:
        """Everything that is wrong, in the order of the fields; what contradicts itself last."""
        found: list[Fault] = []
        for name, kind, value in self._items():
            if value is not None and (faults := kind.faults(value)):
                found += under(name, faults)
        found.extend(map(self._with_value, self._contradictions()))
        return found

    def changes(self, after: Self) -> list[Change]:
        """What differs in another block of the class, in the order of the fields."""
        found: list[Change] = []
        both = zip(_fields(type(self)).kinds, astuple(self), astuple(after), strict=True)
        for (name, kind), old, new in [each for each in both if each[1] is not each[2]]:
            if kind is not None:
                values = (UNSET if value is None else value for value in (old, new))
                found += (((name, *keys), was, now) for keys, was, now in kind.changes(*values))
        old, new = self._extras or {}, after._extras or {}
        for key in {**old, **new}:
            if old.get(key) != new.get(key):
                was, now = (REDACTED if key in extras else None for extras in (old, new))
                found.append(((key,), was, now))
        return found

    def delta(self, after: Self) -> Self:
        """The change that makes another block of the class of this one, by ``merge``."""
        changed: dict[str, Any] = {}
        values = zip(_fields(type(self)).kinds, astuple(self), astuple(after), strict=True)
        for (name, kind), old, new in values:
            if kind is not None and old != new:
                reset = new is None or new is UNSET
                changed[name] = None if reset else kind.delta(old, new)
        if after._extras:
            changed["_extras"] = after._extras
        return type(self)()._with(changed)  # noqa: SLF001 - of the same class

    def identity(self) -> str:
        """What tells it from the other entries of its list."""
        return repr([getattr(self, name) for name in self._identity] if self._identity else self)

    def to_dict(self) -> dict[str, Any]:
        """The set keys in builtin types: sizes in bytes, durations as Go durations; no None."""
        plain = {n: kind.plain(value) for n, kind, value in self._items() if value is not None}
        return {**plain, **self._extras} if self._extras else plain

    def to_json(self) -> str:
        """The same as a JSON object, secrets in clear; ``from_json`` reads it."""
        return msgspec.json.encode(self.to_dict()).decode()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [
            *((n, None if v is None else _Shown(kind.show(v))) for n, kind, v in self._items()),
            *((key, _Shown(REDACTED)) for key in self._extras or ()),
        ]

    def __copy__(self) -> Self:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self._values())

    def _contradictions(self) -> Iterable[Fault]:
        """Keys that are all right each by itself and wrong together."""
        return ()

    def _with_value(self, fault: Fault) -> Fault:
        """The fault of a field, with what the field holds."""
        kind, value = _fields(type(self)).by_name.get(fault.path), getattr(self, fault.path, None)
        if kind is None or value is None or value is UNSET:
            return fault
        return fault._replace(value=kind.show(value))

    def _items(self) -> list[tuple[str, Kind, Any]]:
        """Name, kind and value of every key that is set."""
        return [
            (name, kind, value)
            for field, value in zip(_fields(type(self)).kinds, astuple(self), strict=True)
            if value is not UNSET  # most are
            for name, kind in (field,)
            if kind is not None
        ]

    def _values(self) -> dict[str, Any]:
        """The arguments that make this block."""
        values = {name: value for name, _, value in self._items()}
        if self._extras:
            values["_extras"] = self._extras
        return values

    def _with(self, changes: Mapping[str, Any]) -> Self:
        """A copy with changes that have been taken in."""
        changed: Self = _copy(self)
        for name, value in changes.items():
            force_setattr(changed, name, value)
        return changed

    @classmethod
    def _named(cls, keys: Mapping[str, Any], *, conf: bool) -> dict[str, Any]:
        """The constructor's arguments for keys in any spelling."""
        fields = _fields(cls)
        spellings, pairs, takes = fields.spellings, cls._pairs, fields.conf_takes if conf else {}
        values: dict[str, Any] = {}
        extras: dict[str, Any] = {}
        faults: list[Fault] = []
        for key, given in _mapping(keys).items():
            name = spellings.get(key)
            if name is None and not cls._exact:
                name = spellings.get(str(key).lower())
            if name is None:
                if conf:
                    extras[key] = given
                else:
                    faults.append(Fault(str(key), _unknown(str(key), spellings)))
                continue
            try:
                single = name not in pairs
                parts = ((name, given),) if single else _host_and_port(given, *pairs[name])
                for part, value in parts:
                    take = takes.get(part)
                    taken = value if take is None or value is None else take(value)
                    known = values.setdefault(part, taken)
                    if known is not taken and known != taken:
                        message = f"says something else of `{part}` than another spelling does"
                        faults.append(Fault(str(key), message))
            except ConfigError as exc:
                faults += under(key, exc.errors)
        if faults:
            raise ConfigError(errors=faults)
        if extras:
            values["_extras"] = extras
        return values


class _Shown:
    """What ``repr`` shows for a value."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _rebuild(cls: type[Block], values: dict[str, Any]) -> Block:
    return cls(**values)


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, MAPPING):
        raise ConfigError(errors=wrong("a block", value, secret=True))
    return value


def _unknown(key: str, spellings: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key.lower(), spellings, 1)
    return f"unknown field `{key}`" + (f", did you mean `{near[0]}`?" if near else "")


def _host_and_port(value: object, host: str, port: str) -> tuple[tuple[str, Any], ...]:
    """The fields for an address as ``listen`` takes it. Source: ``server.parseListen`` (2.15)."""
    if value is None:
        return (host, None), (port, None)
    if isinstance(value, int) and not isinstance(value, bool):
        return ((port, value),)
    if isinstance(value, str):
        name, colon, number = value.rpartition(":")
        bare = name[1:-1] if name[:1] == "[" and name[-1:] == "]" else name
        if colon and is_integer(number) and (bare is not name or ":" not in name):
            return (host, bare), (port, int(number))
    raise ConfigError(errors=wrong("a port or host:port", value))
