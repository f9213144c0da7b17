"""``dotgnatly diff``: what would change between two files, and can a running server take it?"""

import argparse
from typing import Any

from dotgnatly.config import BrokerConfiguration
from dotgnatly.defaults import Defaults
from dotgnatly.diff import compare
from dotgnatly.plan import ReloadClass, classify, worst

_SAID: dict[ReloadClass, str] = {
    "hot": "a running server can take it",
    "restart": "it takes a restart",
    "impossible": "not even a restart can make it",
}


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "diff",
        help="compare two configuration files",
        description="Prints what differs in the second file, secrets hidden, and whether a server "
        "that runs with the first one can take it. The exit code is 0 if it can, 2 if it cannot, "
        "and 1 if a file is not valid.",
    )
    parser.add_argument("before", help="a configuration file of nats-server's")
    parser.add_argument("after", help="another one")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare the files, each with our defaults in it."""
    defaults = Defaults()
    before, after = (
        defaults.fill(BrokerConfiguration.from_file(path))
        for path in (options.before, options.after)
    )
    planned = classify(compare(before, after), before, after)
    if not planned:
        print("nothing differs")
        return 0
    print(*planned, sep="\n")
    reload_class = worst(change.reload_class for change in planned)
    print(_SAID[reload_class])
    return 0 if reload_class == "hot" else 2
