"""Endpoints of which every number is a metric, named after its path in the document."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import inspect

from dotgnatly.metrics._samples import Named, Sample, Source
from dotgnatly.metrics._times import milliseconds
from dotgnatly.monitoring import _endpoints

_TEXTS = {"server_id", "server_name", "version", "domain", "leader", "name"}
"""Keys of which the text is a label, of the figure 1."""
_TIMES = {("start",), ("config_load_time",)}
"""Paths of points in time. The same key below ``metadata`` says whatever the user likes."""
_LEFT_OUT = {
    "leaf", "trusted_operators_claim", "cluster_tls_timeout", "cluster_cluster_port",
    "cluster_auth_timeout", "gateway_port", "gateway_auth_timeout", "gateway_tls_timeout",
    "gateway_connect_retries",
}  # fmt: skip
_NUMBER = inspect.IntType | inspect.FloatType
_PAGES = ("/", "/stacksz", *(f"/{endpoint}" for endpoint in _endpoints.ENDPOINTS))
"""Keys of ``http_req_stats``; the server has each as soon as it was asked for it."""

Path = tuple[str, ...]


def read(source: Source, endpoint: str) -> Iterator[Sample]:
    """All that a document says in numbers."""
    for path, value in _walk(msgspec.json.decode(source.ask_raw(endpoint)), ()):
        name = f"{endpoint}_{_name(path)}"
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield Sample(name, {}, value)
        elif isinstance(value, str) and path[-1] in _TEXTS:
            yield Sample(name, {"value": value}, 1)
        elif isinstance(value, str) and path in _TIMES:
            yield Sample(name, {}, milliseconds(msgspec.convert(value, datetime)))


def names(endpoint: str) -> Iterator[Named]:
    """All that a document may say in numbers; a newer server's may say more."""
    for path in _fields(inspect.type_info(_endpoints.ENDPOINTS[endpoint].answer), ()):
        yield Named(f"{endpoint}_{_name(path)}", f"/{endpoint} {'.'.join(path)}")


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if _name(path) in _LEFT_OUT:
        return
    if not isinstance(value, Mapping):
        yield path, value
    else:
        for key, item in value.items():
            yield from _walk(item, (*path, key))


def _fields(kind: inspect.Type, path: Path) -> Iterator[Path]:
    if _name(path) in _LEFT_OUT:
        return
    if isinstance(kind, inspect.StructType):
        for field in kind.fields:
            yield from _fields(field.type, (*path, field.encode_name))
    elif isinstance(kind, inspect.UnionType):
        for each in kind.types:
            yield from _fields(each, path)
    elif isinstance(kind, inspect.DictType) and isinstance(kind.value_type, inspect.IntType):
        yield from ((*path, page) for page in _PAGES)
    elif isinstance(kind, _NUMBER) or path[-1] in _TEXTS or path in _TIMES:
        yield path


def _name(path: Path) -> str:
    """The path in one word: with one underscore between two parts, and none at the ends."""
    return "_".join(filter(None, "_".join(path).replace("/", "_").split("_")))
