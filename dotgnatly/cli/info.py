"""``dotgnatly info``: what a server says of itself."""

import argparse
import socket
from typing import Any
from urllib.parse import urlsplit

from dotgnatly.cli import _http
from dotgnatly.errors import StateError

_SILENCE_S = 1.0
"""How long a port is given to greet as a client port does, before it is asked over HTTP."""


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "info",
        help="show what a server says of itself",
        description="Prints a JSON document: the INFO that a server greets clients with or, of a "
        "monitoring port, its /varz.",
    )
    parser.add_argument(
        "server", metavar="URL|PORT", help="nats://host:port, http://host:port, or a port of either"
    )
    _http.add_timeout(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print it."""
    server: str = options.server
    if server.startswith(("http://", "https://")):
        document = _varz(server, options.timeout)
    elif server.isdecimal():
        greeting = _greeting(f"nats://127.0.0.1:{server}", min(options.timeout, _SILENCE_S))
        document = greeting or _varz(server, options.timeout)
    else:
        document = _greeting(server, options.timeout)
        if not document:
            raise StateError(f"{server} says nothing within {options.timeout} s")
    print(document)
    return 0


def _varz(server: str, timeout: float) -> str:
    return _http.document(f"{_http.base_url(server)}/varz", timeout)


def _greeting(url: str, timeout: float) -> str:
    """The INFO that comes at a URL, before TLS and logins; empty if nothing comes."""
    import msgspec

    address = urlsplit(url if "://" in url else f"nats://{url}")
    try:
        with socket.create_connection((address.hostname, address.port or 4222), timeout) as client:
            word, _, document = client.makefile("rb").readline().partition(b" ")
    except TimeoutError:
        return ""
    except OSError as exc:
        raise StateError(f"{url}: {exc}") from exc
    if word != b"INFO":
        raise StateError(f"{url} is no port for clients")
    return msgspec.json.format(document).decode()
