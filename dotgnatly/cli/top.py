"""``dotgnatly top``: what goes on in a server, once a second."""

import argparse
import os
import sys
from typing import Any

from dotgnatly.cli import _http
from dotgnatly.errors import StateError

ORDERS = (
    "cid", "start", "subs", "pending", "msgs_to", "msgs_from", "bytes_to", "bytes_from", "last",
    "idle", "uptime", "rtt",
)  # fmt: skip
"""Those of ``SortOpt`` that connections have which are open."""
KEYS = "o, O: another order; s: subscriptions; j: streams; q: quit"


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "top",
        help="watch connections, rates and JetStream",
        description="Shows what goes on in a server, again and again: messages and bytes in a "
        "second, JetStream, and a table of connections. Where the output is no terminal it is "
        "plain text. Needs the extra dotgnatly[top].",
        epilog=f"Keys: {KEYS}.",
    )
    _http.add_server(parser)
    parser.add_argument(
        "-n", "--count", type=_count, default=1024, metavar="NUMBER",
        help="connections to show, at most; default %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "-d", "--interval", type=_http.seconds, default=1.0, metavar="SECONDS",
        help="between two looks; default %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--sort", choices=ORDERS, default="cid", metavar="ORDER",
        help=f"order of the connections: {', '.join(ORDERS)}; default %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--subscriptions", action="store_true", help="show those of each connection"
    )
    parser.add_argument(
        "--streams", action="store_true", help="show streams in place of connections"
    )
    parser.add_argument(
        "--once", action="store_true", help="print one plain screen, after one interval"
    )
    _http.add_timeout(parser)
    parser.set_defaults(run=run)


def _count(text: str) -> int:
    if text.isdecimal() and int(text):
        return int(text)
    raise argparse.ArgumentTypeError(f"expected 1 or more, got {text!r}")


def run(options: argparse.Namespace) -> int:
    """Show it until a key or a signal ends it."""
    try:
        try:
            from dotgnatly.cli import _samples, _watch
        except ImportError as exc:
            raise StateError("top needs rich: pip install 'dotgnatly[top]'") from exc
        query = _samples.Query(
            order=options.sort,
            count=options.count,
            subscriptions=options.subscriptions,
            streams=options.streams,
        )
        server = _watch.Server(_http.base_url(options.server), query, options.timeout)
        if _watch.has_screen() and not options.once:
            _watch.show(server, query, options.interval)
        else:
            _watch.print_plain(server, query, options.interval, once=options.once)
    except KeyboardInterrupt:
        pass
    except BrokenPipeError:  # such as `| head`; the interpreter would try once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
