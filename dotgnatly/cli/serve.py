"""``dotgnatly serve``: run a server until a signal ends it, as nats-server does."""

import argparse
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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
    with _signals() as arrived:
        if options.config:
            config = BrokerConfiguration.from_file(options.config)
        else:
            config = BrokerConfiguration.from_text("")  # listens where nats-server would
        config = config.merge(BrokerConfiguration.from_environ())
        given = flags.to_configuration(options, config)
        with NatsController(config, _stderr=True, _flags=given) as controller:
            while (name := _next(arrived)) not in ("SIGINT", "SIGTERM"):
                try:
                    if name == "SIGHUP":
                        controller.reload(reason="SIGHUP")
                    else:
                        controller.reopen_log()
                except DotgnatlyError as exc:
                    print(f"dotgnatly: {name}: {exc}", file=sys.stderr)
    return 0


@contextmanager
def _signals() -> Iterator[socket.socket]:
    """A socket on which the number of each signal arrives.

    A wait for a lock would miss one that comes just before it, or on another thread.
    """
    reader, writer = socket.socketpair()
    writer.setblocking(False)  # noqa: FBT003 - the standard library's signature
    with reader, writer:
        for name in _SIGNALS:
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: None)  # the socket tells
        signal.set_wakeup_fd(writer.fileno())
        try:
            yield reader
        finally:
            signal.set_wakeup_fd(-1)


def _next(arrived: socket.socket) -> str:
    return signal.Signals(arrived.recv(1)[0]).name
