"""``dotgnatly serve``: run a server until a signal ends it, as nats-server does."""

import argparse
import queue
import signal
import sys
from types import FrameType
from typing import Any

from dotgnatly.cli import flags
from dotgnatly.config import BrokerConfiguration
from dotgnatly.controller import NatsController
from dotgnatly.errors import DotgnatlyError

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1")  # Windows has only the first two


def add(commands: Any) -> None:
    """Add the command to the parser's."""
    parser = commands.add_parser("serve", help="run a server", allow_abbrev=False)
    flags.add(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; SIGHUP reloads the file, SIGUSR1 opens the log file again."""
    signals: queue.SimpleQueue[str] = queue.SimpleQueue()

    def arrived(number: int, _: FrameType | None) -> None:
        signals.put(signal.Signals(number).name)

    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), arrived)

    if options.config:
        config = BrokerConfiguration.from_file(options.config)
    else:
        config = BrokerConfiguration.from_text("")  # listens where nats-server would
    controller = NatsController(config, _stderr=True, _flags=flags.to_configuration(options, config))
    with controller:
        while (name := _next(signals)) not in ("SIGINT", "SIGTERM"):
            try:
                if name == "SIGHUP":
                    controller.reload(reason="SIGHUP")
                else:
                    controller.reopen_log()
            except DotgnatlyError as exc:
                print(f"dotgnatly: {name}: {exc}", file=sys.stderr)
    return 0


def _next(signals: "queue.SimpleQueue[str]") -> str:
    while True:
        try:
            # On Windows a signal does not end a wait: look up often enough to notice it.
            return signals.get(timeout=0.2 if sys.platform == "win32" else None)
        except queue.Empty:
            continue
