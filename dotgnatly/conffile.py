"""Configurations as files and texts in nats-server's own format, in and out.

Out, the format is JSON but for a few details. In, nats-server's own parser reads them.
"""

import os
import re
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from dotgnatly.config import BrokerConfiguration, Source
from dotgnatly.config._containers import writable
from dotgnatly.errors import ConfigError, Fault

if TYPE_CHECKING:
    from dotgnatly.jobs import Steps

_NOTHING: dict[str, Any] = {"server_metadata": {}}
"""What an empty configuration is written as, without effect: of an empty text the server warns."""

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
    try:
        text = msgspec.json.encode(keys)
    except (TypeError, ValueError) as exc:  # never of a configuration that is valid
        raise ConfigError(f"the configuration cannot be written: {exc}") from exc
    if b"\\" in text or b"0]" in text.translate(_ANY_DIGIT):
        return re.sub(_JSON_PART, _translate, text)
    return text


def _translate(match: re.Match[bytes]) -> bytes:
    """A part of JSON in the server's grammar.

    Its strings know other escapes, its keys none, and an integer does not end at a bracket.
    """
    quoted, colon, digit = match.groups()
    if digit:
        return bytes(digit) + b" ]"
    if b"\\" not in quoted:
        return match[0]
    if not colon:
        return re.sub(rb"\\(?:u00(..)|(.))", _escape, quoted)
    key: str = msgspec.json.decode(quoted)
    if not writable(key):
        raise ConfigError(errors=[Fault(key, "a key with both kinds of quote cannot be written")])
    quote = "'" if '"' in key else '"'
    return f"{quote}{key}{quote}:".encode()


def _escape(match: re.Match[bytes]) -> bytes:
    code, letter = match.groups()
    hexadecimal = code or {b"b": b"08", b"f": b"0c"}.get(letter)
    return rb"\x" + hexadecimal if hexadecimal else bytes(match[0])


def read_file(path: str | os.PathLike[str]) -> BrokerConfiguration:
    """Read a configuration file as nats-server reads it."""
    from dotgnatly import jobs

    return jobs.run(read("file", os.fspath(path)))


def read_text(text: str) -> BrokerConfiguration:
    """Read a configuration text as nats-server reads it."""
    from dotgnatly import jobs

    return jobs.run(read("text", text))


class Verdict(msgspec.Struct, frozen=True):
    """What nats-server says of a file that it is told to check."""

    errors: list[Fault]
    warnings: list[Fault]
    """It does not accept a file with warnings either; it would start with it."""
    places: dict[str, str]
    """Where each key stands, by its path as it is spelt there: ``file:line:column``."""


def verdict(path: str | os.PathLike[str]) -> Verdict:
    """What ``nats-server -t`` says of a file. Source: ``server.ConfigureOptions`` (2.15)."""
    from dotgnatly import jobs

    return msgspec.json.decode(jobs.run(_parse("verdict", os.fspath(path))), type=Verdict)


def read(kind: Literal["file", "text"], data: str) -> "Steps[BrokerConfiguration]":
    """Read a file, by its path, or a text, in steps.

    Raises:
        ConfigError: nats-server refuses it, or two spellings of a key disagree.
    """
    path = os.path.abspath(data) if kind == "file" else None
    found = msgspec.json.decode((yield from _parse(kind, path or data)))
    warnings = tuple(Fault(*warning) for warning in found["warnings"])
    source = Source(kind=kind, path=path, warnings=warnings)
    return BrokerConfiguration.from_conf(found["config"], source)


def _parse(kind: Literal["file", "text", "verdict"], data: str) -> "Steps[bytes]":
    from dotgnatly import runtime
    from dotgnatly.jobs import Wait

    try:
        encoded = data.encode() if kind == "text" else os.fsencode(data)
    except UnicodeEncodeError as exc:
        raise ConfigError(errors=[Fault("", f"not Unicode: {exc}")]) from exc
    runtime.hand_over_environ()
    return (yield Wait(runtime.native().config_read(kind.encode(), encoded)))
