"""Configurations as files and texts in nats-server's own format, in and out.

Out, the format is JSON but for a few details. In, nats-server's own parser reads them.
"""

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from dotgnatly.config import BrokerConfiguration, Source
from dotgnatly.config._containers import Items, Named, Nested, writable
from dotgnatly.config._kinds import Kind, Size
from dotgnatly.config._units import format_size
from dotgnatly.errors import ConfigError, Fault

if TYPE_CHECKING:
    from dotgnatly.jobs import Steps

_NOTHING: dict[str, Any] = {"server_metadata": {}}
"""What an empty configuration is written as, without effect: of an empty text the server warns, and
an empty file it refuses."""

_TOP = Nested(BrokerConfiguration)
_WIDTH = 100
_ANY_DIGIT = bytes.maketrans(b"123456789", b"000000000")
_JSON_PART = rb'("(?:[^"\\]|\\.)*")(:?)|([0-9])]'


def render(config: BrokerConfiguration) -> bytes:
    """The configuration as text that ``Options.ProcessConfigString`` reads.

    Raises:
        ConfigError: A key or a string cannot be written. ``validate`` says which.
    """
    return write(config.to_conf_keys() or _NOTHING)


def write(keys: dict[str, Any]) -> bytes:
    """Keys and values of builtin types as text."""
    text = _json(keys)
    if b"\\" in text or b"0]" in text.translate(_ANY_DIGIT):
        return re.sub(_JSON_PART, _translate, text)
    return text


def _json(value: Any) -> bytes:
    try:
        return msgspec.json.encode(value)
    except (TypeError, ValueError, RecursionError) as exc:  # never of a configuration that is valid
        raise ConfigError(f"the configuration cannot be written: {exc}") from exc


def _translate(match: re.Match[bytes]) -> bytes:
    """A part of JSON in the server's grammar.

    Its strings know other escapes, its keys none, and an integer does not end at a bracket.
    """
    quoted, colon, digit = match.groups()
    if digit:
        return bytes(digit) + b" ]"
    if b"\\" not in quoted:
        return match[0]
    return f"{_quoted_key(msgspec.json.decode(quoted))}:".encode() if colon else _escaped(quoted)


def _quoted_key(key: str) -> str:
    if not writable(key):
        raise ConfigError(errors=[Fault(key, "a key with both kinds of quote cannot be written")])
    quote = "'" if '"' in key else '"'
    return quote + key + quote


def _escaped(quoted: bytes) -> bytes:
    """A string of JSON's with the escapes of the server's parser."""
    return re.sub(rb"\\(?:u00(..)|(.))", _escape, quoted)


def _escape(match: re.Match[bytes]) -> bytes:
    code, letter = match.groups()
    hexadecimal = code or {b"b": b"08", b"f": b"0c"}.get(letter)
    return rb"\x" + hexadecimal if hexadecimal else bytes(match[0])


def format_(config: BrokerConfiguration) -> str:
    """The configuration as a file for people, one key a line; see ``to_conf``."""
    text = ""
    for line in _entries(config.to_conf_keys() or _NOTHING, _TOP, ""):
        text += f"{line}\n\n" if line == "}" else f"{line}\n"
    return text.removesuffix("\n") if text.endswith("\n\n") else text


def _entries(keys: dict[str, Any], kind: Kind | None, indent: str) -> Iterator[str]:
    """The lines of a block or map; the kind of each value says how it reads best."""
    for key, value in keys.items():
        head = key if re.fullmatch(r"[A-Za-z_][\w-]*", key, re.ASCII) else _quoted_key(key)
        if key.lower() == "include":
            head = _quoted_key(key)
        between = " " if isinstance(value, dict) else ": "
        yield from _lines(indent, head + between, value, _kind_within(kind, key))


def _lines(indent: str, head: str, value: Any, kind: Kind | None) -> Iterator[str]:
    if isinstance(value, dict):
        yield f"{indent}{head}{{" if value else f"{indent}{head}{{}}"
        if value:
            yield from _entries(value, kind, indent + "  ")
            yield f"{indent}}}"
    elif isinstance(value, list) and all(isinstance(item, str) for item in value):
        texts = [_scalar(item, None) for item in value]
        line = f"{indent}{head}[{', '.join(texts)}]"
        if len(line) <= _WIDTH:
            yield line
        else:
            yield from (f"{indent}{head}[", *(f"{indent}  {text}" for text in texts), f"{indent}]")
    elif isinstance(value, list):
        yield f"{indent}{head}["
        for item in value:
            yield from _lines(
                indent + "  ", "", item, kind.item if isinstance(kind, Items) else None
            )
        yield f"{indent}]"
    else:
        yield f"{indent}{head}{_scalar(value, kind)}"


