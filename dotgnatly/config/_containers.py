"""What a field of a configuration can hold: lists, maps and blocks, see ``_kinds``."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
from msgspec import UNSET

from dotgnatly.config import _units
from dotgnatly.config._kinds import FLAG, INTEGER, TEXT, Faults, Kind, under, wrong
from dotgnatly.config._units import REDACTED
from dotgnatly.errors import ConfigError, Fault

if TYPE_CHECKING:
    from dotgnatly.config._base import Block

_Take = Callable[[Any], Any]

MAPPING = (dict, Mapping)  # the usual ones first: abstract classes are slow to ask
_SEQUENCE = (list, tuple, Sequence)
_SECRETS = frozenset({"pass", "password", "token", "seed", "key", "nkey"})
_DEEPEST = 100
_A_NAME = "a string without NUL, and without the one or the other kind of quote"


class FrozenDict(dict[str, Any]):
    """A dict that stays as it is, as its configuration does."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("a configuration does not change: make another one with replace or merge")

    __setitem__ = __delitem__ = __ior__ = clear = pop = popitem = _refuse
    setdefault = update = _refuse  # pyright: ignore[reportAssignmentType] - their overloads

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)


class Replacement(FrozenDict):
    """A change of a map that does not merge: the map was reset, then got these entries."""

    __slots__ = ()


class Items(Kind):
    """A list, kept as a tuple; ``lone``: what is no list stands for a list of one."""

    def __init__(self, item: Kind, *, lone: bool = False) -> None:
        self.item = item
        self.lone = lone

    def parse(self, text: str) -> Any:
        return _parse_list(text, self.item, "[{" if self.lone else "[")

    def take(self, value: Any) -> Any:
        return self._take(value, self.item.take)

    def take_conf(self, value: Any) -> Any:
        return self._take(value, self.item.take_conf)

    def _take(self, value: Any, take: _Take) -> Any:
        if not isinstance(value, _SEQUENCE) or isinstance(value, str | bytes):
            if not self.lone:
                return value
            value = (value,)
        every = value if self.item.takes_all else _take_each(take, value, range(len(value)))
        taken = tuple(every)
        return value if isinstance(value, tuple) and taken == value else taken

    def faults(self, value: Any) -> Faults:
        if not isinstance(value, tuple):
            return wrong("a list", value, secret=True)
        found: list[Fault] = []
        for index, item in enumerate(value):
            if faults := self.item.faults(item):
                found += under(index, faults)
        return found

    def plain(self, value: Any) -> Any:
        return [self.item.plain(item) for item in value] if isinstance(value, tuple) else value

    def show(self, value: Any) -> str:
        if not isinstance(value, tuple):
            return repr(REDACTED)
        return f"[{', '.join(map(self.item.show, value))}]"


class _Map(Kind):
    """A map, which merges by name: None removes an entry."""

    def parse(self, text: str) -> Any:
        return from_json(text) if text.lstrip()[:1] in ("{", "[") else text

    def merge(self, base: Any, change: Any, *, keep_none: bool) -> Any:
        if not isinstance(change, dict):
            return change
        onto = isinstance(base, dict) and not isinstance(change, Replacement)
        merged = dict(base) if onto else {}
        for name, value in change.items():
            old = merged.pop(self._spelling(name, merged), UNSET)
            if value is not None:
                merged[name] = self._merge_entry(old, value, keep_none=keep_none)
            elif keep_none:
                merged[name] = None
        whole = base if onto else change
        reset = isinstance(whole, Replacement) or not (onto or base is UNSET)
        return Replacement(merged) if keep_none and reset else FrozenDict(merged)

    def _merge_entry(self, old: Any, value: Any, *, keep_none: bool) -> Any:
        raise NotImplementedError

    def _spelling(self, name: str, entries: Mapping[str, Any]) -> str:  # noqa: ARG002 - as Kind
        """The name as the entries have it."""
        return name


