"""Writes gobridge/testdata/monitoring.json: the monitoring structs, under their names in Go.

Run as ``python _build/monitoring.py``. A Go test compares them with the server's own types, and a
Python test the file with what this module would write.
"""

import json
import re
from datetime import datetime
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from msgspec import Struct
from msgspec.structs import fields

from dotgnatly.monitoring._endpoints import ENDPOINTS

FILE = Path(__file__).parents[1] / "gobridge" / "testdata" / "monitoring.json"
WORDS = {bool: "bool", int: "int", float: "float", str: "string", datetime: "time", Any: "any"}


def types() -> str:
    """Return the text of monitoring.json: a type a line, by its name, fields by their keys."""
    waiting: list[type[Struct]] = []
    endpoints = {
        name: {
            "answer": _word(endpoint.answer, waiting),
            "options": {
                endpoint.spelt.get(option, option): _word(annotation, waiting)
                for option, annotation in get_type_hints(endpoint.options).items()
            },
        }
        for name, endpoint in ENDPOINTS.items()
    }
    found: dict[str, dict[str, str]] = {}
    while waiting:
        cls = waiting.pop(0)
        if (name := _name(cls)) not in found:
            found[name] = {f.encode_name: _word(f.type, waiting) for f in fields(cls)}
    return (
        '{"generated": "by _build/monitoring.py: do not edit", "endpoints": {\n'
        f'{_lines(endpoints)}\n}}, "types": {{\n{_lines(dict(sorted(found.items())))}\n}}}}\n'
    )


def _lines(document: dict[str, Any]) -> str:
    return ",\n".join(f' "{name}": {json.dumps(each)}' for name, each in document.items())


def _name(cls: type[Struct]) -> str:
    """Return the name in Go, as the docstring says it."""
    source = re.search(r"Source: ``(\w+\.\w+)``", cls.__doc__ or "")
    assert source, f"{cls} does not say its source"
    return source[1]


def _word(annotation: Any, waiting: list[type[Struct]]) -> str:
    """Return what the JSON has for a type; structs join those that wait."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _word(arguments[0], waiting)
    if origin is Literal:
        return "string"
    if origin is dict:
        return f"{{{_word(arguments[1], waiting)}}}"
    if origin is UnionType or origin is Union:
        return " or ".join(_word(each, waiting) for each in arguments)
    if origin is not None:
        return f"[{_word(arguments[0], waiting)}]"
    if annotation is NoneType:
        return "null"
    if annotation in WORDS:
        return WORDS[annotation]
    waiting.append(annotation)
    return _name(annotation)


if __name__ == "__main__":
    FILE.write_text(types())
