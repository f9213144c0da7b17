"""The ``dotgnatly`` command; a module for each of its own commands."""

import argparse
import sys
from collections.abc import Sequence

from dotgnatly.cli import check, diff, serve
from dotgnatly.errors import ConfigError, DotgnatlyError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    parser = argparse.ArgumentParser(prog="dotgnatly", description="A NATS server in Python.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (serve, check, diff):
        command.add(commands)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
    except ConfigError as exc:
        for fault in exc.errors:
            print(f"dotgnatly: {fault}", file=sys.stderr)
        if not exc.errors:
            print(f"dotgnatly: {exc}", file=sys.stderr)
        return 1
    except DotgnatlyError as exc:
        print(f"dotgnatly: {exc}", file=sys.stderr)
        return 1
    return code
