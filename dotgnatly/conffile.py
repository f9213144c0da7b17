"""Configurations as files and texts in nats-server's own format, in and out.

Out, the format is JSON but for escapes in strings and keys. In, nats-server's own parser reads them.
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


def render(config: BrokerConfiguration) -> bytes:
    """The configuration as text that ``Options.ProcessConfigString`` reads.

    Raises:
        ConfigError: A key or a string cannot be written. ``validate`` says which.
    """
    try:
        text = msgspec.json.encode(config.to_conf_keys() or _NOTHING)
    except (TypeError, ValueError, OverflowError) as exc:  # never of a valid configuration
        raise ConfigError(f"the configuration cannot be written: {exc}") from exc
    return text if b"\\" not in text else re.sub(rb'("(?:[^"\\]|\\.)*")(:?)', _translate, text)


def _translate(match: re.Match[bytes]) -> bytes:
    """A JSON string in the server's grammar, or a key, which knows no escapes at all."""
    quoted, colon = match.groups()
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
    from dotgnatly import jobs  # noqa: PLC0415 - waits for native code, which render does not need

    return jobs.run(read("file", os.fspath(path)))


def read_text(text: str) -> BrokerConfiguration:
    """Read a configuration text as nats-server reads it."""
    from dotgnatly import jobs  # noqa: PLC0415 - as above

    return jobs.run(read("text", text))


def read(kind: Literal["file", "text"], data: str) -> "Steps[BrokerConfiguration]":
    """Read a file, by its path, or a text, in steps.

    Raises:
        ConfigError: nats-server refuses it, or a key is there in two spellings.
    """
    from dotgnatly import runtime  # noqa: PLC0415 - as above
    from dotgnatly.jobs import Wait  # noqa: PLC0415

    path = os.path.abspath(data) if kind == "file" else None
    runtime.hand_over_environ()
    job = runtime.native().config_read(kind.encode(), os.fsencode(path or data))
    found = msgspec.json.decode((yield Wait(job)))
    warnings = tuple(Fault(*warning) for warning in found["warnings"])
    source = Source(kind=kind, path=path, warnings=warnings)
    return BrokerConfiguration.from_conf(found["config"], source)
