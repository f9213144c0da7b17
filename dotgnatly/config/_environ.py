"""The environment as a layer of the configuration: ``NATS__JETSTREAM__STORE_DIR=/data``."""

from collections.abc import Iterator, Mapping
from typing import Any

from dotgnatly.config._base import Block, _fields
from dotgnatly.config._containers import FrozenDict, Named, Nested
from dotgnatly.config._kinds import INTEGER, Kind, under
from dotgnatly.config.server import BrokerConfiguration
from dotgnatly.errors import ConfigError, Fault

_PREFIX = "NATS__"
_SHORT = {
    "jetstream_enabled": "jetstream__enabled",
    "jetstream_store_dir": "jetstream__store_dir",
}
"""Names that the .NET library knew."""

_Path = tuple[str, ...]


def read(environ: Mapping[str, str]) -> BrokerConfiguration:
    """The change that the variables make up; see ``BrokerConfiguration.from_environ``."""
    layer = BrokerConfiguration()
    said: dict[_Path, tuple[str, Any]] = {}
    faults: list[Fault] = []
    for variable in sorted(environ):
        if not variable.startswith(_PREFIX):
            continue
        try:
            change = _change(variable.removeprefix(_PREFIX), environ[variable])
        except ConfigError as exc:
            faults += [Fault(variable, str(fault)) for fault in exc.errors]
            continue
        for path, value in _leaves((), change):
            other, before = said.setdefault(path, (variable, value))
            if before != value:
                key = ".".join(path)
                faults.append(Fault(variable, f"says something else of `{key}` than {other} does"))
        layer = layer.merge(change, keep_none=True)
    if faults:
        raise ConfigError(errors=faults)
    return layer


def _change(name: str, text: str) -> BrokerConfiguration:
    """What one variable says, its value read as the field it names holds it."""
    path: list[str] = []
    kind: Kind | None = Nested(BrokerConfiguration)
    for part in _SHORT.get(name.lower(), name).split("__"):
        key = part
        if isinstance(kind, Nested):
            fields, key = _fields(kind.block), part.lower()
            kind = fields.by_name.get(fields.spellings.get(key, ""))
        elif isinstance(kind, Named):
            kind = kind.item
        else:
            raise ConfigError(errors=[Fault(".".join(path), f"has no field `{part}`")])
        path.append(key)
    value = (kind or INTEGER).parse(text)
    if kind is not None and not isinstance(kind, Nested | Named):
        value = kind.take(value)
        if faults := kind.faults(value):
            raise ConfigError(errors=under(".".join(path), faults))
    for key in reversed(path):
        value = {key: value}
    return BrokerConfiguration.from_dict(value)


def _leaves(path: _Path, value: object) -> Iterator[tuple[_Path, Any]]:
    """Every value in blocks and maps, with its path."""
    if isinstance(value, Block):
        for name, _, item in value._items():  # noqa: SLF001 - of this package
            yield from _leaves((*path, name), item)
    elif isinstance(value, FrozenDict):
        for name, item in value.items():
            yield from _leaves((*path, name), item)
    else:
        yield path, value
