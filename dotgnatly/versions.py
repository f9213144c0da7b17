"""The configurations that were in force, one version each."""

from datetime import datetime
from typing import Literal

import msgspec

from dotgnatly.config import BrokerConfiguration


class ConfigurationVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration that a server accepted."""

    number: int
    """Counts up from 1 in the life of a controller."""
    config: BrokerConfiguration
    """The complete configuration."""
    kind: Literal["initial", "update", "restart"]
    """What brought it: the first start, a change, or a start after a shutdown."""
    applied_at: datetime
    """When the server had accepted it, UTC."""
    author: str | None = None
    reason: str | None = None