class Named(_Map):
    """A map from names to values of one kind; ``bare``: a list of names is one of empty blocks."""

    def __init__(self, item: Kind, *, bare: bool = False) -> None:
        self.item = item
        self.bare = bare

    def parse(self, text: str) -> Any:
        return _parse_list(text, TEXT, "[{") if self.bare else super().parse(text)

    def take(self, value: Any) -> Any:
        return self._take(value, self.item.take)

    def take_conf(self, value: Any) -> Any:
        return self._take(value, self.item.take_conf)

    def _take(self, value: Any, take: _Take) -> Any:
        if isinstance(value, FrozenDict):
            return value
        if self.bare and isinstance(value, list | tuple) and all(isinstance(n, str) for n in value):
            if len(set(value)) < len(value):
                raise ConfigError(errors=[Fault("", "a name is in the list twice")])
            value = {name: {} for name in value}
        if not isinstance(value, MAPPING):
            return value
        return FrozenDict(zip(value, _take_each(take, value.values(), value), strict=True))

    def faults(self, value: Any) -> Faults:
        if not isinstance(value, FrozenDict):
            return wrong("a block", value, secret=True)
        found: list[Fault] = []
        for name, item in value.items():
            if not writable(name):
                found += under(str(name), wrong(_A_NAME, name))
            if item is not None and (faults := self.item.faults(item)):
                found += under(name, faults)
        return found

    def plain(self, value: Any) -> Any:
        if not isinstance(value, FrozenDict):
            return value
        return {n: self.item.plain(item) for n, item in value.items() if item is not None}

    def show(self, value: Any) -> str:
        if not isinstance(value, FrozenDict):
            return repr(REDACTED)
        entries = (f"{n!r}: {_show(self.item, item)}" for n, item in value.items())
        return f"{{{', '.join(entries)}}}"

    def _merge_entry(self, old: Any, value: Any, *, keep_none: bool) -> Any:
        return self.item.merge(old, value, keep_none=keep_none)


class Nested(Kind):
    """A block: its class, or module and name of the class, which is imported at its first use."""

    block: "type[Block]"

    def __init__(self, block: "type[Block] | str") -> None:
        if isinstance(block, str):
            self._home = block
        else:
            self.block = block

    def __getattr__(self, name: str) -> Any:
        if name != "block":
            raise AttributeError(name)
        module, _, name = self._home.partition(".")
        self.block = getattr(import_module(f"dotgnatly.config.{module}"), name)
        return self.block

    def parse(self, text: str) -> Any:
        if text.lstrip().startswith("{"):
            return from_json(text)
        flag = FLAG.parse(text)
        understood = isinstance(flag, bool) and self.take(flag) is not flag
        return flag if understood or (flag is False and self.block.may_be_false) else text

    def take(self, value: Any) -> Any:
        if isinstance(value, self.block):
            return value
        if isinstance(value, MAPPING):
            return self.block.from_dict(value)
        return self.block.from_short(value)

    def take_conf(self, value: Any) -> Any:
        return self.block.from_conf(value) if isinstance(value, MAPPING) else self.take(value)

    def faults(self, value: Any) -> Faults:
        if isinstance(value, self.block):
            return value.faults()
        if value is False and self.block.may_be_false:
            return ()
        return wrong("a block", value, secret=True)

    def plain(self, value: Any) -> Any:
        return value.to_dict() if isinstance(value, self.block) else value

    def show(self, value: Any) -> str:
        return repr(value if isinstance(value, (self.block, bool)) else REDACTED)

    def merge(self, base: Any, change: Any, *, keep_none: bool) -> Any:
        if not isinstance(change, self.block):
            return change
        if isinstance(base, self.block):
            return base.merge(change, keep_none=keep_none)
        if not keep_none:
            return self.block().merge(change)
        return change if base is UNSET else self.block.reset().merge(change, keep_none=True)


