"""``dotgnatly serve``: run a server until a signal ends it, as nats-server does."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from dotgnatly._wake import Wake
from dotgnatly.cli import flags
from dotgnatly.config import BrokerConfiguration
from dotgnatly.controller import NatsController
from dotgnatly.errors import ConfigError, DotgnatlyError

# Windows has the first three; SIGBREAK is Ctrl-Break, which nats-server takes for Ctrl-C.
_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP", "SIGUSR1", "SIGUSR2")


def run(arguments: Sequence[str]) -> int:
    """Serve, and end the process; or do what a flag asks for in place of that."""
    try:
        given = flags.parse(arguments)
    except flags.FlagError as exc:
        print(f"dotgnatly: {exc}; -h lists them all", file=sys.stderr)
        return 2
    for name, instead in _INSTEAD.items():
        if given.get(name):
            return instead(given)
    _serve(given)
    sys.stderr.flush()
    os._exit(0)  # the interpreter would take many times as long to end as the server did


def _serve(given: Mapping[str, Any]) -> None:
    """Serve until SIGINT or SIGTERM; SIGHUP reloads the file, SIGUSR1 opens the log file again.

    SIGUSR2 has the clients leave. SIGINT ends that; SIGTERM does not, nor does a second SIGUSR2, as
    with nats-server: orchestrators send SIGTERM meanwhile, and clients' test-suites the other.
    """
    arriving = _signals()
    config = _configuration(given.get("config"))
    layer = flags.to_configuration(given, config)
    with NatsController(config, _stderr=True, _flags=layer) as controller:
        leaving = False
        for name in _names(arriving):
            try:
                if name == "SIGHUP":
                    controller.reload(reason=name)
                elif name == "SIGUSR1":
                    controller.reopen_log()
                elif name == "SIGUSR2":
                    if not leaving:
                        _let_leave(controller, arriving)
                    leaving = True
                elif name != "SIGTERM" or not leaving:
                    break
            except DotgnatlyError as exc:
                print(f"dotgnatly: {name}: {exc}", file=sys.stderr)


def _configuration(file: str | None) -> BrokerConfiguration:
    """All layers below the flags. Without a file it listens where nats-server would."""
    read = BrokerConfiguration.from_file if file else BrokerConfiguration.from_text
    return read(file or "").merge(BrokerConfiguration.from_environ())


def _let_leave(controller: NatsController, arriving: Wake) -> None:
    """Begin lame duck mode, whose end arrives as SIGINT does."""
    from threading import Thread

    duck = controller.lame_duck()

    def wait() -> None:
        with suppress(DotgnatlyError):  # a signal has ended it
            duck.wait()
        os.write(arriving.writer, bytes([signal.SIGINT]))

    Thread(target=wait, name="dotgnatly-lame-duck", daemon=True).start()


def _signals() -> Wake:
    """To where the number of each signal arrives from now on, as long as the process lives.

    A wait for a lock would miss one that comes just before it, or on another thread.
    """
    arriving = Wake()
    for name in _SIGNALS:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: None)  # what arrives tells
    signal.set_wakeup_fd(arriving.writer)
    return arriving


def _names(arriving: Wake) -> Iterator[str]:
    """The signals, as they arrive."""
    while True:
        for number in arriving.read():
            yield signal.Signals(number).name


# -- in place of a server --------------------------------------------------------------------------


def _version(_: Mapping[str, Any]) -> int:
    from dotgnatly import runtime

    print(f"nats-server: v{runtime.versions()['nats_server']}")
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
