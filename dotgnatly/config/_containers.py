"""What a field of a configuration can hold: lists, maps and blocks, see ``_kinds``."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib import import_module
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec
from msgspec import UNSET

from dotgnatly.config import _units
from dotgnatly.config._kinds import FLAG, TEXT, Change, Faults, Kind, under, wrong
from dotgnatly.config._units import REDACTED
from dotgnatly.errors import ConfigError, Fault

if TYPE_CHECKING:
    from dotgnatly.config._base import Block

_Take = Callable[[Any], Any]

MAPPING = (dict, Mapping)  # the usual ones first: abstract classes are slow to ask
_SEQUENCE = (list, tuple, Sequence)
_A_RESOLVER = "'MEMORY', 'URL(...)' or a block"
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

    def changes(self, before: Any, after: Any) -> Iterable[Change]:
        """Of a list of blocks by entry: the same one changed, one more, or one less."""
        found: list[Change] = []
        if isinstance(self.item, Nested) and before != after:
            lists = (v if isinstance(v, tuple) else () for v in (before, after))
            for index, was, now in _pairs(*lists):
                if was is None or now is None:
                    found.append(((index,), self.item.shown(was), self.item.shown(now)))
                    continue
                changes = self.item.changes(was, now)
                found += (((index, *keys), old, new) for keys, old, new in changes)
        return found or super().changes(before, after)


class Named(Kind):
    """A map from names to values of one kind, which merges by name: None removes an entry.

    ``bare``: a list of names is one of empty blocks.
    """

    def __init__(self, item: Kind, *, bare: bool = False) -> None:
        self.item = item
        self.bare = bare

    def parse(self, text: str) -> Any:
        if text.lstrip()[:1] in ("{", "["):
            return from_json(text)
        return _parse_list(text, TEXT, "[{") if self.bare else text

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

    def delta(self, before: Any, after: Any) -> Any:
        if not isinstance(before, FrozenDict) or not isinstance(after, FrozenDict):
            return after
        changed: dict[str, Any] = {name: None for name in before if name not in after}
        for name, value in after.items():
            if before.get(name) != value:
                changed[name] = self.item.delta(before.get(name), value)
        return FrozenDict(changed)

    def changes(self, before: Any, after: Any) -> Iterable[Change]:
        """By entry."""
        was, now = (v if isinstance(v, FrozenDict) else {} for v in (before, after))
        for name in {**was, **now}:
            for keys, old, new in self.item.changes(was.get(name), now.get(name)):
                yield (name, *keys), old, new

    def plain(self, value: Any) -> Any:
        if not isinstance(value, FrozenDict):
            return value
        return {n: self.item.plain(item) for n, item in value.items() if item is not None}

    def show(self, value: Any) -> str:
        if not isinstance(value, FrozenDict):
            return repr(REDACTED)
        entries = (f"{n!r}: {_show(self.item, item)}" for n, item in value.items())
        return f"{{{', '.join(entries)}}}"

    def merge(self, base: Any, change: Any, *, keep_none: bool) -> Any:
        if not isinstance(change, dict):
            return change
        onto = isinstance(base, dict) and not isinstance(change, Replacement)
        merged = dict(base) if onto else {}
        for name, value in change.items():
            old = merged.pop(name, UNSET)
            if value is not None:
                merged[name] = self.item.merge(old, value, keep_none=keep_none)
            elif keep_none:
                merged[name] = None
        whole = base if onto else change
        reset = isinstance(whole, Replacement) or not (onto or base is UNSET)
        return Replacement(merged) if keep_none and reset else FrozenDict(merged)


class Nested(Kind):
    """A block: its class, or module and name of the class, which is imported at its first use.

    ``only``: the keys that apply where it stands; default all.
    """

    block: "type[Block]"

    def __init__(self, block: "type[Block] | str", *, only: Collection[str] | None = None) -> None:
        self.only = only
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
            faults = value.faults()
            return faults if self.only is None else [*faults, *_without_effect(value, self.only)]
        if value is False and self.block.may_be_false:
            return ()
        return wrong("a block", value, secret=True)

    def plain(self, value: Any) -> Any:
        return value.to_dict() if isinstance(value, self.block) else value

    def show(self, value: Any) -> str:
        return repr(value if isinstance(value, (self.block, bool)) else REDACTED)

    def delta(self, before: Any, after: Any) -> Any:
        both = isinstance(before, self.block) and isinstance(after, self.block)
        return before.delta(after) if both else after

    def changes(self, before: Any, after: Any) -> Iterable[Change]:
        """By key, unless neither has any."""
        if before != after:
            old, new = (v if isinstance(v, self.block) else self.block() for v in (before, after))
            yield from list(old.changes(new)) or super().changes(before, after)

    def merge(self, base: Any, change: Any, *, keep_none: bool) -> Any:
        if not isinstance(change, self.block):
            return change
        if isinstance(base, self.block):
            return base.merge(change, keep_none=keep_none)
        if not keep_none:
            return self.block().merge(change)
        return change if base is UNSET else self.block.reset().merge(change, keep_none=True)


class NestedOrUrl(Nested):
    """A block; what ``URL(...)`` in its place says, no block can."""

    def faults(self, value: Any) -> Faults:
        if not isinstance(value, str):
            return super().faults(value)
        # As the server has it: anything with one of these words in it.
        known = any(word in value.upper() for word in ("MEM", "URL"))
        return TEXT.faults(value) if known else wrong(_A_RESOLVER, value, secret=True)

    def show(self, value: Any) -> str:
        return repr(_units.hide_user_info(value)) if isinstance(value, str) else super().show(value)


def _pairs(
    old: Sequence["Block"], new: Sequence["Block"]
) -> Iterable[tuple[int, "Block | None", "Block | None"]]:
    """The entries of two lists that differ, each with its index and beside what it was."""
    left: dict[str, list[tuple[int, Block]]] = {}
    for index, item in enumerate(old):
        left.setdefault(item.identity(), []).append((index, item))
    for index, item in enumerate(new):
        same = left.get(item.identity())
        was = same.pop(0)[1] if same else None
        if was != item:
            yield index, was, item
    gone = (entry for same in left.values() for entry in same)
    for index, item in sorted(gone, key=itemgetter(0)):
        yield index, item, None


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


def _without_effect(block: "Block", only: Collection[str]) -> Iterable[Fault]:
    for name in block.__struct_fields__:
        if name not in only and getattr(block, name) not in (None, UNSET):
            yield Fault(name, "does not apply here")


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
