"""What a server is configured with: as it was given, what was changed, and as it goes to Go."""

from collections.abc import Mapping
from typing import Any, Self

import msgspec

from dotgnatly import conffile, jobs, runtime
from dotgnatly.config import BrokerConfiguration
from dotgnatly.defaults import Defaults
from dotgnatly.errors import ConfigError, Fault
from dotgnatly.history import ConfigurationVersion


class Layers(msgspec.Struct, frozen=True):
    """A configuration, and what of it was changed at run time."""

    base: BrokerConfiguration
    """As it was given, or read from a file."""
    changes: BrokerConfiguration
    """What was changed since, above it, with None for what was reset."""
    config: BrokerConfiguration
    """Both in one: what is in force, or to be."""

    @classmethod
    def of(cls, base: BrokerConfiguration, changes: BrokerConfiguration) -> Self:
        """The layers with what they make."""
        return cls(base, changes, base.merge(changes))

    @classmethod
    def of_version(cls, version: ConfigurationVersion) -> Self:
        """The layers that a version was made of."""
        return cls(version.base, version.base.delta(version.config), version.config)


class Settings(msgspec.Struct, frozen=True):
    """A configuration as it goes to Go."""

    filled: BrokerConfiguration
    """With our defaults."""
    text: bytes
    overlay: bytes
    warnings: tuple[Fault, ...]


def as_config(config: BrokerConfiguration | Mapping[str, Any] | None) -> BrokerConfiguration:
    if config is None:
        return BrokerConfiguration()
    if isinstance(config, BrokerConfiguration):
        return config
    return BrokerConfiguration.from_dict(config)


def check(config: BrokerConfiguration) -> tuple[Fault, ...]:
    """Check a configuration as far as it can be without starting a server.

    Returns:
        Its warnings and, after them, the server's own.

    Raises:
        ConfigError: It is not valid.
    Source: ``Options.ProcessConfigString``, ``server.NewServer``.
    """
    warnings = config.validate()
    filled = Defaults().fill(config)
    try:
        found = jobs.wait(runtime.native().config_check(conffile.render(filled), b"{}"))
    except ConfigError as exc:
        raise ConfigError(errors=exc.errors, warnings=[*warnings, *exc.warnings]) from None
    return (*warnings, *(Fault(*fault) for fault in msgspec.json.decode(found)["warnings"]))
