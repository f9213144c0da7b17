"""Sizes and durations as nats-server writes them, and URLs as one may show them."""

import re
from datetime import timedelta

REDACTED = "***"

_SCALES = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_PART = rf"([0-9]{{0,99}})(?:\.([0-9]{{0,99}}))?({'|'.join(_SCALES)})"
_HIDDEN = r"""(?x)
    (?<=://) (?:(?!://)[^\s"'])+ (?=@)  # who logs in by a URL, and how
    | \b eyJ [\w-]{8,} (?:\.[\w-]*)*   # a JWT
    | \b S[ACNOUX] [A-Z2-7]{40,} \b     # an nkey seed
"""
_DURATION = rf"([+-]?)((?:(?=\.?[0-9]){_PART})+|0)"


def is_integer(text: str) -> bool:
    """Whether it is an integer, and not of thousands of digits, which Python would not read."""
    return re.fullmatch(r"-?[0-9]{1,99}", text) is not None


def parse_size(text: str) -> int | None:
    """Bytes for a size as one writes it, unquoted, in a configuration file; None if it is none.

    A unit of one letter counts in thousands (``64K``), any longer one in 1024 (``64KB``, ``64Ki``).
    Source: ``conf.parser.processItem`` (2.15).
    """
    match = re.fullmatch(r"(-?[0-9]{1,99})(?:([kmgtpe])(b|ib?)?)?", text, re.IGNORECASE)
    if match is None:
        return None
    number, unit, binary = match.groups()
    thousand = 1024 if binary else 1000
    scale: int = thousand ** ("kmgtpe".index(unit.lower()) + 1) if unit else 1
    return int(number) * scale


def format_size(size: int) -> str:
    """The shortest of the spellings of a number of bytes that ``parse_size`` reads."""
    for power, unit in ((4, "T"), (3, "G"), (2, "M"), (1, "K")):
        for scale, letter in ((1024**power, f"{unit}B"), (1000**power, unit)):
            if size and size % scale == 0:
                return f"{size // scale}{letter}"
    return str(size)


def parse_quoted_size(text: str) -> int | None:
    """Bytes for a size that stood in quotes in a ``jetstream`` block, where ``1M`` is 1 MiB.

    Source: ``server.getStorageSize`` (2.15).
    """
    match = re.fullmatch(r"([+-]?[0-9]{1,99})([KMGT])", text)
    if match is None:
        return None if text else 0
    return int(match[1]) << 10 * ("KMGT".index(match[2]) + 1)


def parse_duration(text: str) -> int | None:
    """Nanoseconds for a Go duration such as ``1h2m3.5s``; None if it is none.

    Source: ``time.ParseDuration``.
    """
    match = re.fullmatch(_DURATION, text)
    if match is None:
        return None
    ns = 0
    for whole, fraction, unit in re.findall(_PART, match[2]):
        scale = _SCALES[unit]
        ns += int(whole or 0) * scale + int(fraction or 0) * scale // 10 ** len(fraction)
    return -ns if match[1] == "-" else ns


def format_duration(ns: int) -> str:
    """The Go duration for a number of nanoseconds, such as ``1h2m3s500ms``."""
    if ns == 0:
        return "0s"
    text, rest = "-" if ns < 0 else "", abs(ns)
    for unit in ("h", "m", "s", "ms", "us", "ns"):
        count, rest = divmod(rest, _SCALES[unit])
        if count:
            text += f"{count}{unit}"
    return text


def nanoseconds(duration: timedelta) -> int:
    """A timedelta in nanoseconds, exactly."""
    seconds = duration.days * 86_400 + duration.seconds
    return seconds * 1_000_000_000 + duration.microseconds * 1_000


def hide_user_info(url: str) -> str:
    """The URL without user name, password or token: what stands before the last ``@``."""
    user_info, at, rest = url.rpartition("@")
    scheme, mark, _ = user_info.partition("://")
    return f"{scheme + mark if mark else ''}{REDACTED}@{rest}" if at else url


def split_url(url: str) -> tuple[str | None, str, str]:
    """Scheme, host and port of a URL, in lower case; None and "" for what is not there.

    Source: ``net/url.Parse``.
    """
    scheme, mark, rest = url.strip().partition("://")
    authority = re.split("[/?#]", rest if mark else url.strip(), maxsplit=1)[0]
    address = authority.rpartition("@")[2].lower()
    host, _, port = (
        address.rpartition(":") if re.search(r":[^\]]*\Z", address) else (address, "", "")
    )
    return scheme.lower() if mark else None, host, port


def redact(text: str) -> str:
    """Any text without what is secret wherever it stands: logins in URLs, JWTs, seeds of nkeys."""
    return re.sub(_HIDDEN, REDACTED, text)