def _scalar(value: Any, kind: Kind | None) -> str:
    if isinstance(kind, Size) and isinstance(value, int):
        return format_size(value)
    return _escaped(_json(value)).decode()


def _kind_within(kind: Kind | None, key: str) -> Kind | None:
    """The kind of an entry of a block or map."""
    if isinstance(kind, Nested):
        return kind.block.kind_of(key)
    return kind.item if isinstance(kind, Named) else None


def read_file(path: str | os.PathLike[str]) -> BrokerConfiguration:
    """Read a configuration file as nats-server reads it."""
    from dotgnatly import jobs

    return jobs.run(read("file", os.fspath(path)))


def read_text(text: str) -> BrokerConfiguration:
    """Read a configuration text as nats-server reads it."""
    from dotgnatly import jobs

    return jobs.run(read("text", text))


class Verdict(msgspec.Struct, frozen=True):
    """What ``nats-server -t`` says of a file: it accepts one without errors and warnings."""

    errors: list[Fault]
    warnings: list[Fault]


def verdict(path: str | os.PathLike[str]) -> Verdict:
    """Have the server's parser check a file. Source: ``server.ConfigureOptions`` (2.15)."""
    from dotgnatly import jobs, runtime

    runtime.hand_over_environ()
    job = runtime.native().config_read(b"verdict", os.fsencode(path))
    return msgspec.json.decode(jobs.wait(job), type=Verdict)


def read(kind: Literal["file", "text"], data: str) -> "Steps[BrokerConfiguration]":
    """Read a file, by its path, or a text, in steps.

    Raises:
        ConfigError: nats-server refuses it, or two spellings of a key disagree.
    """
    from dotgnatly import runtime
    from dotgnatly.jobs import Wait

    path = os.path.abspath(data) if kind == "file" else None
    try:
        encoded = data.encode() if path is None else os.fsencode(path)
    except UnicodeEncodeError as exc:
        raise ConfigError(errors=[Fault("", f"not Unicode: {exc}")]) from exc
    runtime.hand_over_environ()
    job = runtime.native().config_read(kind.encode(), encoded)
    found = msgspec.json.decode((yield Wait(job)))
    warnings = tuple(Fault(*warning) for warning in found["warnings"])
    source = Source(kind=kind, path=path, warnings=warnings)
    try:
        return BrokerConfiguration.from_conf(found["config"], source)
    except ConfigError as exc:
        raise (yield from _placed(exc, kind, encoded)) from None


def with_places(error: ConfigError, config: BrokerConfiguration) -> ConfigError:
    """The error with file:line:column in place of the key paths.

    It stays as it is if the configuration is not what a file says.
    """
    from dotgnatly import jobs

    path = None if config.source is None else config.source.path
    if path is None or not os.path.isfile(path):  # a pipe cannot be read again
        return error
    try:
        same = read_file(path) == config
    except ConfigError:
        return error
    return jobs.run(_placed(error, "file", os.fsencode(path))) if same else error


def _placed(error: ConfigError, kind: str, encoded: bytes) -> "Steps[ConfigError]":
    """The error with the places of the keys, if the file can be read again."""
    from dotgnatly import runtime
    from dotgnatly.jobs import Wait

    try:
        job = runtime.native().config_places(kind.encode(), encoded)
        tree = msgspec.json.decode((yield Wait(job)))
    except ConfigError:
        return error
    errors, warnings = (
        [_at(_place(tree, _TOP, fault.path), fault) for fault in faults]
        for faults in (error.errors, error.warnings)
    )
    return ConfigError(errors=errors, warnings=warnings)


def _at(place: str, fault: Fault) -> Fault:
    """The fault with a place, if one was found, before its path."""
    if not place:
        return fault
    return Fault(place, f"{fault.path}: {fault.message}", fault.value)


def _place(node: list[Any], kind: Kind | None, path: str) -> str:
    """Where the value of a key path stands, or what is nearest around it."""
    where: str = node[0]
    within = node[1] if len(node) > 1 else ()
    if isinstance(within, list):
        index, bracket, rest = path.removeprefix("[").partition("]")
        item = kind.item if isinstance(kind, Items) else None
        return _place(within[int(index)], item, rest.removeprefix(".")) if bracket else where
    for key in sorted(within, key=len, reverse=True):  # a name may have dots in it
        for name in (key, *(kind.block.names_of(key) if isinstance(kind, Nested) else ())):
            if path == name or path.startswith((f"{name}.", f"{name}[")):
                rest = path.removeprefix(name).removeprefix(".")
                return _place(within[key], _kind_within(kind, name), rest)
    return where
