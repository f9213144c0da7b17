"""A whole NATS server inside this Python process.

    from dotgnatly import BrokerConfiguration, NatsController

    with NatsController(BrokerConfiguration(port=-1)) as controller:
        print(controller.client_url)

Importing the package starts nothing and loads no native code; see ``dotgnatly.runtime``.
"""

import importlib
from typing import TYPE_CHECKING, Any

from dotgnatly import errors
from dotgnatly.errors import *  # noqa: F403 - all of them are public names

if TYPE_CHECKING:
    from dotgnatly.aio import AsyncNatsController
    from dotgnatly.config import BrokerConfiguration
    from dotgnatly.controller import NatsController
    from dotgnatly.info import ServerInfo
    from dotgnatly.versions import ConfigurationVersion

_HOME = {
    "AsyncNatsController": "aio",
    "NatsController": "controller",
    "ServerInfo": "info",
    "ConfigurationVersion": "versions",
    "BrokerConfiguration": "config",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value
