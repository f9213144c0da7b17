"""The ``dotgnatly`` command; a module for each of its own commands."""

import gc
import sys
from collections.abc import Sequence
from contextlib import suppress

from dotgnatly.errors import ConfigError, DotgnatlyError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        return _run(arguments)
    except ConfigError as exc:
        for fault in exc.errors:
            print(f"dotgnatly: {fault}", file=sys.stderr)
        if not exc.errors:
            print(f"dotgnatly: {exc}", file=sys.stderr)
        return 1
    except DotgnatlyError as exc:
        print(f"dotgnatly: {exc}", file=sys.stderr)
        return 1


def _run(arguments: Sequence[str]) -> int:
    if arguments[:1] == ["serve"]:  # its flags are Go's, and it is to start fast
        return _serve(arguments[1:])
    from dotgnatly.cli import check, diff, healthz, info, top
    from dotgnatly.cli._parser import Parser

    parser = Parser(prog="dotgnatly", description="A NATS server in Python.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("serve", help="run a server")
    for command in (check, diff, info, healthz, top):
        command.add(commands)
    options = parser.parse_args(arguments)
    code: int = options.run(options)
    return code


def _serve(arguments: Sequence[str]) -> int:
    """Start fast: Go does on threads of its own, while Python imports the rest."""
    collects = gc.isenabled()
    gc.disable()
    with suppress(ImportError):  # the first call that needs it says so
        from dotgnatly import _native  # noqa: F401 - for Go
    from dotgnatly.cli import serve

    gc.freeze()  # nothing of that is garbage
    if collects:
        gc.enable()
    return serve.run(arguments)