class Raw(_Map):
    """A block that has no type of its own yet: as the server's parser gives it, or would."""

    def __init__(self, *other: type) -> None:
        self.types = (dict, *other)

    def parse(self, text: str) -> Any:
        value = super().parse(text)
        return FLAG.parse(value) if value is text and bool in self.types else value

    def take(self, value: Any) -> Any:
        return value if isinstance(value, FrozenDict) else self._take(value, _DEEPEST)

    def _take(self, value: Any, depth: int) -> Any:
        if not depth:
            message = f"more than {_DEEPEST} blocks and lists within one another"
            raise ConfigError(errors=[Fault("", message)])
        if isinstance(value, MAPPING):
            return FrozenDict({key: self._take(item, depth - 1) for key, item in value.items()})
        if isinstance(value, list | tuple):
            return [self._take(item, depth - 1) for item in value]
        if isinstance(value, timedelta):
            return _units.format_duration(_units.nanoseconds(value))
        return os.fspath(value) if isinstance(value, os.PathLike) else value

    def faults(self, value: Any) -> Faults:
        if not isinstance(value, self.types):
            return wrong("a block", value, secret=True)
        return _raw_faults(value)

    def plain(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.plain(item) for key, item in value.items() if item is not None}
        return [self.plain(item) for item in value] if isinstance(value, list) else value

    def show(self, value: Any) -> str:
        return repr(_raw_shown(value))

    def _merge_entry(self, old: Any, value: Any, *, keep_none: bool) -> Any:
        return self.merge(old, value, keep_none=keep_none)

    def _spelling(self, name: str, entries: Mapping[str, Any]) -> str:
        return next((key for key in entries if str(key).lower() == str(name).lower()), name)


def from_json(text: str | bytes) -> Any:
    """What a JSON text says.

    Raises:
        ConfigError: It is not JSON; the error does not show it, it may hold secrets.
    """
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as exc:
        raise ConfigError(errors=[Fault("", f"is not JSON: {exc}")]) from None


def _parse_list(text: str, item: Kind, json: str) -> Any:
    """A list from a text: its items between commas, or JSON if it begins with one of these."""
    if text.lstrip()[:1] in [*json]:
        return from_json(text)
    return [item.parse(part.strip()) for part in text.split(",")] if text.strip() else []


def writable(key: object) -> bool:
    """Whether a key can be written: keys know no escapes, so what would end one cannot be in it."""
    if not isinstance(key, str) or "\0" in key or ('"' in key and "'" in key):
        return False
    return key.isascii() or not any("\ud800" <= char <= "\udfff" for char in key)


def _take_each(take: _Take, values: Iterable[Any], keys: Iterable[Any]) -> list[Any]:
    """Each value taken in; the faults of all of them, under their keys, come out as one error."""
    try:
        return [None if value is None else take(value) for value in values]
    except ConfigError:
        faults: list[Fault] = []
        for key, value in zip(keys, values, strict=True):
            try:
                take(value)
            except ConfigError as exc:
                faults += under(key, exc.errors)
        raise ConfigError(errors=faults) from None


def _show(kind: Kind, value: Any) -> str:
    return "None" if value is None else kind.show(value)


def _raw_faults(value: Any) -> Faults:
    found: list[Fault] = []
    if isinstance(value, dict):
        for key, item in value.items():
            if not writable(key):
                found += under(str(key), wrong(_A_NAME, key))
            found += under(str(key), _raw_faults(item))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += under(index, _raw_faults(item))
    elif isinstance(value, str):
        return TEXT.faults(value)
    elif isinstance(value, float):
        if not repr(value).lstrip("-").replace(".", "").isdecimal():
            return wrong("a number without exponent", value)
    elif value is not None and not isinstance(value, bool):
        return INTEGER.faults(value)
    return found


def _raw_shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: REDACTED if str(key).lower() in _SECRETS and item else _raw_shown(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_raw_shown(item) for item in value]
    return _units.hide_user_info(value) if isinstance(value, str) and "://" in value else value
