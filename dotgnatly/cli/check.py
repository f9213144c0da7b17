"""``dotgnatly check``: does nats-server accept this file, and what else is to be said of it?"""

import argparse
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from dotgnatly import _server, conffile
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
    """Print what nats-server's parser finds, which decides, and what more there is as notes."""
    verdict = conffile.verdict(options.file)
    _print(verdict.errors)
    _print(verdict.warnings, "warning")
    notes = () if verdict.errors else _notes(options.file, verdict)
    _print(notes, "note")
    if verdict.errors or verdict.warnings or (options.strict and notes):
        return 1
    print(f"dotgnatly: configuration file {options.file} is valid")
    return 0


def _notes(file: str, verdict: conffile.Verdict) -> list[Fault]:
    """What nats-server finds only when it starts, and what else we find."""
    try:
        notes: Iterable[Fault] = _server.check(BrokerConfiguration.from_file(file))
    except ConfigError as exc:
        notes = (*exc.errors, *exc.warnings)
    told = {warning.message for warning in verdict.warnings}
    return [_placed(note, verdict.places) for note in notes if note.message not in told]


def _placed(note: Fault, places: Mapping[str, str]) -> Fault:
    """The note with the place of its key, or of what encloses it, before its path."""
    key = note.path
    while key and key not in places:
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    return note._replace(path=f"{places[key]}: {note.path}") if key else note


def _print(faults: Iterable[Fault], label: str = "") -> None:
    for fault in faults:
        print(f"dotgnatly: {label and label + ': '}{fault}", file=sys.stderr)
