"""``dotgnatly healthz``: is a server healthy? For the probes of containers."""

import argparse
import sys
from typing import Any

from dotgnatly.cli import _http


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "healthz",
        help="ask whether a server is healthy",
        description="Exits with 0 if the server says that it is healthy; else says why not, and "
        "exits with 1.",
    )
    _http.add_server(parser)
    parser.add_argument(
        "--js-enabled-only", action="store_true", help="ask only whether JetStream is enabled"
    )
    parser.add_argument(
        "--js-server-only", action="store_true", help="leave streams and consumers out"
    )
    _http.add_timeout(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Ask, print what is wrong."""
    asked = {"js-enabled-only": options.js_enabled_only, "js-server-only": options.js_server_only}
    query = "&".join(f"{name}=true" for name, is_asked in asked.items() if is_asked)
    url = f"{_http.base_url(options.server)}/healthz"
    status, document = _http.get(f"{url}?{query}" if query else url, options.timeout)
    if status == 200:  # noqa: PLR2004 - OK
        print("healthy")
        return 0
    print(f"dotgnatly: {url}: {_why(document) or status}", file=sys.stderr)
    return 1


def _why(document: str) -> str | None:
    """The reason that a server gives; None if it is another kind of server."""
    import msgspec

    try:
        return msgspec.json.decode(document, type=dict[str, Any]).get("error")
    except msgspec.MsgspecError:
        return None
