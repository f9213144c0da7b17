"""Points in time and durations of monitoring documents, as numbers."""

import re
from datetime import UTC, datetime, timedelta

from dotgnatly.config import _units

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_NS = 86_400_000_000_000
_AGE = re.compile(r"(?:([0-9]+)y)?(?:([0-9]+)d)?(.*)")


def milliseconds(when: datetime) -> int:
    """Whole ones since 1970."""
    return (when - _EPOCH) // timedelta(milliseconds=1)


def seconds(when: datetime) -> int:
    """Whole ones since 1970."""
    return (when - _EPOCH) // timedelta(seconds=1)


def nanoseconds(duration: str) -> int:
    """Of a duration such as "1.5ms"; with years, of 365 days, and days "1y2d3h4m5s".

    Source: ``server.myUptime`` (2.15), ``time.Duration.String``.
    """
    years, days, rest = re.fullmatch(_AGE, duration).groups()  # type: ignore[union-attr]
    whole = int(years or 0) * 365 + int(days or 0)
    return whole * _DAY_NS + (_units.parse_duration(rest) or 0)


def in_seconds(duration: str) -> float:
    """As ``nanoseconds``."""
    return nanoseconds(duration) / 1e9


def whole_milliseconds(duration: str) -> int:
    """As ``nanoseconds``."""
    return nanoseconds(duration) // 1_000_000


def whole_microseconds(duration: str) -> int:
    """As ``nanoseconds``."""
    return nanoseconds(duration) // 1_000
