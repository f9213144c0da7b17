"""``dotgnatly check``: does nats-server accept this file, and what else is to be said of it?"""

import argparse
import os
import sys
from collections.abc import Iterable
from typing import Any

from dotgnatly import _layers, conffile
from dotgnatly.config import BrokerConfiguration
from dotgnatly.errors import ConfigError, Fault


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser(
        "check",
        help="check a configuration file",
        description="Exits with 0 if `nats-server -t` accepts the file, else with 1.",
    )
    parser.add_argument("file", help="a configuration file of nats-server's")
    parser.add_argument("--strict", action="store_true", help="notes count as well")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the file."""
    return check(options.file, strict=options.strict)


def check(file: str, *, strict: bool = False) -> int:
    """Print what nats-server's parser finds, which decides, and what more there is as notes."""
    verdict = conffile.verdict(file)
    _print(verdict.errors)
    _print(verdict.warnings, "warning")
    once = not os.path.isfile(file)  # a pipe, and what was in it is read
    notes = [] if verdict.errors or once else _notes(file, verdict)
    _print(notes, "note")
    if verdict.errors or verdict.warnings or (strict and notes):
        return 1
    print(f"dotgnatly: configuration file {file} is valid")
    return 0


def _notes(file: str, verdict: conffile.Verdict) -> list[Fault]:
    """What nats-server finds only when it starts, and what else we find."""
    try:
        config = BrokerConfiguration.from_file(file)
    except ConfigError as exc:
        return [*exc.errors, *exc.warnings]
    try:
        found = ConfigError(warnings=_layers.check(config))
    except ConfigError as exc:
        found = exc
    told = {warning.message for warning in verdict.warnings}
    found = conffile.with_places(found, config)
    return [n for n in (*found.errors, *found.warnings) if n.message.partition(": ")[2] not in told]


def _print(faults: Iterable[Fault], label: str = "") -> None:
    for fault in faults:
        print(f"dotgnatly: {label and label + ': '}{fault}", file=sys.stderr)
