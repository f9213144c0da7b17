"""``dotgnatly check``: is this file one that a server would start with?"""

import argparse
from typing import Any

from dotgnatly import _server
from dotgnatly.config import BrokerConfiguration


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser("check", help="check a configuration file")
    parser.add_argument("file", help="a configuration file of nats-server's")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the file; every fault is reported by the error."""
    _server.check(BrokerConfiguration.from_file(options.file))
    print(f"dotgnatly: configuration file {options.file} is valid")
    return 0
