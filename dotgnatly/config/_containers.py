"""What a field of a configuration can hold: lists, maps and blocks, see ``_kinds``."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

from msgspec import UNSET

from dotgnatly.config import _units
from dotgnatly.config._kinds import TEXT, Faults, Kind, under, wrong
from dotgnatly.config._units import REDACTED
from dotgnatly.errors import ConfigError, Fault

if TYPE_CHECKING:
    from dotgnatly.config._base import Block

_Take = Callable[[Any], Any]

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

    def take(self, value: Any) -> Any:
        return self._take(value, self.item.take)

    def take_conf(self, value: Any) -> Any:
        return self._take(value, self.item.take_conf)

    def _take(self, value: Any, take: _Take) -> Any:
        if not isinstance(value, Sequence) or isinstance(value, str | bytes):
            if not self.lone:
                return value
            value = (value,)
        taken = tuple(_take_each(take, enumerate(value)).values())
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


class Named(Kind):
    """A map from names to values of one kind, which merges by name: None removes an entry.

    ``bare``: a list of names is one of empty blocks.
    """

    def __init__(self, item: Kind, *, bare: bool = False) -> None:
        self.item = item
        self.bare = bare

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
        if not isinstance(value, Mapping):
            return value
        return FrozenDict(_take_each(take, value.items()))

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

    def take(self, value: Any) -> Any:
        if isinstance(value, self.block):
            return value
        if isinstance(value, Mapping):
            return self.block.from_dict(value)
        return self.block.from_short(value)

    def take_conf(self, value: Any) -> Any:
        return self.block.from_conf(value) if isinstance(value, Mapping) else self.take(value)

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


def writable(key: object) -> bool:
    """Whether a key can be written: keys know no escapes, so what would end one cannot be in it."""
    if not isinstance(key, str) or "\0" in key or ('"' in key and "'" in key):
        return False
    return key.isascii() or not any("\ud800" <= char <= "\udfff" for char in key)


def _without_effect(block: "Block", only: Collection[str]) -> Iterable[Fault]:
    for name in block.__struct_fields__:
        if name not in only and getattr(block, name) not in (None, UNSET):
            yield Fault(name, "does not apply here")


def _take_each(take: _Take, values: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    """Each value taken in, by its key; the faults of all of them come out as one error."""
    taken: dict[Any, Any] = {}
    faults: list[Fault] = []
    for key, value in values:
        try:
            taken[key] = None if value is None else take(value)
        except ConfigError as exc:
            faults += under(key, exc.errors)
    if faults:
        raise ConfigError(errors=faults)
    return taken


def _show(kind: Kind, value: Any) -> str:
    return "None" if value is None else kind.show(value)
