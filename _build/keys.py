"""Writes gobridge/testdata/keys.json: the keys of every block of the configuration, by its structs.

Run as ``python _build/keys.py``. A Go test compares them with the keys that nats-server's parser
takes, and a Python test the file with what this module would write.
"""

import json
from pathlib import Path
from typing import Any

from dotgnatly.config import BrokerConfiguration
from dotgnatly.config._base import Block, _fields
from dotgnatly.config._containers import Items, Named, Nested
from dotgnatly.config._kinds import Kind

FILE = Path(__file__).parents[1] / "gobridge" / "testdata" / "keys.json"


def keys() -> str:
    """Return the text of keys.json: blocks by their classes, the top level first, a key a line."""
    blocks: dict[type[Block], dict[str, Any]] = {}
    waiting: list[type[Block]] = [BrokerConfiguration]
    while waiting:
        cls = waiting.pop(0)
        if cls not in blocks:
            blocks[cls] = _keys(cls, waiting)
    written = ",\n".join(
        f' "{cls.__name__}": {{"exact": {json.dumps(cls._exact)}, "keys": {{\n'
        + ",\n".join(f'  "{name}": {json.dumps(key)}' for name, key in found.items())
        + "\n }}"
        for cls, found in blocks.items()
    )
    return f'{{"generated": "by _build/keys.py: do not edit", "blocks": {{\n{written}\n}}}}\n'


def _keys(cls: type[Block], waiting: list[type[Block]]) -> dict[str, Any]:
    """Return what a class knows of its keys; the classes of blocks within join those that wait."""
    fields = _fields(cls)
    found: dict[str, Any] = {name: {} for name in [*fields.by_name, *cls._pairs]}
    for name, kind in fields.by_name.items():
        found[name] = _below(kind, waiting)
    for spelling, name in cls._aliases.items():
        found[name].setdefault("aliases", []).append(spelling)
    return found


def _below(kind: Kind, waiting: list[type[Block]]) -> dict[str, Any]:
    """Return what stands below a key: a block, only some keys of it, or names of its own."""
    if isinstance(kind, Items):
        return _below(kind.item, waiting)
    if isinstance(kind, Named):
        return {"named": True} | _below(kind.item, waiting)
    if not isinstance(kind, Nested):
        return {}
    waiting.append(kind.block)
    return {"block": kind.block.__name__} | ({"only": kind.only} if kind.only else {})


if __name__ == "__main__":
    FILE.write_text(keys())
