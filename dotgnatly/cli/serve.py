"""``dotgnatly serve``: run a server until a signal ends it, as nats-server does."""

import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from dotgnatly.cli import flags
from dotgnatly.config import BrokerConfiguration
from dotgnatly.controller import NatsController
from dotgnatly.errors import ConfigError, DotgnatlyError

# Windows has the first three; SIGBREAK is Ctrl-Break, which nats-server takes for Ctrl-C.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP", "SIGUSR1", "SIGUSR2")
_GONE = "the last client has left"
"""What arrives, as the number 0, at the end of lame duck mode."""


def run(arguments: Sequence[str]) -> int:
    """Serve, or do what a flag asks for in place of that."""
    try:
        given = flags.parse(arguments)
    except flags.FlagError as exc:
        print(f"dotgnatly: {exc}; -h lists them all", file=sys.stderr)
        return 2
    for name, instead in _INSTEAD.items():
        if given.get(name):
            return instead(given)
    _serve(given)
    return 0


def _serve(given: Mapping[str, Any]) -> None:
    """Serve until SIGINT or SIGTERM; SIGHUP reloads the file, SIGUSR1 opens the log file again.

    SIGUSR2 is lame duck mode, which a second one ends, and SIGINT. SIGTERM does not, as with
    nats-server: it is what an orchestrator sends next.
    """
    with _signals() as (arrived, tell):
        config = _configuration(given.get("config"))
        layer = flags.to_configuration(given, config)
        with NatsController(config, _stderr=True, _flags=layer) as controller:
            leaving = False
            while (name := _next(arrived)) not in {"SIGINT", "SIGBREAK", _GONE}:
                if name == "SIGTERM":
                    if not leaving:
                        return
                elif name == "SIGUSR2":
                    if leaving or not _lame_duck(controller, tell):
                        return
                    leaving = True
                else:
                    _obey(controller, name)


def _configuration(file: str | None) -> BrokerConfiguration:
    """All layers below the flags. Without a file it listens where nats-server would."""
    if file:
        config = BrokerConfiguration.from_file(file)
    else:
        config = BrokerConfiguration.from_text("")
    return config.merge(BrokerConfiguration.from_environ())


def _obey(controller: NatsController, name: str) -> None:
    try:
        if name == "SIGHUP":
            controller.reload(reason=name)
        else:
            controller.reopen_log()
    except DotgnatlyError as exc:
        print(f"dotgnatly: {name}: {exc}", file=sys.stderr)


def _lame_duck(controller: Any, tell: socket.socket) -> bool:
    """Have the clients leave, and tell when they have; false if they cannot be made to."""
    if not hasattr(controller, "lame_duck"):
        return False
    from threading import Thread

    duck = controller.lame_duck()

    def wait() -> None:
        with suppress(DotgnatlyError):  # a signal was faster
            duck.wait()
        with suppress(OSError):
            tell.send(b"\0")

    Thread(target=wait, daemon=True).start()
    return True


@contextmanager
def _signals() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A socket on which the number of each signal arrives, and the one that it is sent to.

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
            yield reader, writer
        finally:
            signal.set_wakeup_fd(-1)


def _next(arrived: socket.socket) -> str:
    number = arrived.recv(1)[0]
    return signal.Signals(number).name if number else _GONE


# -- in place of a server --------------------------------------------------------------------------


def _version(_: Mapping[str, Any]) -> int:
    import msgspec

    from dotgnatly import runtime

    versions = msgspec.json.decode(runtime.native().versions())
    print(f"nats-server: v{versions['nats_server']}")
    return 0


def _help(_: Mapping[str, Any]) -> int:
    print(flags.usage())
    return 0


def _help_tls(_: Mapping[str, Any]) -> int:
    print(flags.tls_usage())
    return 0


def _signal(given: Mapping[str, Any]) -> int:
    from dotgnatly.cli import signals

    return signals.send(given["signal"])


def _check(given: Mapping[str, Any]) -> int:
    from dotgnatly.cli import check

    if not given.get("config"):
        raise ConfigError("-t checks the file that -c names")
    return check.check(given["config"])


_INSTEAD = {
    "version": _version,
    "help": _help,
    "help_tls": _help_tls,
    "signal": _signal,
    "t": _check,
}
"""In the order in which nats-server looks at them."""
